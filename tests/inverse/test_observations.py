"""Observations: what counts, in which order, and what is refused."""

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest

import equibacksolve as ebs

FLUX, ENERGY = jnp.array([0.0, 0.1]), jnp.array([-1.0, 0.0, 1.0])
MAP = jnp.arange(6.0).reshape(2, 3)


def test_a_mesh_is_the_list_of_its_points():
    mesh = ebs.Observations.on_grid(flux=FLUX, energy=ENERGY, values=MAP)
    points = [(f, e, MAP[i, j]) for i, f in enumerate(FLUX) for j, e in enumerate(ENERGY)]
    flux, energy, values = (jnp.stack(column) for column in zip(*points))
    listed = ebs.Observations(values, flux=flux, energy=energy)
    assert mesh.grid == (2, 3)
    for a, b in [(mesh.values, listed.values), *((mesh.variables[n], listed.variables[n]) for n in ("flux", "energy"))]:
        assert np.array_equal(a, b)


def test_the_first_named_axis_is_the_first_of_the_values():
    mesh = ebs.Observations.on_grid(energy=ENERGY, flux=FLUX, values=MAP.T)
    table = dict(zip(zip(mesh.variables["flux"].tolist(), mesh.variables["energy"].tolist()), mesh.values.tolist()))
    assert table == {(float(f), float(e)): float(MAP[i, j]) for i, f in enumerate(FLUX) for j, e in enumerate(ENERGY)}


def test_sigma_and_mask_follow_the_mesh():
    mask = MAP != 4.0
    observed = ebs.Observations.on_grid(flux=FLUX, energy=ENERGY, values=MAP, sigma=MAP + 1, mask=mask)
    assert float(observed.count) == 5
    np.testing.assert_array_equal(observed.weights(), jnp.where(mask, 1 / (MAP + 1), 0).ravel())


def test_one_sigma_serves_all_and_integers_become_floats():
    observed = ebs.Observations(np.arange(3), sigma=0.5)
    assert observed.values.dtype == jnp.float64
    np.testing.assert_array_equal(observed.weights(), [2.0, 2.0, 2.0])
    assert observed.count == 3
    assert observed.mask is None


def test_nan_is_missing_and_warned_of_once():
    values = jnp.array([1.0, jnp.nan, 3.0])
    with pytest.warns(UserWarning, match=r"1 NaN of 3.*mask=~jnp.isnan"):
        warned = ebs.Observations(values)
    announced = ebs.Observations(values, mask=~jnp.isnan(values))
    for observed in (warned, announced):
        np.testing.assert_array_equal(observed.weights(), [1, 0, 1])
        assert np.all(np.isfinite(observed.values))
        # The mean is 2, and both values that count are 1 away from it.
        assert float(observed.variance()) == 1.0


def test_a_missing_value_needs_no_sigma():
    values = jnp.array([1.0, jnp.nan])
    observed = ebs.Observations(values, sigma=values, mask=~jnp.isnan(values))
    np.testing.assert_array_equal(observed.weights(), [1, 0])


def test_observations_pass_through_jit():
    observed = ebs.Observations.on_grid(flux=FLUX, energy=ENERGY, values=MAP, sigma=2.0)
    weighted = jax.jit(lambda o: o.weights() * o.values)(observed)
    np.testing.assert_array_equal(weighted, MAP.ravel() / 2)
    built = jax.jit(lambda values: ebs.Observations(values).variance())(MAP)
    assert float(built) == pytest.approx(float(np.var(MAP)), rel=1e-14)  # rounding of six terms


ONE = jnp.ones(2)


@pytest.mark.parametrize(
    ("build", "told"),
    [
        (lambda: ebs.Observations(jnp.array([1.0, jnp.inf])), r"1 infinite.*mask=jnp.isfinite"),
        (lambda: ebs.Observations(ONE, sigma=0.0), "sigma must be positive"),
        (lambda: ebs.Observations(ONE, sigma=jnp.array([1.0, -1.0])), "sigma must be positive"),
        (lambda: ebs.Observations(ONE, sigma=jnp.array([1.0, jnp.nan])), "sigma must be positive"),
        (lambda: ebs.Observations(ONE, sigma=jnp.ones(3)), r"sigma has shape \(3,\), values \(2,\)"),
        (lambda: ebs.Observations(ONE, mask=jnp.zeros(2, bool)), "no data left: all 2 values"),
        (lambda: ebs.Observations(ONE * jnp.nan), "no data left"),
        (lambda: ebs.Observations(jnp.zeros(0)), "no data left"),
        (lambda: ebs.Observations(ONE, time=jnp.array([0.0, jnp.nan])), "time has entries that are not finite"),
        (lambda: ebs.Observations(ONE, time=jnp.ones(3)), r"time has shape \(3,\).*on_grid"),
        (lambda: ebs.Observations(ONE * 1j), "values is complex"),
        (lambda: ebs.Observations(ONE, grid=(3, 1)), r"grid \(3, 1\) does not hold 2 values"),
        (
            lambda: ebs.Observations.on_grid(flux=FLUX, energy=ENERGY, values=MAP.T),
            r"shape \(3, 2\).*flux, energy span",
        ),
        (lambda: ebs.Observations.on_grid(flux=FLUX, energy=ENERGY, values=MAP, sigma=MAP.T), r"sigma has shape"),
        (lambda: ebs.Observations.on_grid(flux=FLUX, energy=ENERGY, values=MAP, mask=MAP.T > 0), r"mask has shape"),
    ],
)
def test_bad_data_get_one_sentence(build, told):
    with pytest.raises(ValueError, match=told) as raised:
        build()
    assert "\n" not in str(raised.value)


def test_shapes_and_dtypes_are_checked_at_the_door():
    with pytest.raises(jaxtyping.TypeCheckError):
        ebs.Observations(ONE, mask=jnp.ones(3, bool))
    with pytest.raises(jaxtyping.TypeCheckError):
        ebs.Observations(ONE, mask=jnp.ones(2))
    with pytest.raises(jaxtyping.TypeCheckError):
        ebs.Observations([1.0, 2.0])


def test_what_is_masked_may_be_anything():
    observed = ebs.Observations(jnp.array([1.0, jnp.inf]), mask=jnp.array([True, False]), sigma=jnp.array([1.0, -1.0]))
    np.testing.assert_array_equal(observed.weights(), [1, 0])
