"""Results that are remembered, up to a number of bytes."""

import collections
import threading
from typing import Any

import numpy as np


class Memory:
    """The latest results by their key; callbacks may ask from several threads.

    - `most`: bytes of arrays that are kept. The oldest are forgotten first.
    """

    def __init__(self, most: int):
        self.most, self.held, self.lock = most, 0, threading.Lock()
        self.found: collections.OrderedDict[bytes, tuple[np.ndarray, ...]] = collections.OrderedDict()

    def get(self, key: bytes) -> Any:
        """What was found before, or None."""
        with self.lock:
            if key in self.found:
                self.found.move_to_end(key)
            return self.found.get(key)

    def put(self, key: bytes, value: tuple[np.ndarray, ...]) -> None:
        """Remember it."""
        with self.lock:
            if key in self.found:
                return
            self.found[key] = value
            self.held += _bytes(key, value)
            while len(self.found) > 1 and self.held > self.most:
                self.held -= _bytes(*self.found.popitem(last=False))


def _bytes(key: bytes, value: tuple[np.ndarray, ...]) -> int:
    return len(key) + sum(array.nbytes for array in value)
