"""Sums over near pairs: near clusters and all pairs agree, also where there is no room; images; gradients."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from equibacksolve import atoms

HIGH = 12.0
KEYS = jax.random.split(jax.random.key(2), 4)


def everything():
    return {
        "S": atoms.ReciprocalSpaceCurve(np.linspace(3.0, 8.0, 6), reach=2.0),
        "apart": atoms.ExcludedDistances({"A-B": 1.2, "B-B": 0.9}),
        "near": atoms.Coordination(4.0, 1.5, 0.3, pair="A-B"),
    }


def box_of(kind):
    edges = {
        "cube": [HIGH, HIGH, HIGH],
        "triclinic": [[HIGH, 0, 0], [3.0, HIGH, 0], [-2.0, 4.0, HIGH]],
        "plane": [20.0, 16.0],
    }
    return atoms.Box(edges[kind.split()[0]], [True, False, True] if "open" in kind else True)


@pytest.mark.parametrize("kind", ["cube", "triclinic", "cube open", "plane"])
def test_near_clusters_find_the_pairs_that_a_look_at_all_finds(kind):
    box = box_of(kind)
    along = 10 if box.components == 3 else 26
    lattice = np.stack(np.meshgrid(*[np.arange(along)] * box.components), axis=-1).reshape(-1, box.components)
    number = len(lattice) // 5 * 5
    shaken = jnp.asarray(lattice[:number]) + jax.random.uniform(KEYS[0], (number, box.components))
    inside = shaken / along @ box.vectors
    species = ["A", "B", "A", "A", "B"] * (number // 5)
    simulator = atoms.Observables(atoms.Structure(inside, box, species), {"A": 3.0, "B": 5.0}, **everything())
    assert all(clusters.shape for _, clusters in simulator.clusters)
    every = eqx.tree_at(lambda s: s.positions, simulator, inside)
    object.__setattr__(
        every, "clusters", tuple((name, one._replace(shape=(), room=())) for name, one in simulator.clusters)
    )
    # Of atoms in a tenth of the box there is no room for the near pairs: then all are looked at, too.
    agree = lambda found, expected: np.testing.assert_allclose(
        found, expected, rtol=0, atol=1e-11 * float(jnp.abs(expected).max())
    )
    for positions in (inside, inside * 0.1):
        by_clusters, by_all = (eqx.tree_at(lambda s: s.positions, one, positions) for one in (simulator, every))
        jax.tree.map(agree, by_clusters.predictions(), by_all.predictions())
    if kind == "cube open":
        slope = lambda one: jax.jit(
            jax.grad(lambda x: jnp.sum(eqx.tree_at(lambda s: s.positions, one, x).predict() ** 2))
        )
        for positions in (inside, inside * 0.1):
            agree(slope(simulator)(positions), slope(every)(positions))


def test_nothing_changes_under_translation_images_and_another_order():
    box = box_of("triclinic")
    inside = jax.random.uniform(KEYS[0], (60, 3)) @ box.vectors
    names = np.array(["A", "B"] * 30)
    parts = {"S": atoms.ReciprocalSpaceCurve(np.linspace(1.0, 8.0, 6)), "apart": atoms.ExcludedDistances(2.0)}
    seen = lambda positions, names: atoms.Observables(
        atoms.Structure(positions, box, list(names)), {"A": 3.0, "B": 5.0}, **parts
    ).predictions()
    images = jax.random.randint(KEYS[1], (60, 3), -3, 4).astype(float) @ box.vectors
    first = seen(inside, names)
    moved = seen(inside + images + jnp.array([1.0, 2.0, 3.0]), names)
    np.testing.assert_allclose(moved["S"], first["S"], atol=1e-11)
    np.testing.assert_allclose(moved["apart"], first["apart"], atol=1e-11)
    order = np.random.default_rng(0).permutation(60)
    turned = seen(inside[order], names[order])
    np.testing.assert_allclose(turned["S"], first["S"], atol=1e-11)
    np.testing.assert_allclose(turned["apart"], np.asarray(first["apart"])[order], atol=1e-12)


def test_gradients_are_those_of_finite_differences():
    """Of positions, scale, background and scattering lengths; positions in single steps of 1e-6."""
    box = box_of("triclinic")
    inside = jax.random.uniform(KEYS[0], (60, 3)) @ box.vectors
    simulator = atoms.Observables(
        atoms.Structure(inside, box, ["A", "B"] * 30),
        {"A": 3.0, "B": 5.0},
        S=atoms.ReciprocalSpaceCurve(np.linspace(1.0, 8.0, 6), scale=1.2, background=0.1),
        g=atoms.RealSpaceCurve(np.linspace(0.5, 5.0, 10), "T(r)", width=0.2),
        apart=atoms.ExcludedDistances(2.5),
        near=atoms.Coordination(4.0, 3.0, 0.5),
        angles=atoms.BondAngles(109.47, 3.0, 0.5),
    )
    weights = jax.random.normal(KEYS[2], simulator.predict().shape)
    leaves = lambda s: (s.positions, s.parts["S"].scale, s.parts["S"].background, s.scattering_lengths)
    directions = [jax.random.normal(KEYS[3], leaf.shape) for leaf in leaves(simulator)]

    @jax.jit
    def score(steps):
        moved = [leaf + step * direction for leaf, step, direction in zip(leaves(simulator), steps, directions)]
        return weights @ eqx.tree_at(leaves, simulator, moved).predict()

    slopes, h = jax.jit(jax.grad(score))(jnp.zeros(4)), 1e-6
    for number, slope in enumerate(slopes):
        step = h * jnp.eye(4)[number]
        # Central differences: h^2 of third derivatives, and rounding, 1e-15 * 100 / h.
        assert float(slope) == pytest.approx(float(score(step) - score(-step)) / (2 * h), rel=1e-6, abs=1e-6)


def test_atoms_on_one_spot_have_finite_gradients():
    positions = jnp.array([[3.0, 3.0, 3.0], [3.0, 3.0, 3.0], [4.0, 3.5, 3.0]])
    simulator = atoms.Observables(
        atoms.Structure(positions, atoms.Box([8.0] * 3)),
        S=atoms.ReciprocalSpaceCurve([1.0, 2.0]),
        apart=atoms.ExcludedDistances(2.0),
        angles=atoms.BondAngles(109.0, 2.0, 0.1),
    )
    moved = lambda x: jnp.sum(eqx.tree_at(lambda s: s.positions, simulator, x).predict() ** 2)
    assert bool(jnp.all(jnp.isfinite(jax.jit(jax.grad(moved))(positions))))


def test_constraints_of_a_diamond_hold():
    corners = np.array([[0, 0, 0], [0, 2, 2], [2, 0, 2], [2, 2, 0], [1, 1, 1], [1, 3, 3], [3, 1, 3], [3, 3, 1]]) / 4
    structure = atoms.Structure(corners * 6.0, atoms.Box([6.0] * 3), "C")
    bond = 6.0 * 3**0.5 / 4
    seen = atoms.Observables(
        structure,
        apart=atoms.ExcludedDistances(0.999 * bond),
        pressed=atoms.ExcludedDistances(1.1 * bond),
        near=atoms.Coordination(4.0, 1.1 * bond, 0.05 * bond),
        angles=atoms.BondAngles(np.degrees(np.arccos(-1 / 3)), 1.1 * bond, 0.05 * bond),
        right=atoms.BondAngles(90.0, 1.1 * bond, 0.05 * bond),
    ).predictions()
    np.testing.assert_array_equal(seen["apart"], 0)
    np.testing.assert_allclose(seen["pressed"], 4 * (1 - 1 / 1.1), rtol=1e-12)
    np.testing.assert_allclose(seen["near"], 0, atol=1e-12)
    np.testing.assert_allclose(seen["angles"], 0, atol=1.1e-6)  # the root is rounded off below 1e-6
    np.testing.assert_allclose(seen["right"], (6 / 9) ** 0.5, rtol=1e-6)


def test_statistics_know_no_unit():
    """A gas in a box of edge 6 and in one of 6e8, whose half is finite, too."""
    points = jax.random.uniform(KEYS[2], (40, 3))
    small, large = (
        atoms.statistics(atoms.Structure(points * edge, atoms.Box([edge] * 3)), 0.4 * edge) for edge in (6.0, 6e8)
    )
    np.testing.assert_allclose(large.distances / 1e8, small.distances, rtol=1e-12)
    np.testing.assert_allclose(large.pair_distribution, small.pair_distribution, rtol=0, atol=1e-12)
    np.testing.assert_array_equal(large.coordination, small.coordination)


def test_statistics_of_a_diamond_and_their_spread():
    corners = np.array([[0, 0, 0], [0, 2, 2], [2, 0, 2], [2, 2, 0], [1, 1, 1], [1, 3, 3], [3, 1, 3], [3, 3, 1]]) / 4
    box = atoms.Box([6.0] * 3)
    found = atoms.statistics(atoms.Structure(corners * 6.0, box, "C"), 2.8)
    assert found.mean_coordination == 4
    assert found.coordination[4] == 1
    assert found.mean_angle == pytest.approx(np.degrees(np.arccos(-1 / 3)), rel=1e-12)
    assert found.closest == pytest.approx(6.0 * 3**0.5 / 4, rel=1e-12)
    assert (found.bond_angles * 3).sum() == pytest.approx(1)
    shaken = box.wrapped(jnp.asarray(corners * 6.0) + 0.1 * jax.random.normal(KEYS[0], (8, 3)))
    spread = atoms.spread_over_models([found, atoms.statistics(atoms.Structure(shaken, box, "C"), 2.8)])
    np.testing.assert_array_equal(spread.mean.distances, found.distances)
    assert spread.deviation.mean_angle > 0
    assert "2 models" in str(spread)
    with pytest.raises(ValueError, match="two or more"):
        atoms.spread_over_models([found])
