"""The second line of an extended XYZ file: keys and values, with the liberties that programs take.

    Lattice="40 0 0 0 40 0 0 0 1" Properties = species:S:1:pos:R:3 pbc=[T, T, F] note='any text'

A value is bare, in quotes of either kind, in braces or in brackets; spaces round = are allowed, and keys are read in
any case. Entries are parted by spaces or commas; numbers and flags that follow a bare one belong to the same value.
"""

import re
from collections.abc import Callable
from typing import Any

_QUOTED = r'"(?:[^"\\]|\\.)*"' + r"|'[^']*'"
_BRACKETED = r"\{[^}]*\}|\[(?:[^\[\]]|\[[^\[\]]*\])*\]"
_ITEM = re.compile(rf"({_QUOTED}|[^\s=\"']+)(?:\s*(=)\s*({_QUOTED}|{_BRACKETED}|[^\s\"'\[{{]\S*)?)?|\S+")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[dDeE][+-]?\d+)?")

Items = list[tuple[str, str | None]]
"""Keys in lower case, with their values: None for a word that stands alone, nothing where a value is missing."""


def items_of(line: str) -> Items:
    """The items of a comment line, in their order."""
    found = [match.groups() for match in _ITEM.finditer(line)]
    return [(key.strip("\"'").lower(), (value or "") if equals else None) for key, equals, value in found if key]


def value_of(items: Items, key: str) -> str | None:
    """The value of a key without its quotes, None if it is not there.

    Raises ValueError if it is there twice, or has no value; the message goes on after the name of the file.
    """
    values = [value for name, value in items if name == key.lower() and value is not None]
    if not values:
        return None
    if len(values) > 1 or not values[0]:
        told = "twice" if len(values) > 1 else "without a value (is a quote missing?)"
        raise ValueError(f"has {key} {told} on line 2; give it once, as {key}=...")
    return values[0].strip("\"'")


def entries_of(items: Items, key: str, parsed: Callable[[str], Any]) -> list[Any] | None:
    """The entries of a value that is a list, None if the key is not there.

    Raises ValueError as `value_of`, and if `parsed` returns None for one of them.
    """
    value = value_of(items, key)
    if value is None:
        return None
    at = next(at for at, (name, given) in enumerate(items) if name == key.lower() and given is not None)
    words = re.sub(r"[\[\]{}(),]", " ", value).split()
    if str(items[at][1])[0] not in "\"'[{":
        for word, other in items[at + 1 :]:
            if other is not None or parsed(word.strip(",")) is None:
                break
            words.append(word.strip(","))
    entries = [parsed(word) for word in words]
    if None in entries:
        raise ValueError(f"has {key}={value} on line 2, of which {words[entries.index(None)]!r} cannot be read")
    return entries


def number(word: str) -> float | None:
    """A finite number, with e or d before its exponent; None if it is none."""
    value = float(word.lower().replace("d", "e")) if _NUMBER.fullmatch(word) else float("inf")
    return value if abs(value) < float("inf") else None


def flag(word: str) -> bool | None:
    """True for T, true and 1, False for F, false and 0; None if it is neither."""
    return {"t": True, "true": True, "1": True, "f": False, "false": False, "0": False}.get(word.lower())
