"""A point where the model has no finite slope, in one unknown or at one datum only: refused, never counted."""

import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

import equibacksolve as ebs


class Root(ebs.AbstractSimulator):
    """y = offset + sqrt(place - x): the slope in `place` is infinite at x = place, the one in `offset` is 1."""

    offset: Float[Array, ""]
    place: Float[Array, ""]

    def observe(self, *, x: Float[Array, ""]) -> Float[Array, ""]:
        return self.offset + jnp.sqrt(self.place - x)


def both(root):
    return root.offset, root.place


@pytest.mark.parametrize("diagnostic", [ebs.diagnostics.identifiability, ebs.diagnostics.standard_errors])
@pytest.mark.parametrize("x", [np.array([0.0, 1.0, 2.0]), np.array([2.0, 2.0, 2.0])])
def test_a_slope_that_is_infinite_in_one_entry_is_refused(diagnostic, x):
    observed = ebs.Observations(np.array([1.0, 2.0, 3.0]), x=x, sigma=0.1)
    point = Root(jnp.array(1.0), jnp.array(2.0))
    with pytest.raises(ValueError, match="the Jacobian at this point is not finite"):
        diagnostic(point, observed, where=both)
    near = Root(jnp.array(1.0), jnp.array(2.5))
    diagnostic(near, ebs.Observations(np.array([1.0, 2.0, 3.0]), x=np.array([0.0, 1.0, 2.0]), sigma=0.1), where=both)
