"""Claim: G and its full Jacobian (651 x 144) come about 20 times faster than from paper-style code.

Paper-style: dense 2N x 2N layer matrices, jnp.linalg.qr every 6 slices, unrolled, jax.vmap over the points, jax.grad.
Ours: the sweep of `transport/_sweep.py` with its per-datum derivative. Same map, same machine, alternating in one run.

    python benchmarks/jacobian.py [--repeats 7] [--json FILE]      (pin to one core: taskset -c 0 python ...)
    python benchmarks/jacobian.py --stress 500                     500 Jacobians in a row: none must hang
"""

import argparse
import json
import pathlib
import platform
import time

import jax
import jax.numpy as jnp
import numpy as np

import equibacksolve as ebs
from equibacksolve.transport import transmission_by_greens_function, transmission_by_qr, wire_self_energy

jax.config.update("jax_enable_x64", True)

DATA = pathlib.Path(__file__).parents[1] / "tests" / "reference" / "wire_two_hills_12x12.npz"


def maps():
    """Functions of the potential: the conductance map by three algorithms, and Kwant's numbers."""
    data = np.load(DATA)
    flux, energy = (jnp.asarray(x.ravel()) for x in np.meshgrid(data["flux"], data["energy"], indexing="ij"))
    lead = ebs.WireLead(jnp.pi / 2)
    norm, real, imag, hopping = lead.modes()
    phase = real + 1j * imag

    def ours(potential):
        simulator = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(potential)), lead)
        return simulator.predict(flux=flux, energy=energy)

    def paper_style(potential, flux, energy):
        t = transmission_by_qr(potential[..., None, None], norm, phase, hopping, flux, energy)
        return jnp.sum(jnp.abs(t) ** 2)

    def greens_function(potential, flux, energy):
        t = transmission_by_greens_function(potential[..., None, None], wire_self_energy(phase), flux, energy)
        return jnp.sum(jnp.abs(t) ** 2)

    def batched(one):
        every = jax.vmap(one, in_axes=(None, 0, 0))
        rows = jax.vmap(jax.value_and_grad(one), in_axes=(None, 0, 0))
        return lambda v: every(v, flux, energy), lambda v: rows(v, flux, energy)[1]

    return jnp.asarray(data["potential"]), data["G"].ravel(), ours, batched(paper_style), batched(greens_function)


def timed(functions, argument, repeats):
    """Fastest and median seconds of each function, called in turn after a warm-up; compile seconds beside."""
    compiled, compile_seconds = {}, {}
    for name, function in functions.items():
        began = time.perf_counter()
        compiled[name] = jax.jit(function)
        jax.block_until_ready(compiled[name](argument))
        compile_seconds[name] = time.perf_counter() - began
    seconds = {name: [] for name in functions}
    for _ in range(repeats):
        for name, function in compiled.items():
            began = time.perf_counter()
            jax.block_until_ready(function(argument))
            seconds[name].append(time.perf_counter() - began)
    return {n: (min(s), float(np.median(s)), compile_seconds[n]) for n, s in seconds.items()}


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


def stress(count):
    """Jacobians in a row, each at another potential; says where it is, so that a hang would show."""
    potential, _, ours, *_ = maps()
    jacobian = jax.jit(jax.jacfwd(ours))
    began = time.perf_counter()
    for i in range(count):
        j = jacobian(potential + 1e-3 * i)
        if not bool(jnp.all(jnp.isfinite(j))):
            raise FloatingPointError(f"Jacobian {i} is not finite")
        if (i + 1) % 100 == 0:
            print(f"{i + 1} Jacobians, {time.perf_counter() - began:.0f} s", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--stress", type=int, default=0, metavar="COUNT")
    parser.add_argument("--json", type=pathlib.Path)
    arguments = parser.parse_args()
    if arguments.stress:
        return stress(arguments.stress)
    found = compare(arguments.repeats)
    versions = {"python": platform.python_version(), "jax": jax.__version__, "machine": platform.processor()}
    if arguments.json:
        arguments.json.write_text(json.dumps({"versions": versions, **found}, indent=1))


if __name__ == "__main__":
    main()
