"""Half images: what two symmetries together leave of a guess."""

import equinox as eqx
import jax

from equibacksolve.inverse import AbstractSymmetry
from equibacksolve.simulators import AbstractSimulator


def half_image(simulator: AbstractSimulator, one: AbstractSymmetry, other: AbstractSymmetry) -> AbstractSimulator:
    """The simulator with the sign changed of what is odd under both of two symmetries that commute.

    With p the arrays, and s and t the symmetries, that is (p + s p + t p - s t p) / 2: no symmetry, but close to one.
    """

    def reversed_part(p, both, first, second):
        # In this order, for then what both leave as it is stays so to the last bit.
        return p - ((p - first) - (second - both)) / 2 if eqx.is_inexact_array(p) else p

    return jax.tree.map(reversed_part, simulator, one(other(simulator)), one(simulator), other(simulator))
