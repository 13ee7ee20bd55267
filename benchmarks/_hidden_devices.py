"""Devices in which something is hidden, each a function of a number: what inverse_devices.py looks for."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from _hidden_maps import hills_on

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


def ribbon(number):
    """12 x 12 sites between real ribbons of the same lattice, 31 x 21 readings: hills of height 0.8."""
    axes = {"flux": np.linspace(0, 0.15, 31), "energy": np.linspace(-1.01, 0.97, 21)}
    return _between_ribbons("ribbon", number, ebs.square_sample(12, 12), 1.0, (0.8, 0.1), axes)


def graphene(number):
    """130 sites of an armchair ribbon between ribbons, 31 x 41 readings: hills of height 0.2.

    Thirteen dimer lines: with an odd number both mirrors are exact. With an even one, the mirror image of a smooth
    landscape is nearly a solution, and searches end in it, at a cost of 2e-5.
    """
    axes = {"flux": np.linspace(0, 0.06, 31), "energy": np.linspace(0.513, 1.513, 41)}
    return _between_ribbons("graphene", number, ebs.honeycomb_ribbon(5, 13, "armchair"), 3**0.5, (0.2, 0.02), axes)


def _between_ribbons(name, number, bare, period, heights, axes):
    """Hidden hills on the map of a sample that its leads continue; the start is noise. `heights` of both."""
    terminals = [ebs.ribbon_lead(bare, (step * period, 0)) for step in (-1, 1)]
    simulator = ebs.Conductance(ebs.TightBindingDevice(bare, terminals))
    where = lambda s: s.device.sample.onsite.values
    with_map = lambda values: eqx.tree_at(where, simulator, jnp.asarray(values))
    positions, place = np.asarray(bare.positions), np.asarray(bare.onsite.place)
    random, unit = np.random.default_rng([number, *name.encode()]), np.ptp(positions, axis=0).max()
    values = np.zeros(bare.onsite.values.shape)
    values[place[:, 0], place[:, 1]] = hills_on(positions, random, heights[0], (0.125, 0.25), unit)
    truth = with_map(values)
    start = with_map(np.random.default_rng(number).uniform(-heights[1], heights[1], values.shape))
    mirrors = (ebs.Mirror(where, 0), ebs.Mirror(where, 1))
    return HiddenDevice(truth, start, ebs.simulated_observations(truth, **axes), where, mirrors)


DEVICES = {"ribbon": ribbon, "graphene": graphene}
