"""Claim: time grows as the work does, and the memory of a simulation does not grow with the length of the sample.

Time and memory of G, of the gradient of the cost, and of the full Jacobian, for samples that grow in width, in length,
in the number of points, or in orbitals (fluxes and energies at random, float64). Beside each exponent, fitted between
the two largest sizes, stands what the algorithm is expected to do:

    time     width between 2 (the stencil) and 3 (the normalisation), length 1, points 1
    memory   of G: length 0 and points 0 (beyond a chunk), but for the numbers that go in and come out; width 2
             of the Jacobian: length 1, points 1 (it is itself points x sites large), width at most 2
             of the gradient: as of the Jacobian, from which it is made

Memory is what XLA allocates for one call: outputs and temporaries, as `compiled.memory_analysis()` says. This is exact,
and does not depend on what the process did before; the peak of the whole process comes on top once.

    python benchmarks/scaling.py [--repeats 3] [--json FILE] [--short]
"""

import jax
import jax.numpy as jnp
import numpy as np
from _measuring import arguments_of, seconds_of, write_json

import equibacksolve as ebs

jax.config.update("jax_enable_x64", True)

SMALL = {"width": 12, "length": 12, "points": 256, "orbitals": 1}
SWEEPS = {
    "width": (6, 12, 24, 48, 64),
    "length": (6, 25, 100, 400),
    "points": (10, 100, 1000, 10_000),
    "orbitals": (1, 2),
}
SHORT = {"width": (12, 24), "length": (12, 48), "points": (256, 1024), "orbitals": (1, 2)}
EXPECTED = {
    ("width", "seconds"): "2 to 3",
    ("length", "seconds"): "1",
    ("points", "seconds"): "1",
    ("orbitals", "seconds"): "2 to 3",
    ("width", "G"): "2",
    ("length", "G"): "0",
    ("points", "G"): "0",
    ("orbitals", "G"): "2",
    ("width", "Jacobian"): "1 to 2",
    ("length", "Jacobian"): "1",
    ("points", "Jacobian"): "1",
    ("orbitals", "Jacobian"): "1 to 2",
}


def functions(width, length, points, orbitals):
    """G, gradient and Jacobian as functions of the hidden numbers, and those numbers."""
    random = np.random.default_rng(0)
    flux, energy = jnp.asarray(random.uniform(0, 0.15, points)), jnp.asarray(random.uniform(-1, 1, points))
    if orbitals == 1:
        onsite, lead = ebs.Potential, ebs.WireLead(jnp.pi / 2)
    else:
        onsite, lead = (lambda angle: ebs.ExchangeField(angle, 0.5)), ebs.WireLead(jnp.array([0.5, 0.25]))

    def conductance(hidden):
        simulator = ebs.Magnetoconductance(ebs.SquareLattice(onsite(hidden)), lead, interval=6)
        return simulator.predict(flux=flux, energy=energy)

    cost = lambda hidden: jnp.mean((conductance(hidden) - 1.0) ** 2)
    hidden = jnp.asarray(random.uniform(-0.3, 0.3, (length, width)))
    return {"G": conductance, "gradient": jax.grad(cost), "Jacobian": jax.jacfwd(conductance)}, hidden


def measured(case, repeats):
    """Seconds and mebibytes of each function, for one size."""
    which, hidden = functions(**case)
    row = dict(case)
    for name, function in which.items():
        compiled = jax.jit(function).lower(hidden).compile()
        memory = compiled.memory_analysis()
        jax.block_until_ready(compiled(hidden))
        row[f"{name} seconds"] = min(seconds_of(compiled, hidden) for _ in range(repeats))
        row[f"{name} MiB"] = (memory.temp_size_in_bytes + memory.output_size_in_bytes) / 2**20
    return row


def exponents(rows, axis):
    """The slopes of time and memory between the two largest sizes, on logarithmic axes, and what is expected."""
    one, other = rows[-2:]
    found = {}
    for key in (key for key in one if "seconds" in key or "MiB" in key):
        name, unit = key.split()
        expected = (
            EXPECTED[axis, "seconds"] if unit == "seconds" else EXPECTED[axis, "G" if name == "G" else "Jacobian"]
        )
        slope = np.log(other[key] / one[key]) / np.log(other[axis] / one[axis])
        found[key] = (float(slope), expected)
    return found


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    arguments = parser.parse_args()
    names = ("G", "gradient", "Jacobian")
    units = [f"{name} {unit}" for name in names for unit in ("seconds", "MiB")]
    results = {}
    for axis, sizes in (SHORT if arguments.short else SWEEPS).items():
        print(f"{axis:>10s}" + "".join(f"{unit:>18s}" for unit in units))
        rows = []
        for size in sizes:
            rows.append(measured(SMALL | {axis: size}, arguments.repeats))
            print(f"{size:10d}" + "".join(f"{rows[-1][unit]:18.4g}" for unit in units), flush=True)
        found = exponents(rows, axis)
        print(f"{'exponent':>10s}" + "".join(f"{found[unit][0]:18.2f}" for unit in units))
        print(f"{'expected':>10s}" + "".join(f"{found[unit][1]:>18s}" for unit in units) + "\n")
        results[axis] = {"rows": rows, "exponents": found}
    write_json(arguments.json, results)


if __name__ == "__main__":
    main()
