"""Curves of diffraction: the ideal gas, crystals, Debye's sum, conventions, partial curves, other boxes."""

import itertools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from equibacksolve import atoms

EDGE, CELLS = 5.43, 2
LENGTH = EDGE * CELLS
CUBE = atoms.Box([LENGTH] * 3)
Q = np.linspace(1.0, 12.0, 23)
R = np.linspace(0.5, 5.0, 19)


def diamond():
    corners = np.array([[0, 0, 0], [0, 2, 2], [2, 0, 2], [2, 2, 0], [1, 1, 1], [1, 3, 3], [3, 1, 3], [3, 3, 1]]) / 4
    cells = np.array(list(itertools.product(range(CELLS), repeat=3)))
    return (cells[:, None] + corners).reshape(-1, 3) * EDGE


SHAKEN = CUBE.wrapped(jnp.asarray(diamond()) + 0.2 * jax.random.normal(jax.random.key(0), (64, 3)))
NAMES = ["Si", "O"] * 32
LENGTHS = {"Si": 4.1491, "O": 5.803}


def seen(positions=SHAKEN, box=CUBE, species="Si", scattering_lengths=None, **parts):
    structure = atoms.Structure(positions, box, species)
    return atoms.Observables(structure, scattering_lengths, **parts).predictions()


def distances_of_pairs(positions, box):
    """By brute force over 5 x 5 x 5 images, each pair once."""
    i, j = np.triu_indices(len(positions), 1)
    shifts = np.array(list(itertools.product(range(-2, 3), repeat=positions.shape[1]))) @ np.asarray(box.vectors)
    apart = np.asarray(positions)[j] - np.asarray(positions)[i]
    return np.linalg.norm(apart[:, None] + shifts, axis=-1).min(axis=1)


def test_the_structure_factor_is_the_sum_of_debye():
    reach, number = 5.0, len(SHAKEN)
    r = distances_of_pairs(SHAKEN, CUBE)
    pairs = 2 / (number - 1) * np.sinc(np.outer(Q, r[r < reach]) / np.pi).sum(axis=1)
    ideal = 4 * np.pi * number / LENGTH**3 * (np.sin(Q * reach) - Q * reach * np.cos(Q * reach)) / Q**3
    found = seen(S=atoms.ReciprocalSpaceCurve(Q, reach=reach))["S"]
    # The end of the range falls between pairs up to a bin, 0.044; aliasing of waves adds some 1e-4.
    np.testing.assert_allclose(found, 1 + pairs - ideal, rtol=0, atol=0.02)
    assert np.ptp(found) > 1.0


def test_shells_of_diamond():
    """4 at sqrt(3) / 4, 12 at sqrt(2) / 2 edges: the area under 4 pi n r^2 g(r)."""
    r = np.arange(0.02, 4.2, 0.02)
    found = seen(jnp.asarray(diamond()), g=atoms.RealSpaceCurve(r, "R(r)", width=0.06))["g"]
    # R(r) is made with 64 / 63 of the density of the others; the blur smears r^2, by (width / r)^2.
    for centre, number in ((3**0.5 / 4, 4), (2**-0.5, 12)):
        shell = np.abs(r - centre * EDGE) < 0.3
        assert found[shell].sum() * 0.02 == pytest.approx(number * 64 / 63, rel=2e-3)
    assert np.abs(found[r < 2.0]).max() < 1e-6


def test_a_lattice_scatters_no_long_waves():
    """S(0) is 0 where numbers do not fluctuate, and 1 in a gas. Shaken by u, atoms show 1 - exp(-Q^2 u^2)."""
    edge, shake = 2.5 * 8, 0.1
    points = 2.5 * np.stack(np.meshgrid(*[np.arange(8)] * 3), axis=-1).reshape(-1, 3)
    box, q = atoms.Box([edge] * 3), np.linspace(2 * np.pi / edge, 1.6, 6)
    shaken = box.wrapped(points + shake * jax.random.normal(jax.random.key(0), points.shape))
    found = seen(shaken, box, S=atoms.ReciprocalSpaceCurve(q, window="Lorch"))["S"]
    # The window blurs by pi / reach = 0.3, which brings in the foot of the peaks at 0 and at 2.5.
    np.testing.assert_allclose(found, 1 - np.exp(-((q * shake) ** 2)), rtol=0, atol=0.12)


@pytest.mark.parametrize("components", [2, 3])
def test_the_ideal_gas_is_one_in_both_spaces(components):
    number, edge = 3000, 20.0
    positions = jax.random.uniform(jax.random.key(1), (number, components), maxval=edge)
    r, q = np.arange(1.0, 9.0, 0.5), np.linspace(1.0, 6.0, 11)
    found = seen(
        positions,
        atoms.Box([edge] * components),
        g=atoms.RealSpaceCurve(r, width=0.2),
        S=atoms.ReciprocalSpaceCurve(q, window="Lorch"),
    )
    shell = (4 * np.pi * r**2 if components == 3 else 2 * np.pi * r) * 0.2 * 2 * np.pi**0.5
    pairs = number**2 / 2 * shell / edge**components
    assert np.all(np.abs(found["g"] - 1) < 5 / np.sqrt(pairs))  # n pairs fluctuate by their square root
    assert np.all(np.abs(found["S"] - 1) < 0.2)


def test_a_triclinic_box_is_its_rectangular_twin():
    """Edges may be replaced by sums of edges: the crystal stays the same, up to half the smallest height."""
    twin = atoms.Box(LENGTH * np.array([[1, 0, 0], [1, 1, 0], [0, 0, 1]]))
    parts = {
        "g": atoms.RealSpaceCurve(np.linspace(0.5, 3.2, 7), width=0.1),
        "S": atoms.ReciprocalSpaceCurve(Q, reach=3.6),
        "angles": atoms.BondAngles(109.0, 2.8, 0.3),
    }
    assert not twin.upright
    assert twin.farthest() == pytest.approx(LENGTH / 2 / 2**0.5)
    here, there = seen(**parts), seen(twin.wrapped(SHAKEN), twin, **parts)
    for name in parts:
        np.testing.assert_allclose(there[name], here[name], rtol=0, atol=1e-9)


def test_partial_curves_add_up_to_the_total():
    pairs = {name: atoms.ReciprocalSpaceCurve(Q, pair=pair) for name, pair in
             {"a": "Si-Si", "b": "Si-O", "c": ("O", "O")}.items()}  # fmt: skip
    found = seen(
        species=NAMES,
        scattering_lengths=LENGTHS,
        F=atoms.ReciprocalSpaceCurve(Q, "F(Q)"),
        S=atoms.ReciprocalSpaceCurve(Q),
        **pairs,
    )
    b, d = LENGTHS["Si"] / 2, LENGTHS["O"] / 2
    total = b**2 * (found["a"] - 1) + 2 * b * d * (found["b"] - 1) + d**2 * (found["c"] - 1)
    np.testing.assert_allclose(found["F"], total / 100, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found["S"] - 1, total / (b + d) ** 2, rtol=0, atol=1e-12)


def test_xrays_see_electrons():
    """Keen's F with f(Q) in place of b, from the partial curves; at small angles f is the number of electrons."""
    structure = atoms.Structure(SHAKEN, CUBE, NAMES)
    f = atoms.xray_form_factors(structure, Q)
    np.testing.assert_allclose(
        [atoms.xray_form_factors(structure, [1e-6])[name][0] for name in ("Si", "O")], [14, 8], rtol=1e-3
    )
    pairs = {"a": "Si-Si", "b": "Si-O", "c": "O-O"}
    found = seen(
        species=NAMES,
        F=atoms.ReciprocalSpaceCurve(Q, "F(Q)", form_factors=f),
        S=atoms.ReciprocalSpaceCurve(Q, form_factors=f),
        neutrons=atoms.ReciprocalSpaceCurve(Q, "F(Q)"),
        numbers=atoms.ReciprocalSpaceCurve(Q, "F(Q)", form_factors={"Si": 0.41491, "O": 0.5803}),
        scattering_lengths=LENGTHS,
        **{name: atoms.ReciprocalSpaceCurve(Q, pair=pair) for name, pair in pairs.items()},
    )
    b, d = f["Si"] / 2, f["O"] / 2
    total = b**2 * (found["a"] - 1) + 2 * b * d * (found["b"] - 1) + d**2 * (found["c"] - 1)
    np.testing.assert_allclose(found["F"], total, rtol=0, atol=1e-11)
    np.testing.assert_allclose(found["S"] - 1, total / (b + d) ** 2, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found["numbers"], found["neutrons"], rtol=0, atol=1e-13)  # 1 fm is 0.1 barn^(1/2)


def test_one_species_looks_alike_to_neutrons_and_xrays():
    f = atoms.xray_form_factors(atoms.Structure(SHAKEN, CUBE, "Si"), Q)
    found = seen(S=atoms.ReciprocalSpaceCurve(Q), X=atoms.ReciprocalSpaceCurve(Q, form_factors=f),
                 g=atoms.RealSpaceCurve(R), G=atoms.RealSpaceCurve(R, form_factors={"Si": 14}))  # fmt: skip
    np.testing.assert_allclose(found["X"], found["S"], rtol=1e-12)
    np.testing.assert_allclose(found["G"], found["g"], rtol=0, atol=1e-12)


def test_conventions_of_real_space_follow_from_each_other():
    names = ["G(r)", "D(r)", "T(r)", "G_PDF(r)", "R(r)"]
    curves = {name: atoms.RealSpaceCurve(R, name, width=0.1) for name in ["g(r)", *names]}
    found = seen(species=NAMES, scattering_lengths=LENGTHS, **curves)
    told = {"density": 64 / LENGTH**3, "mean_scattering_length": (4.1491 + 5.803) / 2}
    for name in names:
        there = atoms.convert(jnp.asarray(R), found["g(r)"], "g(r)", name, **told)
        np.testing.assert_allclose(there, found[name], atol=1e-12)
        back = atoms.convert(jnp.asarray(R), found[name], name, "g(r)", **told)
        np.testing.assert_allclose(back, found["g(r)"], atol=1e-12)


def test_limits_of_keen():
    """Where no atoms are, G is -(sum c b)^2, and T is 0."""
    parts = {name: atoms.RealSpaceCurve([0.3, 0.4], name, width=0.03) for name in ("G(r)", "T(r)", "g(r)", "D(r)")}
    found = seen(jnp.asarray(diamond()), species=NAMES, scattering_lengths=LENGTHS, **parts)
    mean = (4.1491 + 5.803) / 2
    np.testing.assert_allclose(found["G(r)"], -(mean**2) / 100, rtol=1e-12)
    np.testing.assert_allclose(found["g(r)"], 0, atol=1e-12)
    np.testing.assert_allclose(found["T(r)"], 0, atol=1e-12)


def test_scale_and_background_are_leaves():
    curve = atoms.ReciprocalSpaceCurve(Q, scale=2.0, background=0.5)
    plain = seen(S=atoms.ReciprocalSpaceCurve(Q))["S"]
    np.testing.assert_allclose(seen(S=curve)["S"], 2 * plain + 0.5, rtol=1e-12)
    assert len(jax.tree.leaves(eqx.filter(curve, eqx.is_array))) == 3


def test_ripples_of_a_finite_range_are_those_of_the_transform():
    """g made of S up to some Q, by the simulator and by hand."""
    largest, reach = 12.0, 5.4
    q = np.linspace(0.6, largest, 400)
    found = seen(
        S=atoms.ReciprocalSpaceCurve(q, reach=reach),
        g=atoms.RealSpaceCurve(np.linspace(2.0, 4.0, 9), largest_wavenumber=largest),
    )
    r, density = np.linspace(2.0, 4.0, 9), 64 / LENGTH**3
    integrand = q * (found["S"] - 1) * np.sin(np.outer(r, q))
    by_hand = 1 + np.trapezoid(integrand, q, axis=1) / (2 * np.pi**2 * density * r)
    # Below 0.6 the integral by hand knows nothing: some S Q^2 / 2 = 0.2 over 2 pi^2 n r = 2; pairs end at 4.4 there.
    np.testing.assert_allclose(found["g"], by_hand, rtol=0, atol=0.15)


def test_data_within_reach_are_the_model_within_reach():
    q = np.arange(0.02, 30.0, 0.02)
    model = lambda reach: seen(S=atoms.ReciprocalSpaceCurve(q[39:], reach=reach))["S"]
    shorter = atoms.within_reach(q[39:], model(5.4), 4.0)
    # What is missing below 0.8 and above 30 blurs into the ends.
    np.testing.assert_allclose(shorter[50:1000], model(4.0)[50:1000], rtol=0, atol=0.05)
