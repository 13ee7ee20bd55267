"""`where` alone says what is hidden: what it selects moves, all else stays, and what cannot move is refused."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array
from toys import DECAYS, HEIGHT, NEAR_DECAYS, READINGS, rate

import equibacksolve as ebs
from equibacksolve.inverse import make_problem
from equibacksolve.inverse._leaves import hidden_leaves

LM = ebs.LevenbergMarquardt()


class Part(eqx.Module):
    slope: Array
    label: float = 2.0


class Nested(ebs.AbstractSimulator):
    part: Part
    others: tuple
    count: Array
    bare: float = 1.0

    def predict(self):
        return self.part.slope * self.part.label + self.others[0] + self.count


NESTED = Nested(Part(jnp.ones(2)), (jnp.zeros(2), np.ones(2)), jnp.arange(2))


@pytest.mark.parametrize(
    ("where", "selected"),
    [
        (lambda s: s.part.slope, ["slope"]),
        (lambda s: s.part, ["slope"]),
        (lambda s: (s.part.slope, s.others[0]), ["slope", "other"]),
        (lambda s: [s.others[0], s.part], ["slope", "other"]),
        (lambda s: {"a": s.others[0]}, ["other"]),
        (lambda s: s.others[1], ["of numpy"]),
    ],
)
def test_where_marks_the_arrays_of_floats_it_returns(where, selected):
    marks = hidden_leaves(NESTED, where)
    assert jax.tree.structure(marks) == jax.tree.structure(NESTED)
    named = {"slope": marks.part.slope, "other": marks.others[0], "of numpy": marks.others[1]}
    found = [name for name, mark in named.items() if mark]
    assert found == selected
    assert sum(jax.tree.leaves(marks)) == len(selected)


@pytest.mark.parametrize(
    ("where", "told"),
    [
        (lambda s: (), "selects nothing"),
        (lambda s: None, "selects nothing"),
        (lambda s: s.count, r"an array of int64, which cannot be trained"),
        (lambda s: s.bare, r"1\.0, a float, which cannot be trained.*converter=jnp.asarray"),
        (lambda s: s.part.label, "a float, which cannot be trained"),
        (lambda s: Part(None), "without arrays of floats"),
        (lambda s: 2 * s.part.slope, "not a leaf of the simulator"),
        (lambda s: eqx.tree_at(lambda t: t.part.slope, s, jnp.zeros((0, 2))).part.slope, "no entries"),
        (lambda s: s.part.slope * jnp.nan, "not finite at the start"),
    ],
)
def test_what_cannot_be_trained_is_told(where, told):
    with pytest.raises(ValueError, match=told) as raised:
        ebs.backsolve(NESTED, ebs.Observations(jnp.ones(2)), where=where, progress=False)
    assert "\n" not in str(raised.value)


def test_where_is_required():
    with pytest.raises(TypeError, match="where"):
        ebs.backsolve(NEAR_DECAYS, READINGS)


def test_frozen_leaves_are_untouched_and_freed_ones_move():
    def solve(where):
        return ebs.backsolve(NEAR_DECAYS, READINGS, LM, where=where, progress=False).simulator

    found = solve(lambda s: s.rate)
    assert np.array_equal(found.height, HEIGHT)
    np.testing.assert_allclose(found.rate, DECAYS.rate, rtol=1e-9)  # LM ends at rounding, condition of J below 100
    both = solve(lambda s: (s.rate, s.height))
    assert not np.array_equal(both.height, HEIGHT)
    # The order of the tuple does not matter.
    other = solve(lambda s: (s.height, s.rate))
    np.testing.assert_array_equal(both.rate, other.rate)
    # Neither the start nor the observations have changed.
    assert np.array_equal(NEAR_DECAYS.rate, [0.7, 1.6])


def test_the_wavenumber_of_a_lead_is_freed_by_where_alone():
    values = jax.random.uniform(jax.random.key(0), (4, 3), minval=-0.5, maxval=0.5)
    device = lambda k: ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(values)), ebs.WireLead(jnp.array(k)))
    mesh = {"flux": jnp.linspace(0, 0.15, 3), "energy": jnp.linspace(-1, 1, 3)}
    flux, energy = (m.ravel() for m in jnp.meshgrid(*mesh.values(), indexing="ij"))
    observed = ebs.Observations.on_grid(**mesh, values=device(1.5).predict(flux=flux, energy=energy).reshape(3, 3))
    found = ebs.backsolve(device(1.3), observed, LM, where=lambda s: s.lead.wavenumber, progress=False)
    assert found.converged
    np.testing.assert_allclose(found.simulator.lead.wavenumber, 1.5, rtol=1e-9)  # LM ends at rounding
    np.testing.assert_array_equal(found.simulator.sample.onsite.values, values)


def test_hidden_leaves_are_found_in_another_simulator():
    problem, hidden = make_problem(NEAR_DECAYS, READINGS, rate)
    found = problem.hidden_of(eqx.tree_at(rate, DECAYS, jnp.array([3.0, 4.0])))
    assert jax.tree.structure(found) == jax.tree.structure(hidden)
    np.testing.assert_array_equal(found.rate, [3.0, 4.0])
