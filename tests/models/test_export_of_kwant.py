"""Kwant's systems as arrays: the same matrices at any parameters, and what is of another form is refused."""

import ast
import pathlib
from types import SimpleNamespace

import numpy as np
import pytest
from changed_arrays import matrix
from stand_in_kwant import LENGTH, PLACES, WIDTH, hamiltonian, system

import equibacksolve as ebs
from equibacksolve.models import export_kwant

SIZE = 2 * len(PLACES)
BOTH = {"flux": "flux", "linear": ("zeeman", "rashba")}


def total(arrays, prefix, shape, flux, **linear):
    parts = [value * matrix(arrays, f"{prefix}_{name}", shape, flux) for name, value in linear.items()]
    return sum(parts, start=matrix(arrays, prefix, shape, flux))


@pytest.mark.parametrize("unit", [1.0, 1e-6, 1e5])
@pytest.mark.parametrize("energy", [1.0, 1.6e-22])
def test_the_matrices_are_those_of_the_system(unit, energy):
    """At fields and settings that the exporter did not look at; rounding of phases, whatever the units."""
    given = system(unit=unit, energy=energy)
    found = export_kwant.arrays(given, **BOTH, params={"t": 1.3})
    for share, zeeman, rashba in [(0.0, 0.0, 0.0), (0.37, 0.5, -0.8), (-2.2, -1.5, 0.3)]:
        point = {"flux": share / unit, "zeeman": zeeman, "rashba": rashba}
        whole = given.hamiltonian_submatrix({**point, "t": 1.3})
        ours = total(found, "H", (SIZE, SIZE), **point)
        np.testing.assert_allclose(ours, whole, rtol=0, atol=1e-12 * energy)
        for number, lead in enumerate(given.leads):
            cell = total(found, f"lead{number}_H0", (4, 4), point["flux"], zeeman=zeeman)
            np.testing.assert_allclose(cell, lead.cell_hamiltonian({**point, "t": 1.3}), rtol=0, atol=1e-12 * energy)
            between = lead.inter_cell_hopping({**point, "t": 1.3})
            ours = matrix(found, f"lead{number}_V", (4, 4), point["flux"])
            np.testing.assert_allclose(ours[:, :2], between, rtol=0, atol=1e-12 * energy)
            assert not np.any(ours[:, 2:])
            touching = matrix(found, f"lead{number}_C", (4, SIZE), point["flux"])
            np.testing.assert_array_equal(touching[:, found[f"lead{number}_interface"]], ours[:, :2])


def test_what_does_not_depend_on_the_field_has_no_area_at_all():
    found = export_kwant.arrays(system(), **BOTH)
    same_site = found["H_row"] // 2 == found["H_col"] // 2
    assert not np.any(found["H_area"][same_site])
    assert set(np.round(np.abs(found["H_area"]), 12)) == {0.0, 0.5, 1.5}
    assert not any(name.startswith("lead0_H0_rashba") for name in found)


def test_both_ways_make_the_same_device(tmp_path):
    export_kwant.write(tmp_path / "device.npz", system(), **BOTH)
    device, same = ebs.models.from_kwant(system(), **BOTH), ebs.load_device(tmp_path / "device.npz")
    for one in (device, same):
        assert one.settings == ("zeeman", "rashba")
        ours = one.sample.hamiltonian(flux=0.2, zeeman=0.1, rashba=0.4).toarray()
        np.testing.assert_allclose(ours, hamiltonian(PLACES, 0.2, 0.1, 0.4), atol=1e-13)
        np.testing.assert_array_equal(one.sample.onsite.values, np.zeros(len(PLACES)))
        np.testing.assert_array_equal(one.sample.positions, PLACES)
        np.testing.assert_array_equal(one.terminals[1].interface, 2 * WIDTH * (LENGTH - 1) + np.arange(2))


def test_without_a_field_none_can_be_applied():
    device = ebs.models.from_kwant(system(), params={"flux": 0.1, "zeeman": 0.2})
    assert not device.sample.knows_flux
    np.testing.assert_allclose(device.sample.hamiltonian().toarray(), hamiltonian(PLACES, 0.1, 0.2), atol=1e-15)
    assert ebs.models.from_kwant(system(), linear="zeeman").settings == ("zeeman",)


def test_the_exporter_stands_alone():
    """It is copied to where neither this package nor JAX is."""
    tree = ast.parse(pathlib.Path(export_kwant.__file__).read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert names == {"numpy"}
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))


grown = lambda matrix, flux=0.0, **_: matrix * (1 + flux**2)
bent = lambda matrix, flux=0.0, **_: matrix + bend(matrix, flux)
squared = lambda matrix, zeeman=0.0, **_: matrix * (1 + zeeman**2)
crossed = lambda matrix, zeeman=0.0, rashba=0.0, **_: matrix + zeeman * rashba * np.eye(len(matrix))
in_a_field = lambda matrix, zeeman=0.0, flux=0.0, **_: matrix + zeeman * flux * np.eye(len(matrix))
widened = lambda matrix, zeeman=0.0, **_: matrix * (1 + zeeman)


def bend(matrix, flux):
    """A phase that goes as the square of the field, on all that is off the diagonal."""
    upper, lower = np.triu(matrix, 1), np.tril(matrix, -1)
    turn = np.exp(1j * flux * abs(flux)) - 1
    return upper * turn + lower * turn.conjugate()


REFUSED = {
    "size": (system(change=grown), BOTH, r"H of the system at .* changes its size with flux; only its phase may"),
    "phase": (system(change=bent), BOTH, "H of the system at .* has a phase that is not proportional to flux; only 2"),
    "square": (system(change=squared), BOTH, "H of the system is not linear in zeeman: at -2 it is not -2 times what"),
    "product": (system(change=crossed), BOTH, r"H .* is not linear in zeeman, rashba where flux is \S+; export it for"),
    "no field": (system(change=crossed), {"linear": BOTH["linear"]}, "H .* depends on the linear parameters together"),
    "in a field": (system(change=in_a_field), BOTH, "H of the system at .* is not linear in zeeman, rashba where flux"),
    "between cells": (
        system(change_of_hopping=widened),
        BOTH,
        "the hopping between cells of lead 0 depends on zeeman; only its cells may",
    ),
    "lead in a field": (
        system(change_of_hopping=grown),
        BOTH,
        "the hopping of lead 0 at .* changes its size with flux; only its phase may",
    ),
    "no orbitals": (system(norbs=None), BOTH, "the lattice 'square' has no number of orbitals; give norbs= where it"),
    "no such field": (system(), {"flux": "B"}, "nothing in the system depends on B; look at the name, or leave flux="),
    "no such term": (system(), {"linear": ("gate",)}, "nothing in the system depends on gate; look at the name, or"),
    "twice": (system(), {"flux": "b", "linear": ("b",)}, r"flux and linear name a parameter twice \(b, b\); name each"),
    "energy": (system(), {"linear": ("energy",)}, "linear names 'energy', which no setting can be called; rename the"),
    "not finalised": (SimpleNamespace(), {}, "system is a SimpleNamespace; give a finalised system: builder.finalized"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_of_another_form_is_refused(case):
    given, options, message = REFUSED[case]
    with pytest.raises(ValueError, match=message) as caught:
        export_kwant.arrays(given, **options)
    assert "\n" not in str(caught.value)


def test_leads_that_cannot_be_written_are_refused():
    alone, absorbing, wide = system(), system(), system()
    alone.leads = []
    with pytest.raises(ValueError, match="the system has no leads; attach one at least before it is finalised"):
        export_kwant.arrays(alone)
    absorbing.leads[1] = SimpleNamespace(selfenergy=None)
    with pytest.raises(ValueError, match="lead 1 is a SimpleNamespace without cells; only periodic leads can be"):
        export_kwant.arrays(absorbing)
    wide.lead_interfaces[0] = np.array([0, 1])
    with pytest.raises(ValueError, match="lead 0 touches 4 orbitals, but has a hopping for 2"):
        export_kwant.arrays(wide)
