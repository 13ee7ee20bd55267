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


def hills(height):
    """Two to five Gaussian hills and dips, 1.5 to 3 sites wide, scaled to the height."""

    sites = np.stack([X, Y], axis=-1).reshape(-1, 2)
    return lambda random: hills_on(sites, random, height, (1.5, 3)).reshape(SITES, SITES)


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


POTENTIALS = {
    **{f"hills {height}": hills(height) for height in (0.5, 1, 1.5, 2)},
    **{f"speckle {length}": lambda random, length=length: smooth_noise(random, length) for length in (2, 3)},
    "letters": letter,
    "rings": ring,
    **{f"iid {half}": lambda random, half=half: random.uniform(-half, half, (SITES, SITES)) for half in (0.25, 0.5, 1)},
    "antidots": antidots,
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
            return self.simulator(jnp.asarray(random.uniform(-0.1, 0.1, (SITES, SITES))))
        return self.simulator(jnp.asarray(np.pi / 2 + random.uniform(-0.3, 0.3, (SITES, SITES))))

    def error(self, simulator) -> float:
        """Root mean square error over the images that no datum tells apart; of m_z for a magnetization."""
        symmetries = [ebs.Mirror(self.hidden, 0), ebs.Mirror(self.hidden, 1)]
        seen = (lambda v: v) if self.is_potential else jnp.cos
        found = [seen(self.hidden(image)) for image in ebs.inverse.images(simulator, symmetries)]
        return min(float(jnp.sqrt(jnp.mean((image - seen(self.truth)) ** 2))) for image in found)
