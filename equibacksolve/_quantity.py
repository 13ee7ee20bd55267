"""A quantity as it stands on an axis or in a table: its name, its unit, and its scale."""

from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float


class Quantity(NamedTuple):
    """How a quantity is shown: its name, its unit, how many of that unit the number 1 is, and what is read at 0.

    `Quantity("magnetic field", "T", 4.1)` shows a flux of 0.1 at 0.41 T. `Quantity("gate", "V", 0.02, -0.42)` shows an
    energy of 0 at -0.42 V.
    """

    name: str
    unit: str = ""
    scale: float | int = 1.0
    zero: float | int = 0.0

    @property
    def label(self) -> str:
        """The name with the unit, e.g. "energy (hopping)"."""
        return f"{self.name} ({self.unit})" if self.unit else self.name

    def of(self, values: Any) -> Float[np.ndarray, "..."]:
        """Values in this unit, as NumPy floats."""
        return np.asarray(np.asarray(values, float) * self.scale + self.zero)

    def of_differences(self, values: Any) -> Float[np.ndarray, "..."]:
        """Differences of values in this unit: they do not depend on what is read at 0."""
        return np.asarray(np.asarray(values, float) * self.scale)

    def of_errors(self, values: Any) -> Float[np.ndarray, "..."]:
        """Standard deviations of values in this unit: they have no sign."""
        return np.asarray(np.abs(self.of_differences(values)))


POTENTIAL, TEMPERATURE = Quantity("potential", "hopping"), Quantity("temperature", "hopping / k_B")
SITE = Quantity("position", "site")
"""Where sites are: at their numbers, which count from 1."""
