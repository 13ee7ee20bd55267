"""Devices in which something is hidden, each a function of a number: what inverse_devices.py looks for."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import equibacksolve as ebs


class HiddenDevice(NamedTuple):
    """A truth, a start that knows nothing of it, its data, and the leaves that are hidden, by `where`."""

    truth: Any
    start: Any
    observed: ebs.Observations
    where: Any
    symmetries: tuple = ()

    def error(self, found) -> float:
        """Root mean square error of the hidden numbers, over the images that no datum tells apart."""
        flat = lambda simulator: np.concatenate([np.ravel(leaf) for leaf in jax.tree.leaves(self.where(simulator))])
        images = ebs.images(found, self.symmetries)
        return min(float(np.sqrt(np.mean((flat(image) - flat(self.truth)) ** 2))) for image in images)


def hills(random, positions, height):
    """Two to five Gaussian hills and dips, an eighth to a quarter of the sample wide, scaled to the height."""
    low, extent = positions.min(0), np.ptp(positions, axis=0)
    landscape = np.zeros(len(positions))
    for _ in range(random.integers(2, 6)):
        center, width = random.uniform(low, low + extent), random.uniform(0.125, 0.25) * extent.max()
        hill = np.exp(-np.sum((positions - center) ** 2, axis=1) / (2 * width**2))
        landscape += random.uniform(0.5, 1) * random.choice([-1, 1]) * hill
    return height * landscape / np.abs(landscape).max()


def ribbon(number):
    """12 x 12 sites between real ribbons of the same lattice, 31 x 21 readings: hills of height 0.8."""
    random = np.random.default_rng([number, *b"ribbon"])
    bare = ebs.square_sample(12, 12, np.zeros((12, 12)))
    terminals = [ebs.ribbon_lead(bare, (step, 0)) for step in (-1, 1)]
    simulator = ebs.Conductance(ebs.TightBindingDevice(bare, terminals))
    where = lambda s: s.device.sample.onsite.values
    truth = eqx.tree_at(where, simulator, jnp.asarray(hills(random, bare.positions, 0.8).reshape(12, 12)))
    start = eqx.tree_at(where, simulator, jnp.asarray(np.random.default_rng(number).uniform(-0.1, 0.1, (12, 12))))
    axes = {"flux": np.linspace(0, 0.15, 31), "energy": np.linspace(-1.01, 0.97, 21)}
    mirrors = (ebs.Mirror(where, 0), ebs.Mirror(where, 1))
    return HiddenDevice(truth, start, ebs.simulated_observations(truth, **axes), where, mirrors)


def graphene(number):
    """130 sites of an armchair ribbon between ribbons, 31 x 41 readings: hills of height 0.2.

    Thirteen dimer lines: with an odd number both mirrors are exact. With an even one, the mirror image of a smooth
    landscape is nearly a solution, and searches end in it, at a cost of 2e-5.
    """
    random = np.random.default_rng([number, *b"graphene"])
    bare = ebs.honeycomb_ribbon(5, 13, "armchair", 0.0)
    terminals = [ebs.ribbon_lead(bare, (step * 3**0.5, 0)) for step in (-1, 1)]
    simulator = ebs.Conductance(ebs.TightBindingDevice(bare, terminals))
    where = lambda s: s.device.sample.onsite.values
    place, values = np.asarray(bare.onsite.place), np.zeros(bare.onsite.values.shape)
    values[place[:, 0], place[:, 1]] = hills(random, np.asarray(bare.positions), 0.2)
    truth = eqx.tree_at(where, simulator, jnp.asarray(values))
    start = eqx.tree_at(where, simulator, jnp.asarray(np.random.default_rng(number).uniform(-0.02, 0.02, values.shape)))
    axes = {"flux": np.linspace(0, 0.06, 31), "energy": np.linspace(0.513, 1.513, 41)}
    mirrors = (ebs.Mirror(where, 0), ebs.Mirror(where, 1))
    return HiddenDevice(truth, start, ebs.simulated_observations(truth, **axes), where, mirrors)


DEVICES = {"ribbon": ribbon, "graphene": graphene}
