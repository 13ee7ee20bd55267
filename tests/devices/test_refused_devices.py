"""What is no device, and where one cannot be trusted: one sentence each, before anything is compiled."""

import numpy as np
import pytest

import equibacksolve as ebs
from equibacksolve import simulators
from equibacksolve.leads import PeriodicLead
from equibacksolve.samples import Entries, LinearTerm

CHAIN = Entries([0, 1, 1, 2], [1, 0, 2, 1], [1.0, 1.0, 1.0, 1.0])
FLAT = Entries([0, 1, 1, 2], [1, 0, 2, 1], [1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0])
LEAD = PeriodicLead(Entries([], [], []), Entries([0], [0], [1.0]), Entries([0], [0], [1.0]), 1)


def sample(entries=CHAIN, onsite=(0.0, 0.0, 0.0), **more):
    return ebs.samples.TightBinding(np.asarray(onsite), entries, np.arange(3.0), **more)


def chain(**more):
    return ebs.TightBindingDevice(sample(**more), [ebs.Terminal(LEAD, [0]), ebs.Terminal(LEAD, [2])])


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: sample(Entries([0], [1], [1.0])), r"H\[0, 1\] at flux 0.0 is not the complex conjugate of H\[1, 0\]"),
        (lambda: sample(Entries([0, 1], [1, 0], [1.0, 1.0], [0.5, 0.5])), r"at flux 0.137 is not the complex"),
        (lambda: sample(Entries([0, 3], [3, 0], [1.0, 1.0])), "the row of an entry is orbital 3 of 3"),
        (lambda: sample(orbital_site=[0, 1, 3]), "orbital_site names site 3 of 3"),
        (
            lambda: ebs.samples.TightBinding(np.zeros(0), Entries([], [], []), np.zeros((0, 1))),
            "a sample needs at least one orbital",
        ),
        (lambda: sample(onsite=(0.0, 0.0)), "onsite has 2 sites but positions has 3"),
        (lambda: Entries([0, 1], [1], [1.0, 1.0]), "lists of the same length, got row"),
        (lambda: Entries([-1], [0], [1.0]), "Entries.row holds -1; count from 0"),
        (lambda: Entries([0], [0], [np.inf]), "Entries.value has 1 entries that are not finite"),
        (lambda: LinearTerm([1.0], CHAIN, [0, 0, 0, 1]), "names strength 1 of 1"),
        (lambda: ebs.Terminal(LEAD, []), "must touch an orbital"),
        (lambda: ebs.Terminal(LEAD, [1, 1]), "touches orbital 1 twice"),
        (lambda: ebs.Terminal(ebs.WireLead([0.5, 0.7]), [0]), "give whole sites"),
        (lambda: ebs.TightBindingDevice(sample(), []), "at least one terminal"),
        (lambda: ebs.TightBindingDevice(sample(), [ebs.Terminal(LEAD, [3])]), "terminal 0 touches orbital 3 of a sample of 3"),  # noqa: E501
        (
            lambda: ebs.TightBindingDevice(sample(Entries([], [], [])), [ebs.Terminal(LEAD, [0])]),
            "2 of 3 orbitals, orbital 1 among them, are connected to no terminal",
        ),
        (
            lambda: ebs.TightBindingDevice(
                sample(Entries([], [], [])), [ebs.Terminal(LEAD, [0])], solver=ebs.scattering.SparseFactor()
            ),
            "2 of 3 orbitals, orbital 1 among them, are connected to no terminal",
        ),
        (
            lambda: PeriodicLead(LEAD.cell, Entries([], [], []), LEAD.coupling, 1),
            "a lead whose cells are not coupled carries no current",
        ),
        (
            lambda: PeriodicLead(Entries([0], [1], [1.0]), Entries([0], [1], [1.0]), LEAD.coupling, 2),
            "PeriodicLead.cell is not Hermitian",
        ),
        (  # whatever the unit
            lambda: PeriodicLead(Entries([0], [1], [1e-12]), Entries([0], [1], [1e-12]), LEAD.coupling, 2),
            "PeriodicLead.cell is not Hermitian",
        ),
        (lambda: sample(Entries([0], [1], [1e-12])), r"H\[0, 1\] at flux 0.0 is not the complex conjugate"),
        (
            lambda: ebs.TightBindingDevice(
                sample(), [ebs.Terminal(PeriodicLead(LEAD.cell, LEAD.hopping, Entries([0], [1], [1.0]), 1), [0])]
            ),
            "the coupling of a lead names orbital 1 of an interface of 1; count from 0",
        ),
        (
            lambda: PeriodicLead(
                LEAD.cell, LEAD.hopping, LEAD.coupling, 1, terms=(LinearTerm(0.1, Entries([1], [1], [1.0])),)
            ),
            r"PeriodicLead.terms\[0\].entries has a row 1, but a cell has 1 orbitals",
        ),
        (lambda: ebs.leads.WideBandLead(0.0), "give positive energies"),
        (
            lambda: ebs.leads.TabulatedLead([0.0], [0.0], np.zeros((1, 1, 1)), np.ones((1, 1, 1))),
            "give the retarded self-energy",
        ),
        (lambda: ebs.Conductance(chain(), to=2), "to is terminal 2, but the device has 2"),
        (lambda: simulators.FourTerminalResistance(chain(), (0, 0), (0, 1)), "from terminal 0 to itself"),
        (lambda: simulators.ShotNoise(chain(), to=0, source=0), "between two terminals"),
        (lambda: simulators.LorentzianTip(1.0, 0.0), "give a positive length"),
        (lambda: simulators.ScanningGate(chain(), simulators.LorentzianTip(1.0, 1.0)), "sites have 1 coordinates"),
    ],
)  # fmt: skip
def test_what_is_no_device_is_refused(make, told):
    with pytest.raises(ValueError, match=told) as caught:
        make()
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"flux": [0.0], "energy": [2.0]}, "terminal 0 is at a band edge at energy 2,"),
        # E = 2 - d has velocity 2 sqrt(d): below 1e-6 of the hopping.
        ({"flux": [0.0, 0.0], "energy": [0.3, 2.0 - 1e-13]}, "terminal 0 is (at|[0-9]e-1[0-9] hoppings from) a band edge"),  # noqa: E501
        ({"flux": [0.1], "energy": [0.0]}, "flux reaches 0.1, but some hoppings have no area"),
        ({"flux": [0.0], "energy": [0.0], "zeeman": [1.0]}, "is measured at energy, flux, but got energy, flux, zeeman"),  # noqa: E501
    ],
)  # fmt: skip
def test_where_a_device_cannot_be_trusted_is_told(settings, told):
    with pytest.raises(ValueError, match=told):
        ebs.Conductance(chain()).predict(**settings)


def test_a_setting_that_a_term_asks_for_must_be_given():
    term = LinearTerm(1.0, Entries([1], [1], [1.0]), setting="gate")
    with pytest.raises(ValueError, match="is measured at energy, flux, gate, but got energy, flux"):
        ebs.Conductance(chain(terms=(term,))).predict(flux=[0.0], energy=[0.0])


def test_a_table_is_not_interpolated():
    lead = ebs.leads.TabulatedLead([0.1, 0.2], [0.0, 0.0], np.zeros((2, 1, 1)), -np.ones((2, 1, 1)))
    device = ebs.TightBindingDevice(sample(), [ebs.Terminal(lead, [0]), ebs.Terminal(lead, [2])])
    with pytest.raises(ValueError, match=r"terminal 0 has no row for energy 0.15 and flux 0"):
        ebs.Conductance(device).predict(flux=[0.0], energy=[0.15])


def test_it_is_right_next_to_a_band_edge():
    """A clean chain transmits everything, however close to the edge it may be asked."""
    near = 2.0 - np.array([1e-3, 1e-6, 1e-9, 1e-11])
    found = ebs.Conductance(chain()).predict(flux=np.zeros(4), energy=near)
    np.testing.assert_allclose(found, 1.0, atol=1e-8)


@pytest.mark.parametrize(("area", "refused"), [(None, True), ([0.0, 0.0], False)])
def test_a_term_of_a_lead_that_hops_needs_areas_in_a_field(area, refused):
    hop = Entries([0, 1], [1, 0], [0.1, 0.1], area)
    one = Entries([0, 1], [0, 1], [1.0, 1.0], [0.0, 0.0])
    # What stays on an orbital needs no area.
    shift = LinearTerm(0.1, Entries([0], [0], [1.0]))
    lead = PeriodicLead(Entries([], [], []), one, one, 2, terms=(LinearTerm(1.0, hop), shift))
    device = ebs.TightBindingDevice(sample(onsite=np.zeros(3), entries=FLAT), [ebs.Terminal(lead, [0, 2])])
    simulator = simulators.ConductanceMatrix(device)
    at = {"flux": np.array([0.1]), "energy": np.array([0.3])}
    if refused:
        with pytest.raises(ValueError, match="some hoppings have no area"):
            simulator.predict(**at)
    else:
        np.testing.assert_allclose(simulator.predict(**at), 2.0, atol=1e-12)


@pytest.mark.parametrize("part", ["hopping", "coupling"])
def test_hops_between_cells_need_areas_even_from_an_orbital_to_its_copy(part):
    """Row and column of V and C count in two places: where they are equal, an electron has moved all the same."""
    step = Entries([0, 1], [0, 1], [1.0, 1.0], [0.0, 0.0])
    bare = Entries([0, 1], [0, 1], [1.0, 1.0])
    parts = {"hopping": step, "coupling": step} | {part: bare}
    lead = PeriodicLead(Entries([0], [0], [0.1]), parts["hopping"], parts["coupling"], 2)
    device = ebs.TightBindingDevice(sample(entries=FLAT), [ebs.Terminal(lead, [0, 2])])
    with pytest.raises(ValueError, match="some hoppings have no area"):
        simulators.ConductanceMatrix(device).predict(flux=np.array([0.1]), energy=np.array([0.3]))


@pytest.mark.parametrize(("onsite", "edge"), [(0.5, 2.5), (-0.5, 1.5)])
def test_the_band_edge_of_a_lead_moves_with_its_onsite_energy(onsite, edge):
    """Chains with E = onsite + 2 cos k: refused at their own edge, right where a chain that is not shifted has one."""
    lead = PeriodicLead(Entries([], [], []), Entries([0], [0], [1.0]), Entries([0], [0], [1.0]), 1, onsite=onsite)
    device = ebs.TightBindingDevice(sample(onsite=[onsite] * 3), [ebs.Terminal(lead, [0]), ebs.Terminal(lead, [2])])
    with pytest.raises(ValueError, match=rf"(from|at) a band edge at energy {edge}"):
        ebs.Conductance(device).predict(flux=[0.0], energy=[edge])
    if onsite > 0:
        np.testing.assert_allclose(ebs.Conductance(device).predict(flux=[0.0], energy=[2.0]), 1.0, atol=1e-12)
