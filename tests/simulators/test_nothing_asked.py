"""No settings, no data: an empty array. And what holds other simulators asks them all whether they can be trusted."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import equibacksolve as ebs


class Line(ebs.AbstractSimulator):
    """A stranger's simulator that writes `observe`."""

    slope: jax.Array

    def observe(self, *, x):
        return self.slope * x


def device():
    return ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(np.full((3, 2), 0.2))), ebs.WireLead(1.1))


@pytest.mark.parametrize(
    "simulator",
    [device(), ebs.ThermalSmearing(device(), 0.1), ebs.SeriesResistance(device(), 0.1)],
    ids=lambda s: type(s).__name__,
)
def test_a_device_at_no_points(simulator):
    assert simulator.predict(flux=[], energy=[]).shape == (0,)
    empty = jnp.zeros(0)
    rows = jax.jacfwd(lambda v: simulator.predict(flux=empty, energy=v))(empty)
    assert rows.shape == (0, 0)


def test_amplitudes_and_single_changes_at_no_points():
    assert device().scattering(flux=[], energy=[]).transmission.shape == (0, 2, 2)
    found = device().predict_perturbed(jax.tree.map(jnp.ones_like, _only_values(device())), flux=[], energy=[])
    assert found.unchanged.shape == (0,)
    assert found.changed.shape == (6, 0)


def test_a_strangers_simulator_at_no_points():
    assert Line(jnp.array(2.0)).predict(x=[]).shape == (0,)
    assert jax.jacfwd(lambda s: Line(s).predict(x=jnp.zeros(0)))(jnp.array(2.0)).shape == (0,)


class Picky(ebs.AbstractSimulator):
    """A part of a joint simulator with a limit of its own."""

    positions: jax.Array

    def predict(self):
        return self.positions[:, 0]

    def check_settings(self):
        raise ValueError("this part cannot be trusted.")


class Both(ebs.AbstractJointSimulator):
    """Atoms, looked at in two ways."""

    positions: jax.Array
    picky: bool

    def simulators(self):
        waves = lambda positions: ebs.simulators.StructureFactor(positions, [[1.5, 0.0]], 4.0)
        return {"waves": waves(self.positions), "other": (Picky if self.picky else waves)(self.positions)}


def test_a_joint_simulator_asks_its_parts():
    positions, settings = jnp.array([[1.0, 1.0], [2.0, 3.0]]), {"waves": {}, "other": {}}
    Both(positions, False).check_settings(**settings)
    with pytest.raises(ValueError, match=r"this part cannot be trusted"):
        Both(positions, True).check_settings(**settings)


def _only_values(simulator):
    import equinox as eqx

    none = jax.tree.map(lambda _: None, simulator)
    where = lambda s: s.sample.onsite.values
    return eqx.tree_at(where, none, where(simulator), is_leaf=lambda leaf: leaf is None)
