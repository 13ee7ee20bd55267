"""A program that computes everything twice, on one device and on a mesh over all, and prints what it found.

python on_a_mesh.py                          the devices of this process
python on_a_mesh.py ADDRESS COUNT NUMBER     one of COUNT processes that share their devices; number 0 computes twice
"""

import json
import os
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType
from jaxtyping import Array

import equibacksolve as ebs

if "CORES" in os.environ:  # the test that started this program keeps to one core
    os.sched_setaffinity(0, map(int, os.environ["CORES"].split(",")))

TIME = np.linspace(0.0, 3.0, 8)


class Decays(ebs.AbstractSimulator):
    """As in toys.py, which makes arrays when it is imported: too early for jax.distributed."""

    rate: Array

    def observe(self, time):
        return jnp.sum(jnp.array([1.0, 0.5]) * jnp.exp(-self.rate * time))


def conductance(potential):
    """7 points: not a multiple of the devices."""
    device = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(potential)), ebs.WireLead(jnp.pi / 2))
    return device.predict(flux=jnp.linspace(0, 0.15, 7), energy=jnp.linspace(-1, 1, 7))


def results(searches):
    """Predictions and Jacobians, the course and end of short searches, as NumPy arrays; rows of J on each device."""
    both = lambda function: jax.jit(lambda p: (function(p), jax.jacfwd(function)(p)))
    readings, jacobian = both(lambda r: Decays(r).predict(time=jnp.asarray(TIME)))(np.array([0.5, 2.0]))
    found = {"conductance": both(conductance)(np.array([[0.3, -0.2], [0.1, 0.4]])), "decays": (readings, jacobian)}
    (rows,) = {shard.data.shape[0] for shard in jacobian.addressable_shards}
    observed = ebs.Observations(np.asarray(_gathered(readings)), time=TIME)
    for name, method in searches.items():
        rate, start = (lambda s: s.rate), Decays(jnp.array([1.0, 1.2]))
        end = ebs.backsolve(start, observed, method, where=rate, steps=4, progress=False)
        found[name] = (rate(end.simulator), end.history.cost)
    return jax.tree.map(lambda leaf: np.asarray(_gathered(leaf)), found), rows


def methods():
    """One search of each kind."""
    normal = ebs.LevenbergMarquardt()
    return {
        "normal equations": normal,
        "conjugate gradients": ebs.LevenbergMarquardt(equations=ebs.methods.ConjugateGradients(1e-12, 100)),
    }


def _gathered(array):
    """On every device, so that every process can read it."""
    if not isinstance(array, jax.Array) or array.is_fully_addressable:
        return array
    return jax.jit(lambda a: a, out_shardings=jax.sharding.NamedSharding(array.sharding.mesh, jax.P()))(array)


def main():
    jax.config.update("jax_enable_x64", True)
    if len(sys.argv) > 1:
        jax.config.update("jax_cpu_collectives_implementation", "gloo")
        address, count, number = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
        jax.distributed.initialize(address, count, number, initialization_timeout=60)
        searches = {"normal equations": ebs.LevenbergMarquardt()}
    else:
        searches = methods()
    alone, all_rows = results(searches) if jax.process_index() == 0 else (None, None)
    with jax.set_mesh(jax.make_mesh((jax.device_count(),), ("points",), axis_types=(AxisType.Auto,))):
        spread, rows = results(searches)
    alone, spread = (jax.tree.map(np.ndarray.tolist, found) for found in (alone, spread))
    print(json.dumps({"devices": jax.device_count(), "rows": [all_rows, rows], "alone": alone, "spread": spread}))


if __name__ == "__main__":
    main()
