"""Leads whose parts do not mix, told apart: against traces of dense matrices, and against the lead as it was."""

import numpy as np
import pytest

import equibacksolve as ebs

SITES, SPINS = 3, np.array(["up", "down"])
AT = {"flux": np.array([0.0, 0.03, -0.4]), "energy": np.array([0.3, -0.7, 1.1])}
RANDOM = np.random.default_rng(0)
MIXED = RANDOM.normal(size=(3, 2, 2)) + 1j * RANDOM.normal(size=(3, 2, 2))
ENERGY = RANDOM.normal(size=SITES)


def hamiltonian():
    """A triangle of sites with spin: every bond is a matrix that mixes spins."""
    h = np.zeros((6, 6), complex)
    for (i, j), block in zip([(0, 1), (1, 2), (0, 2)], MIXED):
        h[2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = block
    return h + h.conj().T


def terminal(site, zeeman=0.4, kind="periodic"):
    """A chain of sites with two spins, with another onsite energy for each."""
    interface = [2 * site, 2 * site + 1]
    if kind == "wide":
        return ebs.Terminal(ebs.leads.WideBandLead([0.8, 1.7]), interface)
    one = ebs.samples.Entries([0, 1], [0, 1], [-1.0, -1.0], [0.0, 0.0])
    cell = ebs.samples.Entries([0, 1], [0, 1], [0.1, 0.2], [0.0, 0.0])
    term = ebs.samples.LinearTerm(zeeman, ebs.samples.Entries([0, 1], [0, 1], [1.0, -1.0]))
    return ebs.Terminal(ebs.leads.PeriodicLead(cell, one, one, 2, strength=0.9, terms=(term,)), interface)


def device(*terminals):
    row, column = np.nonzero(hamiltonian())
    entries = ebs.samples.Entries(row, column, hamiltonian()[row, column], np.zeros(len(row)))
    return ebs.TightBindingDevice(
        ebs.samples.TightBinding(ENERGY, entries, np.arange(3.0), np.repeat(np.arange(3), 2)), terminals
    )


def by_dense_matrices(parts, energy):
    """Tr(Gamma_p G Gamma_q G†) of chains: Sigma = s^2 exp(i k) t with E - e = 2 t cos k, outgoing."""
    sigmas = []
    for orbital, onsite in parts:
        x = (energy - onsite) / 2
        wave = x - 1j * np.sqrt(1 - x**2 + 0j)
        sigma = np.zeros((6, 6), complex)
        sigma[orbital, orbital] = 0.9**2 * (wave if abs(x) <= 1 else x - np.sign(x) * np.sqrt(x**2 - 1))
        sigmas.append(sigma)
    green = np.linalg.inv(energy * np.eye(6) - hamiltonian() - np.diag(np.repeat(ENERGY, 2)) - sum(sigmas))
    gammas = [1j * (sigma - sigma.conj().T) for sigma in sigmas]
    return np.array([[np.trace(p @ green @ q @ green.conj().T).real for q in gammas] for p in gammas])


def test_transmissions_by_spin():
    parts = [*ebs.leads.split_terminal(terminal(0), SPINS), *ebs.leads.split_terminal(terminal(2), SPINS)]
    found = np.array(ebs.simulators.ConductanceMatrix(device(*parts)).predict(**AT))
    # Sorted labels: down comes first.
    chains = [(1, 0.2 - 0.4), (0, 0.1 + 0.4), (5, 0.2 - 0.4), (4, 0.1 + 0.4)]
    expected = np.array([by_dense_matrices(chains, energy) for energy in AT["energy"]])
    apart = ~np.eye(4, dtype=bool)
    np.testing.assert_allclose(found[:, apart], expected[:, apart], rtol=0, atol=1e-12)
    assert (found[:, 0, 3] > 1e-3).all()  # spins do mix in the sample


@pytest.mark.parametrize("kind", ["periodic", "wide"])
def test_the_parts_sum_to_the_whole(kind):
    whole = ebs.simulators.ConductanceMatrix(device(terminal(0), terminal(2, kind=kind))).predict(**AT)
    split = ebs.leads.split_terminal(terminal(2, kind=kind), [1, 0])
    found = ebs.simulators.ConductanceMatrix(device(terminal(0), *split)).predict(**AT)
    np.testing.assert_allclose(found[:, 1:, 0].sum(1), whole[:, 1, 0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(found[:, 1:, 1:].sum((1, 2)), whole[:, 1, 1], rtol=0, atol=1e-12)


def test_the_order_of_labels_and_what_is_refused():
    lead = terminal(0).lead
    assert [list(np.asarray(part.interface)) for part in ebs.leads.split_terminal(terminal(1), ["b", "a"])] == [
        [3],
        [2],
    ]
    mixing = ebs.leads.PeriodicLead(ebs.samples.Entries([0, 1], [1, 0], [0.3, 0.3]), lead.hopping, lead.coupling, 2)
    with pytest.raises(ValueError, match="cell of the lead couples orbital 0 to 1, which have different labels"):
        ebs.leads.split_terminal(ebs.Terminal(mixing, [0, 1]), SPINS)
    with pytest.raises(ValueError, match=r"labels has shape .3,.; give one for each of 2 orbitals"):
        ebs.leads.split_terminal(terminal(0), [0, 1, 2])
    with pytest.raises(TypeError, match="WireLead cannot be split"):
        ebs.leads.split_terminal(ebs.Terminal(ebs.WireLead(0.7), [0]), [0])
