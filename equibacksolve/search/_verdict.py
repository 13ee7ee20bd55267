"""What a search found, judged by the data alone, in one sentence."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from equibacksolve.inverse import Hidden, Problem, costs_of_sets, count_unknowns, name_of_leaf, told_if_too_coarse

NAMED = 3
"""Entries that a sentence names; of more it gives the number."""


def verdict(problem: Problem, hidden: Hidden, cost: float, settled: bool, reason: str) -> str:
    """Whether the data are explained, whether this is a minimum, why the search ended, and what to try.

    With sigma known, chi-squared per datum is put beside what is expected of the truth's neighbourhood: 1 - m/N, where
    m of the unknowns were determined by the N data; m is between none and all (`diagnostics.goodness_of_fit` finds it).
    """
    sigma_known = problem.observed.sigma is not None
    explained = cost <= float(problem.tolerance)
    if sigma_known:
        compared = _against_expectation(problem, hidden, cost)
    else:
        compared = f"cost {cost:.2e} is {'below' if explained else 'above'} {float(problem.tolerance):.2e}"
    compared += _told_of_sets(problem, hidden)
    held = _held_by_bounds(problem, hidden)
    if explained and settled:
        return f"the data are explained: {compared}; {reason}{held}"
    if explained:
        return f"the data are explained, but this is not yet a minimum: {compared}; {reason}{held}; give it more time"
    known = "bounds= or a prior= that the leaves keep"
    more = "data over a wider range" if sigma_known else "sigma= if the data are noisy"
    advice = f"give it more time or another key, {known}, or {more}"
    coarse = told_if_too_coarse(problem.observed) if problem.has_landscape else None
    told = f"; {coarse}" if coarse else ""
    return (
        f"the data are not explained: {compared}; {reason}{', at a minimum' if settled else ''}{held}{told}; {advice}"
    )


def leaves_without_slope(problem: Problem, hidden: Hidden) -> list[str]:
    """The names of the hidden leaves in which the gradient of the cost is not a number."""
    leaves = jax.tree_util.tree_leaves_with_path(_gradient(problem, hidden))
    return [name_of_leaf(path) for path, leaf in leaves if not bool(jnp.all(jnp.isfinite(leaf)))]


_gradient = eqx.filter_jit(jax.grad(Problem.cost, argnums=1))
"""Made once: a function that is made anew is compiled anew."""


def _held_by_bounds(problem: Problem, hidden: Hidden) -> str:
    """Which entries are at a bound, if any."""
    if problem.lower is None:
        return ""
    names = []
    leaves = jax.tree_util.tree_leaves_with_path(hidden)
    for (path, leaf), *ends in zip(leaves, *(jax.tree.leaves(end) for end in (problem.lower, problem.upper))):
        for end, word in zip(ends, ("lower", "upper")):
            for index in np.argwhere(np.asarray(leaf) == np.asarray(end)):
                entry = f"[{', '.join(map(str, index))}]" if index.size else ""
                names.append(f"{name_of_leaf(path)}{entry} by its {word} one")
    if not names:
        return ""
    told = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    return f"; held by bounds: {told}"


def _told_of_sets(problem: Problem, hidden: Hidden) -> str:
    """The cost of each data set, where there are several, and which of them are not explained by themselves."""
    if len(problem.observed.sets) == 1:
        return ""
    costs = {name: float(cost) for name, cost in costs_of_sets(problem.simulator(hidden), problem.observed).items()}
    told = "; ".join(f"{name} {cost:.3g}" for name, cost in costs.items())
    if problem.observed.sigma is None:
        return f" ({told})"
    counts = {name: float(one.count) for name, one in problem.observed.sets.items()}
    expected = {name: one.expected_cost() for name, one in problem.observed.sets.items()}
    most = {name: mean + 3 * deviation / counts[name] ** 0.5 for name, (mean, deviation) in expected.items()}
    missed = [name for name, cost in costs.items() if cost > most[name]]
    alone = f", of which {', '.join(missed)} {'is' if len(missed) == 1 else 'are'} not explained" if missed else ""
    return f" ({told}{alone})"


def _against_expectation(problem, hidden, cost):
    count = float(problem.observed.count)
    unknowns = count_unknowns(hidden)
    mean, deviation = problem.observed.expected_cost()
    lowest = max(0.0, mean * (1 - unknowns / count))
    spread = deviation / count**0.5
    text = f"cost {cost:.2e} is a chi-squared per datum of {cost:.3g}, where {lowest:.2f} to {mean:.3g} is expected"
    if cost < lowest - 3 * spread:
        return f"{text} (give or take {spread:.2g}): so little says that sigma is too large"
    return text
