"""Claim: on a GPU the same code computes larger samples faster than the cores beside it, and to the same digits.

Forward, Jacobian and the default search for 12, 32 and 64 sites along each edge, 651 points; G and its Jacobian of a
device of the general kind; value and gradient of the image of 460 atoms. In float64; but for searches, and devices,
which want it, also in float32 (complex64 inside). Each row runs on the accelerator and on the CPU of the same machine.
'error' is the largest difference to the CPU in float64, in units of the largest entry. Without an accelerator, the CPU
alone is measured, and the table says so. Made to end within five minutes.

    python benchmarks/on_gpu.py [--seconds 40] [--json FILE] [--short]
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from _hidden_maps import hills
from _measuring import arguments_of, seconds_of, warmed_up, write_json

import equibacksolve as ebs

jax.config.update("jax_enable_x64", True)

SITES = (12, 32, 64)
FLUX, ENERGY = np.linspace(0, 0.15, 31), np.linspace(-1, 1, 21)
REPEATS = 3


def hidden(simulator):
    """One onsite energy a site."""
    return simulator.sample.onsite.values


def square(sites):
    """A square sample with hills of height 1, and points of the paper's mesh."""
    potential = hills(1, (sites, sites))(np.random.default_rng(sites))
    device = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(potential)), ebs.WireLead(jnp.pi / 2), interval=6)
    flux, energy = (axis.ravel() for axis in np.meshgrid(FLUX, ENERGY, indexing="ij"))
    return device, hidden, {"flux": flux, "energy": energy}


def ribbon():
    """A device of the general kind: 24 x 12 sites between two ribbons of constant broadening."""
    sample = ebs.samples.square_sample(24, 12, hills(1, (24, 12))(np.random.default_rng(0)))
    columns = np.argsort(sample.positions[:, 0], kind="stable")
    ends = [ebs.Terminal(ebs.leads.WideBandLead(1.0), np.asarray(end)) for end in (columns[:12], columns[-12:])]
    device = ebs.Conductance(ebs.TightBindingDevice(sample, ends))
    random = np.random.default_rng(0)
    points = {"flux": random.uniform(0, 0.02, 128), "energy": random.uniform(-1, 1, 128)}
    return device, lambda s: s.device.sample.onsite.values, points


def atoms():
    """The image of 460 atoms."""
    positions = np.random.default_rng(0).uniform(0, 21.5, (460, 2))
    return ebs.MomentumImage(positions, width=0.3, box_length=21.5, pixels=128), lambda s: s.positions, {}


def functions(simulator, where, points):
    """What is measured: the prediction; and its Jacobian, or for an image the gradient of the cost."""
    predict = lambda values: eqx.tree_at(where, simulator, values).predict(**points)
    if points:
        return {"G": predict, "Jacobian": jax.jacfwd(predict)}
    return {"image": predict, "gradient": jax.grad(lambda values: jnp.mean(predict(values) ** 2))}


def in_precision(dtype, *trees):
    """The same, with numbers of this kind."""
    kind = lambda leaf: jnp.result_type(dtype, jnp.complex64) if jnp.iscomplexobj(leaf) else dtype
    return jax.tree.map(lambda leaf: jnp.asarray(leaf, kind(leaf)) if eqx.is_inexact_array_like(leaf) else leaf, trees)


def measured(name, simulator, where, points, devices, precisions=(jnp.float64, jnp.float32)):
    """A row for each function, precision and device."""
    rows, exact = [], {}
    for dtype in precisions:
        for device in reversed(devices):  # the CPU first: it says what is exact
            with jax.default_device(device):
                placed = jax.device_put(in_precision(dtype, simulator, points), device)
                for what, function in functions(placed[0], where, placed[1]).items():
                    values = where(placed[0])
                    compiled, compiling = warmed_up(function, values)
                    seconds = min(seconds_of(compiled, values) for _ in range(REPEATS))
                    found = np.asarray(compiled(values), float)
                    error = np.max(np.abs(found - exact.setdefault(what, found))) / np.max(np.abs(exact[what]))
                    kind = {"what": what, "dtype": jnp.dtype(dtype).name, "device": device.platform}
                    rows.append({"name": name, **kind, "seconds": seconds, "compiling": compiling, "error": error})
                    tell(rows[-1])
    return rows


def searched(sites, budget, devices):
    """The default search on each device: from zero, the data with an error of 0.03; compiling is counted."""
    truth, _, _ = square(sites)
    observed = ebs.simulated_observations(truth, flux=FLUX, energy=ENERGY, sigma=0.03, key=sites)
    rows = []
    for device in devices:
        with jax.default_device(device):
            there, data = jax.device_put((truth, observed), device)
            start = eqx.tree_at(hidden, there, jnp.zeros((sites, sites)))
            found = ebs.backsolve(start, data, where=hidden, key=1, seconds=budget, progress=False)
        row = {"name": f"{sites} x {sites}", "what": "search", "dtype": "float64", "device": device.platform}
        ended = {"simulations": int(found.history.evaluations[-1]), "chi-squared per datum": float(found.cost)}
        rows.append(row | {"seconds": float(found.history.seconds[-1]), "converged": found.converged} | ended)
        tell(rows[-1])
    return rows


def tell(row):
    words = [f"{row[key]:>12}" for key in ("name", "what", "dtype", "device")] + [f"{row['seconds']:10.4f} s"]
    if "error" in row:
        words.append(f"error {row['error']:.1e}, compiling {row['compiling']:.1f} s")
    else:
        words.append(f"{row['simulations']} simulations, chi-squared per datum {row['chi-squared per datum']:.3f}")
    print(" ".join(words), flush=True)


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--seconds", type=float, default=40.0, help="of each search")
    arguments = parser.parse_args()
    accelerator, cpu = jax.devices()[0], jax.devices("cpu")[0]
    devices = [accelerator] if accelerator.platform == "cpu" else [accelerator, cpu]
    print(f"devices: {', '.join(device.device_kind for device in devices)}")
    if len(devices) == 1:
        print("no accelerator: the CPU alone")
    sizes, budget = (SITES[:1], 5.0) if arguments.short else (SITES, arguments.seconds)
    rows = []
    for sites in sizes:
        rows += measured(f"{sites} x {sites}", *square(sites), devices)
    rows += measured("ribbon", *ribbon(), devices, (jnp.float64,)) + measured("460 atoms", *atoms(), devices)
    for sites in sizes:
        rows += searched(sites, budget, devices)
    write_json(arguments.json, rows)


if __name__ == "__main__":
    main()
