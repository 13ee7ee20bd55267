"""Of an example it is tested that it runs and draws, not how it is compiled."""

import pytest


@pytest.fixture(scope="module", autouse=True)
def quickly(quick_compilation):
    """All files of this folder."""
