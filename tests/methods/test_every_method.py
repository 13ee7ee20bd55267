"""Every method solves a user's nonlinear problem, as far as its own end says, and from a random key alike."""

import jax
import numpy as np
import optax
import optimistix
import pytest
from toys import DECAYS, NEAR_DECAYS, READINGS, rate, smallest_curvature

import equibacksolve as ebs
from equibacksolve.specialists import walk_and_descent

LM = ebs.LevenbergMarquardt()
METHODS = {
    "default": None,
    "adam": optax.adam(0.05),
    "sgd": optax.sgd(2.0),
    "lbfgs": optax.lbfgs(),
    "backtracking descent": ebs.backtracking_descent(),
    "gradient descent": ebs.methods.GradientDescent(optax.adam(0.1), steps=400),
    "levenberg-marquardt": LM,
    "optimistix levenberg-marquardt": optimistix.LevenbergMarquardt(rtol=1e-8, atol=1e-8),
    "optimistix bfgs": ebs.methods.OptimistixSolver(optimistix.BFGS(rtol=1e-8, atol=1e-8), steps=100),
    "continuation": ebs.methods.coarse_to_fine(LM, LM, length=(0.5, 4.0)),
    "restarts": ebs.methods.Restarts(LM, (LM,), starts=2),
    "between levels": ebs.methods.Stages((ebs.methods.Stage(LM, box=ebs.methods.Box((0.55, 1.9))),)),
    "two levels": walk_and_descent(ebs.specialists.TwoLevels((0.55, 1.9), flips=100, cold=0.01, release=1.0)),
    "few discs": walk_and_descent(ebs.specialists.FewDiscs((0.55, 1.9), moves=200, cold=0.01)),
    "basin hopping": ebs.methods.Restarts(
        ebs.LevenbergMarquardt(steps=1), (LM,), starts=3, guesses=ebs.specialists.Kicks()
    ),
    "annealing": ebs.methods.Annealing(passes=20, pause=10),
    "annealed langevin": ebs.methods.AnnealedLangevin(0.1, 1e-3, steps=500),
}
TOLERANCE = 1e-6


@pytest.mark.parametrize("name", METHODS)
def test_a_closed_form_problem_is_solved_and_a_rerun_is_identical(name):
    def solve():
        return ebs.backsolve(
            NEAR_DECAYS,
            READINGS,
            METHODS[name],
            where=rate,
            tolerance=TOLERANCE,
            key=jax.random.key(3),
            progress=False,
        )

    found, again = solve(), solve()
    assert found.converged
    assert found.reason.startswith("the data are explained")
    assert float(found.cost) <= TOLERANCE
    assert np.all(np.diff(found.history.evaluations, prepend=0) >= 0)  # simulations add up
    # Near the truth the cost is e . H e, so |e| <= sqrt(cost / smallest eigenvalue of H); 1.5 for the curvature of H.
    error = np.linalg.norm(found.simulator.rate - DECAYS.rate)
    assert error <= 1.5 * np.sqrt(float(found.cost) / smallest_curvature()) + 1e-12
    np.testing.assert_array_equal(found.history.cost, again.history.cost)
    np.testing.assert_array_equal(found.simulator.rate, again.simulator.rate)


def test_what_is_no_method_is_told():
    for wrong in (3, "adam", optimistix.Newton(rtol=1e-3, atol=1e-3)):
        with pytest.raises(ValueError, match="pass an optax optimizer, an optimistix solver, a method"):
            ebs.backsolve(NEAR_DECAYS, READINGS, wrong, where=rate)
