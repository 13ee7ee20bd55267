"""What a simulator predicts if one of its parameters is changed alone, for each parameter in turn."""

from abc import abstractmethod
from typing import Any, NamedTuple, TypeGuard

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, PyTree

from equibacksolve.simulators._simulator import AbstractSimulator, check_before_compiling


class Perturbed(NamedTuple):
    """Data as they are, and with one parameter changed: one row for each."""

    unchanged: Float[Array, " data"]
    changed: Float[Array, "unknowns data"]


class AbstractPerturbableSimulator(AbstractSimulator):
    """A simulator that knows what changes of single parameters do, for less than a simulation for each of them.

    `changes` is a simulator whose leaves are None, except for those that are changed: they hold by how much.
    """

    @abstractmethod
    def knows_changes(self, changes: PyTree) -> bool:
        """Whether it does for these leaves."""

    @abstractmethod
    def predict_perturbed(self, changes: PyTree, *unnamed: Any, **variables: Any) -> Perturbed:
        """What `predict` gives, and would give with one entry of `changes` added, in the order of the leaves."""


def knows_changes(simulator: AbstractSimulator, changes: PyTree) -> TypeGuard[AbstractPerturbableSimulator]:
    """Whether the simulator knows what these changes do, so that none needs to be tried."""
    return isinstance(simulator, AbstractPerturbableSimulator) and simulator.knows_changes(changes)


def predict_perturbed(
    simulator: AbstractSimulator, changes: PyTree, variables: dict[str, Float[Array, " points"]]
) -> Perturbed:
    """The data that the simulator predicts, and those that it predicts with one entry of `changes` added, and no other.

    `changes` is a simulator whose leaves are None but for those that are changed. Where the simulator does not know
    better (`AbstractPerturbableSimulator`), each change is tried: a simulation for each.
    """
    if knows_changes(simulator, changes):
        return simulator.predict_perturbed(changes, **variables)
    for end in (simulator, eqx.apply_updates(simulator, changes)):
        check_before_compiling(end, variables)
    flat, unravel = ravel_pytree(changes)

    def one(entry):
        only = unravel(jnp.where(jnp.arange(flat.size) == entry, flat, 0.0))
        return eqx.apply_updates(simulator, only).predict(**variables).reshape(-1)

    return Perturbed(simulator.predict(**variables).reshape(-1), jax.lax.map(one, jnp.arange(flat.size)))
