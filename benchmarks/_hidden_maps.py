"""Families of hidden landscapes, each a function of a random generator: what success_rate.py looks for."""

import jax
import jax.numpy as jnp
import numpy as np

import equibacksolve as ebs

SITES = 12
FLUX, ENERGY = np.linspace(0, 0.15, 31), np.linspace(-1, 1, 21)
X, Y = np.meshgrid(np.arange(SITES), np.arange(SITES), indexing="ij")
GLYPHS = {
    "A": "01110 10001 10001 11111 10001 10001 10001",
    "F": "11111 10000 10000 11110 10000 10000 10000",
    "K": "10001 10010 10100 11000 10100 10010 10001",
    "R": "11110 10001 10001 11110 10100 10010 10001",
    "S": "01111 10000 10000 01110 00001 00001 11110",
    "Z": "11111 00001 00010 00100 01000 10000 11111",
}


def hills(height, shape=(SITES, SITES)):
    """Two to five Gaussian hills and dips, 1.5 to 3 sites wide, scaled to the height."""
    sites = np.stack(np.indices(shape), axis=-1).reshape(-1, 2)
    return lambda random: hills_on(sites, random, height, (1.5, 3)).reshape(shape)


def hills_on(positions, random, height, widths, unit=1.0):
    """Two to five Gaussian hills and dips anywhere among the positions, scaled to the height; widths in this unit."""
    low, high = positions.min(axis=0), positions.max(axis=0)
    landscape = np.zeros(len(positions))
    for _ in range(random.integers(2, 6)):
        center, width = random.uniform(low, high), random.uniform(*widths) * unit
        hill = np.exp(-np.sum((positions - center) ** 2, axis=1) / (2 * width**2))
        landscape += random.uniform(0.5, 1) * random.choice([-1, 1]) * hill
    return height * landscape / np.abs(landscape).max()


def smooth_noise(random, length):
    """White noise blurred by a Gaussian of standard deviation `length`, with zero mean and largest value 1."""
    distance = np.arange(3 * SITES)[:, None] - np.arange(3 * SITES)
    blur = np.exp(-(distance**2) / (2 * length**2))
    landscape = (blur @ random.normal(size=distance.shape) @ blur)[SITES : 2 * SITES, SITES : 2 * SITES]
    landscape = landscape - landscape.mean()
    return landscape / np.abs(landscape).max()


def letter(random):
    """A letter of height 1, five sites by seven, anywhere."""
    glyph = np.array([[int(dot) for dot in row] for row in GLYPHS[random.choice(list(GLYPHS))].split()], float)
    corner = random.integers(0, SITES - 6), random.integers(0, SITES - 4)
    landscape = np.zeros((SITES, SITES))
    landscape[corner[0] : corner[0] + 7, corner[1] : corner[1] + 5] = glyph
    return landscape


def ring(random):
    """A ring of height 1, 1.5 sites wide, of radius 2.5 to 4."""
    center, radius = random.uniform(4.5, 6.5, 2), random.uniform(2.5, 4)
    return (np.abs(np.hypot(X - center[0], Y - center[1]) - radius) < 0.75).astype(float)


def antidots(random):
    """Two to four discs of height 3 and radius 1 to 1.8."""
    landscape = np.zeros((SITES, SITES))
    for _ in range(random.integers(2, 5)):
        center, radius = random.uniform(1.5, SITES - 2.5, 2), random.uniform(1, 1.8)
        landscape[np.hypot(X - center[0], Y - center[1]) < radius] = 3.0
    return landscape


def step(shape=(SITES, SITES)):
    """A p-n junction: -0.8 and 0.8 on either side of a sharp, curved edge, and white disorder of half-width 0.1."""

    def landscape(random):
        x, y = np.indices(shape)
        phase, bend = random.uniform(0, 2 * np.pi), random.uniform(0.1, 0.25) * shape[0]
        edge = random.uniform(0.35, 0.65) * shape[0] + bend * np.sin(
            np.pi * y / shape[1] * random.uniform(1, 2) + phase
        )
        return random.choice([-0.8, 0.8]) * np.where(x < edge, 1, -1) + random.uniform(-0.1, 0.1, shape)

    return landscape


def saddle(shape=(SITES, SITES)):
    """A point contact: a parabolic channel between barriers of height 1 to 2, and four impurities of -0.5 or 0.5."""

    def landscape(random):
        x, y = np.indices(shape)
        centers = [(n - 1) / 2 + random.uniform(-0.1, 0.1) * n for n in shape]
        across, along = (y - centers[1]) / (shape[1] / 2), (x - centers[0]) / (random.uniform(0.12, 0.25) * shape[0])
        barrier = random.uniform(1, 2) * across**2 * np.exp(-(along**2) / 2)
        barrier.flat[random.choice(barrier.size, 4, replace=False)] += random.choice([-0.5, 0.5], 4)
        return barrier

    return landscape


def impurities(shape=(SITES, SITES)):
    """Ten sites of -1.5 or 1.5 in an even sample."""

    def landscape(random):
        sites = np.zeros(shape)
        sites.flat[random.choice(sites.size, 10, replace=False)] = random.choice([-1.5, 1.5], 10)
        return sites

    return landscape


def dipoles(shape=(SITES, SITES)):
    """Three to five pairs of a hill and a dip of height 1, one site wide and two to three sites apart."""

    def landscape(random):
        x, y = np.indices(shape)
        hill = lambda center: np.exp(-((x - center[0]) ** 2 + (y - center[1]) ** 2) / 2)
        landscape = np.zeros(shape)
        for _ in range(random.integers(3, 6)):
            center, turn = random.uniform((1, 1), np.array(shape) - 2), random.uniform(0, 2 * np.pi)
            half = random.uniform(2, 3) / 2 * np.array([np.cos(turn), np.sin(turn)])
            landscape += hill(center + half) - hill(center - half)
        return landscape

    return landscape


SHAPES = {"6 x 24": (6, 24), "18 x 8": (18, 8), "16 x 16": (16, 16)}
"""Other samples, columns by rows: long, wide, and larger, on the same mesh of settings."""

POTENTIALS = {
    **{f"hills {height}": hills(height) for height in (0.5, 1, 1.5, 2)},
    **{f"speckle {length}": lambda random, length=length: smooth_noise(random, length) for length in (2, 3)},
    "letters": letter,
    "rings": ring,
    **{f"iid {half}": lambda random, half=half: random.uniform(-half, half, (SITES, SITES)) for half in (0.25, 0.5, 1)},
    "antidots": antidots,
    "steps": step(),
    "saddle": saddle(),
    "impurities": impurities(),
    "dipoles": dipoles(),
    **{
        f"{name} on {told}": kind(shape)
        for told, shape in SHAPES.items()
        for name, kind in {"hills 1": lambda shape: hills(1, shape), "steps": step, "saddle": saddle}.items()
    },
}
MAGNETIZATIONS = {
    "magnetization smooth": lambda random: np.pi / 2 + np.pi / 2 * smooth_noise(random, 3),
    "magnetization rough": lambda random: np.pi / 2 + np.pi / 2 * smooth_noise(random, 1.5),
}
FAMILIES = {**POTENTIALS, **MAGNETIZATIONS}


class HiddenMap:
    """One truth of a family: the data that it makes, random starts, and the error of what was found.

    The truth depends on family and number alone.
    """

    def __init__(self, family: str, number: int, noise: float = 0.0):
        self.is_potential = family in POTENTIALS
        random = np.random.default_rng([number, *family.encode()])
        self.truth = jnp.asarray(FAMILIES[family](random))
        flux, energy = (jnp.asarray(axis.ravel()) for axis in np.meshgrid(FLUX, ENERGY, indexing="ij"))
        values = self.simulator(self.truth).predict(flux=flux, energy=energy).reshape(len(FLUX), len(ENERGY))
        values = values + noise * random.normal(size=values.shape)
        self.observed = ebs.Observations.on_grid(flux=FLUX, energy=ENERGY, values=values, sigma=noise or None)

    def simulator(self, hidden) -> ebs.Magnetoconductance:
        """The device with these hidden numbers in it."""
        if self.is_potential:
            lead, onsite = ebs.WireLead(jnp.pi / 2), ebs.Potential(hidden)
        else:
            lead, onsite = ebs.WireLead(jnp.array([0.5, 0.25])), ebs.ExchangeField(hidden, 0.5)
        # Where hidden numbers are traced, the interval cannot be chosen from them.
        interval = 6 if isinstance(hidden, jax.core.Tracer) else None
        return ebs.Magnetoconductance(ebs.SquareLattice(onsite), lead, interval=interval)

    def hidden(self, simulator):
        """The hidden leaf, a `where` for backsolve."""
        return simulator.sample.onsite.values if self.is_potential else simulator.sample.onsite.angle

    def start(self, number: int):
        """A random start that knows nothing of the truth."""
        random = np.random.default_rng([number, 1])
        if self.is_potential:
            return self.simulator(jnp.asarray(random.uniform(-0.1, 0.1, self.truth.shape)))
        return self.simulator(jnp.asarray(np.pi / 2 + random.uniform(-0.3, 0.3, self.truth.shape)))

    def error(self, simulator) -> float:
        """Root mean square error over the images that no datum tells apart; of m_z for a magnetization."""
        symmetries = [ebs.Mirror(self.hidden, 0), ebs.Mirror(self.hidden, 1)]
        seen = (lambda v: v) if self.is_potential else jnp.cos
        found = [seen(self.hidden(image)) for image in ebs.inverse.images(simulator, symmetries)]
        return min(float(jnp.sqrt(jnp.mean((image - seen(self.truth)) ** 2))) for image in found)
