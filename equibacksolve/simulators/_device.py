"""A tight-binding sample with its terminals, put in order for a solver."""

from typing import Any, Generic

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float

from equibacksolve._arrays import is_concrete
from equibacksolve._axes import Scalar
from equibacksolve._entries import Settings
from equibacksolve._rich_display import leaves_of_module
from equibacksolve.leads import Terminal
from equibacksolve.samples import Energies, TightBinding
from equibacksolve.scattering import AbstractArrangement, AbstractSolver, Graph, Matrix, Parts, suitable_solver


class TightBindingDevice(eqx.Module, Generic[Energies]):
    """A sample and its terminals: what the simulators of transport simulate.

    **Fields**

    - `sample`: any tight-binding sample.
    - `terminals`: leads and where they touch it, numbered from 0; `Terminal`.
    - `solver`: how the scattering states are solved for. Left out, `BlockElimination` for samples that are narrow
      somewhere (levels of up to 40 orbitals), else `SparseFactor`.

    **Raises** ValueError if there is no terminal, a terminal touches what is no orbital of the sample, a part of the
    sample is connected to no terminal, or arrays are not float64; TypeError if it is built while places of entries are
    traced: build it outside `jax.jit`, and move its leaves by `eqx.tree_at`.
    """

    sample: TightBinding[Energies]
    terminals: tuple[Terminal, ...]
    arrangement: AbstractArrangement

    def __init__(self, sample: TightBinding[Energies], terminals: Any, *, solver: AbstractSolver | None = None):
        self.sample = sample
        self.terminals = tuple(terminals)
        if not self.terminals:
            raise ValueError("a device needs at least one terminal; give Terminal(lead, interface).")
        for number, terminal in enumerate(self.terminals):
            largest = int(np.max(np.asarray(terminal.interface)))
            if largest >= sample.size:
                raise ValueError(
                    f"terminal {number} touches orbital {largest} of a sample of {sample.size}; count from 0."
                )
        if sample.energies().dtype != np.float64:
            raise ValueError(
                f"TightBindingDevice got {sample.energies().dtype} energies, too coarse for derivatives; call "
                "jax.config.update('jax_enable_x64', True) before making arrays."
            )
        graph = _graph(sample, self.terminals)
        self.arrangement = (solver or suitable_solver(graph)).arrange(graph)

    def _repr_html_(self) -> str:
        """For notebooks: the arrays of the device, and its maps."""
        return leaves_of_module(self)

    @property
    def settings(self) -> tuple[str, ...]:
        """The names of the settings that sample and leads ask for, besides flux and energy."""
        parts = (self.sample, *(terminal.lead for terminal in self.terminals))
        return tuple(dict.fromkeys(name for part in parts for name in part.settings))

    @property
    def channels_of_terminals(self) -> tuple[int, ...]:
        """The most channels of each terminal, open or closed."""
        return tuple(terminal.lead.channels(terminal.interface.shape[0]) for terminal in self.terminals)

    def check_settings(self, given: dict[str, Float[Array, " points"]]) -> None:
        """Raise ValueError if settings are missing or not known, or the device cannot be trusted at a point."""
        asked = {"flux", "energy", *self.settings}
        if set(given) != asked:
            raise ValueError(
                f"this device is measured at {', '.join(sorted(asked))}, but got {', '.join(sorted(given))}; give one "
                "entry a point of each."
            )
        flux, energy = given["flux"], given["energy"]
        rest = {name: value for name, value in given.items() if name not in ("flux", "energy")}
        if flux.size == 0:
            return
        if np.any(np.asarray(flux) != 0) and not self._knows_flux():
            raise ValueError(
                f"flux reaches {float(np.abs(np.asarray(flux)).max()):.3g}, but some hoppings have no area; give areas "
                "to all Entries, zeros where a hopping encloses none."
            )
        for number, one in enumerate(self.terminals):
            one.lead.check(f"terminal {number}", one.interface.shape[0], energy, flux, rest)

    def _knows_flux(self) -> bool:
        return self.sample.knows_flux and all(terminal.lead.knows_flux for terminal in self.terminals)

    def numbers(
        self, added: Float[Array, " sites"] | None, flux: Scalar, energy: Scalar, settings: Settings
    ) -> tuple[Matrix, tuple[Parts, ...]]:
        """E - H - Sigma at one point, and the channels of all terminals; `added` is added to the site energies."""
        sample = self.sample
        energies = sample.onsite.energies() if added is None else sample.onsite.energies() + added
        diagonal = energy - energies[sample.orbital_site]
        entries = -sample.values(flux, settings)
        found = [t.lead.self_energy(t.interface.shape[0], energy, flux, settings) for t in self.terminals]
        blocks = tuple(Parts(-one.matrix.real, -one.matrix.imag) for one in found)
        amplitudes = tuple(Parts(one.amplitudes.real, one.amplitudes.imag) for one in found)
        zero = jax.lax.stop_gradient(diagonal) * 0
        return Matrix(Parts(diagonal, zero), Parts(entries.real, entries.imag), blocks), amplitudes


def _graph(sample: TightBinding, terminals: tuple[Terminal, ...]) -> Graph:
    row, column = sample.places()
    interfaces = tuple(terminal.interface for terminal in terminals)
    if not is_concrete(row, column, interfaces):
        raise TypeError(
            "TightBindingDevice is built where the places of its entries are traced, so that its sites have no "
            "order; build it outside jax.jit, and move its leaves by eqx.tree_at."
        )
    touched = tuple(np.asarray(interface) for interface in interfaces)
    return Graph(sample.size, np.asarray(row), np.asarray(column), touched)
