"""Kwant's numbers for fourteen devices: square and honeycomb, one to four orbitals, one to six terminals."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from device_files import NAMES, data, device, settings

import equibacksolve as ebs

COMPILED_FOR_USERS = ("bhz", "hall_bar", "graphene_zigzag")
"""One of each kind: four orbitals, six terminals, a honeycomb."""


@pytest.mark.parametrize("name", [name for name in NAMES if name != "scanning_gate"])
def test_transmission_and_reflection(name, request):
    """Elimination by levels loses two digits where a part of the sample has a state near the energy (honeycombs)."""
    if name in COMPILED_FOR_USERS:
        request.getfixturevalue("compiled_for_users")
    some = slice(None, None, 5 if name.startswith("inverse") else 1)  # maps of 600 points
    found = ebs.simulators.ConductanceMatrix(device(name)).predict(**settings(name, points=some))
    close = 3e-11 if name in ("honeycomb_dot", "inverse_graphene") else 1e-11
    np.testing.assert_allclose(found, data(name)["T"][some], atol=close, rtol=0)
    # And unitarity, of ours alone: what comes from a terminal, and what goes to it, are its open modes.
    for axis in (1, 2):
        np.testing.assert_allclose(found.sum(axis), data(name)["n_open"][some], atol=close, rtol=0)


@pytest.mark.parametrize("name", ["t_junction", "unequal_junction", "two_wires"])
def test_chains_that_meet_have_a_closed_form(name):
    found = np.array(ebs.simulators.ConductanceMatrix(device(name)).predict(**settings(name)))
    found[:, *np.diag_indices(found.shape[1])] = 0.0
    np.testing.assert_allclose(found, data(name)["T_exact"], atol=1e-12, rtol=0)


@pytest.mark.parametrize("name", ["bhz", "graphene_zigzag", "honeycomb_dot"])
def test_local_density_of_states(name):
    found = ebs.simulators.LocalDensityOfStates(device(name)).predict(**settings(name, "ldos_"))
    expected = np.zeros(found.shape)
    for row, of_orbitals in zip(expected, data(name)["ldos"]):
        np.add.at(row, data(name)["orbital_site"], of_orbitals)
    np.testing.assert_allclose(found, expected, atol=1e-10, rtol=0)


def test_four_terminal_resistances():
    name = "hall_bar"
    known = np.isfinite(data(name)["R_xy"])
    found = ebs.simulators.FourTerminalResistance(device(name), (0, 1), ((2, 4), (2, 3))).predict(**settings(name))
    expected = np.stack([data(name)[key] for key in ("R_xy", "R_xx")], 1)
    # A plateau's resistance is a quotient of numbers that are known to 1e-11.
    np.testing.assert_allclose(found[known], expected[known], rtol=1e-9, atol=1e-10)


def test_a_scanning_gate_map():
    found = data("scanning_gate")
    tip = ebs.simulators.LorentzianTip(found["tip_height"], found["tip_radius"])
    gate = ebs.simulators.ScanningGate(device("scanning_gate"), tip)
    place = {"tip_x": found["tip_x"], "tip_y": found["tip_y"]}
    for point, expected in enumerate(found["T_tip"]):
        here = {key: np.full(len(found["tip_x"]), found[key][point]) for key in ("flux", "energy")}
        np.testing.assert_allclose(gate.predict(**here, **place), expected[:, 1, 0], atol=1e-11, rtol=0)


@pytest.mark.parametrize("name", ["rashba_wire", "honeycomb_dot"])
def test_derivatives(name):
    """Kwant's are by differences, with an error that is estimated from two of them: hence ten times that."""
    found, at = data(name), settings(name, "slope_")
    simulator = ebs.Conductance(device(name), to=1, source=0)
    energies = lambda s: s.device.sample.onsite.values

    def predict(values, flux, energy):
        moved = at | {"flux": at["flux"] + flux, "energy": at["energy"] + energy}
        return eqx.tree_at(energies, simulator, values).predict(**moved)

    slopes = jax.jit(jax.jacfwd(predict, argnums=(0, 1, 2)))(energies(simulator), jnp.zeros(()), jnp.zeros(()))
    _close(slopes[0][:, found["slope_site"]], found["dT_dv"][..., 1, 0], found["dT_dv_error"])
    _close(slopes[1], found["dT_dflux"][:, 1, 0], found["dT_dflux_error"])
    _close(slopes[2], found["dT_denergy"][:, 1, 0], found["dT_denergy_error"])


def _close(found, expected, error):
    # Through the leads, rounding of Sigma is magnified by slopes of up to 85: 2e-9.
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-9 + 10 * float(np.max(error)))


def test_a_sparse_factor_gives_the_same():
    name = "honeycomb_dot"
    levels = device(name)
    sparse = ebs.TightBindingDevice(levels.sample, levels.terminals, solver=ebs.scattering.SparseFactor())
    at, energies = settings(name, points=slice(0, 24, 4)), lambda s: s.device.sample.onsite.values

    def both(device):
        simulator = ebs.Conductance(device)
        predict = lambda values: eqx.tree_at(energies, simulator, values).predict(**at)
        return jax.value_and_grad(lambda values: jnp.sum(predict(values) ** 2))(energies(simulator))

    for one, other in zip(both(levels), both(sparse)):
        np.testing.assert_allclose(one, other, atol=1e-9, rtol=0)  # digits that the levels lose, in a sum of squares


def test_digits_that_are_lost_are_told():
    """Clean graphene at zero energy: levels without bonds within them have no inverse."""
    sample = ebs.samples.honeycomb_dot(lambda x, y: x**2 + y**2 < 9, start=(0, 0))
    ends = [np.argsort(sample.positions[:, 0])[:2], np.argsort(sample.positions[:, 0])[-2:]]
    at = {"flux": [0.0, 0.0], "energy": [0.0, 0.3]}
    terminals = [ebs.Terminal(ebs.WireLead(0.7), np.asarray(end)) for end in ends]
    with pytest.raises(ValueError, match="1 of 2 points lost digits, the first at flux 0, energy 0"):
        ebs.Conductance(ebs.TightBindingDevice(sample, terminals)).predict(**at)
    sparse = ebs.TightBindingDevice(sample, terminals, solver=ebs.scattering.SparseFactor())
    found = ebs.simulators.ConductanceMatrix(sparse).predict(**at)
    np.testing.assert_allclose(found.sum(1), 2.0, atol=1e-11)  # unitarity, with pivots
