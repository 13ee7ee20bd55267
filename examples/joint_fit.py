"""One potential from two maps: measured cold and warm, each with its own temperature and its own zero of the field.

The cold map has sharp features and much noise; the warm one is smooth and well measured. The potential is shared, so it
stands once; temperature and offset of the magnet stand once for each map. The search runs on both maps, and on either
alone. `python examples/joint_fit.py [--small]`: 20 sites, or 12.
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


def error_of(potential, truth):
    """Root mean square difference; of the four mirror images, that of the nearest."""
    turned = [potential[::along, ::across] for along in (1, -1) for across in (1, -1)]
    return min((float(jnp.sqrt(jnp.mean((one - truth) ** 2))), number, one) for number, one in enumerate(turned))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/joint_fit.png"))
    arguments = parser.parse_args()
    shape, began = ((4, 3) if arguments.small else (5, 4)), time.perf_counter()
    x, y = np.meshgrid(*(np.linspace(-1, 1, n) for n in shape), indexing="ij")
    truth = cool_downs(jnp.asarray(0.8 * np.exp(-3 * (x - 0.3) ** 2 - 2 * (y + 0.4) ** 2)), TEMPERATURE, OFFSET)
    axes = {"flux": jnp.linspace(0, 0.15, 7 if arguments.small else 11), "energy": jnp.linspace(-1, 1, 11)}
    one = truth.simulators()
    maps = {n: ebs.simulated_observations(one[n], sigma=SIGMA[n], key=k, **axes) for k, n in enumerate(one)}

    # Both maps, from a flat potential; then each alone from what both found, so that none is left in a local minimum.
    found, results = None, {}
    for name, used in (("both", ["cold", "warm"]), ("cold", ["cold"]), ("warm", ["warm"])):
        keep = lambda mine: {n: mine[n] for n in used}
        guess = 0.05 * jax.random.normal(jax.random.key(1), shape)
        start = cool_downs(guess, dict.fromkeys(used, 0.06), dict.fromkeys(used, 0.0))
        if found is not None:
            best = results["both"][0]
            start = CoolDowns(best.potential, keep(best.temperature), keep(best.offset))
        observed, method = ebs.JointObservations(**keep(maps)), ebs.LevenbergMarquardt()
        found = ebs.backsolve(start, observed, method, where=hidden, seconds=1000, progress=False)
        error, _, nearest = error_of(found.simulator.potential, truth.potential)
        results[name] = found.simulator, nearest, error
        print(f"{name}: {found.reason}")
        kept = ", ".join(f"{n} {float(t.value):.3f}" for n, t in found.simulator.temperature.items())
        print(f"{name}: rms_error={error:.3f} temperatures: {kept}")

    figure = Figure(figsize=(12, 2.9), layout="constrained")
    panels = figure.subplots(1, 6)
    for panel, name in zip(panels, maps):
        drawn = draw_readings(panel, maps[name], title=f"{name} map")
    with_colour_bar(figure, drawn, panels[1], "G (e²/h)")
    height = float(jnp.max(jnp.abs(truth.potential)))
    shown = {"truth": truth.potential} | {
        f"{name}: rms error {error:.3f}": nearest for name, (_, nearest, error) in results.items()
    }
    for panel, (title, values) in zip(panels[2:], shown.items()):
        drawn = draw_landscape(panel, values, height, title)
    with_colour_bar(figure, drawn, panels[-1], "potential (hopping)")
    arguments.picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.picture, dpi=100)
    print(f"seconds={time.perf_counter() - began:.1f} picture={arguments.picture}")


if __name__ == "__main__":
    main()
