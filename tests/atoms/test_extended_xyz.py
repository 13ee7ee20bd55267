"""Extended XYZ: what is written is read, what others write is read, what is broken is refused."""

import jax
import numpy as np
import pytest

from equibacksolve import atoms


@pytest.mark.parametrize("periodic", [False, True])
def test_a_structure_survives_the_file(tmp_path, periodic):
    positions = jax.random.uniform(jax.random.key(0), (13, 2), maxval=40.0)
    structure = atoms.Structure(positions, atoms.Box([40.1, 41.0], [periodic, True]), "Si")
    atoms.write_structure(tmp_path / "a.xyz", structure)
    found = atoms.read_structure(tmp_path / "a.xyz", components=2)
    np.testing.assert_array_equal(found.positions, positions)
    np.testing.assert_array_equal(found.box.vectors, [[40.1, 0], [0, 41]])
    assert (found.box.periodic, found.species) == ((periodic, True), ("Si",) * 13)


def test_the_file_is_what_other_programs_read(tmp_path):
    atoms.write_structure(tmp_path / "a.xyz", atoms.Structure([[1.5, 2.25]], atoms.Box([40.0, 40.0])))
    assert (tmp_path / "a.xyz").read_text() == (
        '1\nLattice="40.0 0.0 0.0 0.0 40.0 0.0 0.0 0.0 1.0" Properties=species:S:1:pos:R:3 pbc="T T F"\nX 1.5 2.25 0\n'
    )


def test_another_order_of_columns_and_a_second_frame(tmp_path):
    """As ASE writes it: other columns before the positions, a key without quotes, more frames below."""
    (tmp_path / "a.xyz").write_text(
        '2\nenergy=1 Lattice="8.0 0.0 0.0 0.0 8.0 0.0 0.0 0.0 5.0" Properties=id:I:1:species:S:1:pos:R:3:forces:R:3\n'
        "1 Si 1.0 2.0 0.5 0 0 0\n2 Si   3.0 4.0 0.5 0 0 0\n1\nframe two\nSi 0 0 0\n"
    )
    found = atoms.read_structure(tmp_path / "a.xyz", components=2)
    np.testing.assert_array_equal(found.positions, [[1, 2], [3, 4]])
    assert found.box.periodic == (True, True)


LATTICE = 'Lattice="4 0 0 0 4 0 0 0 1"'


def read(path, comment, rows="X 1 1 0\n", number=1):
    path = path / "a.xyz"
    path.write_text(f"{number}\n{comment}\n{rows}")
    return atoms.read_structure(path, components=2)


TRUE = ["T T T", "T T F", "true True F", "TRUE TRUE FALSE", "1 1 0", "t t f"]
FALSE = ["F F F", "F F T", "false False T", "FALSE FALSE FALSE", "0 0 0", "f f f"]
WRITTEN = ["pbc={}", 'pbc="{}"', "pbc='{}'", 'pbc = "{}"', "PBC =[{}]", 'pbc= "[{}]"', "pbc={{{}}}", 'Pbc="{} "']


@pytest.mark.parametrize("how", [*WRITTEN, *(w.replace("{}", "{:,}") for w in WRITTEN)])
def test_pbc_is_read_for_each_axis_however_it_is_written(tmp_path, how):
    """Bare, in quotes, brackets or braces; with commas; with spaces round the sign; before and after other keys."""
    for flags in TRUE + FALSE:
        text = how.replace("{:,}", "{}").format(flags.replace(" ", ", ") if ",}" in how else flags)
        for comment in (f"{LATTICE} {text}", f"{text} {LATTICE}", f"{LATTICE} {text} note='pbc=F pbc=T' energy = -1.5"):
            assert read(tmp_path, comment).box.periodic == (flags in TRUE,) * 2, comment


@pytest.mark.parametrize(
    ("comment", "periodic"),
    [
        (LATTICE, True),
        (f"{LATTICE} pbc=T", True),
        (f"{LATTICE} pbc=F", False),
        (f'{LATTICE} my_pbc="F F F"', True),
        (f'{LATTICE} note="pbc=F F F"', True),
        (f"{LATTICE} no pbc here", True),
        (f"{LATTICE} it's pbc=F", False),
    ],
)
def test_what_else_may_stand_on_the_line(tmp_path, comment, periodic):
    assert read(tmp_path, comment).box.periodic == (periodic, periodic)


@pytest.mark.parametrize("flags", ["T F T", "F T F", "1 0 0", "true false false"])
def test_each_edge_has_its_own_flag(tmp_path, flags):
    assert read(tmp_path, f'{LATTICE} pbc="{flags}"').box.periodic == tuple(f[0] in "T1t" for f in flags.split()[:2])


@pytest.mark.parametrize(
    "text",
    [
        '"T T"',
        '"T T T T"',
        '"yes yes no"',
        '"TTF"',
        '"T T maybe"',
        '"2 2 2"',
        '""',
        "",
        '"T T F',
        "=T",
        '"T, T, nan"',
        "T F",
    ],
)
def test_a_pbc_that_cannot_be_read_is_refused(tmp_path, text):
    with pytest.raises(ValueError, match=r"a\.xyz has .*pbc.* on line 2"):
        read(tmp_path, f"{LATTICE} pbc={text}")


def test_a_pbc_given_twice_is_refused(tmp_path):
    with pytest.raises(ValueError, match="has pbc twice on line 2"):
        read(tmp_path, f'{LATTICE} pbc="T T F" pbc="F F F"')


@pytest.mark.parametrize(
    "lattice",
    [
        *('Lattice="4 0 0 0 4 0 0 0 1"', "Lattice='4 0 0 0 4 0 0 0 1'", 'lattice = "4. 0. 0. 0. 4. 0. 0. 0. 1."'),
        *("Lattice=[[4, 0, 0], [0, 4, 0], [0, 0, 1]]", "LATTICE={4 0 0 0 4 0 0 0 1}", "Lattice=4 0 0 0 4 0 0 0 1"),
        *('Lattice="4,0,0,0,4,0,0,0,1"', 'Lattice="0.4d1 0 0 0 40E-1 0 0 0 1"', 'Lattice="4 0 0 0 4 0 0 0 0"'),
        *('Lattice="4 0 0 0 4.00000001 0 0 0 -9"', 'Lattice="+4 -0 0 0 4 1e-9 0 0 1"'),
    ],
)
def test_the_lattice_however_it_is_written(tmp_path, lattice):
    for comment in (lattice, f"{lattice} pbc=F Properties = species:S:1:pos:R:3", f"a b {lattice} c"):
        np.testing.assert_allclose(read(tmp_path, comment).box.vectors, 4 * np.eye(2), atol=1e-7)


@pytest.mark.parametrize("unit", [1.0, 1e-10, 1e10])
@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ("4 0 0 8 0 0 0 0 1", "span no volume"),
        ("-4 0 0 0 -4 0 0 0 1", "a length must be positive"),
        ("0 0 0 0 4 0 0 0 1", "span no volume"),
        ("4 0 0 0 4 0.1 0 0 1", "does not stand upright"),
        ("4 0 0 0 4 0 1 0 9", "does not stand upright"),
        ("4 0 0 0 4 0 0 0.001 1", "does not stand upright"),
    ],
)
def test_a_box_that_is_none_is_refused_in_every_unit(tmp_path, unit, vectors, message):
    numbers = " ".join(repr(unit * float(number)) for number in vectors.split())
    with pytest.raises(ValueError, match=message):
        read(tmp_path, f'Lattice="{numbers}"')


@pytest.mark.parametrize(
    ("properties", "row"),
    [
        ("Properties=species:S:1:pos:R:3", "X 1.5 2.5 0"),
        ("Properties = species:S:1:pos:R:3", "X\t1.5   2.5 0"),
        ("properties='id:I:1:POS:R:2:mass:R:1'", "7 1.5 2.5 9"),
        ('Properties="pos:R:3:species:S:1:selected:L:1"', "+1.5 25e-1 -3 X T"),
        ("", "X 1.5 2.5 0 extra columns"),
        ("", "X 0.15D+1 2.5d0 0"),
    ],
)
def test_the_columns_however_they_are_ordered(tmp_path, properties, row):
    np.testing.assert_array_equal(read(tmp_path, f"{LATTICE} {properties}", row).positions, [[1.5, 2.5]])


@pytest.mark.parametrize(
    "word", ["nan", "NaN", "inf", "-Infinity", "1e999", "1_0", "0x1p3", "1,5", "**", "--1", "1e", "."]
)
@pytest.mark.parametrize("row", ["X {} 1 0", "X 1 {} 0", "X 1 1 {}"])
def test_a_coordinate_that_is_no_finite_number_is_refused_with_its_line(tmp_path, word, row):
    with pytest.raises(ValueError, match=r"a\.xyz has '.*' on line 4, where a finite coordinate must be\.$"):
        read(tmp_path, LATTICE, f"X 1 1 0\n{row.format(word)}\n", number=2)


def test_the_corner_of_the_box_is_taken_off(tmp_path):
    """As OVITO writes a box that does not begin at 0."""
    found = read(tmp_path, f'{LATTICE} Origin="-2 1.5 7" pbc="F F F"', "X -1.5 2 7\n")
    np.testing.assert_array_equal(found.positions, [[0.5, 0.5]])
    with pytest.raises(ValueError, match="an Origin of 2 numbers on line 2"):
        read(tmp_path, f'{LATTICE} Origin="-2 1.5"')


def test_line_ends_marks_and_blank_lines_at_the_end(tmp_path):
    for content in (
        f"1\r\n{LATTICE}\r\nX 1 2 0\r\n",
        f"\ufeff 1 \n{LATTICE}\nX 1 2 0",
        f"1\n{LATTICE}\nX 1 2 0\n\n \n",
    ):
        (tmp_path / "b.xyz").write_text(content, encoding="utf-8")
        np.testing.assert_array_equal(atoms.read_structure(tmp_path / "b.xyz", components=2).positions, [[1, 2]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "does not start with a number"),
        ("two\n\nX 1 1 0\n", "does not start with a number"),
        ("1.0\n\nX 1 1 0\n", "does not start with a number"),
        ("1\nno lattice\nX 1 1 0\n", "no Lattice"),
        ('1\nLattice="4 0 0"\nX 1 1 0\n', "no Lattice"),
        ('1\nLattice="4 0 0 0 nan 0 0 0 1"\nX 1 1 0\n', "has Lattice=4 0 0 0 nan 0 0 0 1 on line 2, of which 'nan'"),
        ('1\nLattice="4 0 0 0 4 0 0 0 1\nX 1 1 0\n', r"Lattice without a value \(is a quote missing\?\) on line 2"),
        (f"1\n{LATTICE} Properties=species:S:1\nX\n", "no positions"),
        (f"1\n{LATTICE} Properties=pos:R:1\n1\n", "no positions"),
        (f"1\n{LATTICE} Properties=species:S:1:pos\nX 1 1 0\n", "which must be name:type:columns"),
        (f"1\n{LATTICE} Properties=species:S:one:pos:R:3\nX 1 1 0\n", "which must be name:type:columns"),
        (f"1\n{LATTICE} Properties=species:S:0:pos:R:3\nX 1 1 0\n", "which must be name:type:columns"),
        (f"3\n{LATTICE}\nX 1 1 0\n", "declares 3 atoms, but holds 1"),
        (f"0\n{LATTICE}\n", "declares 0 atoms"),
        (f"-1\n{LATTICE}\nX 1 1 0\n", "declares -1 atoms"),
        (f"1\n{LATTICE}\nX 1 1 0\nX 2 2 0\n", "declares 1 atoms, but goes on with 'X 2 2 0' on line 4"),
        (f"2\n{LATTICE}\nX 1 1 0\n\nX 2 2 0\n", "has 0 columns on line 4"),
        (f"1\n{LATTICE}\nX 1\n", "line 3"),
        (f"1\n{LATTICE}\nX 1 here 0\n", "line 3"),
        (f"1\n{LATTICE} Properties=species:S:1:pos:R:3:id:I:1\nX 1 1 0\n", "has 4 columns on line 3, .* must be 5"),
        (f"1\n{LATTICE} Properties=species:S:1:pos:R:3\nX 1 1 0 7\n", "has 5 columns on line 3, .* must be 4"),
    ],
)
def test_a_broken_file_is_refused(tmp_path, text, message):
    (tmp_path / "a.xyz").write_text(text)
    with pytest.raises(ValueError, match=message) as told:
        atoms.read_structure(tmp_path / "a.xyz", components=2)
    assert str(tmp_path / "a.xyz") in str(told.value)
    assert str(told.value)[-1] in ".?"


def test_what_is_no_text_is_refused(tmp_path):
    (tmp_path / "a.xyz").write_bytes(b"1\n\xff\xfe\n")
    with pytest.raises(ValueError, match=r"a\.xyz is not text in UTF-8"):
        atoms.read_structure(tmp_path / "a.xyz", components=2)
    with pytest.raises(FileNotFoundError):
        atoms.read_structure(tmp_path / "b.xyz", components=2)


def test_in_single_precision_a_file_is_read_in_it(tmp_path):
    with jax.enable_x64(False):
        found = read(tmp_path, LATTICE, "X 0.1 1 0\n")
        assert (found.positions.dtype, found.box.vectors.dtype) == ("float32", "float32")
        for comment, row in (
            (LATTICE, "X 1e39 0 0\n"),
            (LATTICE.replace("4", "1e39"), ""),
            (LATTICE.replace("4", "1e-60"), ""),
        ):
            with pytest.raises(ValueError, match=r"non-finite|span no volume"):
                read(tmp_path, comment, row or "X 0 0 0\n")


def test_names_of_species_are_words(tmp_path):
    with pytest.raises(ValueError, match="species has the name 'a b'"):
        atoms.write_structure(tmp_path / "a.xyz", atoms.Structure([[1.0, 1.0]], atoms.Box([4.0, 4.0]), "a b"))


def test_atoms_that_a_search_has_moved_may_lie_outside_an_open_edge(tmp_path):
    start = atoms.Structure([[1.0, 1.0]], atoms.Box([4.0, 4.0], [True, False]))
    moved = start.with_positions([[5.0, 5.0]])
    np.testing.assert_array_equal(moved.positions, [[1.0, 5.0]])
    atoms.write_structure(tmp_path / "a.xyz", moved)
    assert "1.0 5.0 0" in (tmp_path / "a.xyz").read_text()
    with pytest.raises(ValueError, match=r"positions has shape \(2, 2\)"):
        start.with_positions([[1.0, 1.0], [2.0, 2.0]])
    with pytest.raises(ValueError, match="non-finite entry"):
        start.with_positions([[np.nan, 1.0]])
