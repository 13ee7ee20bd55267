"""The conductance map G(flux, energy) of a two-terminal device."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from equibacksolve._arrays import is_concrete
from equibacksolve.leads import AbstractLead
from equibacksolve.sample import Potential, SquareLattice
from equibacksolve.simulators._perturbed import AbstractPerturbableSimulator, Perturbed
from equibacksolve.transport import (
    Device,
    Scattering,
    conductance,
    device,
    growth_per_slice,
    scattering,
    site_response,
    stabilisation_interval,
)

_UNSAFE_GROWTH = {"float64": 1e5, "float32": 200.0}
"""Growth between two normalisations at which the gradient has lost all but six digits (one in float32)."""


class Magnetoconductance(AbstractPerturbableSimulator):
    """Two-terminal conductance of a sample between two equal leads, in units of e^2/h (eqs. 4-15).

    Observations of it have the variables `flux` (per plaquette, in h/e) and `energy` (in units of the hopping).

    **Fields**

    - `sample`, `lead`: the device.
    - `interval`: slices between two normalisations of the growing waves (S_D of eqs. 12, 13). Chosen from the onsite
      energies given here, with room for them to grow by 1 during a search, for |energy| <= 1, and from the dtype.

    **Raises** ValueError if lead and sample differ in orbitals, or if the arrays are not float64 (pass
    `single_precision=True` to mean it).
    """

    sample: SquareLattice
    lead: AbstractLead
    interval: int = eqx.field(static=True)

    def __init__(
        self,
        sample: SquareLattice,
        lead: AbstractLead,
        *,
        interval: int | None = None,
        single_precision: bool = False,
    ):
        self.sample = sample
        self.lead = lead
        dtype = sample.onsite.blocks().real.dtype
        if dtype not in (jnp.float64, jnp.float32 if single_precision else jnp.float64):
            raise ValueError(
                f"Magnetoconductance got {dtype} arrays, too coarse for its derivatives; call "
                "jax.config.update('jax_enable_x64', True) before making arrays, or pass single_precision=True."
            )
        if interval is not None and interval < 1:
            raise ValueError(f"interval must be at least 1 slice, got {interval}; leave it out to have it chosen.")
        self.interval = interval or stabilisation_interval(max(2.0, _largest_onsite(sample) + 1), dtype)

    def __check_init__(self):
        orbitals = self.sample.onsite.orbitals
        if self.lead.orbitals != orbitals:
            raise ValueError(
                f"lead has {self.lead.orbitals} wavenumber(s) but the sample has {orbitals} orbital(s) a site; "
                "give WireLead one wavenumber per orbital."
            )

    def predict(self, *, flux: Float[Array, " points"], energy: Float[Array, " points"]) -> Float[Array, " points"]:
        """G at each (flux, energy) point, in units of e^2/h.

        Raises ValueError if the energies are so far from the onsite energies that `interval` is too long.
        """
        return conductance(*self._device_at(flux, energy), self.interval)

    def scattering(self, *, flux: Float[Array, " points"], energy: Float[Array, " points"]) -> Scattering:
        """Transmission and reflection matrices at each point (eq. 8), orbitals before sites.

        Their derivatives have reverse mode only: a simulator that reads them implements `observe`, not `predict`.
        """
        return scattering(*self._device_at(flux, energy), self.interval)

    def knows_changes(self, changes: PyTree) -> bool:
        """True if only onsite energies of a potential are changed."""
        onsite = changes.sample.onsite
        return isinstance(onsite, Potential) and [id(a) for a in jax.tree.leaves(changes)] == [id(onsite.values)]

    def predict_perturbed(
        self, changes: PyTree, *, flux: Float[Array, " points"], energy: Float[Array, " points"]
    ) -> Perturbed:
        """G at each point, and with one onsite energy changed, one row a site: Dyson's equation for one site."""
        response = site_response(*self._device_at(flux, energy))
        changed = response.changed(changes.sample.onsite.values).reshape(-1, flux.shape[0])
        return Perturbed(response.conductance, changed)

    def _device_at(self, flux, energy) -> tuple[Device, Float[Array, " points"], Float[Array, " points"]]:
        """The device and its settings, all in the precision of the sample."""
        self._check_growth(energy)
        blocks = self.sample.onsite.blocks()
        modes = [mode.astype(blocks.real.dtype) for mode in self.lead.modes()]
        return device(blocks, *modes), flux.astype(blocks.real.dtype), energy.astype(blocks.real.dtype)

    def _check_growth(self, energy) -> None:
        blocks = self.sample.onsite.blocks()
        if not is_concrete(energy, blocks):
            return
        reach = float(np.max(np.abs(energy), initial=0.0)) + _largest_onsite(self.sample)
        if growth_per_slice(reach) ** min(self.interval, self.sample.length) > _UNSAFE_GROWTH[blocks.real.dtype.name]:
            shorter = stabilisation_interval(reach, blocks.real.dtype)
            advice = (
                f"pass interval={shorter} to Magnetoconductance"
                if shorter < self.interval
                else "no interval is short enough, so look for a wrong unit or an energy that lies far outside the band"
            )
            raise ValueError(
                f"|energy - onsite| reaches {reach:.3g} hoppings, too much for interval={self.interval} slices between "
                f"normalisations; {advice}."
            )


def _largest_onsite(sample: SquareLattice) -> float:
    """Largest onsite eigenvalue in absolute value; 1 while it is being traced."""
    blocks = sample.onsite.blocks()
    if not is_concrete(blocks):
        return 1.0
    return float(np.max(np.abs(np.linalg.eigvalsh(np.asarray(blocks))), initial=0.0))
