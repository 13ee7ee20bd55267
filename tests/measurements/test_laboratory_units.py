"""The way back: what was read is what is shown, and results are what SI constants make of them."""

import jax.numpy as jnp
import numpy as np
import pytest
from dots import SAMPLE, columns, rows
from scipy import constants

import equibacksolve as ebs
from equibacksolve.measurements import in_hoppings, laboratory_units, load_laboratory_units, read

FIELD, GATE, G = rows()
HOPPING, AREA = 1.42e-3 * constants.e, 400e-18  # of SAMPLE, in J and m^2
OTHER = SAMPLE | {"lever_arm": "-0.05 eV/V", "field_offset": "12 mT"}


@pytest.mark.parametrize("sample", [SAMPLE, OTHER], ids=["plain", "offsets and a negative lever arm"])
@pytest.mark.parametrize(
    ("field", "gate", "reading", "more"),
    [
        (("T", 1.0), ("V", 1.0), ("uS", 1.0), {}),
        (("mT", 1e3), ("mV", 1e3), ("S", 1e-6), {}),
        (("G", 1e4), ("V", 1.0), ("nA", 1e-2), {"bias": "10 uV"}),
    ],
)
def test_what_was_read_is_what_is_shown(sample, field, gate, reading, more):
    """Forth through flux quanta and hoppings, back through the units: the numbers of the instrument, to rounding."""
    table = {f"B ({field[0]})": FIELD * field[1], f"Vg ({gate[0]})": GATE * gate[1]}
    table |= {f"x ({reading[0]})": G * reading[1]}
    measured = read(table, value="x", **more, **sample)
    units, observed = measured.units, measured.observations
    shown = {name: units.settings[name].of(setting) for name, setting in observed.variables.items()}
    order = np.lexsort((shown["energy"], shown["flux"]))
    np.testing.assert_allclose(shown["flux"][order], FIELD * field[1], rtol=1e-12, atol=1e-12 * field[1])
    np.testing.assert_allclose(shown["energy"][order], GATE * gate[1], rtol=1e-12)
    np.testing.assert_allclose(units.reading.of(observed.values)[order], G * reading[1], rtol=1e-12)
    assert [units.settings["flux"].label, units.settings["energy"].label] == list(table)[:2]
    assert units.reading.label == f"x ({reading[0]})"


def test_results_are_those_of_the_constants():
    units = read(columns(), **SAMPLE).units
    assert units.potential.unit == "meV"
    np.testing.assert_allclose(units.potential.of(0.5), 0.5 * HOPPING / (1e-3 * constants.e), rtol=1e-12)
    np.testing.assert_allclose(units.temperature.of(0.02), 0.02 * HOPPING / constants.k, rtol=1e-12)
    flux = units.of(ebs.measurements.Quantity("offset", "h/e"))
    np.testing.assert_allclose(flux.of(0.1), 0.1 * constants.h / constants.e / AREA, rtol=1e-12)
    # The first cell of the lattice reaches from 0 to 20 nm.
    np.testing.assert_allclose(units.position.of([0.5, 1.0, 1.5, 6.0]), [0.0, 10.0, 20.0, 110.0], atol=1e-12)


def test_a_sample_without_a_file():
    units = laboratory_units(**SAMPLE, field="mT", gate="mV")
    from_file = read({"B (mT)": FIELD * 1e3, "Vg (mV)": GATE * 1e3, "G (uS)": G}, **SAMPLE).units
    assert units.of_units == from_file.of_units
    for name in ("flux", "energy"):
        assert units.settings[name][1:] == from_file.settings[name][1:]
    assert units.settings["energy"].label == "gate voltage (mV)"
    energies = laboratory_units(hopping="2 meV", offset="1 meV")
    np.testing.assert_allclose(energies.settings["energy"].of([0.0, 1.5]), [1.0, 4.0], rtol=1e-12)
    assert "flux" not in energies.settings


def test_errors_have_no_offset_and_no_sign():
    gate = read(columns(), **OTHER).units.settings["energy"]
    assert gate.scale < 0
    np.testing.assert_allclose(gate.of_errors(0.1), 0.1 * 1.42e-3 / 0.05, rtol=1e-12)
    np.testing.assert_allclose(gate.of_differences(0.1), gate.of(0.6) - gate.of(0.5), rtol=1e-12)


def test_what_is_not_known_is_said_or_left_as_it_is():
    table = {"flux": FIELD, "energy": GATE, "R (kohm)": 1e3 / G}
    units = read(table, value="R").units
    assert units.reading is None  # a conductance is no straight line of a resistance
    assert units.settings == {}
    for name, told in (("potential", "hopping='2 meV'"), ("position", "cell_area='400 nm.2'")):
        with pytest.raises(ValueError, match=f"do not know what a .* is; pass {told} to read or to laboratory_units"):
            getattr(units, name)


def test_numbers_of_the_sample_are_welcome_where_axes_say_what_they_are():
    """An axis without a unit may be one in tesla or volts whose unit was forgotten."""
    table = {"flux (h/e)": FIELD, "energy (hopping)": GATE, "G": G}
    units = read(table, cell_area="400 nm^2", hopping="1.42 meV").units
    np.testing.assert_allclose(units.settings["energy"].of(1.0), 1.42, rtol=1e-12)
    np.testing.assert_allclose(units.settings["flux"].of(0.1), units.of_units["h/e"].of(0.1), rtol=1e-12)
    trace = read({"B (T)": FIELD[::4], "G": G[::4]}, energy=0.3, cell_area="400 nm^2", hopping="1.42 meV").units
    np.testing.assert_allclose(trace.potential.of(1.0), 1.42, rtol=1e-12)
    with pytest.raises(ValueError, match=r"column 'energy' has no unit .*, such as 'V' or 'hopping'"):
        read({"flux": FIELD, "energy": GATE, "G": G}, hopping="1.42 meV")


def test_other_simulators_are_shown_as_their_file_has_them():
    decay = {"t (ms)": np.linspace(0, 3e3, 8), "counts": np.exp(-np.linspace(0, 3, 8))}
    measured = read(decay, value="counts", variables={"time": "t"}, convert={"time": "s"})
    shown = measured.units.settings["time"]
    assert shown.label == "t (ms)"
    np.testing.assert_allclose(shown.of(measured.observations.variables["time"]), decay["t (ms)"], rtol=1e-12)


def test_units_are_kept_beside_a_run(tmp_path):
    units = read(columns(), **OTHER).units
    for path in (tmp_path, tmp_path / "units.json"):
        units.save(path)
        assert load_laboratory_units(path) == units
    (tmp_path / "other.json").write_text('{"settings": 3}')
    with pytest.raises(ValueError, match=r"other.json does not hold units of a laboratory; write it by units.save"):
        load_laboratory_units(tmp_path / "other.json")


def test_labelled_arrays_have_the_axes_of_the_instrument():
    xarray = pytest.importorskip("xarray")
    measured = read(columns(), **SAMPLE)
    flux, energy = (np.unique(measured.observations.variables[name]) for name in ("flux", "energy"))
    labelled = measured.units.labelled(xarray.Dataset(coords={"flux": flux, "energy": energy}))
    np.testing.assert_allclose(labelled["B"], np.unique(FIELD), atol=1e-12)
    np.testing.assert_allclose(labelled["Vg"], np.unique(GATE), rtol=1e-12)
    assert labelled["Vg"].attrs == {"units": "V"}
    assert labelled["B"].dims == ("flux",)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("100 mK", 0.1 * constants.k / HOPPING),
        ("4.2 K", 4.2 * constants.k / HOPPING),
        ("0.071 meV", 0.05),
        ("0.02", 0.02),
        (0.02, 0.02),
        ("0.02 hopping", 0.02),
        (jnp.array(0.02), 0.02),
    ],
)
def test_temperatures_and_energies_in_hoppings(given, expected):
    np.testing.assert_allclose(in_hoppings(given, hopping="1.42 meV"), expected, rtol=1e-6)  # 0.02 in single precision


def test_a_temperature_that_cannot_be_counted_in_hoppings():
    with pytest.raises(ValueError, match=r"temperature is 100 mK, which .* pass hopping='2 meV', that of your sample"):
        in_hoppings("100 mK")
    with pytest.raises(ValueError, match="temperature is 3 T; give it in kelvin, '100 mK', or as a number of hoppings"):
        in_hoppings("3 T", hopping="2 meV")
    with pytest.raises(ValueError, match="'Kelwin' is not a unit known to pint"):
        in_hoppings("3 Kelwin", hopping="2 meV")


def test_the_functions_are_inverse_to_each_other():
    thermal = ebs.measurements.thermal_energy(np.array([0.1, 4.2]), hopping=1.42e-3)
    np.testing.assert_allclose(thermal * HOPPING / constants.k, [0.1, 4.2], rtol=1e-12)
    np.testing.assert_allclose(ebs.measurements.temperature(thermal, hopping=1.42e-3), [0.1, 4.2], rtol=1e-12)
