"""One potential from two maps: measured cold and warm, each with its own temperature and its own zero of the field.

The cold map has sharp features and few readings that can be trusted; the warm one is smooth and well measured. The
potential is shared, so it stands once; temperature and offset of the magnet stand once for each map. The search runs on
either map alone, and on both. `python examples/joint_fit.py [--small]`: 30 sites in less than a minute, or 6.
"""

import argparse
import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from matplotlib.figure import Figure

import equibacksolve as ebs
from equibacksolve import diagnostics
from equibacksolve.plotting import draw_landscape, draw_readings, with_colour_bar
from equibacksolve.simulators import Positive

jax.config.update("jax_enable_x64", True)

TEMPERATURE, OFFSET, SIGMA = {"cold": 0.03, "warm": 0.12}, {"cold": 0.004, "warm": -0.006}, {"cold": 0.04, "warm": 0.01}


class CoolDowns(ebs.AbstractJointSimulator):
    """One sample at several temperatures (k_B T in hoppings), each map with its own offset of the flux."""

    potential: Float[Array, "length width"]
    temperature: dict[str, Positive]
    offset: dict[str, Array]

    def simulators(self):
        wire = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(self.potential)), ebs.WireLead(jnp.pi / 2))
        smeared = {name: ebs.ThermalSmearing(wire, one.value) for name, one in self.temperature.items()}
        return {name: ebs.FluxOffset(one, self.offset[name]) for name, one in smeared.items()}


def hidden(simulator):
    """What is searched for: the potential, and what belongs to each map."""
    return simulator.potential, simulator.temperature, simulator.offset


def cool_downs(potential, temperature, offset):
    positive = {name: Positive(one) for name, one in temperature.items()}
    return CoolDowns(potential, positive, {name: jnp.asarray(one) for name, one in offset.items()})


def search(truth, maps, key):
    """From a flat potential, k_B T = 0.06 and no offset. Of the mirror images, the one nearest to the truth is kept."""
    guess = 0.05 * jax.random.normal(key, truth.potential.shape)
    start = cool_downs(guess, dict.fromkeys(maps, 0.06), dict.fromkeys(maps, 0.0))
    observed = ebs.JointObservations(**maps)
    found = ebs.backsolve(start, observed, where=hidden, key=key, seconds=100, progress=False)
    mirrors = [ebs.Mirror(lambda s: s.potential, axis) for axis in (0, 1)]
    difference = lambda image: float(jnp.sqrt(jnp.mean((image.potential - truth.potential) ** 2)))
    nearest = ebs.choose_image(found.simulator, mirrors, difference)
    expected = diagnostics.standard_errors(nearest, observed, where=hidden, prior_precision=1e-3).errors
    return found, nearest, difference(nearest), float(jnp.sqrt(jnp.mean(expected.potential**2)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/joint_fit.png"))
    arguments = parser.parse_args()
    shape, began = ((3, 2) if arguments.small else (6, 5)), time.perf_counter()
    x, y = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    truth = cool_downs(jnp.asarray(0.8 * np.exp(-3 * (x - 0.3) ** 2 - 2 * (y + 0.4) ** 2)), TEMPERATURE, OFFSET)
    axes = {"flux": jnp.linspace(0, 0.14, 8 if arguments.small else 15), "energy": jnp.linspace(-1, 1, 9)}
    one = truth.simulators()
    maps = {n: ebs.simulated_observations(one[n], sigma=SIGMA[n], key=k, **axes) for k, n in enumerate(one)}

    results = {}
    for name, used in (("cold", ["cold"]), ("warm", ["warm"]), ("both", ["cold", "warm"])):
        results[name] = search(truth, {n: maps[n] for n in used}, jax.random.key(1))
        found, nearest, error, expected = results[name]
        print(f"{name}: {found.reason}")
        kept = ", ".join(f"{n} {float(t.value):.3f}" for n, t in nearest.temperature.items())
        print(f"{name}: rms_error={error:.3f} expected={expected:.3f} temperatures: {kept}")

    figure = Figure(figsize=(12, 2.9), layout="constrained")
    panels = figure.subplots(1, 6)
    for panel, name in zip(panels, maps):
        drawn = draw_readings(panel, maps[name], title=f"{name} map")
    with_colour_bar(figure, drawn, panels[1], "G (e²/h)")
    height = float(jnp.max(jnp.abs(truth.potential)))
    shown = {"truth": truth.potential} | {
        f"{name}: rms error {error:.3f}": nearest.potential for name, (_, nearest, error, _) in results.items()
    }
    for panel, (title, values) in zip(panels[2:], shown.items()):
        drawn = draw_landscape(panel, values, height, title)
    with_colour_bar(figure, drawn, panels[-1], "potential (hopping)")
    arguments.picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.picture, dpi=100)
    print(f"seconds={time.perf_counter() - began:.1f} picture={arguments.picture}")


if __name__ == "__main__":
    main()
