"""So many neighbours for each atom."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve._arrays import check_fields, named_float_array
from equibacksolve._axes import Scalar
from equibacksolve.atoms._constraint import AbstractConstraint, number_of_species
from equibacksolve.atoms._curve import check_length, species_pair
from equibacksolve.atoms._pair_sums import Scene, sum_per_atom


class Coordination(AbstractConstraint):
    """How far the number of neighbours of each atom is from a wanted one.

    A neighbour counts 1 up to `within - softness`, 0 from `within + softness` on, and a smooth step (cubic) between.

    **Arguments**

    - `number`: the wanted coordination number.
    - `within`: the distance up to which an atom is a neighbour (length), such as the first minimum of g(r).
    - `softness`: half the width of the step (length).
    - `pair`: "Si-O" counts the O around each Si; atoms other than Si get 0. Left out, all atoms around all.

    Raises `ValueError` for lengths that are not positive.
    """

    number: Scalar = eqx.field(converter=named_float_array("Coordination.number"))
    within: Scalar = eqx.field(converter=named_float_array("Coordination.within"))
    softness: Scalar = eqx.field(converter=named_float_array("Coordination.softness"))
    pair: tuple[str, str] | None = eqx.field(static=True, default=None, converter=species_pair)

    def __check_init__(self):
        check_fields(self)
        check_length("within", float(self.within))
        check_length("softness", float(self.softness))
        if not float(self.softness) < float(self.within):
            raise ValueError(f"softness is {self.softness:g}, but must be below within={self.within:g}.")

    def needed_reach(self, elements):
        for name in self.pair or ():
            number_of_species(name, elements, "pair")
        return float(self.within + self.softness)

    def residuals(self, scene: Scene, elements) -> Float[Array, " atoms"]:
        number, within, softness = (x.astype(scene.positions.dtype) for x in (self.number, self.within, self.softness))
        of, counted = (None, None) if self.pair is None else (elements.index(name) for name in self.pair)
        step = lambda pairs: soft_step(pairs.distances, within, softness)

        def term(pairs):
            if of is None:
                return [step(pairs)]
            i, j = pairs.kinds
            return [step(pairs) * (((i == of) & (j == counted)) | ((i == counted) & (j == of)))]

        numbers = sum_per_atom(term, scene)[:, 0]
        return numbers - number if of is None else jnp.where(scene.kinds == of, numbers - number, 0.0)


def soft_step(distances: Float[Array, "*shape"], middle: Scalar, softness: Scalar) -> Float[Array, "*shape"]:
    """1 up to middle - softness, 0 from middle + softness on, and a cubic between."""
    x = jnp.clip((distances - middle) / (2 * softness) + 0.5, 0, 1)
    return 1 - x**2 * (3 - 2 * x)
