# pyright: standard
"""Simulators of one's own, with `observe` and with `predict`, used as they are and inside others."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

import equibacksolve as ebs


class Decay(ebs.AbstractSimulator):
    """One datum at a time."""

    amplitude: Float[Array, " decays"]
    rate: Float[Array, " decays"] = eqx.field(converter=jnp.asarray)

    def observe(self, time):
        return jnp.sum(self.amplitude * jnp.exp(-self.rate * time))


class Blurred(ebs.AbstractSimulator):
    """All data at once, with annotations."""

    image: Float[Array, "pixels pixels"]
    width: Float[Array, ""]

    def predict(self) -> Float[Array, "pixels pixels"]:
        return jnp.tanh(self.image / self.width)


class Line(ebs.AbstractSimulator):
    """All data at once, settings by keyword, with a check of its own."""

    slope: Float[Array, ""]

    def predict(self, *, place: Float[Array, " points"]) -> Float[Array, " points"]:
        return self.slope * place

    def check_settings(self, *, place: Float[Array, " points"]) -> None:
        if place.size == 0:
            raise ValueError("no places")


class TwoLines(ebs.AbstractJointSimulator):
    """One slope, seen by two instruments."""

    slope: Float[Array, ""]

    def simulators(self) -> dict[str, ebs.AbstractSimulator]:
        return {"first": Line(self.slope), "second": ebs.EnergyCalibration(Line(self.slope), variable="place")}


class Steep(ebs.AbstractTiedSimulator):
    """A slope that is positive."""

    slope: ebs.simulators.Positive

    def simulator(self) -> Line:
        return Line(self.slope.value)


def loss(simulator: Decay, observed: ebs.Observations) -> Float[Array, ""]:
    return ebs.mean_squared_error(simulator, observed)


def main() -> None:
    time = jnp.linspace(0.0, 3.0, 20)
    counts = ebs.Observations(jnp.exp(-time) + 0.5 * jnp.exp(-4 * time), time=time)
    start = Decay(jnp.array([0.8, 0.8]), jnp.array([0.5, 3.0]))
    found = ebs.backsolve(start, counts, where=lambda s: (s.amplitude, s.rate))
    print(found.simulator.rate, found.simulator.observe(0.5), found.simulator.predict(time=time))

    gradient = eqx.filter_grad(loss)(start, counts)
    print(gradient.rate)

    image = Blurred(jnp.zeros((4, 4)), jnp.array(2.0))
    sharp = ebs.backsolve(image, ebs.Observations(jnp.ones((4, 4)) / 2), where=lambda s: s.image, seconds=5)
    print(sharp.simulator.image, sharp.simulator.predict().shape)

    line = Line(jnp.array(2.0))
    place = jnp.arange(3.0)
    readings = ebs.Observations(line.predict(place=place), place=place)
    steep = ebs.backsolve(Steep(ebs.simulators.Positive(1.0)), readings, where=lambda s: s.slope)
    print(steep.simulator.slope.value, steep.simulator.simulator().slope)

    both = ebs.JointObservations(first=readings, second=readings)
    joint = ebs.backsolve(TwoLines(jnp.array(1.0)), both, where=lambda s: s.slope)
    print(joint.simulator.slope, jax.tree.leaves(joint.hidden))


if __name__ == "__main__":
    main()
