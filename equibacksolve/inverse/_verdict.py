"""What a search found, judged by the data alone, in one sentence."""

import jax

from equibacksolve.inverse._leaves import Hidden
from equibacksolve.inverse._problem import Problem


def verdict(problem: Problem, hidden: Hidden, cost: float, converged: bool, reason: str) -> str:
    """Whether the data are explained, why the search ended, and what to try if they are not.

    With sigma known, chi-squared per datum is put beside what is expected of the truth's neighbourhood: 1 - m/N, where
    m of the unknowns were determined by the N data; m is between none and all (`diagnostics.goodness_of_fit` finds it).
    """
    sigma_known = problem.observed.sigma is not None
    if sigma_known:
        compared = _against_expectation(problem, hidden, cost)
    else:
        compared = f"cost {cost:.2e} is {'below' if converged else 'above'} {float(problem.tolerance):.2e}"
    if converged:
        return f"the data are explained: {compared}; {reason}"
    known = "bounds= or a prior= that the leaves keep"
    more = "data over a wider range" if sigma_known else "sigma= if the data are noisy"
    return f"the data are not explained: {compared}; {reason}; give it more time or another key, {known}, or {more}"


def _against_expectation(problem, hidden, cost):
    count = float(problem.observed.count)
    unknowns = sum(leaf.size for leaf in jax.tree.leaves(hidden))
    lowest = max(0.0, 1 - unknowns / count)
    spread = (2 / count) ** 0.5
    text = f"cost {cost:.2e} is a chi-squared per datum of {cost:.3g}, where {lowest:.2f} to 1 is expected"
    if cost < lowest - 3 * spread:
        return f"{text} (give or take {spread:.2g}): so little says that sigma is too large"
    return text
