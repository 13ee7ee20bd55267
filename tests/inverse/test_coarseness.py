"""How coarse a map is: from signals whose steps are known, from Kwant's maps, and in what a search says of itself."""

import pathlib

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import equibacksolve as ebs

DEVICES = pathlib.Path(__file__).parents[1] / "reference" / "devices"

STEPS = 60
X, Y = np.arange(STEPS) * 0.1, np.arange(40) * 0.7


def mesh(values, **more):
    return ebs.Observations.on_grid(x=X, y=Y, values=values, **more)


def test_a_wave_steps_by_the_sine_of_half_its_phase():
    """For sin(k x + q y + phase) over whole periods, mean (step^2) = 4 sin^2(k dx / 2) x variance."""
    k, q = 2 * np.pi / (STEPS * 0.1) * 3, 2 * np.pi / (40 * 0.7) * 4
    found = ebs.inverse.coarseness(mesh(np.sin(k * X[:, None] + q * Y + 0.3)))
    # The pair across the end is not there: one of 40 to 60.
    assert found["x"] == pytest.approx(np.sqrt(2) * np.sin(k * 0.1 / 2), rel=0.03)
    assert found["y"] == pytest.approx(np.sqrt(2) * np.sin(q * 0.7 / 2), rel=0.03)


def test_readings_that_tell_nothing_of_one_another_step_by_one():
    values = np.random.default_rng(0).normal(size=(STEPS, 40))
    # 2400 steps with a standard error of some 2 %.
    for value in ebs.inverse.coarseness(mesh(values)).values():
        assert value == pytest.approx(1, abs=0.06)


def test_known_noise_is_taken_off():
    signal = np.sin(X[:, None] + 0.2 * Y)
    noisy = signal + 0.5 * np.random.default_rng(1).normal(size=signal.shape)
    clean, seen, known = (ebs.inverse.coarseness(mesh(v, **more))["x"] for v, more in (
        (signal, {}), (noisy, {}), (noisy, {"sigma": 0.5}),
    ))  # fmt: skip
    assert seen > 0.5
    assert known == pytest.approx(clean, abs=0.1)


def test_neither_order_nor_units_nor_what_does_not_count_matters():
    random = np.random.default_rng(2)
    values = np.sin(X[:, None] + 0.2 * Y**2)
    whole = ebs.inverse.coarseness(mesh(values))
    order = random.permutation(values.size)
    x, y = (axis.ravel()[order] for axis in np.meshgrid(X, Y, indexing="ij"))
    turned = ebs.Observations(1e-12 * values.ravel()[order] + 1e-9, x=1e6 * x, y=-y)
    # The mean is 1000 times the signal: nine digits are left.
    assert ebs.inverse.coarseness(turned) == pytest.approx(whole, rel=1e-6)
    spoiled = values.copy()
    spoiled[::7] = 1e3
    mask = np.ones(values.shape, bool)
    mask[::7] = False
    assert ebs.inverse.coarseness(mesh(spoiled, mask=mask))["y"] == pytest.approx(whole["y"], rel=0.05)


def test_a_few_settings_far_apart_are_maps_of_their_own():
    """Four energies of a gate map that have nothing in common: it is followed along the position of the tip."""
    x, energy = np.linspace(0, 3, 30), np.arange(4.0)
    phase = np.random.default_rng(4).uniform(0, 6, 4)
    values = np.sin(x[:, None] + phase)
    found = ebs.inverse.coarseness(ebs.Observations.on_grid(x=x, energy=energy, values=values))
    assert set(found) == {"x"}
    assert found["x"] < 0.1


def test_what_has_no_neighbours_is_left_out():
    assert ebs.inverse.coarseness(ebs.Observations(np.arange(20.0))) == {}
    random = np.random.default_rng(3)
    assert (
        ebs.inverse.coarseness(ebs.Observations(random.normal(size=20), x=random.normal(size=20), y=np.arange(20.0)))
        == {}
    )
    assert ebs.inverse.coarseness(mesh(np.ones((STEPS, 40)))) == {}


def test_maps_of_kwant():
    """The ribbon's map can be followed, the one of graphene cannot: its resonances are narrower than the mesh."""
    for name, low, high in (("inverse_ribbon", 0.1, 0.3), ("inverse_graphene", 0.5, 0.8)):
        with np.load(DEVICES / f"{name}.npz") as file:
            found = dict(file)
        observed = ebs.Observations(found["T"][:, 1, 0], flux=found["flux"], energy=found["energy"])
        assert low < max(ebs.inverse.coarseness(observed).values()) < high


class Sum(ebs.AbstractSimulator):
    """A map whose data are waves of its entries: told of by what it says when it fails."""

    heights: jax.Array

    def observe(self, time):
        return jnp.sum(jnp.sin(time * self.heights))


@pytest.mark.parametrize(("step", "told"), [(0.01, False), (1.7, True)])
def test_a_search_that_fails_says_so(step, told):
    time = np.arange(1, 40) * step
    observed = ebs.Observations.on_grid(time=time, values=np.sin(2.1 * time) + 5 * np.sin(1.3 * time))
    start = Sum(jnp.ones((2, 2)))
    found = ebs.backsolve(start, observed, ebs.LevenbergMarquardt(), where=lambda s: s.heights, steps=2, progress=False)
    assert not found.converged
    assert ("too coarse to be followed: neighbours along time" in found.reason) == told
