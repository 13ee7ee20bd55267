"""Law 5: how often the growing waves are tamed changes nothing; how often they must be."""

import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from devices import Settings, by_sweep, greens_function, random_numbers, random_settings, simulator, sweep_slope
from hypothesis import given
from strategies import some_numbers, some_settings

from equibacksolve.transport import growth_per_slice, stabilisation_interval
from equibacksolve.transport._stabilisation import segments


@jax.jit
def by_every_interval(numbers, settings):
    """Conductance with a normalisation after 1, 3 (does not divide the length) and 5 slices (none at all)."""
    return [simulator(numbers, interval=n).predict(**settings._asdict()) for n in (1, 3, 5)]


@pytest.mark.parametrize("orbitals", [1, 2])
@given(data=st.data())
def test_any_interval_gives_the_same_conductance(orbitals, data):
    numbers, settings = data.draw(some_numbers(orbitals)), data.draw(some_settings(3))
    first, *others = by_every_interval(numbers, settings)
    for other in others:
        # Growth of 6 a slice: five slices without normalisation keep twelve digits; resonances cost a few.
        np.testing.assert_allclose(other, first, rtol=0, atol=1e-10)


def test_gradients_do_not_depend_on_the_interval():
    numbers, settings, weights = random_numbers(7, 1), random_settings(7), jnp.linspace(-1, 1, 12)
    score = lambda numbers: jnp.sum(weights * by_sweep(numbers, settings, interval=1))
    often, never = jax.jit(jax.grad(score))(numbers), sweep_slope(numbers, settings, weights)[0]
    for a, b in zip(often, never, strict=True):
        # Error growth^2 epsilon, with a growth of 6^5 = 8e3 at most.
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-9)


@given(length=st.integers(1, 500), interval=st.integers(1, 20))
def test_segments_are_the_sample_and_none_is_too_long(length, interval):
    first, between, last = segments(length, interval)
    assert 1 <= last <= interval
    assert max(first, between) <= interval
    # A single slice is a loop of one turn, at the end only if the beginning has none to spare.
    assert last > 1 or first <= 2
    normalisations = (length - 1) // interval
    assert first + last + max(0, normalisations - 1) * between == length


@pytest.mark.parametrize("length", [1, 2, 7, 10, 13])
def test_every_length_is_crossed_whole(length):
    """Without a normalisation, with one and with two, among them the lengths that would leave a single slice."""
    numbers, settings = random_numbers(length, 1), random_settings(length)
    numbers = numbers._replace(values=jnp.asarray(np.random.default_rng(length).uniform(-1, 1, (length, 4))))
    np.testing.assert_allclose(
        by_sweep(numbers, settings, interval=6), greens_function(numbers, settings), rtol=0, atol=1e-12
    )  # rounding, as in law 8


@given(reach=st.floats(0, 100), further=st.floats(0, 100))
def test_a_larger_reach_never_allows_a_longer_interval(reach, further):
    for dtype in (jnp.float32, jnp.float64):
        assert 1 <= stabilisation_interval(reach + further, dtype) <= stabilisation_interval(reach, dtype)
    assert stabilisation_interval(reach, jnp.float32) <= stabilisation_interval(reach, jnp.float64)


@pytest.mark.parametrize("dtype", [jnp.float32, jnp.float64])
def test_an_interval_is_as_long_as_its_growth_allows(dtype):
    """The tolerated growth is read off where the waves grow so slowly that whole slices are fine steps."""
    slow = np.log(growth_per_slice(1e-6))
    tolerated = slow * stabilisation_interval(1e-6, dtype)
    for reach in np.geomspace(1e-3, 100, 40):
        growth, interval = np.log(growth_per_slice(reach)), stabilisation_interval(reach, dtype)
        assert growth * (interval + 1) > tolerated
        assert interval == 1 or growth * interval <= tolerated + slow


@given(reach=st.floats(0, 100))
def test_the_growth_of_an_evanescent_wave(reach):
    """A wave at distance `reach` + 2 from the middle of the band obeys g + 1/g = reach + 2."""
    g = growth_per_slice(reach)
    assert g + 1 / g == pytest.approx(reach + 2, rel=1e-12)


def test_the_measured_intervals():
    """findings: 6 slices for |v|, |E| <= 1 and 4 for |v| <= 4 in double precision; 2 to 3 in single precision."""
    assert stabilisation_interval(2.0) == 6
    assert stabilisation_interval(5.0) == 4
    assert stabilisation_interval(2.0, jnp.float32) in (2, 3)


def test_the_chosen_interval_follows_the_onsite_energies():
    gentle, rough = random_numbers(8, 1), random_numbers(8, 1)
    rough = rough._replace(values=10 * rough.values)
    assert simulator(gentle).interval == 6
    assert simulator(rough).interval < 4
    far = Settings(jnp.zeros(1), jnp.array([9.0]))
    assert np.isfinite(simulator(rough).predict(**far._asdict())).all()
