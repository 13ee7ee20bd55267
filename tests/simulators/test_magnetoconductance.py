"""Magnetoconductance: what it takes, what it refuses, and that it is an ordinary JAX citizen."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pandas
import pytest

import equibacksolve as ebs

VALUES = np.random.default_rng(51).uniform(-1, 1, (3, 3))
SETTINGS = {"flux": jnp.linspace(0, 0.1, 3), "energy": jnp.linspace(-1, 1, 3)}


def device(values=VALUES, wavenumber=np.pi / 2, **options):
    return ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(values)), ebs.WireLead(wavenumber), **options)


def test_one_reading_is_an_entry_of_the_map():
    model = device()
    expected = model.predict(**SETTINGS)
    for i in range(3):
        reading = model.observe(flux=SETTINGS["flux"][i], energy=SETTINGS["energy"][i])
        assert reading.shape == ()
        assert float(reading) == pytest.approx(float(expected[i]), rel=1e-12)


def test_more_points_than_a_chunk():
    """Eighty-one points fill no whole number of chunks, neither of 24 nor of 32."""
    model = device()
    flux, energy = jnp.linspace(0, 0.2, 81), jnp.linspace(-1, 1, 81)
    whole, slope = eqx.filter_jit(value_and_slope)(model, flux, energy)
    parts = [eqx.filter_jit(value_and_slope)(model, flux[i : i + 9], energy[i : i + 9]) for i in range(0, 81, 9)]
    np.testing.assert_allclose(whole, jnp.concatenate([g for g, _ in parts]), rtol=1e-13)
    # Sums of 81 terms in another order.
    np.testing.assert_allclose(slope, sum(slope for _, slope in parts), rtol=0, atol=1e-11)


def value_and_slope(model, flux, energy):
    score = lambda model: (jnp.sum(g := model.predict(flux=flux, energy=energy)), g)
    (_, g), slope = eqx.filter_value_and_grad(score, has_aux=True)(model)
    return g, slope.sample.onsite.values


def test_compiled_and_not_compiled_agree():
    model = device()
    compiled = eqx.filter_jit(lambda m: m.predict(**SETTINGS))(model)
    np.testing.assert_allclose(compiled, model.predict(**SETTINGS), rtol=1e-13)


def test_a_batch_of_simulators():
    models = eqx.filter_vmap(device)(jnp.stack([VALUES, -VALUES]))
    found = eqx.filter_jit(eqx.filter_vmap(lambda m: m.predict(**SETTINGS)))(models)
    expected = jnp.stack([device(VALUES).predict(**SETTINGS), device(-VALUES).predict(**SETTINGS)])
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


def test_arrays_of_single_precision_are_refused_and_the_way_out_is_named():
    with pytest.raises(ValueError, match=r"got float32 arrays.*jax.config.update\(.jax_enable_x64., True\)"):
        device(VALUES.astype(np.float32))
    with pytest.raises(ValueError, match="got float16 arrays"):
        device(VALUES.astype(np.float16), single_precision=True)


def test_a_lead_with_another_number_of_orbitals_is_refused():
    with pytest.raises(ValueError, match=r"lead has 2 wavenumber\(s\) but the sample has 1 orbital\(s\)"):
        device(wavenumber=[1.0, 1.0])
    field = ebs.SquareLattice(ebs.ExchangeField(VALUES, 0.5))
    with pytest.raises(ValueError, match=r"lead has 1 wavenumber\(s\) but the sample has 2 orbital\(s\)"):
        ebs.Magnetoconductance(field, ebs.WireLead(1.0))


@pytest.mark.parametrize("interval", [0, -3])
def test_intervals_below_one_are_refused(interval):
    with pytest.raises(ValueError, match="interval must be at least 1 slice"):
        device(interval=interval)


def test_energies_too_far_for_the_interval_are_refused_with_one_that_works():
    rough = {"flux": jnp.zeros(1), "energy": jnp.array([30.0])}
    model = device(np.tile(VALUES, (4, 1)))
    with pytest.raises(ValueError, match=r"too much for interval=6 .* pass interval=2") as caught:
        model.predict(**rough)
    assert f"|energy - onsite| reaches {30 - VALUES.min():.3g} hoppings" in str(caught.value)
    assert np.isfinite(device(np.tile(VALUES, (4, 1)), interval=2).predict(**rough)).all()
    with pytest.raises(ValueError, match="too much"):
        model.scattering(**rough)


def test_energies_beyond_every_interval_are_named_as_such():
    with pytest.raises(ValueError, match=r"no interval is short enough; make hard walls and absent sites 1e\+04"):
        device(1e6 * VALUES).predict(**SETTINGS)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"flux": jnp.zeros(2), "energy": jnp.zeros(3)}, ValueError, r"differ in shape, flux \(2,\), energy \(3,\)"),
        ({"flux": jnp.zeros((2, 2)), "energy": jnp.zeros((2, 2))}, ValueError, r"flux has shape \(2, 2\)"),
        ({"flux": 0.0, "energy": jnp.zeros(1)}, ValueError, r"flux has shape \(\); give one entry a datum"),
        ({"flux": np.ma.masked_less([1.0, -1.0], 0), "energy": [0, 0]}, ValueError, "flux has 1 masked entries"),
        ({"flux": [0.0, 0.0], "energy": [0.0, None]}, ValueError, "energy has 1 masked entries"),
        ({"flux": [0.0], "energy": [1j]}, TypeError, "energy must be an array of real numbers, but got complex128"),
        ({"flux": ["0"], "energy": [0.0]}, TypeError, "flux must be an array of numbers, but got text"),
    ],
    ids=["lengths", "grid", "scalar", "masked", "None", "complex", "text"],
)
@pytest.mark.parametrize("method", ["predict", "scattering", "check_settings"])
def test_settings_that_are_no_lists_of_numbers_are_refused(method, settings, error, message):
    """In one sentence, where there was a page of jaxtyping's before lists were taken, and integers with them."""
    with pytest.raises(error, match=message) as caught:
        getattr(device(), method)(**settings)
    assert str(caught.value).count("\n") == 0


def test_settings_are_whatever_is_like_an_array():
    expected = device().predict(flux=jnp.array([0.0, 1.0]), energy=jnp.array([0.5, -1.0]))
    for like in (list, tuple, np.array, lambda x: np.array(x, ">f8"), lambda x: np.ma.array(x), pandas.Series):
        np.testing.assert_array_equal(device().predict(flux=like([0, 1]), energy=like([0.5, -1.0])), expected)
    assert float(device().observe(flux=1, energy=-1.0)) == pytest.approx(float(expected[1]), rel=1e-12)
    with pytest.raises(ValueError, match=r"energy has shape \(2,\), but one datum has one setting"):
        device().observe(flux=0, energy=[0.5, -1.0])


def test_a_missing_variable_is_refused():
    with pytest.raises(TypeError, match="energy"):
        device().predict(flux=jnp.zeros(2))
