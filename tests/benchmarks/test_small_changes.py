"""The changes of the mutation score: each is one, each compiles, and none is in a type or in what an error says."""

import ast
import itertools
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
SOURCE = '''
def larger(x: Float[Array, "2"], y: int = 1) -> Float[Array, "3"]:
    """Of 4."""
    if x < y:
        raise ValueError(f"x is {x + 5}; give more than {6}.")
    return max(x, axis=7)
'''


@pytest.fixture
def small_changes(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import _small_changes

    yield _small_changes
    sys.modules.pop("_small_changes")


def lines_of(source):
    return ast.unparse(ast.parse(source)).splitlines()


def test_the_changes_of_a_function_are_these(small_changes):
    found = [small_changes.changed(SOURCE, n)[0] for n in range(len(small_changes.kinds_of_changes(SOURCE)))]
    text = "\n".join(lines_of(SOURCE))
    expected = {
        text.replace("y: int=1", "y: int=2"),
        text.replace("x < y", "x <= y"),
        text.replace("if x < y", "if False"),
        text.replace("max(", "min("),
        text.replace("axis=7", "axis=8"),
        text.replace("max(x, axis=7)", "max(x)"),
    }
    assert len(found) == len(expected)
    assert set(found) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a == b", "a != b"),
        ("a + b", "a - b"),
        ("a * b", "a / b"),
        ("a and b", "a or b"),
        ("not a", "not not a"),
        ("-a", "--a"),
        ("~a", "~~a"),
        ("a if b else c", "a if not b else c"),
        ("True", "False"),
        ("0.5", "1.0"),
        ("0.0", "1.0"),
        ("a.any()", "a.all()"),
        ("jnp.minimum(a, b)", "jnp.maximum(a, b)"),
        ("jnp.where(a, b, c)", "jnp.where(a, c, b)"),
        ("a is None", "a is not None"),
    ],
)
def test_a_change_is_what_it_is_called(small_changes, before, after):
    assert small_changes.changed(before, 0)[0] == after


def test_what_is_told_of_a_change_is_the_line_of_its_statement(small_changes):
    source = "def f(x, y):\n    if x < y and (x + 1) * 2 > y:\n        return [x,\n                y + 3]\n"
    told = [small_changes.changed(source, n)[1:] for n in range(len(small_changes.kinds_of_changes(source)))]
    assert (2, "if x < y and (x + 1) * 2 > y:", "if x < y and (x - 1) * 2 > y:") in told
    assert (4, "return [x, y + 3]", "return [x, y + 4]") in told


def test_the_tests_that_are_named_are_there_and_so_are_the_files(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import mutation_score

    tests, package = BENCHMARKS.parent / "tests", BENCHMARKS.parent / "equibacksolve"
    for begin, named in mutation_score.NEAREST.items():
        assert list(package.glob(f"{begin}*")), begin
        for name in named:
            file, _, function = name.partition("::")
            found = list(tests.glob(f"{file.removesuffix('.py')}*"))
            assert found, name
            assert not function or f"def {function}" in found[0].read_text()
    for one in mutation_score.EQUIVALENT:
        source = ast.unparse(ast.parse((package / one["file"]).read_text()))
        assert one["before"] in source, one


def test_no_two_changes_of_a_file_of_the_package_are_the_same(small_changes):
    source = (BENCHMARKS.parent / "equibacksolve" / "inverse" / "_priors.py").read_text()
    found = [small_changes.changed(source, n)[0] for n in range(len(small_changes.kinds_of_changes(source)))]
    assert len(found) > 50
    for text in found:
        compile(text, "changed", "exec")
        differing = [pair for pair in itertools.zip_longest(lines_of(source), text.splitlines()) if pair[0] != pair[1]]
        assert len(differing) == 1
    # Where a sign and its number are changed, the two can come out alike.
    assert len(set(found)) > 0.9 * len(found)
