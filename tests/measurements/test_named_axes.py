"""xarray and netCDF: the names of the axes count, not their order; units are attributes."""

import itertools

import numpy as np
import pytest
from dots import FIELD, GATE, SAMPLE, assert_same, columns, conductance, rows

from equibacksolve.measurements import read, tabulate

xarray = pytest.importorskip("xarray")
PLAIN = read(columns(), **SAMPLE).observations


def labelled(name="G", units="units"):
    return xarray.DataArray(
        conductance(FIELD[:, None], GATE[None]),
        {"B": ("B", FIELD, {units: "T"}), "Vg": ("Vg", GATE, {units: "V"})},
        name=name,
        attrs={units: "uS", "long_name": "conductance"},
    )


def test_a_data_array_is_its_points():
    for array in (labelled(), labelled(None), labelled("conductance"), labelled(units="unit")):
        assert_same(read(array, **SAMPLE).observations, PLAIN)


def test_the_order_of_axes_and_of_settings_does_not_matter():
    rng = np.random.default_rng(0)
    for dims in itertools.permutations(("B", "Vg")):
        shuffled = labelled().isel(B=rng.permutation(5), Vg=rng.permutation(4)).transpose(*dims)
        assert_same(read(shuffled, **SAMPLE).observations, PLAIN)


def test_the_order_of_three_axes_does_not_matter():
    third = xarray.concat([labelled() + i for i in range(2)], xarray.Variable("T", [0.1, 0.2], {"units": "K"}))
    third.attrs["units"] = "uS"
    reads = [
        read(third.transpose(*dims), variables={"temperature": "T"}, flux="B", energy="Vg", **SAMPLE).observations
        for dims in itertools.permutations(third.dims)
    ]
    assert reads[0].grid == (5, 4, 2)
    for other in reads[1:]:
        assert_same(other, reads[0])


def test_missing_readings_stay_on_the_mesh():
    holes = labelled().where(labelled() < 100)
    holes.attrs["units"] = "uS"
    measured = read(holes, **SAMPLE)
    assert measured.observations.grid == (5, 4)
    assert measured.report.missing == int((labelled() >= 100).sum()) == measured.report.rows - measured.report.counting
    np.testing.assert_array_equal(measured.observations.mask.reshape(5, 4), labelled() < 100)


def test_a_repeated_coordinate_gives_separate_points():
    twice = labelled().isel(B=[0, 1, 1, 2, 3, 4])
    measured = read(twice, **SAMPLE)
    assert measured.observations.grid is None
    assert (measured.report.points, measured.report.repeated) == (24, 4)


def test_an_axis_that_no_variable_names_is_a_repetition_and_is_reported():
    twice = xarray.concat([labelled()] * 2, xarray.Variable("T", [0.1, 0.2]))
    twice.attrs["units"] = "uS"
    report = read(twice, **SAMPLE).report
    assert (report.repeated, report.unused) == (20, ("T",))


def test_sigma_mask_and_scalar_settings_come_from_the_same_data_set():
    dataset = labelled().to_dataset().assign(dG=labelled() * 0.01, good=labelled() > 80).assign_coords(T=0.03)
    dataset["unrelated"] = ("other", np.arange(3.0))
    measured = read(
        dataset, flux="B", energy="Vg", variables={"temperature": "T"}, sigma_column="dG", mask="good", **SAMPLE
    )
    observed = measured.observations
    assert observed.grid == (5, 4, 1)
    assert set(observed.variables["temperature"].tolist()) == {0.03}
    np.testing.assert_array_equal(observed.mask.reshape(5, 4), labelled() > 80)
    counting = np.asarray(observed.mask)
    np.testing.assert_allclose(observed.sigma[counting], 0.01 * observed.values[counting], rtol=1e-14)


def test_a_mask_of_the_array_s_own_shape():
    transposed = labelled().transpose("Vg", "B")
    mask = np.asarray(transposed) > 80
    observed = read(transposed, mask=mask, **SAMPLE).observations
    np.testing.assert_array_equal(observed.mask.reshape(5, 4), mask.T)


def test_points_under_a_multi_index():
    stacked = labelled().stack(point=("B", "Vg")).isel(point=np.random.default_rng(0).permutation(20))
    assert_same(read(stacked, **SAMPLE).observations, PLAIN)
    assert read(stacked.isel(point=slice(0, 5)), **SAMPLE).report.points == 5


def test_points_gathered_as_netcdf_gathers_them(tmp_path):
    """CF conventions 8.2, by hand: the list variable counts places on the mesh of B and Vg, the last fastest."""
    pytest.importorskip("h5netcdf")
    places = np.array([0, 3, 5, 6, 10, 11, 12, 17, 19, 2, 4])
    gathered = xarray.Dataset(
        {"G": ("place", labelled().values.ravel()[places], {"units": "uS"})},
        {
            "place": ("place", places, {"compress": "B Vg"}),
            "B": ("B", FIELD, {"units": "T"}),
            "Vg": ("Vg", GATE, {"units": "V"}),
        },
    )
    gathered.to_netcdf(tmp_path / "a.nc", engine="h5netcdf")
    listed = {header: column[places] for header, column in columns().items()}
    assert_same(read(tmp_path / "a.nc", **SAMPLE).observations, read(listed, **SAMPLE).observations)


@pytest.mark.parametrize("engine", ["h5netcdf", "scipy"])
def test_netcdf_files(tmp_path, engine):
    pytest.importorskip("h5netcdf")
    labelled().to_netcdf(tmp_path / "a.nc", engine=engine)
    assert_same(read(tmp_path / "a.nc", **SAMPLE).observations, PLAIN)
    (tmp_path / "a.nc").unlink()  # it was closed: under Windows this would fail otherwise


def test_pandas_frames_with_and_without_index():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(columns())
    assert_same(read(frame, **SAMPLE).observations, PLAIN)
    assert_same(read(frame.set_index(["B (T)", "Vg (V)"]), **SAMPLE).observations, PLAIN)
    # A level without a name, here a running number, is one more column.
    numbered = frame.set_index(["B (T)", "Vg (V)", np.arange(len(frame))])
    assert numbered.index.names == ["B (T)", "Vg (V)", None]
    assert_same(read(numbered, **SAMPLE).observations, PLAIN)


def test_meshes_are_no_curves():
    """Columns of one sweep each are gathered, and whole maps are not."""
    headers = ("Vg (V)", "G(B=0.1T)", "G(B=0.2T)")
    for shape, gathered in (((6,), True), ((2, 3), False)):
        table = tabulate({header: np.arange(6.0).reshape(shape) for header in headers})
        assert (tuple(one.header for one in table.columns) == headers) != gathered
        assert table.shape == ((6, 2) if gathered else shape)


def test_meshes_of_numpy_arrays():
    field, gate, g = (column.reshape(5, 4) for column in rows())
    assert_same(read({"B (T)": field, "Vg (V)": gate, "G (uS)": g}, **SAMPLE).observations, PLAIN)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        (lambda: labelled("I").assign_attrs(units="nA"), r"column 'I' is in nA and needs bias to become a cond"),
        (lambda: labelled().rename(B="field"), r"no column called 'flux' or 'B'; its columns are 'field', 'Vg', 'G'"),
        (lambda: labelled().drop_vars("Vg"), r"no column called 'energy' or 'Vg'; its columns are 'B', 'G'"),
        (lambda: labelled().to_dataset().assign(H=1.0).rename(G="I"), "value was left out.*'G'.*'I', 'H'"),
        (lambda: labelled() * 1j, "column 'G' is complex"),
    ],
)
def test_bad_data_sets_get_one_sentence(source, told):
    with pytest.raises(ValueError, match=told) as raised:
        read(source(), **SAMPLE)
    assert "\n" not in str(raised.value)
