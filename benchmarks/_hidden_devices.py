"""Devices in which something is hidden, each a function of a number: what inverse_devices.py looks for."""

from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from _hidden_maps import hills_on
from jaxtyping import Array, Float

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
        images = ebs.inverse.images(found, self.symmetries)
        return min(float(np.sqrt(np.mean((flat(image) - flat(self.truth)) ** 2))) for image in images)


def ribbon(number):
    """12 x 12 sites between real ribbons of the same lattice, 31 x 21 readings: hills of height 0.8."""
    axes = {"flux": np.linspace(0, 0.15, 31), "energy": np.linspace(-1.01, 0.97, 21)}
    return _between_ribbons("ribbon", number, ebs.samples.square_sample(12, 12), 1.0, (0.8, 0.1), axes)


def graphene(number):
    """130 sites of an armchair ribbon between ribbons, 31 x 41 readings: hills of height 0.2.

    Thirteen dimer lines: with an odd number both mirrors are exact. With an even one, the mirror image of a smooth
    landscape is nearly a solution, and searches end in it, at a cost of 2e-5.
    """
    axes = {"flux": np.linspace(0, 0.06, 31), "energy": np.linspace(0.513, 1.513, 41)}
    return _between_ribbons(
        "graphene", number, ebs.samples.honeycomb_ribbon(5, 13, "armchair"), 3**0.5, (0.2, 0.02), axes
    )


def _between_ribbons(name, number, bare, period, heights, axes):
    """Hidden hills on the map of a sample that its leads continue; the start is noise. `heights` of both."""
    simulator = ebs.Conductance(ebs.TightBindingDevice(bare, _ends(bare, period)))
    where = lambda s: s.device.sample.onsite.values
    positions, place = np.asarray(bare.positions), np.asarray(bare.onsite.place)
    random, unit = np.random.default_rng([number, *name.encode()]), np.ptp(positions, axis=0).max()
    values = np.zeros(bare.onsite.values.shape)
    values[place[:, 0], place[:, 1]] = hills_on(positions, random, heights[0], (0.125, 0.25), unit)
    mirrors = (ebs.Mirror(where, 0), ebs.Mirror(where, 1))
    return _hidden(simulator, number, where, values, heights[1], axes)._replace(symmetries=mirrors)


class HallMeasurement(ebs.AbstractSimulator):
    """R_xx and R_xy, in h/e2, at the points of a mesh of fluxes and energies: two readings a point."""

    resistance: ebs.simulators.FourTerminalResistance
    flux: Float[Array, " points"]
    energy: Float[Array, " points"]

    def predict(self):
        return self.resistance.predict(flux=self.flux, energy=self.energy)


def hall_bar(number):
    """A density step and three impurities in a Hall bar of 15 x 5 sites: R_xx and R_xy together, 630 readings."""
    sample = ebs.samples.square_sample(15, 5)
    strip = lambda first: lambda x, y: (x >= first) & (x < first + 3)
    probes = [ebs.samples.ribbon_lead(sample, (0, side), within=strip(first)) for first in (3, 11) for side in (1, -1)]
    device = ebs.TightBindingDevice(sample, _ends(sample, 1.0) + probes)
    # Four modes in the bar and up to two in a probe: every probe has an open one.
    fluxes, energies = np.meshgrid(np.linspace(0.005, 0.06, 21), np.linspace(-1.71, -0.83, 15), indexing="ij")
    bare = HallMeasurement(
        ebs.simulators.FourTerminalResistance(device, (0, 1), ((2, 4), (3, 2))), fluxes.ravel(), energies.ravel()
    )
    where = lambda s: s.resistance.device.sample.onsite.values
    random = np.random.default_rng([number, *b"hall bar"])
    x, y = np.asarray(sample.positions).T
    slope = np.tan(random.uniform(-0.5, 0.5))
    values = 0.15 * random.choice([-1, 1]) * np.tanh((x - random.uniform(5, 11) - slope * (y - 3)) / 1.5)
    values[random.choice(len(x), 3, replace=False)] += random.uniform(0.3, 0.6, 3) * random.choice([-1, 1], 3)
    return _hidden(bare, number, where, values.reshape(15, 5), 0.05, {})


def gate_map(number):
    """12 x 8 sites between ribbons, hills of height 0.6, and the height of the tip: from a scanning gate map."""
    sample = ebs.samples.square_sample(12, 8)
    device = ebs.TightBindingDevice(sample, _ends(sample, 1.0))
    bare = ebs.simulators.ScanningGate(device, ebs.simulators.LorentzianTip(0.5, 1.5))
    axes = {
        "tip_x": np.arange(1.0, 13),
        "tip_y": np.arange(1.0, 9),
        "energy": [-1.3, -0.9, -0.53, -0.11],
        "flux": [0.03],
    }
    where = lambda s: (s.device.sample.onsite.values, s.tip.height)
    random = np.random.default_rng([number, *b"gate map"])
    values = hills_on(np.asarray(sample.positions), random, 0.6, (1.5, 3)).reshape(12, 8)
    return _hidden(bare, number, where, (values, random.uniform(0.4, 0.8)), 0.05, axes)


def coupled_wire(number):
    """12 x 4 sites with spin: a smooth potential, the Zeeman energy and the coupling of each lead, from 414 readings.

    The potential has 6 x 2 coefficients, up to 0.4. As 48 free sites it was found in none of five truths within 120 s.
    """
    length, width, one, pauli = 12, 4, np.eye(2), np.array([[0, 1], [1, 0]])
    bare = ebs.samples.square_sample(length, width)
    row, column, area = (np.asarray(getattr(bare.entries, name)) for name in ("row", "column", "area"))
    sites = np.arange(length * width)
    of_blocks = ebs.samples.Entries.of_blocks
    zeeman = ebs.samples.LinearTerm(0.1, of_blocks(sites, sites, pauli, 0.0 * sites), setting="field")
    hoppings = of_blocks(row, column, one, area)
    potential = ebs.samples.SplinePotential(np.zeros((6, 2)), bare.positions)
    sample = ebs.samples.TightBinding(potential, hoppings, bare.positions, np.repeat(sites, 2), (zeeman,))
    y = np.arange(width)
    hopping = of_blocks(y, y, one, np.zeros(width))

    def lead(x):
        """Without a field, in the gauge that the sample has at x."""
        area = np.repeat([x, -x], width - 1)
        cell = of_blocks(np.append(y[1:], y[:-1]), np.append(y[:-1], y[1:]), one, area)
        return ebs.leads.PeriodicLead(cell, hopping, hopping, 2 * width, strength=0.8)

    orbitals = np.arange(2 * width)
    ends = [
        ebs.Terminal(lead(0.0), orbitals),
        ebs.Terminal(lead(length + 1.0), 2 * (length - 1) * width + orbitals),
    ]
    simulator = ebs.Conductance(ebs.TightBindingDevice(sample, ends))
    axes = {"field": np.arange(3.0), "flux": [0.0, 0.01, 0.02], "energy": np.linspace(-1.97, -0.17, 46)}

    def where(s):
        sample, leads = s.device.sample, [terminal.lead for terminal in s.device.terminals]
        return sample.onsite.coefficients, sample.terms[0].strength, *(lead.strength for lead in leads)

    random = np.random.default_rng([number, *b"coupled wire"])
    values = random.uniform(-0.4, 0.4, (6, 2))
    strengths = random.uniform(0.05, 0.15), *random.uniform(0.6, 1.0, 2)
    symmetries = (ebs.Mirror(lambda s: where(s)[0], 1), Turned(where))
    return _hidden(simulator, number, where, (values, *strengths), 0.05, axes)._replace(symmetries=symmetries)


class Turned(ebs.inverse.AbstractSymmetry):
    """The map reversed along the current, and the coupling of both leads exchanged."""

    where: Any = eqx.field(static=True)

    def __call__(self, simulator):
        values, zeeman, left, right = self.where(simulator)
        return eqx.tree_at(self.where, simulator, (values[::-1], zeeman, right, left))


def _ends(sample, period):
    return [ebs.samples.ribbon_lead(sample, (step * period, 0)) for step in (-1, 1)]


def _hidden(bare, number, where, values, width, axes):
    """The truth has these values; the start has noise of this half-width on the map, and what `bare` has else."""
    of_its_shape = lambda leaf, value: jnp.broadcast_to(jnp.asarray(value), leaf.shape)
    truth = eqx.tree_at(where, bare, jax.tree.map(of_its_shape, where(bare), values))
    noise = lambda leaf: jnp.asarray(np.random.default_rng(number).uniform(-width, width, leaf.shape))
    start = eqx.tree_at(where, bare, jax.tree.map(lambda leaf: leaf if leaf.size == 1 else noise(leaf), where(bare)))
    return HiddenDevice(truth, start, ebs.simulated_observations(truth, **axes), where)


DEVICES = {
    "ribbon": ribbon,
    "graphene": graphene,
    "hall bar": hall_bar,
    "gate map": gate_map,
    "coupled wire": coupled_wire,
}
