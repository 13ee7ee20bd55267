"""Claim: a Jacobian costs about two forward passes whatever the number of unknowns, where differences take 2n of them.

The paper counts 2n forward simulations for the gradient by central differences. Here is what they cost with the same
fast forward pass, and with paper-style code, beside one full Jacobian of ours; and how far the differences are from it.
Where differences would take more than --limit seconds, their time is 2n times one forward pass, measured in the same
run, and is marked 'extrapolated'; no difference can then be stated.

    python benchmarks/against_finite_differences.py [--points 651] [--limit 30] [--json FILE] [--short]
"""

import jax
import jax.numpy as jnp
import numpy as np
from _measuring import arguments_of, on_one_thread, seconds_of, warmed_up, write_json
from _paper_style import PaperStyle

import equibacksolve as ebs

jax.config.update("jax_enable_x64", True)

STEP = 1e-5  # error of a central difference: step^2 from curvature, 1e-16 / step from rounding


def central_differences(moved, potential):
    """The Jacobian from 2n calls of `moved(potential, site, step)`: a forward pass with one site moved."""
    columns = [(moved(potential, i, STEP) - moved(potential, i, -STEP)) / (2 * STEP) for i in range(potential.size)]
    return jnp.stack(columns, axis=1)


def compare(sites, points, limit, repeats):
    """One row: n = sites x sites."""
    random = np.random.default_rng(0)
    flux, energy = jnp.asarray(random.uniform(0, 0.15, points)), jnp.asarray(random.uniform(-1, 1, points))
    potential = jnp.asarray(random.uniform(-0.5, 0.5, (sites, sites)))
    lead = ebs.WireLead(jnp.pi / 2)
    simulator = lambda v: ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(v)), lead, interval=6)
    ours = lambda v: simulator(v).predict(flux=flux, energy=energy)
    row = {"n": sites**2, "points": points}
    forward, _ = warmed_up(ours, potential)
    paper_style, _ = warmed_up(lambda v: PaperStyle(v).predict(flux, energy), potential)
    jacobian, _ = warmed_up(jax.jacfwd(ours), potential)
    moved, _ = warmed_up(lambda v, i, h: ours(v.reshape(-1).at[i].add(h).reshape(v.shape)), potential, 0, STEP)
    for name, function in (("forward", forward), ("paper-style forward", paper_style), ("Jacobian", jacobian)):
        row[name] = min(seconds_of(function, potential) for _ in range(repeats))
    row["differences"] = 2 * sites**2 * row["forward"]
    row["paper-style differences"] = 2 * sites**2 * row["paper-style forward"]
    row["extrapolated"] = row["differences"] > limit
    if not row["extrapolated"]:
        row["differences"] = seconds_of(central_differences, moved, potential)
        approximate = central_differences(moved, potential)
        exact = jacobian(potential).reshape(points, -1)
        row["largest difference"] = float(jnp.max(jnp.abs(approximate - exact)))
    return row


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--points", type=int, default=651)
    parser.add_argument("--limit", type=float, default=30.0, help="seconds of differences that are really spent")
    parser.add_argument("--sites", type=int, nargs="+", default=[4, 8, 12, 16, 32], help="edges of the samples")
    arguments = parser.parse_args()
    on_one_thread()
    if arguments.short:
        arguments.points, arguments.limit, arguments.sites = 64, 4.0, [4, 8, 12]
    head = ("n", "forward s", "Jacobian s", "/ forward", "differences s", "/ Jacobian", "paper-style s", "/ Jacobian")
    print("".join(f"{column:>15s}" for column in head) + "   largest difference of the Jacobians")
    rows = []
    for sites in arguments.sites:
        row = compare(sites, arguments.points, arguments.limit, 3)
        rows.append(row)
        j = row["Jacobian"]
        paper = row["paper-style differences"]
        cells = (row["forward"], j, j / row["forward"], row["differences"], row["differences"] / j, paper, paper / j)
        said = "extrapolated" if row["extrapolated"] else f"{row['largest difference']:.1e}"
        print(f"{row['n']:15d}" + "".join(f"{cell:15.4g}" for cell in cells) + f"   {said}", flush=True)
    print("paper-style s: 2n times one paper-style forward pass, always extrapolated")
    write_json(arguments.json, rows)


if __name__ == "__main__":
    main()
