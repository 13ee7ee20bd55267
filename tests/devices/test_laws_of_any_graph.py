"""Laws of devices on graphs that are drawn: any bonds, one to four orbitals a site, two to four terminals.

Each draw is another program. So there are few, and each is held to several laws at once.
"""

import hypothesis
import hypothesis.strategies as st
import jax.numpy as jnp
import numpy as np

import equibacksolve as ebs
from equibacksolve import leads, samples, scattering, simulators

FLUX, ENERGY = np.array([0.0, 0.11, -0.3]), np.array([0.43, -0.8, 1.27])


@st.composite
def graphs(draw):
    """Orbitals of each site, bonds of orbitals that make one piece of all sites, terminals; numbers from a seed."""
    sites = draw(st.integers(4, 7))
    orbitals = np.array(draw(st.lists(st.integers(1, 4), min_size=sites, max_size=sites)))
    site = np.repeat(np.arange(sites), orbitals)
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    # A tree of sites, then more bonds, and some within a site.
    tree = [(random.integers(0, one), one) for one in range(1, sites)]
    more = [tuple(random.integers(0, sites, 2)) for _ in range(draw(st.integers(0, 6)))]
    pick = lambda s: random.choice(np.flatnonzero(site == s))
    bonds = {(int(pick(a)), int(pick(b))) for a, b in [*tree, *more, *((s, s) for s in range(sites))] for _ in "12"}
    bonds = np.array(sorted((a, b) for a, b in bonds if a < b))
    # Each orbital of a site is bonded to the next, so that none is alone.
    inner = np.array([(k, k + 1) for k in range(len(site) - 1) if site[k] == site[k + 1]], int).reshape(-1, 2)
    bonds = np.unique(np.concatenate([bonds, inner]), axis=0)
    count = draw(st.integers(2, min(4, len(site) // 2)))
    touched = np.array_split(random.permutation(len(site))[: 2 * count], count)
    return site, bonds, touched, random


def device_of(site, bonds, touched, random, solver):
    value = random.normal(size=len(bonds)) + 1j * random.normal(size=len(bonds))
    area = random.uniform(-1, 1, len(bonds))
    row, column = bonds.T
    entries = samples.Entries(np.r_[row, column], np.r_[column, row], np.r_[value, value.conj()], np.r_[area, -area])
    sample = samples.TightBinding(random.uniform(-1, 1, site.max() + 1), entries, np.arange(site.max() + 1.0), site)
    kinds = [leads.WideBandLead(0.7), ebs.WireLead(1.1), leads.WideBandLead(1.6), ebs.WireLead(0.6)]
    terminals = [ebs.Terminal(lead, orbitals) for lead, orbitals in zip(kinds, touched)]
    return ebs.TightBindingDevice(sample, terminals, solver=solver)


def by_inverse(device, flux, energy):
    """T[p, q] = Tr Gamma_p G Gamma_q G†, and N - 2 Tr Gamma_p A + T_pp on the diagonal: all of NumPy."""
    hamiltonian = device.sample.hamiltonian(flux=flux).toarray()
    sigmas = []
    for terminal in device.terminals:
        sigma = np.zeros(hamiltonian.shape, complex)
        where = np.asarray(terminal.interface)
        wire = isinstance(terminal.lead, ebs.WireLead)
        sigma[where, where] = -np.exp(1j * terminal.lead.wavenumber[0]) if wire else -0.5j * terminal.lead.broadening[0]
        sigmas.append(sigma)
    green = np.linalg.inv(energy * np.eye(len(hamiltonian)) - hamiltonian - sum(sigmas))
    broad = [1j * (sigma - sigma.conj().T) for sigma in sigmas]
    found = np.array([[np.trace(p @ green @ q @ green.conj().T).real for q in broad] for p in broad])
    for p, one in enumerate(broad):
        found[p, p] += len(device.terminals[p].interface) - np.trace(1j * one @ (green - green.conj().T)).real
    return found


@hypothesis.settings(max_examples=4, phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate])
@hypothesis.given(graphs())
def test_both_solvers_a_dense_inverse_and_the_sum_rules_agree(graph):
    site, bonds, touched, random = graph
    seed = random.bit_generator.state
    found = []
    for solver in (scattering.BlockElimination(), scattering.SparseFactor()):
        random.bit_generator.state = seed
        device = device_of(site, bonds, touched, random, solver)
        found.append(np.asarray(simulators.ConductanceMatrix(device).predict(flux=FLUX, energy=ENERGY)))
    expected = np.stack([by_inverse(device, *point) for point in zip(FLUX, ENERGY)])
    open_modes = [len(orbitals) for orbitals in touched]
    for one in found:
        # Broadenings of order one: nothing magnifies rounding but levels without pivots, two or three digits.
        np.testing.assert_allclose(one, expected, atol=1e-10)
        np.testing.assert_allclose(one.sum(1), np.tile(open_modes, (3, 1)), atol=1e-10)
        np.testing.assert_allclose(one.sum(2), np.tile(open_modes, (3, 1)), atol=1e-10)
    # Reversed field and conjugated hoppings: source and drain change places.
    values = jnp.conj(device.sample.entries.value)
    turned = samples.TightBinding(
        device.sample.onsite,
        samples.Entries(device.sample.entries.row, device.sample.entries.column, values, device.sample.entries.area),
        device.sample.positions,
        site,
    )
    back = simulators.ConductanceMatrix(
        ebs.TightBindingDevice(turned, device.terminals, solver=scattering.SparseFactor())
    )
    np.testing.assert_allclose(back.predict(flux=-FLUX, energy=ENERGY), expected.swapaxes(1, 2), atol=1e-10)
