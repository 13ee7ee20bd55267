"""Packages that only the reading of data needs: imported when they are first wanted, or named in one sentence."""

import importlib
from typing import Any


def wanted(package: str, purpose: str) -> Any:
    """The package, for a purpose such as "reading CSV files". Raises ImportError that says how to install it."""
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise ImportError(
            f'{purpose} needs the package {package}, which is not installed; pip install "equibacksolve[data]".'
        ) from error
