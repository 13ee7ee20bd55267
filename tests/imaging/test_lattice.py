"""The triangular lattice fills the periodic box without a fault."""

import jax.numpy as jnp
import numpy as np
import pytest

from equibacksolve import imaging


@pytest.mark.parametrize("atoms", [30, 120, 460, 4032])
def test_every_atom_has_six_neighbours_one_spacing_away(atoms):
    box = 2.0 * np.sqrt(atoms * np.sqrt(3) / 2)  # a spacing of 2
    positions = imaging.triangular_lattice(atoms, box)
    assert positions.shape == (atoms, 2)
    assert bool(jnp.all((positions >= 0) & (positions < box)))
    # 30 atoms are 5 x 6: strained by 4 %.
    assert imaging.closest_approach(positions, box, periodic=True) > 0.9 * 2
    assert float(imaging.bond_orientation(positions, box, periodic=True).min()) > 0.9


def test_460_atoms_are_the_lattice_of_the_paper():
    positions = imaging.triangular_lattice(460, 40.0)
    assert len(np.unique(np.round(positions[:, 1], 6))) == 23


def test_a_number_that_does_not_fill_a_square_is_refused_with_its_neighbours():
    with pytest.raises(ValueError, match=r"atoms is 461: .* take 460 or 462"):
        imaging.triangular_lattice(461, 40.0)
    with pytest.raises(ValueError, match="atoms is 0"):
        imaging.triangular_lattice(0, 40.0)
