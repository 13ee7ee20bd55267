"""Extended XYZ: what is written is read, what others write is read, what is broken is refused."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from equibacksolve import imaging


@pytest.mark.parametrize("periodic", [False, True])
def test_a_structure_survives_the_file(tmp_path, periodic):
    positions = jax.random.uniform(jax.random.key(0), (13, 2), maxval=40.0)
    imaging.write_extended_xyz(tmp_path / "a.xyz", positions, 40.1, periodic=periodic, species="Si")
    found = imaging.read_extended_xyz(tmp_path / "a.xyz")
    np.testing.assert_array_equal(found.positions, positions)
    assert float(found.box_length) == 40.1
    assert found.periodic is periodic


def test_the_file_is_what_other_programs_read(tmp_path):
    imaging.write_extended_xyz(tmp_path / "a.xyz", jnp.array([[1.5, 2.25]]), 40.0, periodic=True)
    assert (tmp_path / "a.xyz").read_text() == (
        '1\nLattice="40.0 0 0 0 40.0 0 0 0 1" Properties=species:S:1:pos:R:3 pbc="T T F"\nX 1.5 2.25 0\n'
    )


def test_another_order_of_columns_and_a_second_frame(tmp_path):
    """As ASE writes it: other columns before the positions, a key without quotes, more frames below."""
    (tmp_path / "a.xyz").write_text(
        '2\nenergy=1 Lattice="8.0 0.0 0.0 0.0 8.0 0.0 0.0 0.0 5.0" Properties=id:I:1:species:S:1:pos:R:3:forces:R:3\n'
        "1 Si 1.0 2.0 0.5 0 0 0\n2 Si   3.0 4.0 0.5 0 0 0\n1\nframe two\nSi 0 0 0\n"
    )
    found = imaging.read_extended_xyz(tmp_path / "a.xyz")
    np.testing.assert_array_equal(found.positions, [[1, 2], [3, 4]])
    assert found.periodic


LATTICE = 'Lattice="4 0 0 0 4 0 0 0 1"'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "does not start with a number"),
        ("two\n\nX 1 1 0\n", "does not start with a number"),
        ("1\nno lattice\nX 1 1 0\n", "no Lattice"),
        ('1\nLattice="4 0 0"\nX 1 1 0\n', "no Lattice"),
        ('1\nLattice="4 0 0 0 5 0 0 0 1"\nX 1 1 0\n', "must be a square"),
        (f"1\n{LATTICE} Properties=species:S:1\nX\n", "no positions"),
        (f"3\n{LATTICE}\nX 1 1 0\n", "declares 3 atoms, but holds 1"),
        (f"0\n{LATTICE}\n", "declares 0 atoms"),
        (f"1\n{LATTICE}\nX 1\n", "line 3"),
        (f"1\n{LATTICE}\nX 1 here 0\n", "line 3"),
    ],
)
def test_a_broken_file_is_refused(tmp_path, text, message):
    (tmp_path / "a.xyz").write_text(text)
    with pytest.raises(ValueError, match=message):
        imaging.read_extended_xyz(tmp_path / "a.xyz")


def test_only_structures_are_written(tmp_path):
    with pytest.raises(ValueError, match="no atoms"):
        imaging.write_extended_xyz(tmp_path / "a.xyz", jnp.zeros((0, 2)), 40.0)
    with pytest.raises(ValueError, match="species is 'a b'"):
        imaging.write_extended_xyz(tmp_path / "a.xyz", jnp.zeros((1, 2)), 40.0, species="a b")
