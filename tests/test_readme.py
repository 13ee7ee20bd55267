"""Every block of Python in the README runs, in order, on a small problem."""

import functools
import pathlib
import re
import types

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import optimistix
from jaxtyping import Array, Float
from toys import NEAR_DECAYS, READINGS, rate

import equibacksolve as ebs

README = (pathlib.Path(__file__).parents[1] / "README.md").read_text()


def test_every_block_runs():
    rng = np.random.default_rng(0)
    phi, energy = jnp.linspace(0, 0.15, 3), jnp.linspace(-1, 1, 3)
    truth = ebs.Magnetoconductance(
        ebs.SquareLattice(ebs.Potential(rng.uniform(-1, 1, (3, 3)))), ebs.WireLead(jnp.pi / 2)
    )
    flux, energies = (x.ravel() for x in jnp.meshgrid(phi, energy, indexing="ij"))
    near = truth.sample.onsite.values + 0.01
    optimizer = optax.adam(1e-2)
    t = jnp.linspace(0.0, 3.0, 8)
    names = {
        **{"v0": near, "phi": phi, "E": energy, "G": truth.predict(flux=flux, energy=energies).reshape(3, 3)},
        **{"eqx": eqx, "optax": optax, "optimistix": optimistix, "Float": Float, "Array": Array, "jnp": jnp},
        **{"optimizer": optimizer, "state": optimizer.init(eqx.filter(truth, eqx.is_inexact_array))},
        **{"t": t, "counts": jnp.exp(-t), "a0": jnp.array([0.9]), "r0": jnp.array([1.1])},
        "hidden": lambda s: s.sample.onsite.values,
    }
    # The searches of the README are cut short: that they start, step and return is what is shown here.
    short = types.SimpleNamespace(**vars(ebs))
    short.backsolve = functools.partial(ebs.backsolve, steps=2, progress=False)
    blocks = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    assert len(blocks) >= 6
    kept = {}
    for block in blocks:
        if "Decay" in block:
            kept = {name: names[name] for name in ("simulator", "found", "observed")}
        if "optax.lbfgs()" in block:
            # Every optimizer compiles a search of its own: a simulator that compiles fast stands in.
            kept = {name: names[name] for name in ("simulator", "found", "observed", "where")}
            names |= {"simulator": NEAR_DECAYS, "observed": READINGS, "where": rate}
        elif "where" in kept or "mirrors" in block:
            names |= kept
        exec(block.replace("import equibacksolve as ebs\n", ""), {**names, "ebs": short}, names)
    assert jax.tree.structure(names["gradient"]) == jax.tree.structure(names["simulator"])
