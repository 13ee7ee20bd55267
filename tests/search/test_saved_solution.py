"""A solution outlives its process: saved, loaded elsewhere, and as labelled arrays."""

import builtins
import sys

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array
from toys import DECAYS, NEAR_DECAYS, READINGS, TIME, Line, coefficients, numbers, rate

import equibacksolve as ebs

LM = ebs.LevenbergMarquardt()
DEVICE = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(jnp.full((2, 2), 0.3))), ebs.WireLead(1.0))
ONSITE = lambda simulator: simulator.sample.onsite.values
HIDDEN = eqx.filter(DEVICE, eqx.tree_at(ONSITE, jax.tree.map(lambda _: False, DEVICE), True))
FLUX, ENERGY = jnp.array([0.0, 0.02, 0.05]), jnp.array([-0.5, 0.5])


@pytest.fixture(scope="module")
def found():
    return ebs.backsolve(NEAR_DECAYS, READINGS, LM, where=rate, progress=False)


def test_what_is_loaded_is_what_was_saved(tmp_path, found):
    found.save(tmp_path / "decays.npz")
    for like in (None, DECAYS):
        loaded = ebs.load_solution(tmp_path / "decays.npz", like=like)
        assert jax.tree.structure(loaded.simulator) == jax.tree.structure(found.simulator)
        assert jax.tree.structure(loaded.hidden) == jax.tree.structure(found.hidden)
        np.testing.assert_array_equal(loaded.simulator.rate, found.simulator.rate)
        np.testing.assert_array_equal(loaded.simulator.height, found.simulator.height)
        assert (float(loaded.cost), loaded.converged, loaded.reason) == (float(found.cost), True, found.reason)
        np.testing.assert_array_equal(loaded.history.table(), found.history.table())
        for (step, hidden), (other_step, other) in zip(loaded.history.snapshots, found.history.snapshots, strict=True):
            assert step == other_step
            np.testing.assert_array_equal(numbers(hidden), numbers(other))
        assert loaded.history.course(2)[1][0] == len(found.history) - 1
    # It is a simulator to work with.
    assert float(ebs.mean_squared_error(loaded.simulator, READINGS)) == pytest.approx(float(found.cost), rel=1e-12)


def test_a_device_is_loaded_by_the_names_of_its_classes(tmp_path):
    """Modules within modules, numbers that are no arrays; the constructors are not called again."""
    ebs.Solution(DEVICE, jnp.array(0.5), False, "why", ebs.search.History(), HIDDEN).save(tmp_path / "x")
    loaded = ebs.load_solution(tmp_path / "x")
    assert jax.tree.structure(loaded.simulator) == jax.tree.structure(DEVICE)
    assert loaded.simulator.interval == DEVICE.interval
    np.testing.assert_array_equal(ONSITE(loaded.hidden), ONSITE(DEVICE))
    assert loaded.hidden.lead.wavenumber is None


def test_a_simulator_with_functions_inside_is_loaded_with_like(tmp_path):
    class Curve(ebs.AbstractSimulator):
        scale: Array
        shape: object

        def observe(self, time):
            return self.scale * self.shape(time)

    curve = Curve(jnp.array(0.5), jnp.cos)
    observed = ebs.Observations(jnp.cos(TIME), time=TIME)
    found = ebs.backsolve(curve, observed, LM, where=lambda s: s.scale, progress=False)
    found.save(tmp_path / "curve.npz")
    with pytest.raises(ValueError, match="class or functions have no name to find them by; pass like="):
        ebs.load_solution(tmp_path / "curve.npz")
    loaded = ebs.load_solution(tmp_path / "curve.npz", like=Curve(jnp.array(0.0), jnp.cos))
    np.testing.assert_array_equal(loaded.simulator.scale, found.simulator.scale)
    np.testing.assert_allclose(loaded.simulator.predict(time=TIME), jnp.cos(TIME), atol=1e-6)


def test_what_cannot_be_loaded_is_told(tmp_path, found):
    path = tmp_path / "decays.npz"
    found.save(path)
    with pytest.raises(
        ValueError, match=r"like is a Line with the leaves \.coefficients, \.design, but .* holds \.height"
    ):
        ebs.load_solution(path, like=Line(jnp.ones(2), jnp.ones((3, 2))))
    for content in (path.read_bytes()[:-100], b"", b"hello"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="damaged or no solution"):
            ebs.load_solution(path)

    class Local(ebs.AbstractSimulator):
        coefficients: Array

        def predict(self):
            return self.coefficients

    observed = ebs.Observations(jnp.ones(2))
    found = ebs.backsolve(Local(jnp.zeros(2)), observed, LM, where=coefficients, progress=False, steps=2)
    found.save(path)
    with pytest.raises(ValueError, match="pass like="):
        ebs.load_solution(path)
    assert ebs.load_solution(path, like=Local(jnp.ones(2))).simulator.coefficients.shape == (2,)


def test_a_simulator_whose_class_is_not_imported_needs_like(tmp_path, monkeypatch, found):
    """The file names it; to import it is left to the user. A class that has changed since is told as well."""
    found.save(tmp_path / "decays.npz")
    toys = sys.modules["toys"]
    monkeypatch.delitem(sys.modules, "toys")
    with pytest.raises(
        ValueError, match=r"names toys\.Decays, but toys is not imported; import it first, or pass like=, a"
    ):
        ebs.load_solution(tmp_path / "decays.npz")
    assert "toys" not in sys.modules
    assert ebs.load_solution(tmp_path / "decays.npz", like=DECAYS).reason == found.reason
    monkeypatch.setitem(sys.modules, "toys", toys)
    monkeypatch.setattr(toys, "Decays", Line)
    with pytest.raises(ValueError, match=r"with the fields height, rate, but that class has coefficients, design; use"):
        ebs.load_solution(tmp_path / "decays.npz")


def test_labelled_arrays_of_a_mesh(found):
    values = np.array([[0.1, 0.2], [0.3, np.nan], [0.5, 0.6]])
    mask = ~np.isnan(values)
    observed = ebs.Observations.on_grid(flux=FLUX, energy=ENERGY, values=values, sigma=0.1, mask=mask)
    labelled = ebs.Solution(DEVICE, jnp.array(0.5), False, "why", found.history, HIDDEN).to_xarray(observed)
    assert labelled.data.dims == ("flux", "energy")
    np.testing.assert_array_equal(labelled.flux, FLUX)
    np.testing.assert_array_equal(labelled.energy, ENERGY)
    np.testing.assert_array_equal(labelled["data"].values, values)
    np.testing.assert_array_equal(labelled.sigma.values[mask], 0.1)
    np.testing.assert_array_equal(labelled.residual.values, (labelled.fit - labelled["data"]).values)
    assert labelled["sample.onsite.values"].dims == ("length", "width")
    assert labelled.history_cost.dims == ("step",)
    assert labelled.sizes["step"] == len(found.history)
    assert labelled.reason == "why"


def test_labelled_arrays_of_points_and_their_file(tmp_path, found):
    xarray = pytest.importorskip("xarray")
    labelled = found.to_xarray(READINGS)
    assert labelled.fit.dims == ("points",)
    assert labelled.rate.dims == ("rate_axis_0",)
    np.testing.assert_array_equal(labelled.time, TIME)
    labelled.to_netcdf(tmp_path / "decays.nc", engine="scipy")
    with xarray.open_dataset(tmp_path / "decays.nc", engine="scipy") as read:
        np.testing.assert_array_equal(read.rate, found.simulator.rate)


def test_without_xarray_the_extra_is_named(monkeypatch, found):
    real = builtins.__import__

    def without(name, *arguments, **more):
        if name == "xarray":
            raise ImportError(name)
        return real(name, *arguments, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r'to_xarray needs xarray; run pip install "equibacksolve\[data\]"'):
        found.to_xarray(READINGS)
