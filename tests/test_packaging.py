"""What is said in several files is the same in all of them."""

import pathlib
import re
import tomllib

import equibacksolve as ebs

ROOT = pathlib.Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def test_one_version():
    quoted = re.escape(ebs.__version__)
    assert re.search(rf"^version: {quoted}$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE)
    newest = next(line for line in (ROOT / "CHANGELOG.md").read_text().splitlines() if line.startswith("## "))
    assert re.match(rf"## {quoted}\b", newest)


def test_one_version_of_ruff():
    hooks = ROOT / ".pre-commit-config.yaml"
    if hooks.exists():  # not in the source archive
        (pinned,) = (one for one in PROJECT["optional-dependencies"]["test"] if one.startswith("ruff=="))
        assert f"rev: v{pinned.removeprefix('ruff==')}\n" in hooks.read_text()


def test_the_recipe_asks_for_what_the_package_needs():
    recipe = ROOT / "packaging" / "conda" / "recipe.yaml"
    if recipe.exists():
        asked = {line.strip("- ").replace(" ", "") for line in recipe.read_text().splitlines()}
        assert set(PROJECT["dependencies"]) <= asked
        assert f'version:"{ebs.__version__}"' in asked
