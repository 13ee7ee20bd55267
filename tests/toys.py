"""Inverse problems that have nothing to do with transport, each a user's subclass of a few lines."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

import equibacksolve as ebs


class Decays(ebs.AbstractSimulator):
    """A sum of decaying exponentials, sum_j height_j exp(-rate_j t)."""

    height: Array
    rate: Array

    def observe(self, time):
        return jnp.sum(self.height * jnp.exp(-self.rate * time))


class DoubleWell(ebs.AbstractSimulator):
    """Data (p^2 - 1, (p - 1) tilt): explained by p = 1 alone.

    The slope of their cost is (p - 1) (4 p (p + 1) + 2 tilt^2) / 2, so there is a local minimum below 0, see LOCAL.
    """

    place: Array
    tilt: float = eqx.field(static=True, default=0.3)

    def predict(self):
        return jnp.stack([self.place**2 - 1, self.tilt * (self.place - 1)])


class Line(ebs.AbstractSimulator):
    """Linear in its coefficients: every answer has a closed form."""

    coefficients: Array
    design: Array

    def predict(self):
        return self.design @ self.coefficients


class LineOfSites(ebs.AbstractSimulator):
    """The same, with coefficients that are neighbours in space and share a unit."""

    coefficients: Array = eqx.field(metadata={"smooth": True})
    design: Array

    def predict(self):
        return self.design @ self.coefficients


class Squares(ebs.AbstractSimulator):
    """Squares of random sums: a sign is lost, and most patterns are local minima."""

    values: Float[Array, "length width"]

    def observe(self, number):
        weights = jax.random.normal(jax.random.key(number.astype(int)), self.values.shape)
        return jnp.sum(weights * self.values) ** 2


HEIGHT, RATE = jnp.array([1.0, 0.5]), jnp.array([0.5, 2.0])
TIME = jnp.linspace(0.0, 3.0, 12)
DECAYS = Decays(HEIGHT, RATE)
NEAR_DECAYS = Decays(HEIGHT, jnp.array([0.7, 1.6]))
"""Within the valley of the truth. Rates of 1.0 and 1.2 lie between two: rounding decides which is taken."""
READINGS = ebs.Observations(DECAYS.predict(time=TIME), time=TIME)
EXPLAINED_WELL = ebs.Observations(jnp.zeros(2))
LOCAL = -(1 + np.sqrt(1 - 2 * 0.3**2)) / 2
"""The larger root in absolute value of 4 p (p + 1) + 2 tilt^2 = 0."""


def rate(simulator):
    return simulator.rate


def place(simulator):
    return simulator.place


def values(simulator):
    return simulator.values


def coefficients(simulator):
    return simulator.coefficients


def smallest_curvature() -> float:
    """The smallest eigenvalue of J^T J / N of the decays at the truth, from the derivative written by hand."""
    time, height, rates = (np.asarray(a) for a in (TIME, HEIGHT, RATE))
    jacobian = -height * time[:, None] * np.exp(-rates * time[:, None])
    return float(np.linalg.eigvalsh(jacobian.T @ jacobian / time.size)[0])


def numbers(tree) -> np.ndarray:
    """All hidden numbers in one vector."""
    return np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(tree)])
