"""Bonds that meet under a wanted angle."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve._arrays import check_fields, named_float_array
from equibacksolve._axes import Scalar
from equibacksolve.atoms._constraint import AbstractConstraint
from equibacksolve.atoms._coordination import soft_step
from equibacksolve.atoms._curve import check_length
from equibacksolve.atoms._pair_sums import Scene, sum_per_atom


class BondAngles(AbstractConstraint):
    """Root of the sum over pairs of bonds of each atom of (cos(angle) - cos(wanted angle))^2.

    With u_j the directions of the bonds, and f_j the smooth step of `Coordination`, the sum over j and k is made of

        sum_j f_j,    sum_j f_j u_j,    sum_j f_j u_j u_j^T,

    as (u_j . u_k - c)^2 = (u_j . u_k)^2 - 2 c u_j . u_k + c^2. So it costs no more than a sum over pairs of atoms.

    **Arguments**

    - `angle`: wanted, in degrees.
    - `within`, `softness`: which neighbours are bonds, see `Coordination`.

    Raises `ValueError` for lengths that are not positive.
    """

    angle: Scalar = eqx.field(converter=named_float_array("BondAngles.angle"))
    within: Scalar = eqx.field(converter=named_float_array("BondAngles.within"))
    softness: Scalar = eqx.field(converter=named_float_array("BondAngles.softness"))

    def __check_init__(self):
        check_fields(self)
        check_length("within", float(self.within))
        check_length("softness", float(self.softness))

    def needed_reach(self, elements):
        return float(self.within + self.softness)

    def residuals(self, scene: Scene, elements) -> Float[Array, " atoms"]:
        angle, within, softness = (x.astype(scene.positions.dtype) for x in (self.angle, self.within, self.softness))
        weight = lambda pairs: soft_step(pairs.distances, within, softness)
        # (cos - c)^2 summed over j < k: half of the sum over j and k, without j = k.
        return jnp.sqrt(jnp.maximum(angle_sums(weight, jnp.cos(jnp.deg2rad(angle)), scene) / 2, 1e-12))


def angle_sums(weight, cosine: Scalar, scene: Scene) -> Float[Array, " atoms"]:
    """For each atom the sum over two different neighbours j, k of f_j f_k (u_j . u_k - cosine)^2, f = `weight(pairs)`.

    Each pair of neighbours comes twice, as j, k and as k, j.
    """
    components = scene.box.components
    upper = [(a, b) for a in range(components) for b in range(a, components)]

    def terms(pairs):
        f, u = weight(pairs), pairs.vectors / jnp.where(pairs.distances > 0, pairs.distances, 1.0)
        return [f, f**2, *(f * u[a] for a in range(components)), *(f * u[a] * u[b] for a, b in upper)]

    signs = (1, 1, *[-1] * components, *[1] * len(upper))
    sums = sum_per_atom(terms, scene, signs)
    number, squares, along = sums[:, 0], sums[:, 1], sums[:, 2 : 2 + components]
    twice = jnp.array([1.0 if a == b else 2.0 for a, b in upper], sums.dtype)
    of_squares = jnp.sum(twice * sums[:, 2 + components :] ** 2, axis=1)
    both = of_squares - 2 * cosine * jnp.sum(along**2, axis=1) + cosine**2 * number**2
    return both - (1 - cosine) ** 2 * squares
