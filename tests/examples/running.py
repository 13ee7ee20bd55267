"""How a test runs an example: as a user would, in this process."""

import runpy
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def run_example(name, *arguments, monkeypatch, capsys):
    """Run examples/<name>.py with the given arguments; returns the lines that it printed."""
    path = str(EXAMPLES / f"{name}.py")
    monkeypatch.setattr(sys, "argv", [path, *arguments])
    runpy.run_path(path, run_name="__main__")
    return capsys.readouterr().out.splitlines()


def is_png(path):
    """Whether a file is a PNG."""
    return path.read_bytes().startswith(b"\x89PNG")
