"""The cost over two unknowns: the same as pointwise evaluation, zero at the truth."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from linear_problem import EXACT, TRUTH, everything

import equibacksolve as ebs
from equibacksolve.diagnostics import cost_surface
from equibacksolve.inverse import cost

V = jnp.array([[-0.4, 0.3], [0.2, -0.1], [0.5, 0.0]])
DEVICE = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(V)), ebs.WireLead(1.1))
FLUX, ENERGY = jnp.linspace(0, 0.2, 5), jnp.array([-0.3, 0.4])
MESH = [axis.ravel() for axis in jnp.meshgrid(FLUX, ENERGY, indexing="ij")]
DATA = ebs.Observations(values=DEVICE.predict(flux=MESH[0], energy=MESH[1]), flux=MESH[0], energy=MESH[1])


def hidden(device):
    return device.sample.onsite.values


def potential_and_lead(device):
    return device.sample.onsite.values, device.lead.wavenumber


@pytest.mark.parametrize("batch", [1, 4, 100])
def test_it_is_what_one_finds_point_by_point(batch):
    first, second = jnp.linspace(-1, 1, 3), jnp.linspace(-0.5, 1, 4)
    found = cost_surface(
        DEVICE, DATA, where=hidden, entries=((1, 0), (2, 1)), first_values=first, second_values=second, batch=batch
    )
    assert found.cost.shape == (3, 4)
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            there = eqx.tree_at(hidden, DEVICE, V.at[1, 0].set(a).at[2, 1].set(b))
            # Rounding, of numbers of order one; the compiled sum may run in another order.
            assert float(found.cost[i, j]) == pytest.approx(float(cost(there, DATA)), rel=1e-10, abs=1e-14)


def test_it_is_zero_at_the_truth_and_nowhere_else():
    around = jnp.linspace(-1, 1, 5)
    found = cost_surface(
        DEVICE,
        DATA,
        where=potential_and_lead,
        entries=((0, 1, 0), (1, 0)),
        first_values=V[1, 0] + around,
        second_values=1.1 + 0.3 * around,
    )
    # The truth is in the middle. Residuals are rounding there, 1e-14, and their squares more so.
    assert float(found.cost[2, 2]) < 1e-25
    assert float(jnp.min(found.cost.at[2, 2].set(1.0))) > 1e-6


def test_a_linear_problem_gives_its_parabola():
    """Entries are counted as `where` returns the leaves, here against the order of the fields."""
    first, second = jnp.linspace(1, 3, 4), jnp.linspace(-2, 0, 5)
    found = cost_surface(
        TRUTH, EXACT, where=everything, entries=((0,), (1, 1)), first_values=first, second_values=second
    )
    x, sigma = EXACT.variables["x"], EXACT.sigma
    residuals = ((first[:, None] - 2)[..., None] + (second + 1)[:, None] * x**2) / sigma
    np.testing.assert_allclose(found.cost, jnp.mean(residuals**2, axis=-1), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"entries": ((0,), (1, 2))}, r"entries holds \(1, 2\), which is not an entry .* shape \(2,\)"),
        ({"entries": ((0,), (1, -1))}, r"not an entry"),
        ({"entries": ((0,), (2, 0))}, r"but where selects 2 leaves; begin with the number of the leaf, 0 to 1"),
        ({"entries": ((0,), ())}, r"but where selects 2 leaves"),
        ({"entries": ((0, 0), (1, 0))}, r"entries holds \(0, 0\), which is not an entry .* shape \(\)"),
        ({"entries": ((1, 0), (1, 0))}, r"entries names \(1, 0\) twice"),
        ({"first_values": jnp.zeros(0)}, "first_values has 0 values"),
        ({"second_values": jnp.array([0.0, jnp.nan])}, "second_values has 2 values; .* finite"),
        ({"batch": 0}, "batch is 0"),
        ({"where": lambda line: ()}, "where selects nothing"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(changes, message):
    given = {"where": everything, "entries": ((0,), (1, 1)), "first_values": X, "second_values": X} | changes
    with pytest.raises(ValueError, match=message):
        cost_surface(TRUTH, EXACT, **given)


X = jnp.linspace(0, 1, 3)
