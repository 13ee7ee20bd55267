"""Reports and pictures of structures in three dimensions: curves, neighbours, angles."""

import jax
import numpy as np
import optax
import pytest

import equibacksolve as ebs
from equibacksolve import atoms, plotting, reporting

BOX = atoms.Box([10.0, 10.0, 10.0])
CUBIC = 2.5 * np.stack(np.meshgrid(*[np.arange(4)] * 3), axis=-1).reshape(-1, 3)


def seen_of(key, **more):
    shaken = BOX.wrapped(CUBIC + 0.1 * jax.random.normal(jax.random.key(key), CUBIC.shape))
    return atoms.Observables(
        atoms.Structure(shaken, BOX),
        S=atoms.ReciprocalSpaceCurve(np.arange(1.0, 8.0, 0.2), reach=4.5),
        g=atoms.RealSpaceCurve(np.arange(1.0, 4.0, 0.1), width=0.1),
        **more,
    )


def test_the_first_minimum_of_a_cubic_lattice_lies_between_its_shells():
    """Neighbours are at 2.5 and at 2.5 sqrt(2)."""
    structure = seen_of(0).structure()
    assert 2.5 + 0.2 < atoms.first_minimum(structure) < 2.5 * 2**0.5 - 0.1
    assert atoms.statistics(structure).mean_coordination == pytest.approx(6, abs=0.2)
    assert atoms.bond_length(seen_of(0, near=atoms.Coordination(6, 2.9, 0.2))) == 2.9
    gas = atoms.Structure([[1.0, 1.0, 1.0], [6.0, 6.0, 6.0]], BOX)
    with pytest.raises(ValueError, match=r"has no peak up to .* give within="):
        atoms.first_minimum(gas)


def test_a_report_shows_curves_and_bonds(tmp_path):
    start, truth = seen_of(0, apart=atoms.ExcludedDistances(1.5)), seen_of(1, apart=atoms.ExcludedDistances(1.5))
    made = truth.predictions()
    observed = start.observations(S=(made["S"], 0.02), g=(made["g"], 0.05), apart=(0.0, 0.1))
    hidden = lambda s: s.positions
    method = ebs.methods.GradientDescent(optax.adam(0.01), steps=3)
    found = ebs.backsolve(start, observed, method, where=hidden, polish=False, progress=False)
    path = reporting.write_report(found, observed, where=hidden, path=tmp_path / "r.html", largest_jacobian=100)
    text = path.read_text()
    assert "Angles between bonds" in text
    assert "neighbours on average" in text
    assert all(f"<td>{name}</td>" in text for name in ("S", "apart", "g"))


def test_a_figure_has_a_panel_for_each_curve_and_for_bonds():
    seen = seen_of(0)
    observed = seen.observations(S=seen.predictions()["S"], g=seen.predictions()["g"])
    several = [atoms.statistics(seen_of(key).structure(), 3.0) for key in range(3)]
    figure = plotting.structure_figure(
        seen, observed, atoms.spread_over_models(several[1:]), truth=several[0], unit="angstrom"
    )
    titles = [axes.get_xlabel() for axes in figure.axes]
    assert titles == ["Q (1 / angstrom)", "r (angstrom)", "bonds of an atom", "angle between bonds (degrees)"]
    figure.draw_without_rendering()
