"""PyTrees of arrays in one file: an .npz that NumPy opens.

    header       JSON: what the file is
    structure    JSON: the containers (tuples, dicts, modules) around the arrays, see `_tree_as_json`
    0, 1, 2, ... the arrays

PRNG keys and weak types survive, so that a state that is read back compiles to the same program as the one written.
Nothing that a file holds is called or imported when it is read.
"""

import hashlib
import io
import json
import zipfile
from typing import Any

import numpy as np
from jaxtyping import PyTree

from equibacksolve.saving._named_classes import CannotBeReadHere
from equibacksolve.saving._tree_as_json import SWITCH_ON, Damaged, Decoder, Encoder, has_64_bits

FORMAT = 2
"""Of these files. Those of format 1 held a pickle, which is no longer opened."""


def tree_to_bytes(header: dict[str, Any], trees: dict[str, PyTree], like: PyTree = None) -> bytes:
    """The content of a file that holds the trees. Subtrees built like `like` are stored as their leaves alone.

    Raises TypeError if a tree holds what is neither an array, a number, a text nor a module, tuple, list, set or dict
    of these. What is built like `like` may hold anything beside its leaves.
    """
    encoder = Encoder(like)
    structure = {name: encoder.encoded(tree) for name, tree in trees.items()}
    header = header | {"format": FORMAT, "needs_64_bits": encoder.needs_64_bits}
    members: dict[str, Any] = {"header": _text_to_array(header), "structure": _text_to_array(structure)}
    file = io.BytesIO()
    members |= {str(number): array for number, array in enumerate(encoder.arrays)}
    np.savez(file, **members)
    return _sealed(file.getvalue())


def header_from_bytes(content: bytes) -> dict[str, Any]:
    """What the file says of itself. Raises Damaged."""
    return _text_from_array(_members(content), "header")


def check_readable(header: dict[str, Any]) -> None:
    """Raise CannotBeReadHere if a file with this header was written by another version, or needs 64 bits."""
    found = header.get("format", 1)
    if found != FORMAT:
        other = "an earlier" if found == 1 else "a later"
        raise CannotBeReadHere(
            f"was written by {other} version of equibacksolve (format {found}, this one reads {FORMAT}); make it anew "
            "with this version, or open it with that one"
        )
    if header.get("needs_64_bits") and not has_64_bits():
        raise CannotBeReadHere(SWITCH_ON)


def tree_from_bytes(content: bytes, name: str, like: PyTree = None) -> PyTree:
    """The tree of this name, with subtrees built like `like` where it was written with such.

    Raises Damaged, or CannotBeReadHere, whose message goes on after the name of the file.
    """
    members = _members(content)
    check_readable(_text_from_array(members, "header"))
    structure = _text_from_array(members, "structure")
    if name not in structure:
        raise Damaged(f"it holds no {name}")
    try:
        return Decoder(members, like).decoded(structure[name])
    except (TypeError, ValueError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        raise Damaged(f"its structure means nothing, {type(error).__name__}") from error


def can_be_written(tree: PyTree) -> bool:
    """Whether a file can hold the tree, and give it back without a `like`."""
    try:
        Encoder().encoded(tree)
    except TypeError:
        return False
    return True


def _sealed(archive: bytes) -> bytes:
    """A zip file with its checksum as the comment, whose length is what such a file ends with."""
    digest = hashlib.sha256(archive[:-2]).hexdigest().encode()
    return archive[:-2] + len(digest).to_bytes(2, "little") + digest


def _members(content: bytes) -> dict[str, Any]:
    if hashlib.sha256(content[:-66]).hexdigest().encode() != content[-64:]:
        raise Damaged("its checksum is wrong")
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as members:
            return dict(members)
    except (TypeError, ValueError, AttributeError, OSError, EOFError, NotImplementedError, zipfile.BadZipFile) as error:
        raise Damaged("it is no archive of arrays") from error


def _text_to_array(content: dict[str, Any]) -> np.ndarray:
    return np.frombuffer(json.dumps(content, allow_nan=False).encode(), np.uint8)


def _text_from_array(members: dict[str, Any], name: str) -> dict[str, Any]:
    try:
        content = json.loads(members[name].tobytes())
    except RecursionError as error:
        raise Damaged(f"its {name} has too many containers within each other") from error
    except (KeyError, ValueError, AttributeError) as error:
        raise Damaged(f"its {name} is not JSON") from error
    if not isinstance(content, dict):
        raise Damaged(f"its {name} is not a JSON object")
    return content
