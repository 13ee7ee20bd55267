"""Parameters that follow from fewer: ties and transforms."""

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve._arrays import float_array, is_concrete
from equibacksolve.simulators._simulator import AbstractSimulator


class AbstractTiedSimulator(AbstractSimulator):
    """A simulator whose parameters follow from the leaves of this one, which are independent of each other.

    Subclass it: fields for what is independent, and a method that builds the simulator from them. So any tie is a line
    of Python, and none can be circular.

        class TwoDots(ebs.AbstractTiedSimulator):
            depth: jax.Array            # of the first dot; the second is half as deep
            width: ebs.simulators.Positive

            def simulator(self):
                first, second = dot(self.depth, self.width.value), dot(self.depth / 2, self.width.value)
                return device(first + second)

    Errors of what is independent are those of `diagnostics.standard_errors`; of all that follows,
    `diagnostics.derived(found.simulator, observed, lambda s: s.simulator().sample.onsite.values, where=...)`.
    """

    @abstractmethod
    def simulator(self) -> AbstractSimulator:
        """The simulator with all its parameters."""

    def predict(self, **settings: Any) -> Float[Array, "..."]:
        """What the simulator with all its parameters predicts."""
        return self.simulator().predict(**settings)

    def check_settings(self, **settings: Any) -> None:
        self.simulator().check_settings(**settings)


class Positive(eqx.Module):
    """Numbers that are positive and may be of any size: the leaf is their logarithm, of which a step is a factor.

        Positive(0.02).value                                                   # 0.02
        backsolve(start, ..., where=lambda s: s.rate, bounds=(Positive(1e-3), Positive(10.0)))

    Bounds are given as `Positive`, too, and hold on the value.

    **Arguments**

    - `value`: the numbers.

    **Raises** ValueError unless they are positive and finite.
    """

    logarithm: Float[Array, "..."]

    def __init__(self, value: Any):
        value = float_array(value, "Positive")
        if is_concrete(value) and not bool(jnp.all((value > 0) & jnp.isfinite(value))):
            raise ValueError(f"Positive got {value}; give positive, finite numbers.")
        self.logarithm = jnp.log(value)

    @property
    def value(self) -> Float[Array, "..."]:
        """The numbers."""
        return jnp.exp(self.logarithm)
