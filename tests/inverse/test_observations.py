"""Observations: what counts, in which order, and what is refused."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pandas
import pytest
import xarray

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


@pytest.mark.parametrize(
    ("build", "error", "told"),
    [
        (lambda: ebs.Observations(ONE, mask=jnp.ones(3, bool)), ValueError, r"mask has shape \(3,\), values \(2,\)"),
        (lambda: ebs.Observations(ONE, mask=jnp.ones(2)), TypeError, "mask must be of booleans.*float64"),
        (lambda: ebs.Observations(ONE, mask=[1, 2]), ValueError, "mask has entries other than 0 and 1"),
        (lambda: ebs.Observations(["1", "2"]), TypeError, "values must be an array of numbers, but got text"),
        (lambda: ebs.Observations([[1.0], [1.0, 2.0]]), TypeError, "values must be .* rows of unequal shapes"),
        (lambda: ebs.Observations([True, False]), TypeError, "values must be an array of numbers, but got bool"),
        (lambda: ebs.Observations(None), TypeError, "values must be an array of numbers, but got None"),
        (lambda: ebs.Observations(ONE, sigma=True), TypeError, "sigma must be an array of numbers, but got bool"),
        (lambda: ebs.Observations(ONE, sigma="1"), TypeError, "sigma must be an array of numbers, but got text"),
        (lambda: ebs.Observations(ONE, sigma=1j), ValueError, "sigma is complex"),
        (lambda: ebs.Observations(ONE, sigma=np.ma.masked), TypeError, "sigma must be .* a masked value"),
        (lambda: ebs.Observations(ONE, time=["a", "b"]), TypeError, "time must be an array of numbers, but got text"),
        (lambda: ebs.Observations(ONE, time=ONE == 1), TypeError, "time must be an array of numbers, but got bool"),
        (lambda: ebs.Observations(ONE, grid=(2.0,)), TypeError, "grid must be a tuple of whole numbers"),
        (lambda: ebs.Observations.on_grid(a=FLUX, values=["1", "2"]), TypeError, "values must be an array of numbers"),
        (lambda: ebs.Observations.on_grid(a=0.5, values=[1.0]), ValueError, r"a has shape \(\); give the settings"),
        (lambda: ebs.Observations.on_grid(a=FLUX, values=1.0), ValueError, r"values has shape \(\).*span \(2,\)"),
    ],
)
def test_shapes_and_dtypes_are_checked_at_the_door(build, error, told):
    with pytest.raises(error, match=told) as raised:
        build()
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 160


FILL = 9.96921e36
MASKED = np.ma.masked_array([1.0, FILL, 3.0], [False, True, False])


@pytest.mark.parametrize(
    "given",
    [
        {"values": MASKED},
        {"values": MASKED.astype(">f8"), "sigma": 1},
        {"values": np.ma.masked_array([1, 999999, 3], [False, True, False])},
        {"values": [1, None, 3], "sigma": np.float32(1)},
        {"values": [1.0, 7.0, 3.0], "mask": [1, 0, 1]},
        {"values": [1.0, 7.0, 3.0], "mask": np.ma.masked_array([True] * 3, [False, True, False])},
        {
            "values": pandas.Series([1, 7, 3], index=[2, 1, 0]),
            "mask": pandas.Series([True, None, True], dtype="boolean"),
        },
        {
            "values": xarray.DataArray([1.0, 7.0, 3.0]),
            "sigma": np.ma.masked_array([1, FILL, 1], [0, 1, 0]),
            "mask": [1, 0, 1],
        },
        {"values": MASKED, "sigma": MASKED * 0 + 1},
        {"values": np.array([1.0, 7.0, 3.0], np.longdouble), "sigma": [1, np.inf, 1]},
        {"values": np.ma.masked_array([1.0, np.inf, 3.0], [False, True, False]), "mask": True},
    ],
    ids=lambda given: "-".join(type(part).__name__ for part in given.values()),
)
def test_a_missing_reading_does_not_count_however_it_is_written(given):
    """No warning either: whoever masks a value says that it is missing."""
    observed = ebs.Observations(**given, time=[0, 1, 2])
    assert float(observed.count) == 2
    np.testing.assert_array_equal(observed.weights(), [1, 0, 1])
    np.testing.assert_array_equal(observed.weights() * observed.values, [1, 0, 3])
    # The mean is 2, and both values that count are 1 away from it.
    assert float(observed.variance()) == 1.0
    mesh = ebs.Observations.on_grid(**given, time=[0, 1, 2])
    assert jax.tree.all(jax.tree.map(np.array_equal, (mesh.values, mesh.mask), (observed.values, observed.mask)))


@pytest.mark.parametrize("missing", [np.ma.masked_array([0.0, FILL], [False, True]), [0.0, None], [0.0, np.nan]])
def test_a_setting_must_be_known_and_a_sigma_that_is_wanted(missing):
    with pytest.raises(ValueError, match="time has entries that are not finite"):
        ebs.Observations(ONE, time=missing)
    with pytest.raises(ValueError, match="time has entries that are not finite"):
        ebs.Observations.on_grid(values=ONE, time=missing)
    with pytest.raises(ValueError, match="sigma must be positive"):
        ebs.Observations(ONE, sigma=missing)


def test_a_nan_that_no_mask_announces_is_warned_of_beside_one_that_is_masked():
    values = np.ma.masked_array([1.0, np.nan, FILL], [False, False, True])
    with pytest.warns(UserWarning, match="values has 1 NaN of 3"):
        assert float(ebs.Observations(values).count) == 1


def test_axes_are_what_they_look_like():
    mesh = ebs.Observations.on_grid(flux=[0, 0.1], energy=pandas.Index([-1, 0, 1]), values=MAP.tolist(), sigma=1)
    wanted = ebs.Observations.on_grid(flux=FLUX, energy=ENERGY, values=MAP, sigma=1.0)
    assert eqx.tree_equal(mesh, wanted)
    turned = xarray.DataArray(MAP.T, dims=("energy", "flux"))
    assert eqx.tree_equal(
        ebs.Observations.on_grid(flux=FLUX, energy=ENERGY, values=turned, sigma=turned * 0 + 1), wanted
    )


def test_a_value_of_infinite_deviation_does_not_count():
    """N, mean and variance are those of the others; in the code that `jit` compiles, too."""
    values, sigma = jnp.array([1.0, 50.0, 3.0]), jnp.array([0.5, jnp.inf, 0.5])
    for observed in (
        ebs.Observations(values, sigma=sigma),
        jax.jit(lambda v, s: ebs.Observations(v, sigma=s))(values, sigma),
        ebs.Observations.on_grid(values=values, sigma=sigma, time=[0, 1, 2]).at(jnp.arange(3)),
    ):
        assert float(observed.count) == 2
        np.testing.assert_array_equal(observed.weights(), [2, 0, 2])
        assert float(observed.variance()) == 4.0  # (1 / 0.5)^2
    # A sigma so small that its inverse overflows weighs nothing sensible; an infinite value is refused as ever.
    with pytest.raises(ValueError, match="sigma must be positive"):
        ebs.Observations(values, sigma=1e-320)
    with pytest.raises(ValueError, match="1 infinite"):
        ebs.Observations(values.at[1].set(jnp.inf), sigma=sigma)


def test_half_precision_is_for_storing():
    """Deviations of +-300 have a mean square of 9e4; in half precision, squares above 65504 are infinite."""
    half = np.array([-300, 300], np.float16)
    observed = ebs.Observations(half, sigma=np.float16(1), time=half)
    assert {leaf.dtype for leaf in jax.tree.leaves(observed)} == {jnp.dtype("float64")}
    assert float(observed.variance()) == 9e4


@pytest.mark.parametrize("sigma", [np.inf, [np.inf] * 3, np.float32(np.inf)])
def test_deviations_that_are_all_infinite_are_refused(sigma):
    with pytest.raises(ValueError, match="no data left: sigma is infinite wherever a value counts"):
        ebs.Observations([1.0, 2.0, 3.0], sigma=sigma)


def test_what_is_masked_may_be_anything():
    observed = ebs.Observations(jnp.array([1.0, jnp.inf]), mask=jnp.array([True, False]), sigma=jnp.array([1.0, -1.0]))
    np.testing.assert_array_equal(observed.weights(), [1, 0])
