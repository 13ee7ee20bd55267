import os

import pytest


@pytest.fixture(autouse=True)
def settings_of_the_program_end_with_it(monkeypatch, tmp_path_factory):
    """The program sets the environment of its own process, which here is that of all tests."""
    monkeypatch.setenv("XLA_FLAGS", os.environ.get("XLA_FLAGS", ""))
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "")  # named by the user: the program leaves it alone
