"""Which hidden leaves each data set of a joint simulator depends on, from how its simulators are built."""

from typing import Any

import equinox as eqx
import jax
from jaxtyping import PyTree

from equibacksolve.inverse._leaves import Hidden
from equibacksolve.simulators import AbstractJointSimulator, AbstractSimulator


def check_sets_share(hidden: Hidden, known: PyTree) -> None:
    """Raise ValueError if some data sets share no hidden leaf with the others, directly or through a third one."""
    simulator: AbstractSimulator = eqx.combine(hidden, known)
    if not isinstance(simulator, AbstractJointSimulator):
        return
    seen = leaves_of_sets(hidden, known)
    names = sorted(seen)
    together, leaves = {names[0]}, set(seen[names[0]])
    while more := {name for name in names if name not in together and seen[name] & leaves}:
        together |= more
        leaves = leaves.union(*(seen[name] for name in more))
    apart = [name for name in names if name not in together]
    if apart:
        raise ValueError(
            f"no hidden leaf is shared between the data sets {', '.join(sorted(together))} and {', '.join(apart)}; "
            "search for each by itself, or hide a leaf that both depend on."
        )


def leaves_of_sets(hidden: Hidden, known: PyTree) -> dict[str, frozenset[int]]:
    """The numbers of the hidden leaves on which the simulator of each data set depends. Nothing is simulated."""
    leaves, tree = jax.tree.flatten(hidden)

    def arrays(*leaves: Any) -> dict[str, list]:
        made = eqx.combine(tree.unflatten(leaves), known).simulators()
        return {name: [leaf for leaf in jax.tree.leaves(one) if eqx.is_array(leaf)] for name, one in made.items()}

    program, outputs = jax.make_jaxpr(arrays, return_shape=True)(*leaves)
    reached = {variable: frozenset([number]) for number, variable in enumerate(program.jaxpr.invars)}
    # A literal is no variable, and depends on nothing.
    of = lambda atom: frozenset() if hasattr(atom, "val") else reached.get(atom, frozenset())
    for equation in program.jaxpr.eqns:
        depends = frozenset().union(*map(of, equation.invars))
        reached.update(dict.fromkeys(equation.outvars, depends))
    by_name = jax.tree.unflatten(jax.tree.structure(outputs), list(map(of, program.jaxpr.outvars)))
    return {name: frozenset().union(*sets) for name, sets in by_name.items()}
