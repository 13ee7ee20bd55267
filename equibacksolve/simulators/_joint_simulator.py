"""Several instruments that look at one sample."""

from abc import abstractmethod
from collections.abc import Mapping
from typing import Any

import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve.simulators._simulator import AbstractSimulator


class AbstractJointSimulator(AbstractSimulator):
    """A simulator of several data sets. What they share stands once, as a leaf; what is their own stands for each.

    Subclass it: fields for the leaves, and a method that builds one simulator for each data set from them.

        class TwoCoolDowns(ebs.AbstractJointSimulator):
            potential: jax.Array          # shared
            offset: dict[str, jax.Array]  # one for each

            def simulators(self):
                sample = ebs.SquareLattice(ebs.Potential(self.potential))
                device = ebs.Magnetoconductance(sample, ebs.WireLead(jnp.pi / 2))
                return {name: ebs.FluxOffset(device, offset) for name, offset in self.offset.items()}

        observed = ebs.JointObservations(cold=first, warm=second)
        found = ebs.backsolve(start, observed, where=lambda s: (s.potential, s.offset))

    Leaves may be tied in any other way, too: whatever `simulators` computes from them follows them.
    """

    @abstractmethod
    def simulators(self) -> Mapping[str, AbstractSimulator]:
        """One simulator for each data set, by the names that the `JointObservations` have."""

    def predictions(self, **settings: Any) -> dict[str, Float[Array, "..."]]:
        """What each simulator predicts at its settings: `predictions(cold={"flux": flux, "energy": energy}, warm=...)`.

        Raises ValueError if there are settings for other data sets than there are simulators.
        """
        return {name: one.predict(**settings[name]) for name, one in self._each(settings).items()}

    def predict(self, **settings: Any) -> Float[Array, " data"]:
        """The predictions of all, flat and one after another, in the order of their names."""
        return jnp.concatenate([predicted.reshape(-1) for predicted in self.predictions(**settings).values()])

    def check_settings(self, **settings: Any) -> None:
        for name, one in self._each(settings).items():
            one.check_settings(**settings[name])

    def _each(self, settings: dict[str, Any]) -> dict[str, AbstractSimulator]:
        """In the order of their names, which is that in which JAX keeps dictionaries."""
        simulators = self.simulators()
        if set(simulators) != set(settings):
            raise ValueError(
                f"{type(self).__name__}.simulators returns {', '.join(sorted(simulators)) or 'none'}, but the data are "
                f"for {', '.join(sorted(settings)) or 'none'}; pass JointObservations with its names."
            )
        return {name: simulators[name] for name in sorted(simulators)}
