"""The conductance map G(flux, energy) of a two-terminal device."""

import math
from typing import Any, Generic

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Inexact, PyTree

from equibacksolve._arrays import is_concrete
from equibacksolve.leads import WireLead
from equibacksolve.samples import Onsite, Potential, SquareLattice
from equibacksolve.simulators._perturbed import AbstractPerturbableSimulator, Perturbed
from equibacksolve.simulators._settings import settings_of
from equibacksolve.transport import (
    REFUSED_GROWTH,
    Device,
    Growth,
    Scattering,
    conductance,
    device,
    growth_of,
    scattering,
    site_response,
    stabilisation_interval,
)

_WALL = {"float64": 1e4, "float32": 100.0}
"""A height that keeps electrons out, and costs few digits."""


class Magnetoconductance(AbstractPerturbableSimulator, Generic[Onsite]):
    """Two-terminal conductance of a sample between two equal leads, in units of e^2/h (eqs. 4-15).

    Observations of it have the variables `flux` (per plaquette, in h/e) and `energy` (in units of the hopping).

    **Fields**

    - `sample`, `lead`: the device.
    - `interval`: slices between two normalisations of the growing waves (S_D of eqs. 12, 13). Chosen from the onsite
      energies given here, with room for them to grow by 1 during a search, for |energy| <= 1, and from the dtype. Where
      the device is built inside `jax.jit`, `jax.grad` or `jax.vmap`, they are unknown, and it is 1: safe, and up to
      six times as slow. Build the device outside and move its leaves by `eqx.tree_at`, or pass `interval=`.

    Rounding grows with |energy - onsite|. Where `interval` is too long for it, known numbers are refused; numbers that
    are known only when compiled code runs give NaN, with all derivatives, a little later (`transport.conductance`).

    Every site of the rectangle takes part. A hard wall, or a site that is absent, is an onsite energy of 1e4 (100 in
    single precision): G then differs by a few 1e-4 from that without the site, and the difference falls as 1 / height.
    Walls up to 9e4 are computed right to 1e-6; higher ones are refused.

    **Raises** ValueError if lead and sample differ in orbitals, or if the arrays are not float64 (pass
    `single_precision=True` to mean it).
    """

    sample: SquareLattice[Onsite]
    lead: WireLead
    interval: int = eqx.field(static=True)

    def __init__(
        self,
        sample: SquareLattice[Onsite],
        lead: WireLead,
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
        self.interval = interval or _chosen_interval(sample)

    def __check_init__(self):
        orbitals = self.sample.onsite.orbitals
        if self.lead.orbitals != orbitals:
            raise ValueError(
                f"lead has {self.lead.orbitals} wavenumber(s) but the sample has {orbitals} orbital(s) a site; "
                "give WireLead one wavenumber per orbital."
            )

    def check_settings(self, *, flux: Any, energy: Any) -> None:
        """Raise ValueError if the energies are so far from the onsite energies that `interval` is too long."""
        self._check_growth(settings_of({"flux": flux, "energy": energy})["energy"])

    def predict(self, *, flux: Any, energy: Any) -> Float[Array, " points"]:
        """G at each (flux, energy) point, in units of e^2/h; the settings are lists or arrays, one entry a point.

        Raises ValueError as `check_settings` does, and for settings that are no lists of the same length.
        """
        return conductance(*self._device_at(flux, energy), self.interval)

    def scattering(self, *, flux: Any, energy: Any) -> Scattering:
        """Transmission and reflection matrices at each point (eq. 8), orbitals before sites.

        Their derivatives have reverse mode only: a simulator that reads them implements `observe`, not `predict`.
        """
        return scattering(*self._device_at(flux, energy), self.interval)

    def knows_changes(self, changes: PyTree) -> bool:
        """True if only onsite energies of a potential are changed."""
        onsite = changes.sample.onsite
        return isinstance(onsite, Potential) and [id(a) for a in jax.tree.leaves(changes)] == [id(onsite.values)]

    def predict_perturbed(self, changes: PyTree, *, flux: Any, energy: Any) -> Perturbed:
        """G at each point, and with one onsite energy changed, one row a site: Dyson's equation for one site."""
        response = site_response(*self._device_at(flux, energy))
        changed = response.changed(changes.sample.onsite.values)
        length, width, points = changed.shape
        return Perturbed(response.conductance, changed.reshape(length * width, points))

    def _device_at(self, flux, energy) -> tuple[Device, Float[Array, " points"], Float[Array, " points"]]:
        """The device and its settings, all in the precision of the sample."""
        settings = settings_of({"flux": flux, "energy": energy})
        self._check_growth(settings["energy"])
        blocks = self.sample.onsite.blocks()
        modes = [mode.astype(blocks.real.dtype) for mode in self.lead.modes()]
        flux, energy = (setting.astype(blocks.real.dtype) for setting in settings.values())
        return device(blocks, *modes), flux, energy

    def _check_growth(self, energy: Float[Array, " points"]) -> None:
        blocks = _known_blocks(self.sample)
        if blocks is None or not is_concrete(energy):
            return
        kind = blocks.real.dtype.name
        growth = growth_of(blocks, energy.astype(kind), self.interval)
        if float(growth.over_interval) > math.log(REFUSED_GROWTH[kind]):
            raise ValueError(_too_far(growth, self.interval, kind))


def _chosen_interval(sample: SquareLattice) -> int:
    """For the onsite energies as they are, or the shortest one if they are unknown."""
    blocks = _known_blocks(sample)
    if blocks is None:
        return 1
    # The 2-norm counts what is not Hermitian, too: absorption makes waves grow as a potential does.
    finite = np.asarray(blocks)[np.isfinite(blocks).all(axis=(2, 3))]
    largest = np.max(np.linalg.norm(finite, 2, axis=(1, 2)), initial=0.0)
    return stabilisation_interval(max(2.0, float(largest) + 1), blocks.real.dtype)


def _known_blocks(sample: SquareLattice) -> Inexact[Array, "length width orbitals orbitals"] | None:
    """The onsite matrices as numbers, or None where they are traced; constants are known inside `jax.jit`, too."""
    if not is_concrete(sample):
        return None
    with jax.ensure_compile_time_eval():
        blocks = sample.onsite.blocks()
    return blocks if is_concrete(blocks) else None


def _too_far(growth: Growth, interval: int, kind: str) -> str:
    """What to do about it."""
    reach = float(growth.reach)
    told = f"|energy - onsite| reaches {reach:.3g} hoppings, too much"
    if float(growth.over_one) <= math.log(REFUSED_GROWTH[kind]):
        return (
            f"{told} for interval={interval} slices between normalisations; pass "
            f"interval={min(interval - 1, stabilisation_interval(reach, np.dtype(kind)))} to Magnetoconductance."
        )
    return (
        f"{told} for {kind}, where no interval is short enough; make hard walls and absent sites {_WALL[kind]:.0e} "
        "hoppings high, and look for a wrong unit if there are none."
    )
