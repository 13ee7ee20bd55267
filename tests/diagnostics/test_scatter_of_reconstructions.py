"""Standard errors of a conductance's potential, against what they say: the scatter of repeated searches."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import equibacksolve as ebs
from equibacksolve.diagnostics import standard_errors

REPEATS, SIGMA = 120, 2e-3
VALUES = np.random.default_rng(21).uniform(-0.6, 0.6, (3, 2))


def hidden(device):
    return device.sample.onsite.values


def test_it_is_the_scatter_of_repeated_searches():
    """120 searches by `backsolve` from the truth, each with noise of its own."""
    truth = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(VALUES)), ebs.WireLead(jnp.pi / 2))
    mesh = {"flux": jnp.linspace(0, 0.3, 6), "energy": jnp.linspace(-1, 1, 5)}
    observed = ebs.simulated_observations(truth, sigma=SIGMA, **mesh)
    predicted = standard_errors(truth, observed, where=hidden)

    noise = SIGMA * jax.random.normal(jax.random.key(1), (REPEATS, observed.values.size))
    # Started at the truth with little damping: what is looked at is where the minimum is, not the way to it.
    method, ends = ebs.LevenbergMarquardt(8, decrease=1e-9, step_length=ebs.methods.Damping(1e-6)), []
    for errors in noise:
        noisy = eqx.tree_at(lambda o: o.values, observed, observed.values + errors)
        found = ebs.backsolve(truth, noisy, method, where=hidden, progress=False)
        ends.append(np.asarray(hidden(found.simulator)).ravel())
    scatter = np.cov(np.array(ends).T)

    # A standard deviation from n repeats is known to 1 / sqrt(2 n) = 6.5 %: three of these, for each of six sites.
    expected = np.sqrt(np.diag(predicted.covariance))
    np.testing.assert_allclose(np.sqrt(np.diag(scatter)), expected, rtol=3 / np.sqrt(2 * REPEATS))
    # A correlation likewise to 1 / sqrt(n) = 9 %: three of these, for each of fifteen.
    correlation = lambda covariance: covariance / np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    np.testing.assert_allclose(correlation(scatter), correlation(np.asarray(predicted.covariance)), rtol=0, atol=0.28)
    # Second-order bias is far below the scatter, so the mean is the truth to 1 / sqrt(n): four of these.
    off = (np.mean(ends, axis=0) - VALUES.ravel()) / expected
    np.testing.assert_allclose(off, 0, atol=4 / np.sqrt(REPEATS))
