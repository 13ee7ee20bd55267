"""Any optimistix solver, as it is."""

from typing import NoReturn

import equinox as eqx
import jax
import jax.numpy as jnp
import optimistix
from jaxtyping import PRNGKeyArray

from equibacksolve.inverse import Hidden, Problem
from equibacksolve.methods._method import AbstractMethod, State, first_state


class OptimistixSolver(AbstractMethod):
    """Step an optimistix least-squares solver or minimiser until it terminates.

    **Fields**

    - `solver`: e.g. `optimistix.LevenbergMarquardt(rtol=1e-8, atol=1e-8)`.
    - `steps`: the most that are made.

    **Raises** ValueError for a problem with bounds, which optimistix does not know.
    """

    solver: optimistix.AbstractLeastSquaresSolver | optimistix.AbstractMinimiser
    steps: int = 256

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        del key
        if problem.lower is not None:
            self.refuse_bounds()
        arrays = tuple(leaf for leaf in jax.tree.leaves(self._solver_state(problem, hidden)) if eqx.is_array(leaf))
        return first_state(
            hidden, jnp.full_like(problem.tolerance, jnp.inf), (hidden, arrays, jnp.zeros((), jnp.int32))
        )

    def step(self, problem: Problem, state: State) -> State:
        return _next(self, problem, state)

    def refuse_bounds(self) -> NoReturn:
        """Raise the ValueError that says so."""
        raise ValueError(
            f"bounds are given, but {type(self.solver).__name__} of optimistix does not keep any; use another method, "
            "e.g. LevenbergMarquardt(), or leave the bounds out."
        )

    def _solver_state(self, problem, hidden):
        function = self._function(problem)
        struct, aux = jax.eval_shape(function, hidden, None)
        return self.solver.init(function, hidden, None, {}, struct, aux, frozenset())

    def _function(self, problem):
        if isinstance(self.solver, optimistix.AbstractLeastSquaresSolver):
            return lambda hidden, _: (problem.objective_residuals(hidden, problem.residuals(hidden)), None)
        return lambda hidden, _: (problem.objective(hidden)[0], None)


@eqx.filter_jit
def _next(method: OptimistixSolver, problem: Problem, state: State) -> State:
    here, arrays, steps = state.inner
    function = method._function(problem)
    # What of the solver's state is not an array does not change: it is made anew from shapes alone, while compiling.
    leaves, tree = jax.tree.flatten(eqx.filter_eval_shape(lambda: method._solver_state(problem, here)))
    kept = iter(arrays)
    solver_state = tree.unflatten(next(kept) if isinstance(leaf, jax.ShapeDtypeStruct) else leaf for leaf in leaves)
    here, solver_state, _ = method.solver.step(function, here, None, {}, solver_state, frozenset())
    ended, _ = method.solver.terminate(function, here, None, {}, solver_state, frozenset())
    steps = steps + 1
    done = ended | (steps >= method.steps)
    inner = (here, tuple(leaf for leaf in jax.tree.leaves(solver_state) if eqx.is_array(leaf)), steps)
    cost, penalty, evaluations = problem.cost(here), problem.penalty(here), state.evaluations + 2
    return State(here, cost, done, evaluations, inner, state.stage, state.start, penalty=penalty)
