"""Fields, gates and conductances in the units of a lattice: there and back, and against the defined constants."""

import numpy as np
import pytest
from dots import FIELD, GATE, SAMPLE, assert_same, columns, conductance
from hypothesis import given
from hypothesis import strategies as st

from equibacksolve import measurements
from equibacksolve.measurements import read
from equibacksolve.measurements._units import is_amount

POSITIVE = st.floats(1e-3, 1e3)
ANY = st.floats(-1e3, 1e3)


@given(ANY, POSITIVE, ANY)
def test_field_there_and_back(flux, area, zero):
    field = measurements.magnetic_field(flux, area * 1e-18, zero)
    # The field is a sum with `zero`: what the smaller of the two loses in it cannot come back.
    lost = 4e-16 * (abs(field) + abs(zero)) * area * 1e-18 / measurements.FLUX_QUANTUM
    assert measurements.flux_per_plaquette(field, area * 1e-18, zero) == pytest.approx(flux, rel=1e-14, abs=lost)


@given(ANY, POSITIVE, POSITIVE, ANY)
def test_gate_there_and_back(energy, lever_arm, hopping, offset):
    voltage = measurements.gate_voltage(energy, -lever_arm, hopping, offset)
    lost = 4e-16 * (abs(voltage) + abs(offset)) * lever_arm / hopping
    assert measurements.energy_in_hoppings(voltage, -lever_arm, hopping, offset) == pytest.approx(
        energy, rel=1e-14, abs=lost
    )


@given(POSITIVE)
def test_conductance_there_and_back(quanta):
    assert measurements.conductance_quanta(measurements.siemens(quanta)) == pytest.approx(quanta, rel=1e-15)
    resistance = 1 / measurements.siemens(quanta)
    assert measurements.conductance_of_resistance(resistance) == pytest.approx(quanta, rel=1e-15)


def test_the_constants_are_those_of_the_international_system():
    """CODATA 2018: von Klitzing's constant 25812.80745... ohm, h/e = 4.135667696...e-15 Wb (exact, here cut)."""
    assert measurements.conductance_of_resistance(25812.80745) == pytest.approx(1, rel=1e-9)
    assert measurements.flux_per_plaquette(4.135667696, 1e-15) == pytest.approx(1, rel=1e-9)


def quanta_of(unit, number=1.0):
    table = {"flux": [0.0, 0.1], "energy": [0.0, 0.1], "G": [number, number]}
    return float(read(table, value_unit=unit).observations.values[0])


@pytest.mark.parametrize(
    ("unit", "number", "quanta"),
    [
        *[(text, 1.0, 1.0) for text in ("e^2/h", "e2/h", "e²/h", "e**2 / h", "(e^2/h)", "1", "", None)],
        *[(text, 1.0, 2.0) for text in ("2e2/h", "2e^2/h", "G_0")],
        *[(text, 38.7404586493, 1.0) for text in ("uS", "µS", "μS")],
        ("S", 3.87404586493e-5, 1.0),
        *[(text, 25.8128074593, 1.0) for text in ("kohm", "kOhm", "kΩ", "k\u2126")],
        ("h/e^2", 0.5, 2.0),
    ],
)
def test_conductances_and_resistances_become_quanta(unit, number, quanta):
    assert quanta_of(unit, number) == pytest.approx(quanta, rel=1e-10)  # digits of the numbers above


def test_one_physical_measurement_in_many_units_is_one():
    plain = read(columns(), **SAMPLE).observations
    field, gate, g = columns().values()
    others = [
        {"B (mT)": field * 1e3, "Vg (mV)": gate * 1e3, "G (nS)": g * 1e3},
        {"B [G]": field * 1e4, "Vg [V]": gate, "G [S]": g * 1e-6},
        {"B (kGauss)": field * 10, "Vg (Volts)": gate, "G (1e-6 S)": g},
        {"B (Tesla)": field, "Vg (Volt)": gate, "R (MOhm)": 1 / g},
        {"B/kOe": field * 10, "Vg/uV": gate * 1e6, "G/e^2/h": measurements.conductance_quanta(g * 1e-6)},
        {"B (T)": field, "Vg (V)": gate, "G (Mohm)": 1 / g},
        {
            "B": measurements.flux_per_plaquette(field, 400e-18),
            "Vg": measurements.energy_in_hoppings(gate, 0.05, 1.42e-3, -0.42),
            "G": measurements.conductance_quanta(g * 1e-6),
        },
    ]
    for table in others:
        sample = SAMPLE if "B" not in table else {}
        value = "R" if "R (MOhm)" in table else "G"
        assert_same(read(table, value=value, **sample).observations, plain)


def test_energies_count_in_hoppings_from_their_zero():
    table = {"flux (h/e)": [0.0, 0.1], "E (meV)": [1.0, 4.0], "G": [1.0, 2.0]}
    observed = read(table, energy="E", hopping="2 meV", offset="1000 ueV").observations
    np.testing.assert_allclose(observed.variables["energy"], [0.0, 1.5], rtol=1e-14)
    np.testing.assert_array_equal(observed.variables["flux"], [0.0, 0.1])


def test_a_lever_arm_may_be_a_number_and_numbers_are_in_the_unit_of_the_column():
    plain = read(columns(), **SAMPLE).observations
    assert_same(read(columns(), **{**SAMPLE, "lever_arm": 0.05, "offset": -0.42}).observations, plain)
    assert_same(read(columns(), **{**SAMPLE, "cell_area": "20 nm * 20 nm", "offset": "-420 mV"}).observations, plain)


def test_a_field_offset_moves_zero():
    shifted = columns()
    shifted["B (T)"] = shifted["B (T)"] + 0.003
    plain = read(columns(), **SAMPLE)
    moved = read(shifted, field_offset="3 mT", **SAMPLE)
    assert_same(moved.observations, plain.observations)
    assert moved.report.onsager.terms == plain.report.onsager.terms == 2 * len(GATE)


def test_pint_quantities_are_understood():
    pint = pytest.importorskip("pint")
    area = pint.UnitRegistry().Quantity(0.0004, "um^2")
    assert_same(read(columns(), **{**SAMPLE, "cell_area": area}).observations, read(columns(), **SAMPLE).observations)


def test_a_setting_that_was_not_swept_is_a_number():
    table = {"B (T)": FIELD, "G (uS)": conductance(FIELD, -0.42)}
    observed = read(table, energy=0.25, cell_area="400 nm^2").observations
    np.testing.assert_array_equal(observed.variables["energy"], [0.25] * len(FIELD))
    assert observed.grid == (len(FIELD), 1)


@pytest.mark.parametrize("given", ["2 meV", 2.0, np.float32(2), np.array(2.0)])
def test_text_and_numbers_are_amounts(given):
    assert is_amount(given)


@pytest.mark.parametrize("given", [None, [1.0], ["1 uS", "2 uS"], [1.0, [2.0, 3.0]], np.ones(1)])
def test_nothing_and_arrays_are_no_amounts(given):
    assert not is_amount(given)
