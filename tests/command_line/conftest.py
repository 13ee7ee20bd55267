import os

import pytest


@pytest.fixture(autouse=True)
def flags_of_the_program_end_with_it(monkeypatch):
    """The program sets XLA_FLAGS for its own process, which here is that of all tests."""
    monkeypatch.setenv("XLA_FLAGS", os.environ.get("XLA_FLAGS", ""))
