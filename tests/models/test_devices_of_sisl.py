"""sisl's Hamiltonians: transmissions and self-energies against sisl's own, at a broadening that goes to zero."""

import jax.numpy as jnp
import numpy as np
import pytest

import equibacksolve as ebs

sisl = pytest.importorskip("sisl")

ETA = 1e-6
"""sisl's broadening in eV. What it changes is linear in it, and is removed; of the order of its square is left."""

CLOSE = 1e-8


def without_broadening(of_eta):
    return 2 * of_eta(ETA / 2) - of_eta(ETA)


def sisl_self_energy(lead, energy, eta, **options):
    electrode, direction, _ = lead
    return sisl.RecursiveSI(electrode, direction, eta=eta).self_energy(energy + 1j * eta, **options)


def sisl_transmission(hamiltonian, leads, energy, eta, orbital_of, **options):
    """T[to, from] off the diagonal, from the whole Green's function; `hamiltonian` is a matrix without images."""
    size = len(hamiltonian)
    green, broadenings = (energy + 1j * eta) * np.eye(size) - hamiltonian, []
    for lead in leads:
        touched = np.ix_(*2 * (orbital_of(lead[2]),))
        matrix = sisl_self_energy(lead, energy, eta, **options)
        green[touched] -= matrix
        broadenings.append(np.zeros((size, size), complex))
        broadenings[-1][touched] = 1j * (matrix - matrix.conj().T)
    green = np.linalg.inv(green)
    return np.array([[np.trace(a @ green @ b @ green.conj().T).real for b in broadenings] for a in broadenings])


def without_images(hamiltonian):
    """The block of a supercell matrix that is the cell itself."""
    own, size = hamiltonian.geometry.lattice.sc_index((0, 0, 0)), hamiltonian.no
    return hamiltonian.tocsr(0)[:, own * size : (own + 1) * size].toarray().astype(complex)


def graphene():
    """A zigzag ribbon, 8 atoms a cell, with disorder between equal electrodes."""
    geometry = sisl.geom.nanoribbon(4, bond=1.42, atoms=sisl.Atom(6, R=1.5), kind="zigzag")
    electrode = sisl.Hamiltonian(geometry)
    electrode.construct([(0.1, 1.5), (0.0, -2.7)])
    device, atoms = electrode.tile(5, 0), electrode.na
    for atom, value in zip(range(atoms, 4 * atoms), np.random.default_rng(0).uniform(-1, 1, 3 * atoms)):
        device[atom, atom] = value
    return device, [(electrode, "-A", np.arange(atoms)), (electrode, "+A", np.arange(4 * atoms, 5 * atoms))]


def square(width=3, length=7):
    """A square lattice: one column a cell to the left; two to the right, with other levels and hoppings."""
    site = sisl.Geometry([[0, 0, 0]], sisl.Atom(1, R=1.1), lattice=sisl.Lattice([1, 1, 10], nsc=[3, 1, 1]))
    column = site.tile(width, 1)

    def filled(geometry, level, hopping):
        found = sisl.Hamiltonian(geometry)
        found.construct([(0.1, 1.1), (level, hopping)])
        return found

    left, right = filled(column, 0.3, -1.0), filled(column.tile(2, 0), -0.4, -1.3)
    device = filled(column.tile(length, 0), 0.1, -1.0)
    first, last = np.arange(width), np.arange(width * (length - 2), width * length)
    for electrode, atoms in ((left, first), (right, last)):
        inside = without_images(electrode)
        for i, j in zip(*np.nonzero(inside)):
            device[atoms[i], atoms[j]] = inside[i, j].real
    return device, [(left, "-A", first), (right, "+A", last)]


CASES = {"graphene": (graphene, [-2.3, -0.52, 0.31, 1.74]), "square": (square, [-2.11, -0.93, 0.27, 1.4])}


@pytest.mark.parametrize("name", CASES)
def test_transmission_between_electrodes(name):
    model, energies = CASES[name]
    device, leads = model()
    ours = ebs.simulators.ConductanceMatrix(ebs.models.from_sisl(device, leads))
    found = ours.predict(flux=np.zeros(len(energies)), energy=energies)
    matrix = without_images(device)
    for energy, matrix_of_ours in zip(energies, found):
        expected = without_broadening(
            lambda eta: sisl_transmission(matrix, leads, energy, eta, np.asarray)  # one orbital an atom
        )
        off = ~np.eye(2, dtype=bool)
        np.testing.assert_allclose(matrix_of_ours[off], expected[off], atol=CLOSE, rtol=0)
    assert np.ptp(found[:, 1, 0]) > 0.3


def self_energies(device, energy):
    point = (jnp.asarray(energy), jnp.asarray(0.0), {})
    return [np.asarray(t.lead.self_energy(t.interface.shape[0], *point).matrix) for t in device.terminals]


def periodic_across():
    """A strip of graphene that is repeated across, so that it has a wave vector."""
    cell = sisl.geom.graphene(orthogonal=True)
    electrode = sisl.Hamiltonian(cell)
    electrode.construct([(0.1, 1.5), (0.2, -2.7)])
    atoms = electrode.na
    ends = np.arange(atoms), np.arange(2 * atoms, 3 * atoms)
    return electrode.tile(3, 0), [(electrode, "-A", ends[0]), (electrode, "+A", ends[1])]


def test_a_wave_vector_across():
    device, leads = periodic_across()
    wave, energy = (0.0, 0.17, 0.0), 1.13
    ours = ebs.models.from_sisl(device, leads, k=wave)
    for lead, matrix in zip(leads, self_energies(ours, energy)):
        expected = without_broadening(lambda eta: sisl_self_energy(lead, energy, eta, k=wave))
        np.testing.assert_allclose(matrix, expected, atol=CLOSE, rtol=0)
    # A sample that is one cell of its electrode has images of its own in both: those along the leads are gone.
    k = lambda x: leads[0][0].Hk(k=(x, wave[1], 0), format="array")
    expected = (k(0.0) + k(0.5)) / 2
    np.testing.assert_allclose(ours.sample.hamiltonian().toarray()[:4, :4], expected, atol=1e-12)


def spins(kind):
    """A chain with levels, and hoppings, that depend on the spin."""
    site = sisl.Geometry([[0, 0, 0]], sisl.Atom(1, R=1.1), lattice=sisl.Lattice([1, 5, 5], nsc=[3, 1, 1]))
    electrode = sisl.Hamiltonian(site, spin=kind)
    number = electrode.spin.size(electrode.dtype)
    electrode.construct([(0.1, 1.1), ([0.3, -0.2, 0.1, 0.05][:number], [-1.0, -1.2, 0.1, 0.0][:number])])
    return electrode.tile(4, 0), [(electrode, "-A", [0]), (electrode, "+A", [3])]


def test_two_kinds_of_spin():
    device, leads = spins("polarized")
    for spin in (0, 1):
        for lead, matrix in zip(leads, self_energies(ebs.models.from_sisl(device, leads, spin=spin), 0.4)):
            expected = without_broadening(lambda eta: sisl_self_energy(lead, 0.4, eta, spin=spin))
            np.testing.assert_allclose(matrix, expected, atol=CLOSE, rtol=0)


def test_spinors_have_two_orbitals_for_each():
    device, leads = spins("non-colinear")
    ours = ebs.models.from_sisl(device, leads)
    np.testing.assert_array_equal(ours.sample.orbital_site, [0, 0, 1, 1, 2, 2, 3, 3])
    np.testing.assert_array_equal(ours.terminals[1].interface, [6, 7])
    for lead, matrix in zip(leads, self_energies(ours, 0.4)):
        expected = without_broadening(lambda eta: sisl_self_energy(lead, 0.4, eta))
        np.testing.assert_allclose(matrix, expected, atol=CLOSE, rtol=0)


def chain(sites=1, reach=1.1, nsc=3, orthogonal=True, orbitals=1, spin="unpolarized"):
    atom = sisl.Atom(1, R=[reach] * orbitals)
    cell = sisl.Geometry([[0, 0, 0]], atom, lattice=sisl.Lattice([1, 5, 5], nsc=[nsc, 1, 1]))
    found = sisl.Hamiltonian(cell.tile(sites, 0), orthogonal=orthogonal, spin=spin)
    for i in range(found.na):
        for orbital in range(orbitals):
            found[orbitals * i + orbital, orbitals * i + orbital] = 0.1 if orthogonal else (0.1, 1.0)
    if spin == "unpolarized" and orthogonal and orbitals == 1 and reach > 1:
        found.construct([(0.1, *np.arange(1.1, reach + 0.1)), (0.1, *[-1.0] * int(reach))])
    return found


def ends(left=(0,), right=(3,), electrode=None, directions=("-A", "+A")):
    electrode = chain() if electrode is None else electrode
    return [(electrode, directions[0], left), (electrode, directions[1], right)]


def zigzag():
    """Two atoms a cell, of which one is further up."""
    cell = sisl.Geometry([[0, 0, 0], [0.5, 1, 0]], sisl.Atom(1, R=1.2), lattice=sisl.Lattice([1, 5, 5], nsc=[3, 1, 1]))
    found = sisl.Hamiltonian(cell)
    found.construct([(0.1, 1.2), (0.1, -1.0)])
    return found


REFUSED = {
    "no leads": (lambda: (chain(4), []), {}, r"leads is empty; give \(electrode, direction, atoms\) for each lead"),
    "no tuple": (
        lambda: (chain(4), [chain()]),
        {},
        r"lead 0 must be \(electrode, direction, atoms\), got a Hamiltonian",
    ),
    "two parts": (lambda: (chain(4), [(chain(), "-A")]), {}, r"lead 0 must be \(electrode, direction, atoms\)"),
    "a direction": (lambda: (chain(4), ends(directions=("A", "B"))), {}, "the direction of lead 0 is 'A'; give one of"),
    "no sisl": (lambda: (np.eye(4), ends()), {}, "hamiltonian is a ndarray; give a sisl.Hamiltonian"),
    "a geometry": (
        lambda: (chain(4), ends(electrode=chain().geometry)),
        {},
        "the electrode of lead 0 is a Geometry; giv",
    ),
    "overlap": (lambda: (chain(4, orthogonal=False), ends()), {}, "hamiltonian has an overlap matrix; only orthogonal"),
    "its overlap": (
        lambda: (chain(4), ends(electrode=chain(orthogonal=False))),
        {},
        "the electrode of lead 0 has an overlap matrix; only orthogonal bases are known: transform it first",
    ),
    "which spin": (lambda: spins("polarized"), {}, "hamiltonian is polarized; name spin=0 or spin=1"),
    "no spin": (lambda: (chain(4), ends()), {"spin": 1}, "hamiltonian is not polarized; leave spin=1 out"),
    "k along": (lambda: (chain(4), ends()), {"k": (0.1, 0, 0)}, "k must be three numbers, zero along the leads"),
    "one k": (lambda: (chain(4), ends()), {"k": 0.1}, "k must be three numbers, zero along the leads, but got 0.1"),
    "two atoms": (lambda: (chain(4), ends((0, 1))), {}, r"lead 0 needs 1 atoms, those of its electrode; got \[0, 1\]"),
    "same atom": (lambda: (zigzag().tile(4, 0), ends((0, 0), (6, 7), zigzag())), {}, r"lead 0 needs 2 atoms.*\[0, 0\]"),
    "no such atom": (lambda: (chain(4), ends((4,))), {}, "lead 0 names atom 4 of 4; count from 0"),
    "order": (
        lambda: (zigzag().tile(4, 0), ends((1, 0), (6, 7), zigzag())),
        {},
        "the atoms of lead 0 are not arranged",
    ),
    "through": (lambda: (chain(4), ends((1,))), {}, "lead 0 would run through the sample; name the opposite direction"),
    "swapped": (lambda: (chain(4), ends(directions=("+A", "-A"))), {}, "lead 0 would run through the sample"),
    "two far": (
        lambda: (chain(4, 2.1, 5), ends(electrode=chain(1, 2.1, 5))),
        {},
        r"the electrode of lead 0 reaches 2 cells far; make its cell larger: tile\(n, axis\)",
    ),
    "alone": (
        lambda: (chain(4), ends(electrode=chain(nsc=1, reach=0.5))),
        {},
        "the electrode of lead 0 has no next cell along its direction; set nsc=3 there",
    ),
    "orbitals": (
        lambda: (chain(4, orbitals=2), ends()),
        {},
        "the atoms of lead 0 have 2 orbitals but its electrode has 1; name the atoms of one cell",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_does_not_fit_is_refused(case):
    """In one sentence; what is measured in ångström or eV has no threshold of its own."""
    model, options, message = REFUSED[case]
    device, leads = model()
    with pytest.raises(ValueError, match=message) as caught:
        ebs.models.from_sisl(device, leads, **options)
    assert "\n" not in str(caught.value)
