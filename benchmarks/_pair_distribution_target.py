"""Fit a g(r) in three dimensions: by the gradient, and by the PyPI package `reverse-monte-carlo` (imported as `rmc`).

Both are judged by chi squared = sum (g - g_target)^2 over 100 bins up to 10, counted by a third program (scipy's tree).
The package's own curve is g - 1 with a normalisation that differs by some per cent: its target is therefore its own
curve of the hidden atoms, so that it fits what it computes.
"""

import time

import jax
import jax.numpy as jnp
import numpy as np
import optax
from scipy.spatial import cKDTree

from equibacksolve import imaging

DENSITY, SPACING, BINS = 0.05, 0.1, 100
DISTANCES = (np.arange(BINS) + 0.5) * SPACING
FINER = 4
SPARE = 1.0  # how much farther than the last bin the near pairs reach


def ideal_counts(atoms, box):
    """Pairs in each bin of an ideal gas."""
    edges = np.arange(BINS + 1) * SPACING
    return atoms * (atoms - 1) / 2 * 4 / 3 * np.pi * np.diff(edges**3) / box**3


def histogram(positions, box):
    """g(r) by counting: the data, and the referee of both sides."""
    atoms = np.mod(np.asarray(positions, float), box) % box
    tree = cKDTree(atoms, boxsize=box)
    cumulative = (tree.count_neighbors(tree, np.arange(BINS + 1) * SPACING) - len(atoms)) / 2
    return np.diff(cumulative) / ideal_counts(len(atoms), box)


def chi_squared(positions, box, target):
    return float(np.sum((histogram(positions, box) - target) ** 2))


def problem(atoms, seed):
    """A box, hidden atoms that were pushed 2.0 apart, and a random start."""
    box = (atoms / DENSITY) ** (1 / 3)
    rng = np.random.default_rng(seed)
    hidden, start = rng.uniform(0, box, (2, atoms, 3))
    for _ in range(300):
        tree = cKDTree(np.mod(hidden, box) % box, boxsize=box)
        pairs = tree.query_pairs(2.0, output_type="ndarray")
        apart = hidden[pairs[:, 1]] - hidden[pairs[:, 0]]
        apart -= box * np.round(apart / box)
        distance = np.linalg.norm(apart, axis=1, keepdims=True)
        push = 0.25 * (2.0 - distance) * apart / np.maximum(distance, 1e-9)
        np.add.at(hidden, pairs[:, 1], push)
        np.add.at(hidden, pairs[:, 0], -push)
    return box, hidden, start


def by_gradient(start, target, box, seconds):
    """chi squared against seconds; the near pairs are found anew every 20 steps.

    Each bin is the sum of four finer, smooth ones: nearly the histogram, but with a derivative.
    """
    fine = (jnp.arange(BINS * FINER) + 0.5) * (SPACING / FINER)
    ideal, goal = jnp.asarray(ideal_counts(len(start), box), jnp.float32), jnp.asarray(target, jnp.float32)
    capacity = int(1.3 * _pairs(start, box).shape[0])
    optimizer = optax.adam(optax.cosine_decay_schedule(0.03, 3000, alpha=0.05), b2=0.99)

    def cost(positions, pairs):
        counts = imaging.pair_counts(positions, fine, box, periodic=True, pairs=pairs)
        return jnp.sum((counts.reshape(BINS, FINER).sum(1) / ideal - goal) ** 2)

    @jax.jit
    def advance(positions, state, pairs):
        def one(carry, _):
            positions, state = carry
            updates, state = optimizer.update(jax.grad(cost)(positions, pairs), state)
            return (optax.apply_updates(positions, updates), state), None

        return jax.lax.scan(one, (positions, state), length=20)[0]

    positions = jnp.asarray(start, jnp.float32)
    state = optimizer.init(positions)
    jax.block_until_ready(advance(positions, state, _padded(positions, box, capacity)))  # compile
    return _run(lambda p, s: advance(p, s, _padded(p, box, capacity)), positions, state, box, target, seconds)


def by_package(start, hidden, target, box, seconds, seed, temperature=None, clock=time.perf_counter):
    """chi squared against seconds of `rmc`: greedy, or Metropolis at a temperature in units of its own chi squared."""
    import rmc

    def engine_of(atoms, curve):
        structure = rmc.AtomicStructure(np.ascontiguousarray(atoms, float), ["Ar"] * len(atoms))
        engine = rmc.Engine(structure, rmc.PeriodicBC(np.eye(3) * box))
        engine.build_atomic_groups(0.0, 0.5, seed=seed)
        data = rmc.PairCorrelationConstraint()
        data.set_experimental_data(np.stack([DISTANCES, curve], axis=1))
        data.set_number_density(len(atoms) / box**3)
        data.set_elements(engine.structure)
        engine.add_constraint(data)
        engine.initialise()
        return engine

    at_hidden = engine_of(hidden, np.zeros(BINS))
    data = at_hidden.constraints[0].concrete()
    data.compute_error(np.ascontiguousarray(hidden, float), [])
    engine = engine_of(start, np.array(data.computed).ravel())
    if temperature is not None:
        engine.set_sampler(rmc.MetropolisSampler(temperature), seed=seed)

    def advance(positions, state):
        engine.run(1000)
        return engine.structure.coordinates, state

    return _run(advance, np.asarray(start), 0, box, target, seconds, clock)


def _pairs(positions, box):
    return imaging.near_pairs(jnp.asarray(positions), BINS * SPACING + SPARE, box, periodic=True)


def _padded(positions, box, capacity):
    """Near pairs in an array of one size, so that nothing is compiled again; the rest is a pair too far to count."""
    pairs = _pairs(positions, box)
    away = np.asarray(positions - positions[0])
    far = int(np.argmax(np.linalg.norm(away - box * np.round(away / box), axis=1)))
    filler = jnp.broadcast_to(jnp.array([0, far], pairs.dtype), (max(0, capacity - pairs.shape[0]), 2))
    return jnp.concatenate([pairs[:capacity], filler])


def _run(advance, positions, state, box, target, seconds, clock=time.perf_counter):
    """Rows (seconds, best chi squared); the referee's time does not count."""
    rows, spent = [(0.0, chi_squared(positions, box, target))], 0.0
    while spent < seconds:
        began = clock()
        positions, state = jax.block_until_ready(advance(positions, state))
        spent += clock() - began
        # The referee of 4000 atoms is slower than a sweep: not every sweep is judged.
        if spent - rows[-1][0] > seconds / 50 or spent >= seconds:
            rows.append((spent, min(rows[-1][1], chi_squared(positions, box, target))))
    return rows
