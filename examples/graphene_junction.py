"""The profile of a graphene p-n junction from its conductance against energy and flux.

An armchair ribbon between two strongly doped contacts; a gate makes its left side n-doped, its right side p-doped. How
the potential climbs from one to the other is hidden, as the coefficients of a spline along the current. The contacts
reflect a little, and the interference tells where electrons turn into holes. Without them a junction could be moved
along the ribbon, and no datum would change.

    python examples/graphene_junction.py            6 periods of 14 dimer lines, six coefficients
    python examples/graphene_junction.py --small    3 periods of 5 dimer lines, three coefficients: a quick look
"""

import argparse
import pathlib

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

import equibacksolve as ebs
from equibacksolve import diagnostics, plotting

jax.config.update("jax_enable_x64", True)

PERIOD = 3**0.5  # of an armchair ribbon, in lattice constants
CONTACTS = -0.7  # the onsite energy of graphene under metal, in hoppings


def junction(length, width, profile):
    """The device, with a spline that has one coefficient across."""
    spline = lambda positions: ebs.samples.SplinePotential(profile[:, None], positions)
    sample = ebs.samples.honeycomb_ribbon(length, width, "armchair", spline)
    terminals = [ebs.samples.ribbon_lead(sample, (side * PERIOD, 0), onsite=CONTACTS) for side in (-1, 1)]
    return ebs.Conductance(ebs.TightBindingDevice(sample, terminals))


def hidden(simulator):
    return simulator.device.sample.onsite.coefficients


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true")
    parser.add_argument("--sigma", type=float, default=0.005, help="error of a reading, e2/h")
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/graphene_junction.png"))
    arguments = parser.parse_args()
    length, width, number = (3, 5, 3) if arguments.small else (6, 14, 6)
    along = jnp.linspace(0, 1, number)
    step = lambda place, wide: 0.3 * jnp.tanh((along - place) / wide)
    truth = junction(length, width, step(0.58, 0.25) + 0.08 * jnp.exp(-(((along - 0.25) / 0.15) ** 2)))
    fluxes, energies = jnp.linspace(0, 0.02, 5), jnp.linspace(-0.35, 0.35, 8 if arguments.small else 29)
    axes = {"flux": fluxes, "energy": energies}
    observed = ebs.simulated_observations(truth, sigma=arguments.sigma, key=jax.random.key(0), **axes)

    # A start that knows only which side is n: the best of a few plain steps, by the cost alone.
    with_profile = lambda profile: eqx.tree_at(hidden, truth, profile[:, None])
    steps = [with_profile(step(place, wide)) for place in np.linspace(0.3, 0.7, 5) for wide in (0.1, 0.3)]
    start = min(steps, key=lambda simulator: float(ebs.mean_squared_error(simulator, observed)))
    found = ebs.backsolve(start, observed, ebs.LevenbergMarquardt(), where=hidden)
    print(found.reason)
    errors = hidden(diagnostics.standard_errors(found.simulator, observed, where=hidden).errors)
    error = float(jnp.max(jnp.abs(hidden(found.simulator) - hidden(truth))))
    for name, values in (("start", start), ("truth", truth), ("found", found.simulator)):
        print(f"{name}: {np.asarray(hidden(values))[:, 0].round(3)}")
    print(f"error bars: {np.asarray(errors)[:, 0].round(3)}")

    figure = Figure(figsize=(11, 6), layout="constrained")
    panels = figure.subplots(2, 2)
    plotting.draw_data(panels[0, 0], fluxes, energies, observed.values.reshape(observed.grid), "T (e²/h)")
    device = found.simulator.device
    layout, energies = plotting.SiteLayout.of(device), device.sample.onsite.energies()
    drawn = plotting.draw_sites(panels[0, 1], layout, energies, 0.4, "found")
    figure.colorbar(drawn, ax=panels[0, 1], label="potential (hopping)")
    panels[1, 0].plot(along, hidden(start)[:, 0], ":", color="0.5", label="start")
    panels[1, 0].plot(along, hidden(truth)[:, 0], "-", color="black", label="truth")
    panels[1, 0].errorbar(
        along, hidden(found.simulator)[:, 0], errors[:, 0], fmt=".", capsize=4, color="tab:red", label="found"
    )
    panels[1, 0].set(xlabel="place along the current", ylabel="coefficient (hopping)")
    panels[1, 0].legend(frameon=False)
    plotting.draw_history(panels[1, 1], found.history, "chi-squared per reading")
    arguments.picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.picture, dpi=100)
    print(f"cost={float(found.cost):.3f} largest_error={error:.4f} picture={arguments.picture}")


if __name__ == "__main__":
    main()
