"""Claim: G and its full Jacobian (651 x 144) come about 20 times faster than from paper-style code.

Paper-style: dense 2N x 2N layer matrices, jnp.linalg.qr every 6 slices, unrolled, jax.vmap over the points, jax.grad.
Ours: the sweep of `transport/_sweep.py` with its per-datum derivative. Same map, same machine, alternating in one run.
All of them are compiled for 512-bit vectors where the processor has them, by `--xla_cpu_prefer_vector_width=512` in
XLA_FLAGS; with `--narrow`, for the 256 bits that XLA takes by itself.

    python benchmarks/jacobian.py [--repeats 7] [--narrow] [--json FILE] [--short]    (pin it: taskset -c 0)

That none of them hangs is shown by no_hang.py.
"""

import pathlib

import jax
import jax.numpy as jnp
import numpy as np
from _measuring import arguments_of, on_one_thread, timed, with_wide_vectors, write_json
from _paper_style import paper_style_conductance

import equibacksolve as ebs
from equibacksolve.transport import transmission_by_greens_function, wire_self_energy

jax.config.update("jax_enable_x64", True)

DATA = pathlib.Path(__file__).parents[1] / "tests" / "reference" / "wire_two_hills_12x12.npz"


def maps():
    """Functions of the potential: the conductance map by three algorithms, and Kwant's numbers."""
    data = np.load(DATA)
    flux, energy = (jnp.asarray(x.ravel()) for x in np.meshgrid(data["flux"], data["energy"], indexing="ij"))
    lead = ebs.WireLead(jnp.pi / 2)
    _, real, imag, _ = lead.modes()
    phase = real + 1j * imag

    def ours(potential):
        simulator = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(potential)), lead, interval=6)
        return simulator.predict(flux=flux, energy=energy)

    def greens_function(potential, flux, energy):
        t = transmission_by_greens_function(potential[..., None, None], wire_self_energy(phase), flux, energy)
        return jnp.sum(jnp.abs(t) ** 2)

    def batched(one):
        every = jax.vmap(one, in_axes=(None, 0, 0))
        rows = jax.vmap(jax.value_and_grad(one), in_axes=(None, 0, 0))
        return lambda v: every(v, flux, energy), lambda v: rows(v, flux, energy)[1]

    return (
        jnp.asarray(data["potential"]),
        data["G"].ravel(),
        ours,
        batched(paper_style_conductance),
        batched(greens_function),
    )


def compare(repeats):
    """The table: forward and Jacobian of three codes, ratios to ours, and agreement."""
    potential, kwant, ours, paper, greens = maps()
    jacobian = lambda v: jax.jacfwd(ours)(v)
    rows = timed(
        {
            "ours, forward": ours,
            "ours, Jacobian": jacobian,
            "paper-style, forward": paper[0],
            "paper-style, Jacobian": paper[1],
            "Green's function, forward": greens[0],
            "Green's function, Jacobian": greens[1],
        },
        potential,
        repeats,
    )
    print(f"{'':28s}{'fastest ms':>12s}{'median ms':>12s}{'compile s':>11s}{'ratio to ours':>15s}")
    for name, (fastest, median, compiling) in rows.items():
        ratio = fastest / rows["ours, " + name.split(", ")[1]][0]
        print(f"{name:28s}{1e3 * fastest:12.1f}{1e3 * median:12.1f}{compiling:11.1f}{ratio:15.1f}")
    per_forward = rows["ours, Jacobian"][0] / rows["ours, forward"][0]
    error = float(np.max(np.abs(np.asarray(ours(potential)) - kwant)))
    gradient_error = float(jnp.max(jnp.abs(jacobian(potential) - jax.jit(greens[1])(potential))))
    print(f"Jacobian / forward, ours: {per_forward:.2f}")
    print(f"largest differences: G from Kwant {error:.1e}, Jacobian from the Green's function {gradient_error:.1e}")
    return {"rows": rows, "jacobian_per_forward": per_forward, "error": error, "gradient_error": gradient_error}


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--narrow", action="store_true", help="leave XLA its own choice of the vectors' width")
    arguments = parser.parse_args()
    on_one_thread()
    wide = not arguments.narrow and with_wide_vectors()
    print(f"vectors: {'512 bits, by XLA_FLAGS' if wide else 'as XLA chooses'}")
    write_json(arguments.json, {"wide_vectors": wide, **compare(3 if arguments.short else arguments.repeats)})


if __name__ == "__main__":
    main()
