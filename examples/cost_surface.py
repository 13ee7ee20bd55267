"""What the cost looks like, and what the data determine: Fig. 4 of the paper, and what its pictures cannot show.

Four data sets of one potential, all made at the truth: the mesh of flux and energy of Fig. 2; 31 fluxes at one energy,
E = 0; ten times as many in the same range; and these spread over half a period of the flux, beyond which G repeats
itself. For each, the cost over the potential of two sites, and the singular values of the Jacobian over all 144.
A search names the local minima of the sparse data: the first corner, where the potential has a notch, with every other
site. The pictures show one that the full mesh does not have, and the lowest: the notch moved to the far end of its row.

    python examples/cost_surface.py            a few minutes
    python examples/cost_surface.py --small  two data sets, one drawn, on a coarse mesh, a few pairs: a quick look
"""

import argparse
import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure
from tqdm import tqdm

import equibacksolve as ebs
from equibacksolve import diagnostics, plotting

jax.config.update("jax_enable_x64", True)

HERE = pathlib.Path(__file__).parent
NOTCH = (0, 0)
PARTNERS = ((11, 10), (11, 0))
REACH = 2.5  # of the pictures, in hoppings about zero
MESH = (17, 11)  # of the search
FLUX, ZERO = np.linspace(0, 0.15, 31), np.zeros(1)
SETS = {
    "full mesh": (FLUX, np.linspace(-1, 1, 21)),
    "E = 0, sparse flux": (FLUX, ZERO),
    "E = 0, dense flux": (np.linspace(0, 0.15, 301), ZERO),
    "E = 0, dense and wide flux": (np.linspace(0, 0.5, 301), ZERO),
}


def hidden(simulator):
    """One onsite energy per site."""
    return simulator.sample.onsite.values


def main():
    arguments = parse()
    potential = np.load(HERE / "data" / "wire_two_hills_12x12.npz")["potential"]
    truth = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(potential)), ebs.WireLead(jnp.pi / 2))
    sets = {name: (flux, energy[::3]) for name, (flux, energy) in list(SETS.items())[:2]} if arguments.small else SETS
    data = {name: observe(truth, *mesh) for name, mesh in sets.items()}
    found = {name: diagnostics.identifiability(truth, observed, where=hidden) for name, observed in data.items()}
    report(data, found)

    traps = search(truth, data["E = 0, sparse flux"], arguments.small)
    deepest, lowest = max(traps, key=lambda pair: pair[1].barrier), min(traps, key=lambda pair: pair[1].cost)

    # In small the mesh of the search, so that it is not compiled anew, and the sparse data alone.
    drawn = list(data)[1:] if arguments.small else list(data)
    mesh = [np.linspace(-REACH, REACH, number) for number in (MESH if arguments.small else (33, 33))]
    tasks = [(name, partner) for name in drawn for partner in PARTNERS]
    shown = {
        (name, partner): surface_and_minima(truth, data[name], partner, *mesh)
        for name, partner in tqdm(tasks, desc="cost surfaces", unit="map")
    }
    for (name, partner), (_, minima) in shown.items():
        found_here = [f"({m.first:.2f}, {m.second:.2f}) cost {m.cost:.1e} deep {m.barrier:.1e}" for m in minima]
        print(f"{name}, sites {NOTCH} and {partner}, local minima: {'; '.join(found_here) or 'none'}")
    tell("deepest", potential, *deepest)
    tell("lowest", potential, *lowest)
    picture = draw(arguments.picture, potential, {name: data[name] for name in drawn}, found, shown)
    ranks = "/".join(str(one.rank) for one in found.values())
    print(f"ranks={ranks} trap_cost={deepest[1].cost:.1e} trap_depth={deepest[1].barrier:.1e} picture={picture}")


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="two data sets, one drawn, a coarse mesh, a few pairs")
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/cost_surface.png"))
    return parser.parse_args()


def observe(truth, flux, energy):
    """The data set that the truth makes on a mesh."""
    settings = [axis.ravel() for axis in jnp.meshgrid(jnp.asarray(flux), jnp.asarray(energy), indexing="ij")]
    values = truth.predict(flux=settings[0], energy=settings[1]).reshape(len(flux), len(energy))
    return ebs.Observations.on_grid(flux=flux, energy=energy, values=values)


def report(data, found):
    """A table: rank, condition, and how many combinations of sites an error of 0.01 e2/h leaves known within 0.1."""
    print(f"{'data':27s} {'points':>6s} {'rank':>5s} {'above 1e-3':>10s} {'condition':>10s} {'known to 0.1':>12s}")
    for name, one in found.items():
        values = np.asarray(one.singular_values)
        print(
            f"{name:27s} {data[name].values.size:6d} {one.rank:5d} {np.sum(values > 1e-3 * values[0]):10d} "
            f"{one.condition:10.1e} {np.sum(values > 0.01 / 0.1):12d}"
        )


def surface_and_minima(truth, observed, partner, first, second):
    """The cost over the notch and one more site, and its local minima above the truth."""
    chosen = {"where": hidden, "entries": (NOTCH, partner)}
    surface = diagnostics.cost_surface(truth, observed, first_values=first, second_values=second, **chosen)
    within = max(first[1] - first[0], second[1] - second[0])
    candidates = [minimum for minimum in diagnostics.local_minima(surface) if minimum.barrier < np.inf]
    minima = [diagnostics.refined(minimum, truth, observed, within=within, **chosen) for minimum in candidates]
    return surface, [minimum for minimum in minima if minimum is not None and minimum.cost > 1e-12]


def search(truth, observed, small):
    """(site, local minimum) for every site that makes one together with the notch."""
    sites = [(9, 8), *PARTNERS] if small else [site for site in np.ndindex(12, 12) if site != NOTCH]
    traps = []
    for site in tqdm(sites, desc="pairs of sites", unit="pair"):
        around = float(hidden(truth)[site]) + np.linspace(-1.25, 1.25, MESH[1])
        _, minima = surface_and_minima(truth, observed, site, np.linspace(-2, 2, MESH[0]), around)
        traps += [(site, minimum) for minimum in minima]
    return traps


def tell(kind, potential, site, trap):
    print(
        f"{kind} local minimum of E = 0, sparse flux: sites {NOTCH} and {site} at "
        f"({trap.first:.2f}, {trap.second:.2f}), truth ({potential[NOTCH]:.2f}, {potential[site]:.2f}), "
        f"cost {trap.cost:.1e}, deep {trap.barrier:.1e}"
    )


def draw(path, potential, data, found, shown):
    """Sites and singular values above; below, one row for each data set."""
    figure = Figure(figsize=(10.5, 2.8 * (1 + len(data))), layout="constrained")
    upper, lower = figure.subfigures(2, 1, height_ratios=(1, len(data)))
    left, right = upper.subplots(1, 2, width_ratios=(1, 1.6))
    plotting.draw_landscape(left, potential, 1.0, "potential, and the two pairs of sites")
    left.plot(*NOTCH, "o", color="black", markersize=6)
    for partner, marker in zip(PARTNERS, "s^"):
        left.plot(*partner, marker, color="black", markersize=6)
    plotting.draw_singular_values(right, list(found.items()))
    rows = lower.subplots(len(data), 1 + len(PARTNERS), squeeze=False)
    for row, (name, observed) in zip(rows, data.items()):
        draw_observed(row[0], name, observed)
        for axes, partner in zip(row[1:], PARTNERS):
            surface, minima = shown[name, partner]
            labels = (f"v{NOTCH}", f"v{partner}")
            here = (float(potential[NOTCH]), float(potential[partner]))
            drawn = plotting.draw_cost_surface(axes, surface, labels, f"{name}: cost", here, minima)
            plotting.add_cost_scale(lower, drawn, axes)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    return path


def draw_observed(axes, name, observed):
    """A map, or a line where there is one energy."""
    flux, energy = (np.unique(observed.variables[axis]) for axis in ("flux", "energy"))
    values = np.asarray(observed.values).reshape(observed.grid)
    if len(energy) > 1:
        plotting.draw_data(axes, flux, energy, values, f"{name}: G (e²/h)")
    else:
        plotting.draw_flux_scan(axes, flux, values[:, 0], name, markers=len(flux) < 100)


if __name__ == "__main__":
    main()
