# pyright: standard
"""A first map: what the README does, as a script whose every line is known to type checkers."""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

import equibacksolve as ebs

jax.config.update("jax_enable_x64", True)


def potential(simulator: ebs.Magnetoconductance[ebs.Potential]) -> Float[Array, "length width"]:
    return simulator.sample.onsite.values


def main() -> None:
    v0 = np.random.default_rng(0).uniform(-0.1, 0.1, (4, 6))
    sample = ebs.SquareLattice(ebs.Potential(v0))
    simulator = ebs.Magnetoconductance(sample, ebs.WireLead(jnp.pi / 2))
    flux, energy = np.linspace(0, 0.15, 5), [-0.5, 0.0, 0.5]
    conductance = np.asarray(simulator.predict(flux=[0.0, 0.1], energy=[0.0, 0.0]))
    print(conductance.shape, simulator.observe(flux=0.0, energy=0.1))

    measured = ebs.Observations.on_grid(flux=flux, energy=energy, values=np.ones((5, 3)), sigma=0.01)
    points = ebs.Observations([1.0, 2.0], flux=[0.0, 0.1], energy=[0.0, 0.0], mask=[True, False])
    observed = ebs.simulated_observations(simulator, flux=flux, energy=energy, sigma=0.01, key=jax.random.key(1))
    print(ebs.mean_squared_error(simulator, measured), points.count)

    found = ebs.backsolve(
        simulator, observed, where=lambda s: s.sample.onsite.values, key=0, seconds=60, bounds=(-1.0, 1.0)
    )
    print(found.converged, float(found.cost), found.reason, found.history.evaluations[-1])
    print(found.simulator.sample.onsite.values[0, 0], found.simulator.lead.wavenumber, found.simulator.sample.length)

    mirrors = (ebs.Mirror(potential, 0), ebs.Mirror(potential, 1))
    image = ebs.choose_image(found.simulator, mirrors, lambda s: jnp.max(jnp.abs(potential(s) - v0)))
    print(jnp.max(jnp.abs(potential(image) - v0)), image.sample.onsite.values.shape)

    errors = ebs.diagnostics.standard_errors(found.simulator, observed, where=potential)
    print(jax.tree.leaves(errors)[0].shape)
    found.save("found.npz")
    again = ebs.load_solution("found.npz", like=simulator)
    print(again.simulator.sample.onsite.values.shape)


if __name__ == "__main__":
    main()
