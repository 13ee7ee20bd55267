"""Everything that is measured or known of a structure, as one simulator."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from equibacksolve._arrays import check_fields, float_array
from equibacksolve.atoms._box import Box
from equibacksolve.atoms._clusters import Clusters, clusters_for
from equibacksolve.atoms._constraint import AbstractConstraint
from equibacksolve.atoms._curve import AbstractCurve, Mixture
from equibacksolve.atoms._excluded_distances import ExcludedDistances
from equibacksolve.atoms._histogram import ideal_counts, pair_counts
from equibacksolve.atoms._pair_sums import Scene, scene_of
from equibacksolve.atoms._structure import Structure
from equibacksolve.inverse import Observations
from equibacksolve.simulators import AbstractSimulator

Part = AbstractCurve | AbstractConstraint

_MOST_BINS = 20_000


class Observables(AbstractSimulator):
    """Curves and constraints of one structure, one after another, shape (data,).

        seen = Observables(structure, S=ReciprocalSpaceCurve(Q), apart=ExcludedDistances(2.1))
        observed = seen.observations(S=(measured, sigma), apart=(0.0, 0.02))
        found = ebs.backsolve(seen, observed, method, where=lambda s: s.positions)

    All curves come from one histogram of distances. Pairs are looked for among near atoms only.

    **Arguments**

    - `structure`: the atoms.
    - `scattering_lengths`: one number for each species, {"Si": 4.1491, "O": 5.803} (fm), see
      `neutron_scattering_lengths`. May be left out if there is one species, partial curves only, or form factors.
    - `parts`: curves and constraints by name. A leaf is `s.parts["S"].scale`, for example.

    **Fields**

    - `positions`, shape (atoms, components).
    - `box`.
    - `parts`.
    - `scattering_lengths`.

    Raises `ValueError` if there are no parts, if a part asks for more than the box allows, for species that are not
    there, and for scattering lengths that are missing or cancel.
    """

    positions: Float[Array, "atoms components"] = eqx.field(
        metadata={"smooth": False, "unit": "length", "picture": "atoms"}
    )
    box: Box
    parts: dict[str, Part]
    scattering_lengths: Float[Array, " species"]
    matrices: dict[str, Float[Array, "points bins"]]
    species: tuple[str, ...] = eqx.field(static=True)
    spacing: float = eqx.field(static=True)
    bins: int = eqx.field(static=True)
    clusters: tuple[tuple[str, Clusters], ...] = eqx.field(static=True)

    def __init__(self, structure: Structure, /, scattering_lengths: Any = None, **parts: Part):
        if not parts:
            raise ValueError("parts is empty; give curves or constraints by name, such as S=ReciprocalSpaceCurve(Q).")
        self.positions, self.box, self.species = structure.positions, structure.box, structure.species
        self.parts = parts
        curves = {name: part for name, part in parts.items() if isinstance(part, AbstractCurve)}
        lengths = _scattering_lengths(structure, scattering_lengths, curves)
        self.scattering_lengths = float_array(lengths, "scattering_lengths")
        farthest = structure.box.farthest()
        reaches = {name: part.needed_reach(farthest) for name, part in curves.items()}
        self.spacing = min((curve.widest_bin() for curve in curves.values()), default=1.0)
        reach = max(reaches.values(), default=0.0)
        self.bins = int(np.ceil(reach / self.spacing)) if curves else 0
        if self.bins > _MOST_BINS:
            raise ValueError(
                f"curves up to {reach:g} in bins of {self.spacing:.3g} need {self.bins} bins; give smaller "
                "wavenumbers, a larger width or a shorter reach."
            )
        components = structure.box.components
        self.matrices = {
            name: jnp.asarray(part.matrix(self.spacing, self.bins, components, reaches[name]), self.positions.dtype)
            for name, part in curves.items()
        }
        bonds = [
            part.needed_reach(structure.elements) for part in parts.values() if isinstance(part, AbstractConstraint)
        ]
        needed = {_CONSTRAINTS: max(bonds)} if bonds else {}
        needed |= {_CURVES: self.spacing * (self.bins + 3)} if curves else {}
        self.clusters = tuple((name, clusters_for(self.positions, self.box, r)) for name, r in needed.items())

    def __check_init__(self):
        check_fields(self)

    def predict(self) -> Float[Array, " data"]:
        """The parts one after another, in the order of their names."""
        return jnp.concatenate(list(self.predictions().values()))

    @eqx.filter_jit
    def predictions(self) -> dict[str, Float[Array, "..."]]:
        """What each part predicts."""
        kinds = self._kinds()
        scenes = {name: scene_of(self.positions, kinds, self.box, clusters) for name, clusters in self.clusters}
        mixture: Any = self.mixture(scenes[_CURVES]) if self.matrices else None
        seen = {}
        for name in sorted(self.parts):
            part = self.parts[name]
            if isinstance(part, AbstractCurve):
                seen[name] = part.values(self.matrices[name], mixture)
            else:
                seen[name] = part.residuals(scenes[_CONSTRAINTS], self._elements())
        return seen

    def mixture(self, scene: Scene) -> Mixture:
        """The partial pair distributions on the bins, and what mixes them."""
        elements = self._elements()
        numbers = tuple(self.species.count(name) for name in elements)
        dtype = self.positions.dtype
        counts = pair_counts(scene, self.spacing, self.bins, len(elements))
        ideal = ideal_counts(self.spacing, self.bins, self.box, numbers).astype(dtype)
        amounts = jnp.array(numbers, dtype) / len(self.species)
        density = (len(self.species) / self.box.volume).astype(dtype)
        return Mixture(counts / ideal - 1, amounts, self.scattering_lengths.astype(dtype), density, elements)

    def observations(self, **data: Any) -> Observations:
        """The data of all parts, joined as `predict` joins them: for each, values or (values, sigma).

        One number stands for all data of a part: `apart=(0.0, 0.02)`. Raises `ValueError` if a part has no data, if
        data fit no part, or if some parts have a sigma and others none.
        """
        sizes = self._sizes()
        if set(sizes) != set(data):
            raise ValueError(f"data are for {', '.join(sorted(data))}, but the parts are {', '.join(sorted(sizes))}.")
        pairs = {name: given if isinstance(given, tuple) else (given, None) for name, given in data.items()}
        without = [name for name, (_, sigma) in pairs.items() if sigma is None]
        if 0 < len(without) < len(pairs):
            raise ValueError(f"sigma is left out for {', '.join(without)}, but not for others; give one for each part.")
        join = lambda end: jnp.concatenate([_spread(pairs[name][end], sizes[name], name) for name in sorted(sizes)])
        return Observations(join(0), sigma=None if without else join(1))

    def misfits(self, observed: Observations) -> dict[str, float]:
        """The mean of the squared residuals of each part: chi-squared per datum if sigma is known."""
        squared = self.by_part(observed.counted(self.predict() - observed.values) ** 2)
        return {name: float(np.nanmean(one)) for name, one in squared.items()}

    def by_part(self, joined: Float[Any, " data"]) -> dict[str, Float[np.ndarray, "..."]]:
        """What belongs to each part, of numbers that are joined as `predict` joins them."""
        sizes = self._sizes()
        return dict(zip(sizes, np.split(np.asarray(joined), np.cumsum(list(sizes.values()))[:-1])))

    def check_start(self) -> None:
        """Raise `ValueError` if atoms are nearer to each other than an `ExcludedDistances` allows."""
        for part in self.parts.values():
            if isinstance(part, ExcludedDistances):
                part.check_start(self.structure())

    def structure(self) -> Structure:
        """The atoms as they are now, brought back into the box."""
        return Structure.moved_to(self.positions, self.box, self.species)

    def _sizes(self) -> dict[str, int]:
        """How many data each part has, in the order in which they are joined."""
        return {name: len(one) for name, one in eqx.filter_eval_shape(Observables.predictions, self).items()}

    def _elements(self):
        return tuple(dict.fromkeys(self.species))

    def _kinds(self) -> Int[Array, " atoms"]:
        elements = self._elements()
        return jnp.array([elements.index(name) for name in self.species])


_CURVES, _CONSTRAINTS = "curves", "constraints"
"""The clusters that all curves share, and all constraints."""


def _spread(given, size, name):
    array = float_array(given, name)
    if array.ndim and array.shape != (size,):
        raise ValueError(f"{name} has data of shape {array.shape}, but predicts ({size},); make them agree.")
    return jnp.broadcast_to(array, (size,))


def _check_named(argument, elements, given, unit):
    missing = [name for name in elements if name not in given]
    if missing:
        raise ValueError(f"{argument} has none for {', '.join(missing)}; give one for each species{unit}.")


def _scattering_lengths(structure, given, curves):
    """In the order of the elements; tens where they do not matter."""
    elements, totals = structure.elements, [curve for curve in curves.values() if curve.pair is None]
    for name, curve in curves.items():
        if curve.pair is None and curve.form_factors is not None:
            _check_named(f"form_factors of {name}", elements, curve.form_factors, "")
    totals = [curve for curve in totals if curve.form_factors is None]
    for curve in curves.values():
        for name in curve.pair or ():
            if name not in elements:
                raise ValueError(f"pair names {name!r}, but the structure has {', '.join(elements)}.")
    if given is None:
        absolute = [curve for curve in totals if not curve.convention_used.normalised]
        if (totals and len(elements) > 1) or absolute:
            raise ValueError(
                f"scattering_lengths is left out, but the curves mix {', '.join(elements)}; give one for each (fm), "
                "such as neutron_scattering_lengths(structure)."
            )
        return [10.0] * len(elements)
    _check_named("scattering_lengths", elements, given, " (fm)")
    lengths = [float(given[name]) for name in elements]
    mean = np.dot(lengths, structure.counts) / len(structure.species)
    if any(curve.convention_used.normalised for curve in totals) and abs(mean) < 1e-6 * np.abs(lengths).max():
        raise ValueError(
            f"scattering_lengths {lengths} cancel on average, so that S(Q) and g(r) have no scale; fit F(Q) or G(r)."
        )
    return lengths
