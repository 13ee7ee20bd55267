"""Bad input of boxes, structures, curves, constraints and files: one sentence each; and files that are read."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from equibacksolve import atoms

BOX = atoms.Box([8.0, 9.0, 10.0])
HERE = np.array([[1.0, 1.0, 1.0], [3.0, 2.0, 1.0], [5.0, 5.0, 5.0]])
SILICA = atoms.Structure(HERE, BOX, ["Si", "O", "O"])
LENGTHS = {"Si": 4.1491, "O": 5.803}
Q = [1.0, 2.0, 3.0]


def seen(structure=SILICA, lengths=LENGTHS, **parts):
    return atoms.Observables(structure, lengths, **parts)


@pytest.mark.parametrize(
    ("refusing", "message"),
    [
        (lambda: atoms.Box([1.0]), r"edges has shape \(1,\)"),
        (lambda: atoms.Box([1.0, -1.0]), "span no volume"),
        (lambda: atoms.Box([[1.0, 0.0], [2.0, 0.0]]), "span no volume"),
        (lambda: atoms.Box([1.0, 2.0], [True]), "periodic has 1 flags for 2 edges"),
        (lambda: atoms.Structure(HERE, atoms.Box([8.0, 8.0])), "3 components, but the box 2"),
        (lambda: atoms.Structure(np.zeros((0, 3)), BOX), "no atoms"),
        (lambda: atoms.Structure(HERE * np.nan, BOX), "non-finite"),
        (lambda: atoms.Structure(HERE, BOX, ["Si"]), "1 names for 3 atoms"),
        (lambda: atoms.Structure(HERE + 5, atoms.Box([8.0] * 3, False)), "1 atoms outside the box"),
        (lambda: atoms.check_density(SILICA, 0.1), "0.1 atoms per volume, but the structure has 0.00416667"),
        (lambda: seen(), "parts is empty"),
        (lambda: seen(g=atoms.RealSpaceCurve([1.0, 4.5])), "goes up to 4.5, beyond half the box, 4"),
        (lambda: seen(S=atoms.ReciprocalSpaceCurve(Q, reach=5.0)), "reach is 5, beyond half the box, 4"),
        (lambda: seen(S=atoms.ReciprocalSpaceCurve([0.5, 1.0])), "nothing below pi / reach = 0.7854"),
        (lambda: seen(S=atoms.ReciprocalSpaceCurve(Q, pair="Si-Ge")), "pair names 'Ge', but the structure has Si, O"),
        (lambda: seen(apart=atoms.ExcludedDistances({"Si-C": 1.0})), "closest names 'C'"),
        (lambda: seen(near=atoms.Coordination(4, 2.0, 0.1, pair="Ge-O")), "pair names 'Ge'"),
        (lambda: seen(lengths=None, S=atoms.ReciprocalSpaceCurve(Q)), "scattering_lengths is left out"),
        (lambda: seen(lengths={"Si": 4.0}, S=atoms.ReciprocalSpaceCurve(Q)), "none for O"),
        (lambda: seen(lengths={"Si": 2.0, "O": -1.0}, S=atoms.ReciprocalSpaceCurve(Q)), "cancel on average"),
        (lambda: atoms.ReciprocalSpaceCurve(Q, "i(Q)"), r"convention is 'i\(Q\)'; give one of S\(Q\), F\(Q\)"),
        (lambda: atoms.ReciprocalSpaceCurve([0.0, 1.0]), "must be positive and increase"),
        (lambda: atoms.ReciprocalSpaceCurve(Q, window="Hann"), "window is 'Hann'"),
        (lambda: atoms.ReciprocalSpaceCurve(Q, pair="Si"), "give two species"),
        (lambda: atoms.RealSpaceCurve([1.0]), "1 entries"),
        (lambda: seen(S=atoms.ReciprocalSpaceCurve(Q, form_factors={"Si": 14.0})), "form_factors of S has none for O"),
        (
            lambda: atoms.ReciprocalSpaceCurve(Q, form_factors={"Si": [1.0, 2.0]}),
            r"\['Si'\] has shape \(2,\), but must",
        ),
        (lambda: atoms.ReciprocalSpaceCurve(Q, form_factors={"Si": np.nan}), "entries that are not finite"),
        (lambda: atoms.RealSpaceCurve(Q, form_factors={"Si": Q}), "must be a number"),
        (lambda: atoms.xray_form_factors(atoms.Structure(HERE, BOX, "Xx"), Q), "'Xx' has no form factor"),
        (lambda: atoms.RealSpaceCurve(Q, width=-1.0), "width is -1.0"),
        (lambda: atoms.RealSpaceCurve(Q, width=0.1, largest_wavenumber=20.0), "give one of them"),
        (lambda: atoms.ExcludedDistances(0.0), "closest is 0.0"),
        (lambda: atoms.Coordination(4, 1.0, 2.0), "must be below within=1"),
        (lambda: atoms.within_reach([1.0, 2.0], [1.0, 1.0], 10.0), "must increase by less than"),
        (lambda: atoms.convert([1.0], [1.0], "g(r)", "S(Q)"), r"to convert from 'g\(r\)'"),
        (lambda: atoms.convert([1.0], [1.0], "g(r)", "D(r)", density=1.0), "mean_scattering_length is left out"),
        (lambda: atoms.convert([1.0], [1.0], "g(r)", "R(r)"), "density is left out"),
        (lambda: seen(near=atoms.ExcludedDistances(1.0)).observations(), "the parts are near"),
        (lambda: seen(near=atoms.ExcludedDistances(1.0)).observations(near=jnp.zeros(2)), r"predicts \(3,\)"),
    ],
)
def test_it_is_refused_in_a_sentence(refusing, message):
    with pytest.raises(ValueError, match=message) as told:
        refusing()
    assert len(str(told.value)) < 300


def test_pairs_must_be_countable():
    """400 000 atoms are 50 000 clusters of eight, and these 1.25e9 pairs."""
    many = np.random.default_rng(0).uniform(0, 100, (400_000, 2))
    with jax.enable_x64(False), pytest.raises(ValueError, match="400000 atoms, too many to count their pairs"):
        atoms.Observables(atoms.Structure(many, atoms.Box([100.0, 100.0])), apart=atoms.ExcludedDistances(0.1))


def test_a_start_with_atoms_too_close_says_so():
    near = seen(apart=atoms.ExcludedDistances(3.0))
    with pytest.raises(ValueError, match=r"1 of 3 pairs .* the closest being Si-O at 2.24"):
        near.check_start()
    seen(apart=atoms.ExcludedDistances(2.0)).check_start()


@pytest.mark.parametrize("components", [2, 3])
def test_a_structure_survives_its_file(tmp_path, components):
    edges = np.array([[4.0, 0, 0], [1.0, 5.0, 0], [0.1, 0.2, 6.0]])[:components, :components]
    positions = np.random.default_rng(0).uniform(1, 3, (5, components))
    structure = atoms.Structure(positions, atoms.Box(edges, [True, False, True][:components]), ["Si", "O"] * 2 + ["C"])
    atoms.write_structure(tmp_path / "a.xyz", structure)
    found = atoms.read_structure(tmp_path / "a.xyz", components)
    # Brought into the box: rounding of a sum.
    np.testing.assert_allclose(found.positions, structure.box.wrapped(positions), rtol=1e-14)
    np.testing.assert_array_equal(found.box.vectors, edges)
    assert (found.species, found.box.periodic) == (structure.species, structure.box.periodic)


def test_partial_periodicity_that_leaves_atoms_outside_is_refused(tmp_path):
    (tmp_path / "a.xyz").write_text('1\nLattice="4 0 0 0 4 0 0 0 4" pbc="T T F"\nSi 5 5 5\n')
    with pytest.raises(ValueError, match=r"a\.xyz: positions has 1 atoms outside the box along an edge"):
        atoms.read_structure(tmp_path / "a.xyz")


FILES = {
    "pdfgetx3.gr": "[DEFAULT]\nversion = pdfgetx3\n#### start data\n#S 1\n#L r($\\AA$)  G($\\AA^{-2}$)\n"
    "0 0\n0.5 -1.5\n1.0 2.5\n1.5 0.5\n",
    "rmcprofile.dat": "4\n silica at 300 K\n 0.5 -1.5\n 1.0 2.5\n 1.5 0.5\n 2.0 0.0\n",
    "gudrun.mint01": "# silica.mint01\n# Q  DCS  error\n 0.5 -1.5 0.1\n 1.0 2.5 0.1\n 1.5 0.5 0.2\n",
    "plain.csv": "Q,S,sigma\n0.5,-1.5,0.1\n1.0,2.5,0.1\n1.5,0.5,0.2\n",
}


@pytest.mark.parametrize("name", FILES)
def test_files_of_diffraction_are_read(tmp_path, name):
    (tmp_path / name).write_text(FILES[name])
    found = atoms.read_curve(tmp_path / name, highest=1.6)
    np.testing.assert_array_equal(found.places, [0.5, 1.0, 1.5])
    np.testing.assert_array_equal(found.values, [-1.5, 2.5, 0.5])
    if "0.2" in FILES[name]:
        np.testing.assert_array_equal(found.sigma, [0.1, 0.1, 0.2])
    else:
        assert found.sigma is None
        with pytest.raises(ValueError, match="has none where errors were asked for"):
            atoms.read_curve(tmp_path / name, sigma=True)


def test_files_without_a_curve_are_refused(tmp_path):
    (tmp_path / "a.dat").write_text("Q S\n1.0 2.0\n0.5 1.0\n2.0 1.0\n")
    with pytest.raises(ValueError, match="do not increase"):
        atoms.read_curve(tmp_path / "a.dat")
    with pytest.raises(ValueError, match="0 points from 5 to inf"):
        atoms.read_curve(tmp_path / "a.dat", lowest=5.0)


def test_ase_keeps_what_it_is_given():
    pytest.importorskip("ase")
    back = atoms.from_ase(atoms.to_ase(SILICA))
    np.testing.assert_allclose(back.positions, HERE, rtol=1e-12)
    assert (back.species, back.box.periodic) == (SILICA.species, SILICA.box.periodic)


def test_scattering_lengths_are_those_of_the_table():
    """Of Sears, Neutron News 3, 26 (1992)."""
    pytest.importorskip("periodictable")
    found = atoms.neutron_scattering_lengths(atoms.Structure(HERE, BOX, ["Si", "O", "2H"]))
    assert found["Si"] == pytest.approx(4.149, abs=0.01)
    assert found["O"] == pytest.approx(5.803, abs=0.01)
    assert found["2H"] == pytest.approx(6.671, abs=0.01)
    with pytest.raises(ValueError, match="'X' has no neutron scattering length"):
        atoms.neutron_scattering_lengths(atoms.Structure(HERE, BOX, "X"))
