"""A simulator that is linear in its unknowns, so that every diagnostic has a closed form."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

import equibacksolve as ebs


class Line(ebs.AbstractSimulator):
    """y = intercept + slopes . (x, x^2): three unknowns in two leaves, and a label that is none."""

    slopes: Float[Array, " 2"]
    intercept: Float[Array, ""]
    label: str = eqx.field(static=True, default="")

    def observe(self, *, x: Float[Array, ""]) -> Float[Array, ""]:
        return self.intercept + self.slopes[0] * x + self.slopes[1] * x**2


X = np.linspace(-1, 2, 7)
SIGMA = np.linspace(0.1, 0.4, 7)
DESIGN = np.stack([X, X**2, np.ones_like(X)], axis=1)
TRUTH = Line(jnp.array([0.5, -1.0]), jnp.array(2.0))
EXACT = ebs.Observations(values=DESIGN @ [0.5, -1.0, 2.0], x=X, sigma=SIGMA)


def everything(line):
    """Both leaves, not in the order of the fields."""
    return line.intercept, line.slopes
