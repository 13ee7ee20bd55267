"""Surfaces of periodic leads where their waves are hard to tell apart, in closed form and by continuity."""

import numpy as np
import pytest
import scipy.linalg

from equibacksolve.leads import PeriodicLead
from equibacksolve.leads._surface import NoSurface, surface
from equibacksolve.samples import Entries


def folded(cells):
    """A chain E = 2 cos k with several sites in a cell: H0, and V from its last site to the first of the next cell."""
    cell = np.eye(cells, k=1) + np.eye(cells, k=-1)
    hopping = np.zeros((cells, cells))
    hopping[0, -1] = 1
    return cell.astype(complex), hopping.astype(complex)


@pytest.mark.parametrize("energy", [0.0, 1e-15, -1e-15, 1e-9, 0.7])
@pytest.mark.parametrize("cells", [2, 3, 4])
def test_a_chain_of_larger_cells_has_the_surface_of_a_chain(cells, energy):
    """g = (E - H0 - V† g V)^-1, and on its first site that of a chain, E / 2 - i sqrt(1 - E^2 / 4).

    At E = 0 all waves of two or four sites have lambda = -1 or 1, to either side of the cut of the angle.
    """
    cell, hopping = folded(cells)
    found = surface(cell, hopping, energy)
    np.testing.assert_allclose(found.green[0, 0], energy / 2 - 1j * np.sqrt(1 - energy**2 / 4), atol=1e-12)
    again = np.linalg.inv(energy * np.eye(cells) - cell - hopping.conj().T @ found.green @ hopping)
    np.testing.assert_allclose(again, found.green, atol=1e-11)
    assert found.open_modes == 1


@pytest.mark.parametrize(("waves", "touched", "channels"), [(2, 3, 2), (2, 1, 1), (1, 2, 1)])
def test_there_are_no_more_channels_than_waves_and_orbitals_that_are_touched(waves, touched, channels):
    none, ones = Entries([], [], []), np.ones(waves)
    lead = PeriodicLead(none, Entries(np.arange(waves), np.arange(waves), ones), Entries([0], [0], [1.0]), 3)
    assert lead.channels(touched) == channels


def test_where_waves_cannot_be_ordered_there_is_no_surface(monkeypatch):
    """LAPACK says so by its last number."""
    known = scipy.linalg.get_lapack_funcs

    def failing(names, arrays):
        (routine,) = known(names, arrays)
        return [lambda *given, **more: (*routine(*given, **more)[:-1], 1)]

    monkeypatch.setattr(scipy.linalg, "get_lapack_funcs", failing)
    with pytest.raises(NoSurface):
        surface(*folded(2), 0.3)
