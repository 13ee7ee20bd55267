"""Laws of any device, on a graph of no shape with two orbitals on some sites and four terminals of three kinds."""

import equinox as eqx
import hypothesis
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from strategies import arrays

import equibacksolve as ebs

SITE = np.array([0, 0, 1, 2, 2, 3, 4, 5, 5, 6])
BONDS = np.array(
    [(0, 2), (1, 3), (2, 3), (3, 5), (2, 4), (4, 6), (5, 6), (6, 7), (7, 9), (5, 9), (8, 9), (1, 2), (0, 8)]
)
FIRST, SECOND, METAL, WIRES = [0, 1], [9, 7], [5], [4, 6]
# Each draw takes a twentieth of a second: to look for a smaller one takes minutes.
LAW = hypothesis.settings(phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate])
# Bands of the periodic leads reach from 0.7 to 2.3, and below zero; one energy is in their gap.
FLUX, ENERGY = jnp.array([0.0, 0.07, -0.2]), jnp.array([1.31, -0.4, 0.95])


def hermitian(row, column, value, area):
    value, area = np.asarray(value), np.asarray(area)
    return ebs.samples.Entries(np.r_[row, column], np.r_[column, row], np.r_[value, value.conj()], np.r_[area, -area])


def build(numbers, solver=None, order=None, turned=None):
    """A device of these numbers; `order` names its orbitals anew, `turned` gives each a phase."""
    order = np.arange(len(SITE)) if order is None else order
    phase = np.exp(1j * (np.zeros(len(SITE)) if turned is None else np.asarray(turned)))
    value = numbers["real"] + 1j * numbers["imag"]
    row, column = BONDS.T
    value = value * phase[row] * phase[column].conj()
    site = np.empty_like(SITE)
    site[order] = SITE
    sample = ebs.samples.TightBinding(
        numbers["onsite"], hermitian(order[row], order[column], value, numbers["area"]), np.arange(7.0), site,
        terms=(ebs.samples.LinearTerm(numbers["zeeman"], hermitian([order[0]], [order[1]], 1j * phase[:1] * phase[1:2].conj(), [0])),),  # noqa: E501
    )  # fmt: skip

    def lead(touched, strength):
        # A cell of two orbitals, of which one goes on to the next: V is singular.
        coupling = np.array([1.0, 0.6]) * phase[touched].conj()
        return ebs.leads.PeriodicLead(
            hermitian([0], [1], [0.8], [0.1]),
            ebs.samples.Entries([0], [1], [1.5], [0.05]),
            ebs.samples.Entries([0, 1], [0, 1], coupling, [0.2, -0.1]),
            2,
            onsite=numbers["lead"],
            strength=strength,
        )

    terminals = [
        ebs.Terminal(lead(FIRST, 1.0), order[FIRST]),
        ebs.Terminal(lead(SECOND, numbers["strength"]), order[SECOND]),
        ebs.Terminal(ebs.leads.WideBandLead(numbers["broadening"]), order[METAL]),
        ebs.Terminal(ebs.WireLead(numbers["wavenumber"]), order[WIRES]),
    ]
    return ebs.TightBindingDevice(sample, terminals, solver=solver)


def some_numbers(imag=1.0):
    bonds = (len(BONDS),)
    return st.fixed_dictionaries(
        {
            "real": arrays(bonds, 0.3, 1.0),
            "imag": arrays(bonds, -imag, imag),
            "area": arrays(bonds, -1.0, 1.0),
            "onsite": arrays((7,), -1.0, 1.0),
            "zeeman": arrays((), -0.5, 0.5),
            "lead": arrays((), -0.2, 0.2),
            "strength": arrays((), 0.5, 1.5),
            "broadening": arrays((), 0.3, 2.0),
            "wavenumber": arrays((), 0.5, 2.5),
        }
    )


def matrix(device, flux=FLUX, energy=ENERGY):
    try:
        return np.asarray(ebs.simulators.ConductanceMatrix(device).predict(flux=flux, energy=energy))
    except ValueError as error:
        # A draw with a state of a level at the energy: told, as it should be.
        hypothesis.assume("lost digits" not in str(error))
        raise


def dense(device, flux, energy):
    """T[p, q] = Tr Gamma_p G Gamma_q G†, with the self-energies of periodic leads by decimation."""
    inverse = energy * np.eye(len(SITE)) - device.sample.hamiltonian(flux=flux).toarray()
    broadenings = []
    for terminal in device.terminals:
        interface = np.asarray(terminal.interface)
        sigma = np.zeros((len(SITE),) * 2, complex)
        sigma[np.ix_(interface, interface)] = _sigma(terminal.lead, len(interface), flux, energy)
        inverse = inverse - sigma
        broadenings.append(1j * (sigma - sigma.conj().T))
    green = np.linalg.inv(inverse)
    return np.array([[np.trace(p @ green @ q @ green.conj().T).real for q in broadenings] for p in broadenings])


def _sigma(lead, size, flux, energy):
    if isinstance(lead, ebs.leads.WideBandLead):
        return -0.5j * float(lead.broadening[0]) * np.eye(size)
    if isinstance(lead, ebs.WireLead):
        return -np.exp(1j * float(lead.wavenumber[0])) * np.eye(size)
    whole = lambda entries, shape: np.asarray(
        jnp.zeros(shape, complex).at[entries.row, entries.column].add(entries.at(jnp.asarray(flux)))
    )
    cell, hop, coupling = whole(lead.cell, (2, 2)), whole(lead.hopping, (2, 2)), whole(lead.coupling, (2, size))
    coupling = float(lead.strength) * coupling
    # Doubling (Sancho, Sancho and Rubio 1985), with an imaginary part whose error is of its own size.
    end = middle = cell + float(lead.onsite) * np.eye(2)
    there, back, shifted = hop.conj().T, hop, (energy + 1e-10j) * np.eye(2)
    for _ in range(60):
        green = np.linalg.inv(shifted - middle)
        end = end + there @ green @ back
        middle = middle + there @ green @ back + back @ green @ there
        there, back = there @ green @ there, back @ green @ back
    return coupling.conj().T @ np.linalg.inv(shifted - end) @ coupling


@LAW
@hypothesis.given(some_numbers())
def test_what_comes_goes_and_a_dense_inverse_agrees(numbers):
    device = build(numbers)
    found = matrix(device)
    # Unitarity: rows and columns are whole numbers, those of the open modes.
    np.testing.assert_allclose(found.sum(1), found.sum(2), atol=1e-10)
    np.testing.assert_allclose(found.sum(1), np.round(found.sum(1)), atol=1e-10)
    for one, flux, energy in zip(found, FLUX, ENERGY):
        off = ~np.eye(4, dtype=bool)
        # Resonances of width 1e-2 magnify the 1e-10 of the decimation.
        np.testing.assert_allclose(one[off], dense(device, float(flux), float(energy))[off], atol=1e-6)


@LAW
@hypothesis.given(some_numbers(imag=0.0))
def test_the_reversed_field_exchanges_source_and_drain(numbers):
    device = build(numbers | {"zeeman": jnp.zeros(())})
    np.testing.assert_allclose(matrix(device), matrix(device, -FLUX).swapaxes(1, 2), atol=1e-9)


@LAW
@hypothesis.given(some_numbers(), arrays((10,), -3.0, 3.0))
def test_a_gauge_changes_nothing(numbers, turned):
    np.testing.assert_allclose(matrix(build(numbers)), matrix(build(numbers, turned=turned)), atol=1e-9)


@hypothesis.settings(LAW, max_examples=5)
@hypothesis.given(some_numbers())
def test_the_order_of_the_orbitals_and_the_solver_change_nothing(numbers):
    order = np.random.default_rng(0).permutation(10)
    expected = matrix(build(numbers))
    np.testing.assert_allclose(expected, matrix(build(numbers, order=order)), atol=1e-9)
    np.testing.assert_allclose(expected, matrix(build(numbers, ebs.scattering.SparseFactor())), atol=1e-9)


LEAVES = {
    "onsite": lambda d: d.sample.onsite.values,
    "zeeman": lambda d: d.sample.terms[0].strength,
    "lead": lambda d: d.terminals[0].lead.onsite,
    "strength": lambda d: d.terminals[1].lead.strength,
    "broadening": lambda d: d.terminals[2].lead.broadening,
    "wavenumber": lambda d: d.terminals[3].lead.wavenumber,
}
FIXED = {
    "real": np.linspace(0.4, 1.0, 13), "imag": np.linspace(-0.5, 0.5, 13), "area": np.linspace(-1, 1, 13),
    "onsite": np.linspace(-0.6, 0.9, 7), "zeeman": 0.2, "lead": 0.1, "strength": 0.9, "broadening": 0.7,
    "wavenumber": 1.1,
}  # fmt: skip


@pytest.fixture(scope="module")
def moved():
    """T against a change of every leaf and setting, and what to change: one compiled program for all."""
    device = build(FIXED)
    nothing = {name: jnp.zeros_like(leaf(device)) for name, leaf in LEAVES.items()}
    nothing |= {"flux": jnp.zeros(3), "energy": jnp.zeros(3)}

    @jax.jit
    def values(change):
        there = device
        for name, leaf in LEAVES.items():
            there = eqx.tree_at(leaf, there, leaf(device) + change[name])
        simulator = ebs.simulators.ConductanceMatrix(there)
        return simulator.predict(flux=FLUX + change["flux"], energy=ENERGY + change["energy"])

    return (
        nothing,
        values,
        jax.jit(jax.jacrev(lambda change: jnp.sum(jnp.sin(values(change))))),
        jax.jit(lambda change, direction: jax.jvp(values, (change,), (direction,))[1]),
    )


@pytest.mark.parametrize("name", [*LEAVES, "flux", "energy"])
def test_the_derivative_of_every_leaf(moved, name):
    nothing, values, gradient, forward = moved
    direction = jax.tree.map(jnp.zeros_like, nothing)
    direction[name] = jnp.linspace(0.5, 1.5, max(1, direction[name].size)).reshape(direction[name].shape)
    step = 1e-4
    at = lambda factor: values(jax.tree.map(lambda d: factor * step * d, direction))
    # Two central differences and an extrapolation: an error of step^4, and rounding of 1e-12 / step.
    slope = (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step)
    np.testing.assert_allclose(forward(nothing, direction), slope, atol=1e-7)
    weighted = jnp.sum(jnp.cos(values(nothing)) * slope)
    np.testing.assert_allclose(jnp.vdot(gradient(nothing)[name], direction[name]), weighted, atol=1e-6)


def test_the_gradient_has_a_derivative(moved):
    """Second derivatives are those of the first, also through the leads."""
    nothing, _, gradient, _ = moved
    direction = jax.tree.map(jnp.ones_like, nothing)
    _, curvature = jax.jvp(gradient, (nothing,), (direction,))
    step = 1e-5
    ends = [gradient(jax.tree.map(lambda d, sign=sign: sign * step * d, direction)) for sign in (1, -1)]
    for name in nothing:
        expected = (ends[0][name] - ends[1][name]) / (2 * step)
        # Rounding of 1e-11 over the step.
        np.testing.assert_allclose(curvature[name], expected, atol=1e-5, rtol=1e-5)
