"""Devices in files: what is written is read again, Kwant's numbers come out, and a file that is wrong says where."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from changed_arrays import FILE, MEASURED, changed, exported, matrix

import equibacksolve as ebs


@pytest.fixture(scope="module")
def device():
    return ebs.load_device(FILE)


def test_transmissions_are_those_of_kwant(device):
    """Two runs of different algorithms; both lose a digit or two where a lead has a slow wave."""
    data = exported()
    found = ebs.simulators.ConductanceMatrix(device).predict(**{name: data[name] for name in MEASURED})
    np.testing.assert_allclose(found, data["transmission"], atol=1e-10, rtol=0)
    assert np.ptp(data["transmission"][:, 1, 0]) > 1


def test_the_hamiltonian_is_that_of_the_arrays(device):
    data, size = exported(), len(exported()["orbital_site"])
    parts = [matrix(data, prefix, (size, size), 0.3) for prefix in ("H", "H_zeeman", "H_rashba")]
    found = device.sample.hamiltonian(flux=0.3, zeeman=0.7, rashba=-0.2).toarray()
    np.testing.assert_allclose(found, parts[0] + 0.7 * parts[1] - 0.2 * parts[2], atol=1e-14)  # sums in another order


def everything():
    """A device that has one of each thing that can be written."""
    bonds = lambda row, column, value, area=None: ebs.samples.Entries(row, column, np.asarray(value), area)
    chain = bonds([0, 1, 1, 2], [1, 0, 2, 1], [1j, -1j, 2, 2], [0.1, -0.1, 0.4, -0.4])
    hopping = bonds([0], [0], [1.0], [0.25])
    terms = (
        ebs.samples.LinearTerm([0.5, -2.0], bonds([0, 2], [0, 2], [1.0, 3.0]), [0, 1]),
        ebs.samples.LinearTerm(1.5, bonds([1], [1], [1.0]), setting="gate"),
        ebs.samples.LinearTerm(2.5, bonds([2], [2], [1.0]), setting="gate"),
        ebs.samples.LinearTerm(3.5, bonds([2], [2], [1.0], [0.0]), setting="plunger gate"),
    )
    sample = ebs.samples.TightBinding([0.1, 0.2], chain, [[0.0, 1.0], [2.0, 3.0]], [0, 0, 1], terms)
    empty = bonds(np.zeros(0, int), np.zeros(0, int), np.zeros(0), np.zeros(0))
    of_cell = ebs.samples.LinearTerm(1.5, bonds([0], [0], [1.0]), setting="gate")
    lead = ebs.leads.PeriodicLead(empty, hopping, hopping, 1, onsite=0.3, strength=0.8, terms=(of_cell,))
    tip = ebs.leads.WideBandLead([0.2, 0.3])
    return ebs.TightBindingDevice(sample, [ebs.Terminal(lead, [2]), ebs.Terminal(tip, [1, 0])])


def alike(one, other):
    """The same tree of the same arrays; also of floats: nothing is computed on the way."""
    return eqx.tree_equal(one.sample, other.sample) and eqx.tree_equal(one.terminals, other.terminals)


def test_what_is_written_is_read_again(tmp_path):
    before = everything()
    ebs.models.save_device(tmp_path / "device", before)
    assert [path.name for path in tmp_path.iterdir()] == ["device"]
    assert alike(before, ebs.load_device(tmp_path / "device"))
    ebs.models.save_device(tmp_path / "device", ebs.load_device(FILE))  # what was there is replaced
    assert alike(ebs.load_device(FILE), ebs.load_device(tmp_path / "device"))


def test_a_device_without_areas_stays_without(tmp_path):
    """A field cannot be applied to it, before and after."""
    before = everything()
    before = eqx.tree_at(lambda d: d.sample.entries.area, before, None)
    ebs.models.save_device(tmp_path / "no_field.npz", before)
    after = ebs.load_device(tmp_path / "no_field.npz")
    assert alike(before, after)
    assert not after.sample.knows_flux


def test_a_potential_is_written_as_numbers_of_the_sites(tmp_path):
    spread = ebs.samples.SiteEnergies([1.0, 2.0]) + ebs.samples.SiteEnergies([0.5, 0.25])
    device = eqx.tree_at(lambda d: d.sample.onsite, everything(), spread)
    ebs.models.save_device(tmp_path / "sum.npz", device)
    found = ebs.load_device(tmp_path / "sum.npz").sample.onsite
    np.testing.assert_array_equal(found.values, [1.5, 2.25])


@pytest.mark.parametrize("name", ["format", "version"])
def test_a_file_without_a_version_is_of_the_first(device, name):
    assert alike(device, ebs.models.from_arrays(changed(**{name: None})))


TERM = {f"lead0_V_field_{key}": np.zeros(0, int) for key in ("row", "col", "val")}
BAND = {"lead1_broadening": np.ones(3)}

REFUSED = {
    "another format": ({"format": "ribbon"}, "format is 'ribbon'; only 'tight-binding device' is read"),
    "format is a number": ({"format": 3}, "format must be a text, got int64"),
    "another version": ({"version": 2}, "version is 2, but this equibacksolve reads 1; write it anew, or update"),
    "version is a text": ({"version": "1"}, "version must be one whole number from 1 on, got <U1 of shape"),
    "no terminals": ({"n_leads": 0}, "n_leads must be one whole number from 1 on, got 0"),
    "a lead too many": ({"n_leads": 1}, "lead1_.* is there, but n_leads is 1; count the leads from 0"),
    "a lead too few": ({"n_leads": 3}, "lead2_interface is missing; the arrays of a device are listed in"),
    "field is a number": ({"field": 1}, "field must be True or False, got int64"),
    "no positions": ({"positions": None}, "positions is missing"),
    "positions of one axis": ({"positions": np.zeros(15)}, "positions must be a table of real numbers, got float64"),
    "onsite is a text": ({"onsite": np.array(["x"] * 15)}, "onsite must be a list of real numbers, got <U1"),
    "too few energies": ({"onsite": np.zeros(14)}, "onsite has 14 entries but positions has 15; give one of each a"),
    "an energy is NaN": ({"onsite": np.full(15, np.nan)}, "onsite has 15 entries that are not finite; give numbers"),
    "a site too many": ({"orbital_site": np.arange(30)}, "orbital_site names site 29 of 15; count from 0"),
    "a negative row": ({"H_row": exported()["H_row"] - 1}, "H_row names orbital -1 of 30; count from 0"),
    "a row is broken": ({"H_row": exported()["H_row"] * 1.0}, "H_row must be a list of whole numbers, got float64"),
    "no values": ({"H_val": None}, "H_val is missing"),
    "a value is a table": ({"H_val": np.eye(2)}, r"H_val must be a list of numbers, got float64 of shape \(2, 2\)"),
    "too few values": ({"H_val": np.ones(3)}, "H_val has 3 entries but H_row has 116; give one each"),
    "a value is infinite": ({"H_val": np.full(116, np.inf)}, "H_val has 116 entries that are not finite"),
    "no areas": ({"H_area": None}, "H_area is missing; give the area of each hopping, .* or the array `field` = False"),
    "no areas of a lead": ({"lead0_V_area": None}, "lead0_V_area is missing; give the area of each hopping"),
    "complex areas": ({"lead0_C_area": np.ones(6) * 1j}, "lead0_C_area must be a list of real numbers, got complex128"),
    "one triangle": ({"H_val": np.arange(116) * 1j}, r"H_val is not Hermitian at \[\d+, \d+\]; give both"),
    "equal areas": ({"H_area": np.abs(exported()["H_area"])}, "H_val is not Hermitian at"),
    "a lead that loses": ({"lead1_H0_val": exported()["lead1_H0_val"] * 1j}, "lead1_H0_val is not Hermitian at"),
    "half a term": ({"H_zeeman_col": None}, "H_zeeman_col is missing"),
    "a term that loses": ({"H_zeeman_val": exported()["H_zeeman_val"] * 1j}, "H_zeeman_val is not Hermitian at"),
    "a term called energy": ({"H_zeeman_setting": "energy"}, "H_zeeman_setting is 'energy', which every measurement"),
    "unknowns do not fit": ({"H_zeeman_unknown": np.zeros(3, int)}, "H_zeeman_unknown must have one entry for each of"),
    "unknown unknown": ({"H_zeeman_unknown": np.ones(60, int)}, "H_zeeman_unknown names strength 1 of 1; count from 0"),
    "a term of V": (TERM, "lead0_V has a term field; only H and lead0_H0 can have terms"),
    "V is zero": ({"lead0_V_val": np.zeros(6)}, "lead0_V_val is zero; a lead whose cells are not coupled carries no"),
    "a cell is too small": ({"lead0_size": 5}, "lead0_H0_row names orbital 5 of 5; count from 0"),
    "C is elsewhere": ({"lead0_C_col": np.arange(6) + 9}, "lead0_C_col names orbital 9, which is not in lead0_inter"),
    "strength is a list": ({"lead0_strength": np.ones(2)}, "lead0_strength must be a number, got float64 of shape"),
    "an orbital twice": ({"lead0_interface": np.array([1, 1, 0])}, "lead0_interface names orbital 1 twice; name each"),
    "nothing touched": ({"lead0_interface": np.zeros(0, int)}, "lead0_interface is empty; name each orbital"),
    "three broadenings": (BAND, "lead1_broadening must be one positive number, or one for each of 6 orbitals"),
    "negative broadening": ({"lead1_broadening": -np.ones(1)}, "lead1_broadening must be one positive number"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_file_that_is_wrong_says_where(tmp_path, case):
    """In one sentence, with the name of the file and of the array."""
    arrays, message = REFUSED[case]
    np.savez(tmp_path / "given.npz", **changed(**arrays))
    with pytest.raises(ValueError, match=rf"given\.npz: {message}") as caught:
        ebs.load_device(tmp_path / "given.npz")
    assert "\n" not in str(caught.value)
    assert str(caught.value).count(". ") == 0


def test_what_the_device_refuses_names_the_file_too(tmp_path):
    alone = {f"H_{key}": exported()[f"H_{key}"][:0] for key in ("row", "col", "val", "area")}
    alone |= {f"H_{name}_{key}": None for name in ("zeeman", "rashba") for key in ("row", "col", "val", "area")}
    np.savez(tmp_path / "given.npz", **changed(**alone))
    with pytest.raises(ValueError, match=r"given\.npz: .*connected to no terminal"):
        ebs.load_device(tmp_path / "given.npz")


def test_objects_are_not_read(tmp_path):
    np.savez(tmp_path / "given.npz", **changed(about=np.array({"a": print}, object)))
    with pytest.raises(ValueError, match=r"given\.npz is damaged, or holds more than arrays: about cannot be read"):
        ebs.load_device(tmp_path / "given.npz")
    with pytest.raises(ValueError, match="onsite holds object; give numbers"):
        ebs.models.from_arrays(changed(onsite=np.array([None] * 15)))


def test_what_is_no_archive_is_refused(tmp_path):
    for content in (b"", b"flux,energy\n", FILE.read_bytes()[:5000]):
        (tmp_path / "given.npz").write_bytes(content)
        with pytest.raises(ValueError, match=r"given\.npz is no \.npz file, or its end is missing; write it by"):
            ebs.load_device(tmp_path / "given.npz")
    with pytest.raises(FileNotFoundError, match=r"nowhere\.npz"):
        ebs.load_device(tmp_path / "nowhere.npz")


def test_no_damage_goes_unseen(tmp_path, device):
    """A byte that has changed is found, or was one that nothing depends on, such as a date."""
    content, refused = FILE.read_bytes(), []
    for place in np.random.default_rng(0).integers(len(content), size=30):
        damaged = bytearray(content)
        damaged[place] ^= 0x55
        (tmp_path / "given.npz").write_bytes(damaged)
        try:
            read = ebs.load_device(tmp_path / "given.npz")
        except ValueError as error:
            refused.append(str(error))
        else:
            assert alike(device, read)
    assert len(refused) > 10
    assert all("given.npz" in message for message in refused)


def test_what_cannot_be_written_is_refused(tmp_path, device):
    wire = ebs.TightBindingDevice(device.sample, [ebs.Terminal(ebs.WireLead(1.0), [0])])
    with pytest.raises(
        ValueError, match="terminal 0 has a WireLead, which the file has no arrays for; give a Periodic"
    ):
        ebs.models.save_device(tmp_path / "a.npz", wire)
    lossy = ebs.samples.TightBinding([0.0], ebs.samples.Entries([0], [0], [-0.1j]), [0.0], lossy=True)
    with pytest.raises(ValueError, match="a lossy sample cannot be written"):
        ebs.models.save_device(
            tmp_path / "a.npz", ebs.TightBindingDevice(lossy, [ebs.Terminal(ebs.leads.WideBandLead(1.0), [0])])
        )

    def traced(values):
        ebs.models.save_device(tmp_path / "a.npz", eqx.tree_at(lambda d: d.sample.onsite.values, device, values))

    with pytest.raises(ValueError, match=r"a device of traced numbers cannot be written; call this outside jax\.jit"):
        jax.eval_shape(traced, jnp.zeros(15))
    assert not list(tmp_path.iterdir())
