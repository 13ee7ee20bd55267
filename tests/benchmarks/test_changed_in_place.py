"""A change made in place is the one that another text of the file would make, or none is made."""

import importlib
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SOURCE = """
import functools

LIMIT = 3

def doubled(x: float, by: float = 2.0) -> float:
    inner = lambda y: by * y
    return inner(x)

@functools.cache
def below(x: int) -> bool:
    return x < LIMIT

def computed(x: int) -> int:
    return x + 1

SIX = computed(5)

class Kept:
    start = 7

    def larger(self, x: int) -> bool:
        return x > self.start
"""


@pytest.fixture
def changed(monkeypatch, tmp_path):
    """A function that makes a change of text and tells whether it could, and the module."""
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    monkeypatch.syspath_prepend(str(tmp_path))
    package = tmp_path / "small_package_of_a_test"
    package.mkdir()
    (package / "__init__.py").write_text("")
    file = package / "things.py"
    file.write_text(SOURCE)
    in_place = importlib.import_module("_changed_in_place")
    profiler = sys.getprofile()
    known = in_place.imported(package)
    sys.setprofile(profiler)
    yield (
        lambda before, after: in_place.change(known, str(file), SOURCE, SOURCE.replace(before, after)),
        sys.modules["small_package_of_a_test.things"],
    )
    for name in [name for name in sys.modules if name.startswith(("small_package_of_a_test", "_changed_in_place"))]:
        sys.modules.pop(name)


@pytest.mark.parametrize(
    ("before", "after", "shows"),
    [
        ("by * y", "by + y", lambda things: things.doubled(5.0) == 7.0),
        ("x < LIMIT", "x <= LIMIT", lambda things: things.below(3)),
        ("x > self.start", "x >= self.start", lambda things: things.Kept().larger(7)),
    ],
)
def test_a_body_of_a_function_is_changed_whatever_is_wrapped_around_it(changed, before, after, shows):
    change, things = changed
    assert change(before, after)
    assert shows(things)
    with pytest.raises(Exception, match="annot"):  # beartype still looks at what comes in
        things.doubled("a")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("LIMIT = 3", "LIMIT = 4"),
        ("by: float = 2.0", "by: float = 4.0"),
        ("start = 7", "start = 8"),
        ("x + 1", "x - 1"),  # it ran while the file was imported
    ],
)
def test_what_was_computed_while_importing_is_not(changed, before, after):
    change, things = changed
    assert not change(before, after)
    assert (things.LIMIT, things.SIX, things.Kept.start, things.computed(1)) == (3, 6, 7, 2)
