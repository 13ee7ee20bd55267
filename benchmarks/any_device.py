"""Claim: T and its whole Jacobian of any device cost at most 2.5 times T, and agree with Kwant's numbers.

Devices of tests/reference/devices, by levels and by sparse factors; squares between wires, where the choice of solver
changes sides; and the sweep of `Magnetoconductance`, which knows 12 x 12 sites with wires and nothing else. Times are
milliseconds a point on one thread; leads are computed before and remembered, as in a search. The last column is what
central differences would take: two T for each site.

With an interpreter that has Kwant (against_kwant.py says how to make one), Kwant's T of the same devices stands below,
with its leads computed before as well. Kwant has no Jacobian: by differences it costs two T for each site.

    python benchmarks/any_device.py [--kwant PYTHON] [--repeats 5] [--json FILE] [--short]    (pin it: taskset -c 0)
"""

import json
import pathlib
import subprocess

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from _measuring import arguments_of, on_one_thread, timed, write_json
from against_kwant import has_kwant

import equibacksolve as ebs

jax.config.update("jax_enable_x64", True)

FOLDER = pathlib.Path(__file__).parents[1] / "tests" / "reference" / "devices"
POINTS = 64


def of_file(name, solver):
    """A device of Kwant's, the settings of its first points, and Kwant's T from terminal 0 to 1."""
    data = np.load(FOLDER / f"{name}.npz")
    settings = {key: jnp.asarray(data[key][:POINTS]) for key in ("flux", "energy", "zeeman") if key in data}
    return ebs.load_device(FOLDER / f"{name}.npz", solver=solver), settings, data["T"][:POINTS, 1, 0]


def square(size, solver, contact=None):
    """size x size sites between wires, as many as sites across, or `contact` of them at each end."""
    contact = contact or size
    sample = ebs.samples.square_sample(size, size, np.random.default_rng(0).uniform(-0.5, 0.5, (size, size)))
    ends = [np.arange(contact), np.arange(size * size - contact, size * size)]
    terminals = [ebs.Terminal(ebs.WireLead(jnp.pi / 2), end) for end in ends]
    points = POINTS if size < 40 else 8
    settings = {"flux": jnp.linspace(0, 0.1, points), "energy": jnp.linspace(-1, 1, points)}
    return ebs.TightBindingDevice(sample, terminals, solver=solver), settings, None


def row(name, device, settings, kwant, repeats):
    """Milliseconds a point, their ratio, what differences would cost, and the distance from Kwant."""
    simulator, energies = ebs.Conductance(device), lambda s: s.device.sample.onsite.values
    simulator.check_settings(**settings)
    predict = lambda values: eqx.tree_at(energies, simulator, values).predict(**settings)
    start = energies(simulator)
    # Factors of the same matrix are remembered: each call gets another potential, as in a search.
    moved = lambda values, number: jax.block_until_ready(values + 1e-9 * number)
    found = timed({"T": predict, "J": jax.jacfwd(predict)}, start, repeats, moved)
    points = len(settings["energy"])
    t, j = (1e3 * found[key][0] / points for key in ("T", "J"))
    off = "" if kwant is None else f"{np.abs(jax.jit(predict)(start) - kwant).max():.0e}"
    levels = type(device.arrangement).__name__.removesuffix("Arrangement").lower()
    print(f"{name:24s} {levels:7s} {t:8.3f} {j:8.3f} {j / t:6.2f} {2 * start.size * t / j:9.0f} x  {off}", flush=True)
    return {"device": name, "solver": levels, "T": t, "J": j, "ratio": j / t, "compile": found["J"][2], "off": off}


def sweep(repeats):
    """12 x 12 sites with wires by the fast sweep."""
    potential = jnp.asarray(np.random.default_rng(0).uniform(-0.5, 0.5, (12, 12)))
    flux, energy = jnp.linspace(0, 0.1, POINTS), jnp.linspace(-1, 1, POINTS)

    def predict(values):
        sample = ebs.SquareLattice(ebs.Potential(values))
        return ebs.Magnetoconductance(sample, ebs.WireLead(jnp.pi / 2), interval=6).predict(flux=flux, energy=energy)

    found = timed({"T": predict, "J": jax.jacfwd(predict)}, potential, repeats)
    t, j = (1e3 * found[key][0] / POINTS for key in ("T", "J"))
    print(f"{'12 x 12, wires':24s} {'sweep':7s} {t:8.3f} {j:8.3f} {j / t:6.2f}", flush=True)
    return {"device": "12 x 12, wires", "solver": "sweep", "T": t, "J": j, "ratio": j / t}


def beside_kwant(python, names, rows):
    """Kwant's milliseconds a point, and how many times ours fit into them; with a Jacobian by differences of Kwant."""
    script = pathlib.Path(__file__).with_name("_kwant_devices.py")
    lines = subprocess.run(
        [python, str(script), *names], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    ours = {row["device"]: row for row in reversed(rows)}  # by levels: those come first
    head = ("Kwant T, ms", "leads known", "ratio", "ratio T+J", "J, differences", "from file")
    print(f"\n{'device':24s}" + "".join(f"{name:>15s}" for name in head))
    found = []
    for line in lines:
        one = json.loads(line)
        mine = ours[one["name"]]
        known = 1e3 * one["T, leads known"]
        sites = len(np.load(FOLDER / f"{one['name']}.npz")["onsite"])
        ratios = known / mine["T"], known / mine["J"], 2 * sites * known / mine["J"]
        cells = "".join(f"{ratio:15.0f}" for ratio in ratios)
        print(f"{one['name']:24s}{1e3 * one['T']:15.2f}{known:15.2f}{cells}{one['off']:15.0e}", flush=True)
        found.append(one | dict(zip(("ratio T", "ratio J", "ratio differences"), ratios)))
    print(f"Kwant {found[0]['version']}, {found[0]['solver']}")
    return found


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--kwant", metavar="PYTHON", help="an interpreter that has Kwant")
    options = parser.parse_args()
    on_one_thread()
    names = ["inverse_graphene", "rashba_wire"] if options.short else [
        "inverse_ribbon", "inverse_graphene", "rashba_wire", "bhz", "honeycomb_dot", "hall_bar"
    ]  # fmt: skip
    sizes = [12] if options.short else [12, 24, 32, 48, 64]
    print(f"{'device':24s} {'solver':7s} {'T, ms':>8s} {'T+J, ms':>8s} {'ratio':>6s} {'differences':>11s}  from Kwant")
    rows = [sweep(options.repeats)]
    narrow = [] if options.short else [32, 64, 100]
    for solver in (ebs.scattering.BlockElimination(), ebs.scattering.SparseFactor()):
        rows += [row(name, *of_file(name, solver), options.repeats) for name in names]
        rows += [row(f"{n} x {n}, wires", *square(n, solver), min(options.repeats, 3)) for n in sizes]
    sparse = ebs.scattering.SparseFactor()
    rows += [row(f"{n} x {n}, 8 wires each", *square(n, sparse, 8), min(options.repeats, 3)) for n in narrow]
    if options.kwant and has_kwant(options.kwant):
        rows += beside_kwant(options.kwant, names, rows)
    write_json(options.json, rows)


if __name__ == "__main__":
    main()
