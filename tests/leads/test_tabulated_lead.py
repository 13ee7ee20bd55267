"""A lead given by a table: the self-energy of a chain, in closed form, at several energies."""

import numpy as np

import equibacksolve as ebs
from equibacksolve.leads import TabulatedLead
from equibacksolve.samples import Entries, TightBinding

ENERGY = np.array([-0.7, 0.1, 1.3])


def test_a_table_of_several_energies_continues_a_chain():
    """A clean chain transmits all that comes, at each energy its own self-energy: E / 2 - i sqrt(1 - E^2 / 4)."""
    sigma = ENERGY / 2 - 1j * np.sqrt(1 - ENERGY**2 / 4)
    lead = TabulatedLead(ENERGY[::-1], np.zeros(3), *(part[::-1, None, None] for part in (sigma.real, sigma.imag)))
    bonds = Entries([0, 1, 1, 2], [1, 0, 2, 1], np.ones(4))
    sample = TightBinding(np.zeros(3), bonds, np.arange(3.0), np.arange(3))
    device = ebs.TightBindingDevice(sample, [ebs.Terminal(lead, [0]), ebs.Terminal(lead, [2])])
    found = ebs.Conductance(device).predict(flux=np.zeros(3), energy=ENERGY)
    np.testing.assert_allclose(found, 1.0, atol=1e-12)
