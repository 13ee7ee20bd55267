"""Every block of Python in the README and in docs/*.md runs as a reader would run it, a page in one namespace.

No name is given: each page defines what it uses. Searches of the docs are cut short: that they start, step and return
is what is shown here; those of the README run to their ends. The working directory is an empty folder. A block that
cannot run (it needs an instrument, or minutes) begins with ```python no-run.
"""

import ast
import pathlib
import re
import sys

import pytest

import equibacksolve as ebs

DOCS = pathlib.Path(__file__).parents[1] / "docs"
README, RESEARCH = DOCS.parent / "README.md", DOCS.parent / "research"
PAGES = sorted(DOCS.glob("*.md"))
BLOCK = re.compile(r"^```python[ ]*\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)


def search(*arguments, of=ebs.backsolve, **keywords):
    """`backsolve`, cut short."""
    return of(*arguments, **{**keywords, "steps": 2, "progress": False})


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(page):
    """The names that the blocks of a page leave behind."""
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    namespace = {"__name__": f"docs.{page.stem}"}
    for i, block in enumerate(blocks):
        exec(compile(block, f"{page.name}, block {i + 1}", "exec"), namespace)
    return namespace


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_of_the_page_runs(page, monkeypatch):
    monkeypatch.setattr(ebs, "backsolve", search)
    run(page)


def test_the_readme_runs_as_printed_with_plot_alone(monkeypatch):
    for package in ("pandas", "xarray", "h5netcdf", "pint", "sisl"):
        monkeypatch.setitem(sys.modules, package, None)
    names = run(README)
    assert names["found"].converged
    # The tolerance is a millionth of the variance of the data; the search is led to the minimum, to rounding.
    assert names["jnp"].allclose(names["hidden"](names["image"]), names["energies"](0), atol=1e-9)
    assert names["measured"].count == names["observed"].count - 1


def test_the_readme_is_short():
    assert len(README.read_text(encoding="utf-8").split()) <= 700


def taken_for_tags(text):
    """What a browser would take for tags of HTML: `<x|H|x>`, unless it is code, a formula, or an indented block."""
    text = re.sub(r"^```.*?^```|^    .*?$|`[^`]*`|\$[^$]*\$", "", text, flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"</?[A-Za-z][^<>]*>", text)


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: page.stem)
def test_no_words_of_a_page_are_taken_for_tags(page):
    assert not taken_for_tags(page.read_text(encoding="utf-8"))


def test_no_words_of_a_docstring_are_taken_for_tags():
    assert taken_for_tags("V = <n+1|H|n>, A = <J^T J> and `<b>`") == ["<n+1|H|n>", "<J^T J>"]
    for file in pathlib.Path(ebs.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
                assert not taken_for_tags(ast.get_docstring(node) or ""), file.name


@pytest.mark.parametrize("page", [README, *PAGES], ids=lambda page: page.stem)
def test_every_name_of_the_package_exists(page):
    for name in re.findall(r"\bebs((?:\.[A-Za-z_]\w*)+)", page.read_text(encoding="utf-8")):
        place = ebs
        for part in name.split(".")[1:]:
            assert hasattr(place, part), f"{page.name} names ebs{name}, which is not there"
            place = getattr(place, part)


@pytest.mark.parametrize("page", [README, *PAGES, *sorted(RESEARCH.glob("*.md"))], ids=lambda page: page.stem)
def test_every_link_and_picture_is_there(page):
    """mkdocs says so too (`make docs`), but not in a test run."""
    for target in re.findall(r"\]\(([^)#\s]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        assert target.startswith("http") or (page.parent / target).exists(), f"{page.name} links to {target}"
