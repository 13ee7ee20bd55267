"""Magnetoconductance: what it takes, what it refuses, and that it is an ordinary JAX citizen."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
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
    assert "|energy - onsite| reaches 31" in str(caught.value).replace("30.9", "31").replace("31.0", "31")
    assert np.isfinite(device(np.tile(VALUES, (4, 1)), interval=2).predict(**rough)).all()
    with pytest.raises(ValueError, match="too much"):
        model.scattering(**rough)


def test_energies_beyond_every_interval_are_named_as_such():
    with pytest.raises(ValueError, match="no interval is short enough"):
        device(1e6 * VALUES).predict(**SETTINGS)


@pytest.mark.parametrize(
    "settings",
    [
        {"flux": jnp.zeros(2), "energy": jnp.zeros(3)},
        {"flux": jnp.zeros((2, 2)), "energy": jnp.zeros((2, 2))},
        {"flux": jnp.zeros(2, int), "energy": jnp.zeros(2)},
    ],
    ids=["lengths", "grid", "integers"],
)
def test_wrong_shapes_and_dtypes_are_refused(settings):
    """By jaxtyping, whose errors are TypeErrors."""
    with pytest.raises(TypeError, match="Type-check error"):
        device().predict(**settings)


def test_a_missing_variable_is_refused():
    with pytest.raises(TypeError, match="energy"):
        device().predict(flux=jnp.zeros(2))
