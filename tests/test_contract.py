"""The uses that other people's scripts make of the package, kept as a program in its own right: see CONTRIBUTING."""

import pathlib

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

import equibacksolve as ebs

REFERENCE = pathlib.Path(__file__).parent / "reference"


def problem(name):
    """Simulator at the truth, observations made by Kwant, and the selector of the hidden leaf."""
    data = np.load(REFERENCE / f"{name}.npz")
    lead = ebs.WireLead(jnp.asarray(data["wavenumber"]))
    if "potential" in data:
        onsite, hidden = ebs.Potential(jnp.asarray(data["potential"])), lambda s: s.sample.onsite.values
    else:
        onsite = ebs.ExchangeField(jnp.asarray(data["angle"]), jnp.asarray(float(data["coupling"])))
        hidden = lambda s: s.sample.onsite.angle
    simulator = ebs.Magnetoconductance(ebs.SquareLattice(onsite), lead)
    observed = ebs.Observations.on_grid(
        flux=jnp.asarray(data["flux"]), energy=jnp.asarray(data["energy"]), values=jnp.asarray(data["G"])
    )
    return simulator, observed, hidden


@pytest.fixture(scope="module")
def near():
    truth, observed, hidden = problem("wire_random_5x4")
    away = 0.05 * jax.random.normal(jax.random.key(1), hidden(truth).shape)
    return eqx.tree_at(hidden, truth, hidden(truth) + away), observed, hidden


@pytest.mark.parametrize("name", ["wire_random_5x4", "exchange_random_4x3"])
def test_the_truth_explains_what_kwant_computed(name):
    simulator, observed, _ = problem(name)
    assert ebs.mean_squared_error(simulator, observed) < 1e-19  # the contract's bound: G to 3e-10


def test_a_gradient_step_by_hand(near):
    simulator, observed, _ = near
    gradient = eqx.filter_grad(ebs.mean_squared_error)(simulator, observed)
    optimizer = optax.adam(1e-2)
    state = optimizer.init(eqx.filter(simulator, eqx.is_inexact_array))
    updates, _ = optimizer.update(gradient, state)
    stepped = eqx.apply_updates(simulator, updates)
    assert ebs.mean_squared_error(stepped, observed) < ebs.mean_squared_error(simulator, observed)


# optax.lbfgs() and ebs.backtracking_descent() are in inverse/test_every_method.py, where compiling is cheap.
@pytest.mark.parametrize("method", [None, optax.adam(1e-2)])
def test_the_optimizer_is_one_argument(near, method):
    simulator, observed, hidden = near
    found = ebs.backsolve(simulator, observed, method, where=hidden, key=jax.random.key(0), steps=20, progress=False)
    assert found.cost < ebs.mean_squared_error(simulator, observed)
    assert jnp.array_equal(found.simulator.lead.wavenumber, simulator.lead.wavenumber)
    assert isinstance(found.reason, str)
    assert found.history is not None


def test_a_leaf_is_freed_by_where(near):
    simulator, observed, hidden = near
    where = lambda s: (hidden(s), s.lead.wavenumber)
    freed = ebs.backsolve(simulator, observed, where=where, key=jax.random.key(0), steps=5, progress=False)
    assert not jnp.array_equal(freed.simulator.lead.wavenumber, simulator.lead.wavenumber)
