"""Settings that a simulator is asked to predict at: whatever is like an array, or one sentence."""

import jax.numpy as jnp
import numpy as np
import pandas
import pytest
import xarray

import equibacksolve as ebs


class Line(ebs.AbstractSimulator):
    slope: jnp.ndarray

    def observe(self, flux, energy):
        return self.slope * energy + 10 * flux


LINE = Line(jnp.array(2.0))
WRAPPED = [
    LINE,
    ebs.FluxOffset(LINE, 0),
    ebs.EnergyCalibration(LINE, 1, offset=0),
    ebs.SeriesResistance(LINE, 0),
    ebs.ThermalSmearing(LINE, 0.1),
]
NAMES = [type(wrapped).__name__ for wrapped in WRAPPED]


@pytest.mark.parametrize("simulator", WRAPPED, ids=NAMES)
@pytest.mark.parametrize(
    ("flux", "energy"),
    [
        ([0, 1], (1, 0.5)),
        (np.array([0, 1]), np.array([1, 0.5], ">f8")),
        (pandas.Series([0, 1], index=[4, 2]), pandas.Series([1, 0.5], dtype="Float64")),
        (xarray.DataArray([0.0, 1.0], dims="x"), np.ma.masked_array([1, 0.5])),
        (np.array([0, 1], np.longdouble), np.array([1, 0.5], object)),
    ],
    ids=["list", "numpy", "pandas", "xarray", "foreign"],
)
def test_the_same_prediction_whatever_holds_the_settings(simulator, flux, energy):
    # A straight line stays itself under an even smearing, to the rounding of its quadrature.
    np.testing.assert_allclose(simulator.predict(flux=flux, energy=energy), [2.0, 11.0], rtol=1e-13)


@pytest.mark.parametrize("simulator", WRAPPED, ids=NAMES)
@pytest.mark.parametrize(
    ("flux", "error", "told"),
    [
        (["0", "1"], TypeError, "flux must be an array of numbers, but got text"),
        ([True, False], TypeError, "flux must be an array of real numbers, but got bool"),
        ([1j, 0], TypeError, "flux must be an array of real numbers, but got complex"),
        (0.5, ValueError, r"flux has shape \(\); give one entry a datum"),
        ([[0.5, 1.0]], ValueError, r"flux has shape \(1, 2\)"),
        ([0.5], ValueError, r"the settings differ in shape, flux \(1,\), energy \(2,\)"),
        (np.ma.masked_array([0.5, 1e37], [False, True]), ValueError, "flux has 1 masked entries"),
        ([0.5, None], ValueError, "flux has 1 masked entries: a setting must be known"),
    ],
)
def test_what_is_no_list_of_settings_gets_one_sentence(simulator, flux, error, told):
    with pytest.raises(error, match=told) as raised:
        simulator.predict(flux=flux, energy=[1.0, 0.5])
    assert "\n" not in str(raised.value)


ATOMS = [[1.0, 1.0], [2.0, 3.0], [4.0, 1.5]]
HIDDEN = np.ma.masked_array(ATOMS, [[False, False], [False, True], [False, False]])
FIELDS = {
    "Potential": lambda given: ebs.Potential(given),
    "ExchangeField": lambda given: ebs.ExchangeField(given, 0.5),
    "FluxOffset": lambda given: ebs.FluxOffset(LINE, given),
    "EnergyCalibration": lambda given: ebs.EnergyCalibration(LINE, 1.0, offset=given),
    "SeriesResistance": lambda given: ebs.SeriesResistance(LINE, given),
    "ThermalSmearing": lambda given: ebs.ThermalSmearing(LINE, given),
    "WireLead": lambda given: ebs.WireLead(given),
    "StructureFactor": lambda given: ebs.simulators.StructureFactor(given, [[1.0, 0.0]], 5),
    "Structure": lambda given: ebs.atoms.Structure(given, ebs.atoms.Box([5, 5])),
    "MomentumImage": lambda given: ebs.MomentumImage(given, 0.5, 5, pixels=32),
}
TABLES = ("Potential", "ExchangeField", "StructureFactor", "Structure", "MomentumImage")


@pytest.mark.parametrize("name", TABLES)
def test_fields_take_what_is_like_an_array(name):
    wanted = FIELDS[name](np.array(ATOMS))
    first = lambda module: next(value for value in vars(module).values() if getattr(value, "shape", ()) == (3, 2))
    for given in (ATOMS, pandas.DataFrame(ATOMS), np.ma.masked_array(ATOMS), np.array(ATOMS, ">f8")):
        np.testing.assert_array_equal(first(FIELDS[name](given)), first(wanted))


@pytest.mark.parametrize("name", FIELDS)
def test_a_parameter_must_be_known(name):
    """A fill value is no parameter, nor is None or text: one sentence says so."""
    table = name in TABLES
    for given in (HIDDEN if table else np.ma.masked_array(0.3, True), [[None, 1.0]] * 3 if table else None, "high"):
        with pytest.raises((ValueError, TypeError)) as raised:
            FIELDS[name](given)
        assert "\n" not in str(raised.value)
        assert len(str(raised.value)) < 250
