"""Data sets that QCoDeS itself wrote, handed over in every way it knows."""

import os

import numpy as np
import pytest
from dots import SAMPLE, assert_same

from equibacksolve.measurements import read

qcodes = pytest.importorskip("qcodes", reason="QCoDeS is not installed: pip install 'equibacksolve[qcodes]'")

MESH = [(b, v) for b in (0.0, 0.1, 0.2) for v in (-0.41, -0.42, -0.43)]
SCATTERED = [(0.0, -0.41), (0.1, -0.42), (0.2, -0.43), (0.3, -0.44)]
SWEEPS = {
    "mesh": (MESH, None),
    "mesh of known shape": (MESH, (3, 3)),
    "interrupted": (MESH[:7], None),
    "interrupted, of known shape": (MESH[:7], (3, 3)),
    "scattered": (SCATTERED, None),
    "repeated": ([*SCATTERED, SCATTERED[1]], None),
}


@pytest.fixture
def measure(tmp_path):
    """A function that runs a sweep through QCoDeS, into a database that ends with the test."""
    from qcodes.dataset import Measurement, connect, initialise_or_create_database_at, load_or_create_experiment
    from qcodes.parameters import ManualParameter

    initialise_or_create_database_at(tmp_path / "dot.db")
    connection = connect(tmp_path / "dot.db")
    field = ManualParameter("B", label="magnetic field", unit="T")
    gate = ManualParameter("Vg", label="plunger gate", unit="V")
    current = ManualParameter("G", label="conductance", unit="uS")

    def run(points, shape):
        experiment = load_or_create_experiment("dot", "sample", conn=connection)
        measurement = Measurement(exp=experiment)
        measurement.register_parameter(field)
        measurement.register_parameter(gate)
        measurement.register_parameter(current, setpoints=(field, gate))
        if shape is not None:
            measurement.set_shapes({"G": shape})
        with measurement.run() as saver:
            for b, v in points:
                saver.add_result((field, b), (gate, v), (current, 80 + b + v))
        return saver.dataset

    yield run
    connection.close()


@pytest.mark.parametrize("sweep", SWEEPS)
def test_every_way_out_of_qcodes_is_the_same(measure, tmp_path, sweep):
    points, shape = SWEEPS[sweep]
    dataset = measure(points, shape)
    field, gate = np.array(points).T
    plain = read({"B (T)": field, "Vg (V)": gate, "G (uS)": 80 + field + gate}, **SAMPLE)
    assert plain.observations.grid == ((3, 3) if len(points) > 5 else None)

    taken = read(dataset, **SAMPLE)
    assert_same(taken.observations, plain.observations)
    assert_same(read(dataset.to_xarray_dataset(), **SAMPLE).observations, plain.observations)
    assert taken.report.value.raw_unit == "uS"
    assert taken.report.repeated == plain.report.repeated
    assert taken.report.counting == len(points)

    units = {"B": "T", "Vg": "V", "G": "uS"}  # frames and text files of QCoDeS hold none
    assert_same(read(dataset.to_pandas_dataframe(), units=units, **SAMPLE).observations, plain.observations)

    dataset.export("netcdf", path=tmp_path)
    dataset.export("csv", path=tmp_path)
    newest = lambda suffix: max(tmp_path.glob(f"*.{suffix}"), key=os.path.getmtime)
    assert_same(read(newest("nc"), **SAMPLE).observations, plain.observations)
    numbered = {"flux": "column 1", "energy": "column 2", "value": "column 3", "value_unit": "uS"}
    units = {"column 1": "T", "column 2": "V"}
    assert_same(read(newest("csv"), units=units, **numbered, **SAMPLE).observations, plain.observations)
