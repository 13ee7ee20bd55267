"""The blocks of Python on these pages run, in order, in one namespace and in an empty folder."""

import pathlib
import re

import pytest

DOCS = pathlib.Path(__file__).parents[1] / "docs"


@pytest.mark.parametrize("page", ["own_problems", "planning"])
def test_every_block_runs(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / f"{page}.md").read_text(), flags=re.DOTALL)
    assert blocks
    names = {}
    for block in blocks:
        exec(block, names)


@pytest.mark.parametrize("page", ["own_problems", "planning"])
def test_every_picture_is_there_and_small(page):
    for name in re.findall(r"!\[.*?\]\((.*?)\)", (DOCS / f"{page}.md").read_text()):
        assert (DOCS / name).stat().st_size < 150_000
