"""Several data sets that one sample must explain."""

from collections.abc import Callable
from functools import reduce
from operator import add
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray

from equibacksolve._arrays import is_concrete
from equibacksolve._axes import Scalar
from equibacksolve._rich_display import section
from equibacksolve.inverse._abstract_observations import AbstractObservations
from equibacksolve.inverse._observations import Observations
from equibacksolve.inverse._shown_data import in_one_line, picture


class JointObservations(AbstractObservations):
    """Several data sets, by name, for an `AbstractJointSimulator`.

        JointObservations(cold=Observations.on_grid(...), warm=Observations.on_grid(...))

    What is minimised is the sum of their chi-squared, over the number of data: with sigma known, a reading weighs by
    its sigma alone, whichever set it is in. Without, each set is counted in units of its own standard deviation, so
    that a reading weighs the same in each, and no unit enters.

    **Fields**

    - `sets`: the `Observations` by name, each with its own settings, sigma and mask, in the order of their names.
    - `scales`: the units in which the sets are counted: 1 with sigma known, and their standard deviations without.

    All that methods and diagnostics ask for is flat, one set after another: `values`, `sigma`, `mask`.

    **Raises** ValueError if there is no set; if some have a sigma and others none, for then nobody can say what they
    weigh against each other; and, without sigma, for a set of zeros.
    """

    sets: dict[str, Observations]
    scales: dict[str, Scalar]

    def __init__(self, **sets: Observations):
        if not sets:
            raise ValueError("sets is empty; give one Observations or more, by name.")
        self.sets = {name: sets[name] for name in sorted(sets)}  # as JAX orders dictionaries
        known = {name: one.sigma is not None for name, one in self.sets.items()}
        if len(set(known.values())) > 1:
            have, lack = (", ".join(name for name in known if known[name] is wanted) for wanted in (True, False))
            raise ValueError(
                f"sigma is known of {have} but not of {lack}, so that their weights cannot be compared; pass "
                "sigma= to all Observations, or to none."
            )
        unit = lambda name, one: jnp.ones((), one.values.dtype) if known[name] else _deviation(name, one)
        self.scales = {name: unit(name, one) for name, one in self.sets.items()}

    def __repr__(self) -> str:
        return f"<JointObservations: {'; '.join(f'{name}: {in_one_line(one)}' for name, one in self.sets.items())}>"

    def _repr_html_(self) -> str:
        """For notebooks: each set by its name."""
        return "".join(section(name, in_one_line(one), picture(one)) for name, one in self.sets.items())

    @property
    def values(self) -> Float[Array, " data"]:
        """The readings of all sets."""
        return self._joined(lambda one: one.values)

    @property
    def variables(self) -> dict[str, dict[str, Float[Array, " points"]]]:
        """The settings of each set, by name."""
        return {name: one.variables for name, one in self.sets.items()}

    @property
    def sigma(self) -> Float[Array, " data"] | None:
        """Standard deviations of all readings, or None if unknown."""
        known = all(one.sigma is not None for one in self.sets.values())
        return self._joined(lambda one: one.sigma) if known else None

    @property
    def mask(self) -> Bool[Array, " data"] | None:
        """True where a value counts, or None if all do."""
        if all(one.mask is None for one in self.sets.values()):
            return None
        return self._joined(lambda one: jnp.ones(one.values.shape, bool) if one.mask is None else one.mask)

    @property
    def is_divisible(self) -> bool:
        return all(one.is_divisible for one in self.sets.values())

    def weights(self) -> Float[Array, " data"]:
        each = [one.weights().reshape(-1) / self.scales[name] for name, one in self.sets.items()]
        return jnp.concatenate(each)

    def whitened(self, differences: Float[Array, "*batch data"]) -> Float[Array, "*batch data"]:
        return self._of_each(lambda one, part: one.whitened(part), differences)

    def counted(self, differences: Float[Array, "*batch data"]) -> Float[Array, "*batch data"]:
        return self._of_each(lambda one, part: one.counted(part), differences)

    def variance(self) -> Float[Array, ""]:
        total = reduce(add, (one.count * one.variance() / self.scales[name] ** 2 for name, one in self.sets.items()))
        return total / self.count

    def expected_cost(self) -> tuple[float, float]:
        shares = [(float(one.count) / float(self.count), *one.expected_cost()) for one in self.sets.values()]
        mean = sum(share * mean for share, mean, _ in shares)
        return mean, sum(share * deviation**2 for share, _, deviation in shares) ** 0.5

    def with_sigma(self, sigma: dict[str, Any]) -> "JointObservations":
        return JointObservations(**{name: one.with_sigma(sigma[name]) for name, one in self.sets.items()})

    def without_sigma(self) -> "JointObservations":
        return JointObservations(**{name: one.without_sigma() for name, one in self.sets.items()})

    def random_parts(self, key: PRNGKeyArray, share: int, multiple: int = 1) -> dict[str, Int[Array, "share part"]]:
        """Each part has its share of each set; of small sets, some parts have the same readings."""
        keys = dict(zip(self.sets, jax.random.split(key, len(self.sets))))
        return {name: _parts_of(one, keys[name], share, multiple) for name, one in self.sets.items()}

    def at(self, chosen: dict[str, Int[Array, " chosen"]]) -> "JointObservations":
        # A set that has lost a larger share of its readings than others weighs as much as before.
        sets = {name: one.at(chosen[name]) for name, one in self.sets.items()}
        left = sum(one.values.size for one in sets.values()) / self.values.size
        lost = {name: one.values.size / self.sets[name].values.size / left for name, one in sets.items()}
        scales = {name: scale * jnp.asarray(lost[name], scale.dtype) ** 0.5 for name, scale in self.scales.items()}
        return eqx.tree_at(lambda joint: (joint.sets, joint.scales), self, (sets, scales))

    def split(self, flat: Float[Array, "..."]) -> dict[str, Float[Array, "..."]]:
        pieces, start = {}, 0
        for name, one in self.sets.items():
            pieces[name] = flat[start : start + one.values.size].reshape(one.values.shape)
            start += one.values.size
        return pieces

    def _of_each(self, residuals_of: Callable[[Observations, Array], Array], differences: Array) -> Array:
        """Of each set by itself, in its own unit; the data are the last axis."""
        ends = np.cumsum([one.values.size for one in self.sets.values()])
        parts = jnp.split(differences, ends[:-1], axis=-1)
        each = zip(self.sets.items(), parts)
        return jnp.concatenate([residuals_of(one, part) / self.scales[name] for (name, one), part in each], axis=-1)

    def _joined(self, part: Callable[[Observations], Any]) -> Any:
        return jnp.concatenate([part(one).reshape(-1) for one in self.sets.values()])


def _deviation(name: str, one: Observations) -> Scalar:
    """The standard deviation of a set; for readings that are all the same, their size."""
    variance, square = one.variance(), one.mean_square()
    rounding = 1e4 * jnp.finfo(square.dtype).eps ** 2 * square
    squared = jnp.where(variance > rounding, variance, square)
    if is_concrete(squared) and not squared > 0:
        raise ValueError(f"{name} holds zeros only, which have no scale of their own; pass sigma= to all Observations.")
    return jnp.sqrt(squared)


def _parts_of(one: Observations, key: PRNGKeyArray, share: int, multiple: int) -> Int[Array, "share part"]:
    if share <= one.values.size:
        return one.random_parts(key, share, multiple)
    return jax.random.randint(key, (share, 1), 0, one.values.size)
