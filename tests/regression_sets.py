"""NIST's nonlinear regression sets (tests/reference/strd) as simulators: models, data, starts, certified values.

Each coefficient is a leaf of its own, as a user would write it: they differ in unit and size.
"""

import pathlib
import re
from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import equibacksolve as ebs

HERE = pathlib.Path(__file__).parent / "reference" / "strd"


def _saturation(x, b1, b2):
    return b1 * (1 - jnp.exp(-b2 * x))


def _decay_over_line(x, b1, b2, b3):
    return jnp.exp(-b1 * x) / (b2 + b3 * x)


def _cubics(x, b1, b2, b3, b4, b5, b6, b7):
    return (b1 + x * (b2 + x * (b3 + x * b4))) / (1 + x * (b5 + x * (b6 + x * b7)))


def _two_peaks(x, b1, b2, b3, b4, b5, b6, b7, b8):
    peak = lambda height, center, width: height * jnp.exp(-(((x - center) / width) ** 2))
    return b1 * jnp.exp(-b2 * x) + peak(b3, b4, b5) + peak(b6, b7, b8)


def _three_decays(x, b1, b2, b3, b4, b5, b6):
    return b1 * jnp.exp(-b2 * x) + b3 * jnp.exp(-b4 * x) + b5 * jnp.exp(-b6 * x)


def _waves(x, b1, b2, b3, b4, b5, b6, b7, b8, b9):
    wave = lambda cos, sin, period: cos * jnp.cos(2 * jnp.pi * x / period) + sin * jnp.sin(2 * jnp.pi * x / period)
    return b1 + wave(b2, b3, 12) + wave(b5, b6, b4) + wave(b8, b9, b7)


MODELS = {
    "Bennett5": lambda x, b1, b2, b3: b1 * (b2 + x) ** (-1 / b3),
    "BoxBOD": _saturation,
    "Chwirut1": _decay_over_line,
    "Chwirut2": _decay_over_line,
    "DanWood": lambda x, b1, b2: b1 * x**b2,
    "ENSO": _waves,
    "Eckerle4": lambda x, b1, b2, b3: b1 / b2 * jnp.exp(-0.5 * ((x - b3) / b2) ** 2),
    "Gauss1": _two_peaks,
    "Gauss2": _two_peaks,
    "Gauss3": _two_peaks,
    "Hahn1": _cubics,
    "Kirby2": lambda x, b1, b2, b3, b4, b5: (b1 + x * (b2 + x * b3)) / (1 + x * (b4 + x * b5)),
    "Lanczos1": _three_decays,
    "Lanczos2": _three_decays,
    "Lanczos3": _three_decays,
    "MGH09": lambda x, b1, b2, b3, b4: b1 * (x**2 + x * b2) / (x**2 + x * b3 + b4),
    "MGH10": lambda x, b1, b2, b3: b1 * jnp.exp(b2 / (x + b3)),
    "MGH17": lambda x, b1, b2, b3, b4, b5: b1 + b2 * jnp.exp(-x * b4) + b3 * jnp.exp(-x * b5),
    "Misra1a": _saturation,
    "Misra1b": lambda x, b1, b2: b1 * (1 - (1 + b2 * x / 2) ** -2),
    "Misra1c": lambda x, b1, b2: b1 * (1 - (1 + 2 * b2 * x) ** -0.5),
    "Misra1d": lambda x, b1, b2: b1 * b2 * x / (1 + b2 * x),
    "Nelson": lambda x, b1, b2, b3: b1 - b2 * x[0] * jnp.exp(-b3 * x[1]),  # of log y
    "Rat42": lambda x, b1, b2, b3: b1 / (1 + jnp.exp(b2 - b3 * x)),
    "Rat43": lambda x, b1, b2, b3, b4: b1 / (1 + jnp.exp(b2 - b3 * x)) ** (1 / b4),
    "Roszman1": lambda x, b1, b2, b3, b4: b1 - b2 * x - jnp.arctan(b3 / (x - b4)) / jnp.pi,
    "Thurber": _cubics,
}


class Regression(ebs.AbstractSimulator):
    """A model y = f(x; b) with one leaf for each coefficient."""

    coefficients: tuple[jax.Array, ...]
    name: str = eqx.field(static=True)

    def predict(self, *, x, x2=None):
        return MODELS[self.name](x if x2 is None else (x, x2), *self.coefficients)


def coefficients(simulator):
    return simulator.coefficients


class RegressionSet(NamedTuple):
    """One data set of NIST."""

    name: str
    observed: ebs.Observations
    starts: np.ndarray
    certified: np.ndarray
    deviations: np.ndarray
    squares: float
    deviation: float

    def start(self, number: int) -> Regression:
        """The simulator at one of the two starts, 0 or 1."""
        return Regression(tuple(map(jnp.asarray, self.starts[number])), self.name)

    def known_noise(self) -> ebs.Observations:
        """The data with the certified residual standard deviation as sigma: chi-squared is then N - n."""
        return ebs.Observations(self.observed.values, sigma=self.deviation, **self.observed.variables)


def regression_set(name: str) -> RegressionSet:
    """Read one file."""
    lines = (HERE / f"{name}.dat").read_text().splitlines()
    rows = [line for line in lines if re.match(r"^\s*b\d+ =", line)]
    table = np.array([line.split("=")[1].split() for line in rows], float)
    certified = lambda label: float(next(line for line in lines if line.startswith(label)).split(":")[1])
    first = max(number for number, line in enumerate(lines) if line.startswith("Data:")) + 1
    data = np.array([line.split() for line in lines[first:] if line.strip()], float)
    y, *x = data.T
    values = np.log(y) if name == "Nelson" else y
    observed = ebs.Observations(values, **dict(zip(("x", "x2"), map(np.ascontiguousarray, x))))
    squares, deviation = certified("Residual Sum of Squares"), certified("Residual Standard Deviation")
    return RegressionSet(name, observed, table[:, :2].T, table[:, 2], table[:, 3], squares, deviation)
