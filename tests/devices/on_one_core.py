"""A program of its own: numbers that go to the host are many, and XLA has one thread."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

import equibacksolve as ebs
from equibacksolve import samples, scattering

jax.config.update("jax_enable_x64", True)


def main():
    """T and its gradient with respect to the sample and the energy of a lead: factors, waves, and a Stein equation."""
    sample = samples.square_sample(20, 24, np.random.default_rng(0).uniform(-0.3, 0.3, (20, 24)))
    ends = [samples.ribbon_lead(sample, (step, 0)) for step in (-1, 1)]
    simulator = ebs.Conductance(ebs.TightBindingDevice(sample, ends, solver=scattering.SparseFactor()))
    leaves = lambda s: (s.device.sample.onsite.values, s.device.terminals[0].lead.onsite)
    at = {"flux": jnp.full(8, 0.001), "energy": jnp.linspace(-2.53, -2.11, 8)}

    @jax.jit
    @jax.value_and_grad
    def total(moved):
        there = jax.tree.map(lambda leaf, change: leaf + change, leaves(simulator), moved)
        return jnp.sum(eqx.tree_at(leaves, simulator, there).predict(**at))

    value, slope = total(jax.tree.map(jnp.zeros_like, leaves(simulator)))
    print(float(value), float(jnp.sum(slope[0])), float(slope[1]))


if __name__ == "__main__":
    main()
