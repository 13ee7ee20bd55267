"""Simulators that keep all laws but one, and two that keep them all."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

import equibacksolve as ebs

TIME = jnp.linspace(0.0, 3.0, 7)
RATE = jnp.array([0.7, 1.9])


class Decay(ebs.AbstractSimulator):
    """A good simulator, and the base of the bad ones."""

    rate: Array
    height: Array = eqx.field(default_factory=lambda: jnp.array([1.0, 0.5]))

    def observe(self, time):
        return self.curve(time)

    def curve(self, time):
        return jnp.sum(self.height * jnp.exp(-self.rate * time))


class Outer(ebs.AbstractSimulator):
    """A good simulator of data without settings."""

    left: Array
    right: Array

    def predict(self):
        return jnp.outer(self.left, self.right**2)


class Rounded(Decay):
    def curve(self, time):
        return jnp.sum(jnp.exp(-jnp.round(self.rate * 10) / 10 * time))


class ToInteger(Decay):
    def curve(self, time):
        return jnp.sum(self.rate.astype(int) * time)


class Stopped(Decay):
    def curve(self, time):
        return jnp.sum(jnp.exp(-jax.lax.stop_gradient(self.rate) * time))


class HalfStopped(Decay):
    def curve(self, time):
        return jnp.sum(self.rate * jnp.exp(-jax.lax.stop_gradient(self.rate) * time))


class Deaf(Decay):
    def curve(self, time):
        return time


class Unfriendly(Decay):
    def curve(self, time):
        return jnp.asarray(np.sum(np.exp(-np.asarray(self.rate)))) * time


class Branching(Decay):
    def curve(self, time):
        return jnp.sum(self.rate) if self.rate[0] > 0 else time


class Infinite(Decay):
    def curve(self, time):
        return jnp.sum(self.rate) / (time - TIME[0])


class NoSlope(Decay):
    def curve(self, time):
        return jnp.sum(jnp.sqrt((self.rate - RATE) ** 2)) + time


class WrongRule(Decay):
    def curve(self, time):
        return doubled(jnp.sum(self.rate)) * time


@jax.custom_jvp
def doubled(x):
    return 2 * x


doubled.defjvp(lambda primals, tangents: (2 * primals[0], 3 * tangents[0]))


@jax.custom_vjp
def backwards_only(x):
    return 2 * x


backwards_only.defvjp(lambda x: (2 * x, None), lambda _, g: (2 * g,))


class ReverseOnly(ebs.AbstractSimulator):
    rate: Array

    def predict(self, time):
        return backwards_only(jnp.sum(self.rate)) * time


class Whole(ebs.AbstractSimulator):
    """Predicts whatever its function says, for the whole data set."""

    rate: Array
    function: object = eqx.field(static=True)
    memory: list = eqx.field(static=True, default_factory=list)
    notes: dict = eqx.field(default_factory=dict)

    def predict(self, time):
        return self.function(self, time)


def noisy(simulator, time):
    return simulator.rate[0] * time + np.random.default_rng().normal()


def remembers(simulator, time):
    simulator.memory.append(1)
    return simulator.rate[0] * time


def leaves_a_note(simulator, time):
    simulator.notes["called"] = 1
    return simulator.rate[0] * time


def peeks(simulator, time):
    concrete = not isinstance(simulator.rate, jax.core.Tracer)
    return simulator.rate[0] * time * (2.0 if concrete else 1.0)


def knows_its_batch(simulator, time):
    batched = "BatchTracer" in type(simulator.rate).__name__
    return simulator.rate[0] * time * (2.0 if batched else 1.0)


def sends_back_another(simulator, time):
    return other_transpose(simulator.rate[0]) * time


@jax.custom_jvp
def other_transpose(x):
    return x


@other_transpose.defjvp
def _other_transpose_rule(primals, tangents):
    wrong = jax.custom_derivatives.linear_call(lambda _, t: t, lambda _, t: 2 * t, (), tangents[0])
    return primals[0], wrong


@jax.custom_batching.custom_vmap
def summed_over_data(time):
    return time


@summed_over_data.def_vmap
def _summed_over_data_rule(size, is_batched, time):
    return jnp.cumsum(time), True


class Crosstalk(Decay):
    def curve(self, time):
        return self.rate[0] * summed_over_data(time)
