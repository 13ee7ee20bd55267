# pyright: standard
"""The same search with optimizers of optax and optimistix, with methods of the package, and with what it allows."""

import equinox as eqx
import jax.numpy as jnp
import optax
import optimistix
from jaxtyping import Array, Float

import equibacksolve as ebs


class Decay(ebs.AbstractSimulator):
    rate: Float[Array, " decays"]

    def observe(self, *, time: Float[Array, ""]) -> Float[Array, ""]:
        return jnp.sum(jnp.exp(-self.rate * time))


def rates(simulator: Decay) -> Float[Array, " decays"]:
    return simulator.rate


def enough(state: ebs.methods.State) -> bool:
    return float(state.cost) < 1e-12


def main() -> None:
    time = jnp.linspace(0.0, 3.0, 20)
    counts = ebs.Observations(jnp.exp(-time) + jnp.exp(-4 * time), time=time, sigma=0.01)
    start = Decay(jnp.array([0.5, 3.0]))
    by_adam = ebs.backsolve(start, counts, optax.adam(1e-2), where=rates, seconds=5)
    by_lbfgs = ebs.backsolve(start, counts, optax.lbfgs(), where=rates, steps=20, callback=enough)
    by_optimistix = ebs.backsolve(start, counts, optimistix.LevenbergMarquardt(1e-8, 1e-8), where=rates)
    by_rule = ebs.backsolve(start, counts, ebs.backtracking_descent(), where=rates, progress=False)
    by_least_squares = ebs.backsolve(start, counts, ebs.LevenbergMarquardt(), where=rates, bounds=(0.0, 10.0))
    method = ebs.methods.GradientDescent(optax.adam(0.02), steps=300, patience=100)
    by_stages = ebs.backsolve(start, counts, method, where=rates, prior=ebs.KnownMean(2.0, 1.0), tolerance=1.5)
    for found in (by_adam, by_lbfgs, by_optimistix, by_rule, by_least_squares, by_stages):
        print(found.converged, found.simulator.rate, found.history.best[-1])
    moved = eqx.tree_at(rates, start, jnp.array([1.0, 4.0]))
    print(moved.rate, ebs.search.default_method())


if __name__ == "__main__":
    main()
