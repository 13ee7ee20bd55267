"""Ribbons, dots and their leads: Kwant's numbers on our own samples, closed forms, and what is refused."""

import math
import pathlib

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

import equibacksolve as ebs
from equibacksolve.leads._surface import surface

DEVICES = pathlib.Path(__file__).parents[1] / "reference" / "devices"


def matrix(entries, flux, shape):
    """What the entries say, by NumPy, so that nothing is compiled, however many shapes there are."""
    found = np.zeros(shape, complex)
    value, area = np.asarray(entries.value), np.asarray(entries.area)
    np.add.at(found, (np.asarray(entries.row), np.asarray(entries.column)), value * np.exp(2j * np.pi * flux * area))
    return found


def transmission(sample, terminals, flux, energy, onsite=0.0):
    """T[to, source] at one point, from the whole Green's function of samples without terms."""
    green = np.diag(energy - onsite * np.ones(sample.size)) - matrix(sample.entries, flux, (sample.size, sample.size))
    broadenings = []
    for terminal in terminals:
        lead, size = terminal.lead, terminal.lead.size
        cell = matrix(lead.cell, flux, (size, size)) + float(lead.onsite) * np.eye(size)
        coupling = matrix(lead.coupling, flux, (size, len(terminal.interface)))
        end = surface(cell, matrix(lead.hopping, flux, (size, size)), energy).green
        self_energy, touched = coupling.conj().T @ end @ coupling, np.ix_(*2 * (np.asarray(terminal.interface),))
        green[touched] -= self_energy
        broadenings.append(np.zeros_like(green))
        broadenings[-1][touched] = 1j * (self_energy - self_energy.conj().T)
    green = np.linalg.inv(green)
    return np.array(
        [[np.trace(to @ green @ source @ green.conj().T).real for source in broadenings] for to in broadenings]
    )


def reference(name, turned=False):
    """A file of Kwant's: positions, all onsite energies, and the rest; turned so that the current runs along x."""
    file = dict(np.load(DEVICES / f"{name}.npz"))
    energies, diagonal = file["onsite"].copy(), file["H_row"] == file["H_col"]
    np.add.at(energies, file["H_row"][diagonal], file["H_val"][diagonal].real)
    positions = file["positions"]
    return (positions[:, 1::-1] * (1, -1) if turned else positions), energies, file


def matching(ours, theirs):
    """Which of our sites is each of theirs, after the one shift that finds all of them."""
    tree = cKDTree(ours)
    for shift in ours - theirs[0]:
        far, number = tree.query(theirs + shift)
        if far.max() < 1e-6:
            return number
    raise AssertionError("no shift finds all sites")


CASES = {
    "square_ribbon": (lambda: ebs.samples.square_sample(14, 7), 1.0, (0.0, 0.0)),
    "graphene_zigzag": (lambda: ebs.samples.honeycomb_ribbon(23, 7), 1.0, (-0.35, 0.35)),
    "graphene_armchair": (lambda: ebs.samples.honeycomb_ribbon(9, 13, "armchair"), math.sqrt(3), (-0.35, 0.35)),
}


def kwant_ribbon(name):
    """Our ribbon with the energies of Kwant's sample. What is beyond it has the onsite energy of the lead."""
    sample, period, doping = CASES[name]
    bare = sample()
    theirs, energies, file = reference(name, turned=name.endswith("armchair"))
    ours = np.asarray(bare.positions)
    values = np.where(ours[:, 0] < ours[:, 0].mean(), *doping)
    values[matching(ours, theirs)] = energies
    return (
        bare,
        [ebs.samples.ribbon_lead(bare, (side * period, 0), onsite=v) for side, v in zip((-1, 1), doping)],
        values,
        file,
    )


@pytest.mark.parametrize("name", CASES)
def test_kwant_finds_the_same_in_ribbons(name):
    sample, leads, values, file = kwant_ribbon(name)
    for point in range(0, len(file["flux"]), 9):
        found = transmission(sample, leads, file["flux"][point], file["energy"][point], values)
        # Kwant's own sums of modes are right to 1e-11 (`unitarity_error` of the files). The trace has no reflection.
        off = ~np.eye(2, dtype=bool)
        np.testing.assert_allclose(found[off], file["T"][point][off], rtol=0, atol=1e-10)


def test_a_device_is_made_of_a_ribbon():
    bare, leads, values, file = kwant_ribbon("graphene_zigzag")
    sample = eqx.tree_at(lambda s: s.onsite, bare, ebs.samples.SiteEnergies(values))
    device = ebs.TightBindingDevice(sample, leads)
    chosen = slice(None, None, 7)
    found = ebs.Conductance(device).predict(flux=file["flux"][chosen], energy=file["energy"][chosen])
    np.testing.assert_allclose(found, file["T"][chosen, 1, 0], rtol=0, atol=1e-10)


def test_kwant_finds_the_same_in_a_dot_with_three_leads():
    """Its leads run at 0, 120 and 240 degrees, so that each stands in a gauge of its own."""
    theirs, energies, file = reference("honeycomb_dot")
    up = 1 / (4 * math.sqrt(3))  # Kwant's origin is a site, ours the middle of a bond
    tree = cKDTree(theirs + np.array([0, up]))
    bare = ebs.samples.honeycomb_dot(lambda x, y: tree.query(np.stack([x, y], axis=1))[0] < 1e-6)
    assert len(bare.positions) == len(theirs)
    values = energies[tree.query(bare.positions)[1]]
    leads = []
    for turn, width in zip((0, 120, 240), (3.2, 3.2, 5.0)):
        step = np.array([math.cos(math.radians(turn)), math.sin(math.radians(turn))])
        # Kwant's strips are |n r - 0.2| < width / 2 in its coordinates, n to the left of the lead.
        strip = lambda x, y, d=step, w=width: abs(d[0] * (y - up) - d[1] * x - 0.2) < w / 2
        leads.append(ebs.samples.ribbon_lead(bare, step, within=strip))
    off = ~np.eye(3, dtype=bool)
    for point in range(0, len(file["flux"]), 9):
        found = transmission(bare, leads, file["flux"][point], file["energy"][point], values)
        np.testing.assert_allclose(found[off], file["T"][point][off], rtol=0, atol=1e-10)


def test_a_dot_is_in_one_piece_even_where_two_are_near_the_start():
    between = ebs.samples.honeycomb_dot(lambda x, y: (np.abs(y) > 1.2) & (np.abs(y) < 4) & (np.abs(x) < 4))
    assert connected_components(abs(between.hamiltonian()))[0] == 1
    assert np.ptp(np.sign(between.positions[:, 1])) == 0
    np.testing.assert_array_equal(between.entries.value, -1)  # no conductance tells the sign


def test_ribbons_of_graphene_conduct_as_their_edges_say():
    """At low energy a zigzag ribbon has one channel; an armchair one, too, of 3 n - 1 lines, or else a gap."""
    for width, edge, channels in ((2, "zigzag", 1), (2, "armchair", 1), (3, "armchair", 0)):
        sample = ebs.samples.honeycomb_ribbon(2, width, edge)
        period = 1.0 if edge == "zigzag" else math.sqrt(3)
        leads = [ebs.samples.ribbon_lead(sample, (side * period, 0)) for side in (-1, 1)]
        assert len(sample.positions) == 4 * width
        # A clean ribbon transmits each open channel whole: to rounding.
        assert abs(transmission(sample, leads, 0.0, 0.05)[1, 0] - channels) < 1e-9


def test_a_square_with_a_lead_on_each_side_does_not_tell_its_gauge():
    """Four leads in the field, from H with its phases along y, and from the same with its phases along x."""
    sample, onsite = ebs.samples.square_sample(4, 4), np.arange(16) / 9
    x, y = (np.asarray(sample.positions)[:, k] for k in (0, 1))
    row, column = np.asarray(sample.entries.row), np.asarray(sample.entries.column)
    # chi = -x y takes A = (0, x) into (-y, 0).
    area = np.asarray(sample.entries.area) - (x * y)[row] + (x * y)[column]
    other = eqx.tree_at(lambda s: s.entries.area, sample, jnp.asarray(area))
    sides = {
        (-1, 0): lambda x, y: y > 1.5,
        (1, 0): lambda x, y: y < 3.5,
        (0, 1): lambda x, y: x < 3.5,
        (0, -1): lambda x, y: x > 1.5,
    }
    found = [
        transmission(
            one, [ebs.samples.ribbon_lead(one, side, within=strip) for side, strip in sides.items()], 0.13, 0.7, onsite
        )
        for one in (sample, other)
    ]
    np.testing.assert_allclose(*found, rtol=0, atol=1e-12)
    assert abs(found[0][0, 2] - found[0][2, 0]) > 1e-3  # a field is there


def test_cells_of_any_length_make_the_same_lead():
    """One period of the lattice or two; and a lead of another hopping is another one."""
    sample, point = ebs.samples.honeycomb_ribbon(2, 2), (0.07, 0.6)
    through = lambda *right, **look: transmission(
        sample, [ebs.samples.ribbon_lead(sample, (-1, 0)), ebs.samples.ribbon_lead(sample, *right, **look)], *point
    )[1, 0]
    assert through((2, 0)) == pytest.approx(through((1, 0)), rel=1e-10)  # twice as many steps of rounding
    assert through((1, 0), hopping=-0.7) != pytest.approx(through((1, 0)), rel=1e-3)


def square(**look):
    return ebs.samples.square_sample(4, 3, **look)


def with_hole():
    return ebs.samples.square_sample(3, 3, present=[[1, 1, 1], [1, 0, 1], [1, 1, 1]])


def notched():
    return square(present=[[1, 1, 1], [1, 1, 1], [0, 1, 1], [0, 1, 1]])


def spinful():
    return ebs.SquareLattice(ebs.ExchangeField(np.zeros((2, 2)), 0.3)).tight_binding()


def stretched():
    return eqx.tree_at(lambda s: s.positions, square(), square().positions * jnp.array([1, 2.0]))


def in_no_field():
    return eqx.tree_at(lambda s: s.entries.area, square(), square().entries.area ** 3)


@pytest.mark.parametrize(
    ("sample", "translation", "look", "told"),
    [
        (square, (0.5, 0), {}, "give two numbers that lead to another cell"),
        (square, (1, 0, 0), {}, "give two numbers"),
        (square, (1.3, 0.2), {}, "is no period of the sample"),
        (square, (1, 0), {"within": lambda x, y: x < 0}, "no site of the sample can be continued"),
        (with_hole, (1, 0), {"within": lambda x, y: (x == 1) & (y == 2)}, "would run through the sample"),
        (notched, (1, 0), {}, "reach beyond their neighbours"),
        (lambda: ebs.samples.square_sample(3, 1), (0, 1), {}, "a single line"),
        (spinful, (1, 0), {}, "one orbital a site"),
        (lambda: ebs.samples.square_sample(1, 1), (1, 0), {}, "no bonds"),
        (lambda: square(hoppings=1.0), (1, 0), {}, "no hopping in common"),
        (stretched, (1, 0), {}, "1 to 2 long"),
        (in_no_field, (1, 0), {}, "no vector potential"),
    ],
    ids=range(12),
)
def test_what_cannot_be_continued_is_refused(sample, translation, look, told):
    with pytest.raises(ValueError, match=told):
        ebs.samples.ribbon_lead(sample(), translation, **look)


def test_without_areas_there_is_none_in_the_lead():
    bare = eqx.tree_at(lambda s: s.entries.area, square(), None)
    assert not ebs.samples.ribbon_lead(bare, (1, 0)).lead.knows_flux
    assert ebs.samples.ribbon_lead(square(), (1, 0)).lead.knows_flux


def test_trainable_bonds_are_continued_by_the_hopping_that_is_named():
    lead = ebs.samples.ribbon_lead(square(hoppings=1.0), (1, 0), hopping=0.9, onsite=0.2, strength=0.5).lead
    assert set(np.asarray(lead.hopping.value).tolist()) == {0.9}
    assert (float(lead.onsite), float(lead.strength)) == (0.2, 0.5)
