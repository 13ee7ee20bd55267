"""check_simulator: good simulators pass, and each way to be wrong is told in one sentence."""

import bad_simulators as bad
import equinox as eqx
import jax
import jax.numpy as jnp
import pytest
from bad_simulators import RATE, TIME, Decay, Outer, Whole
from jaxtyping import Array

import equibacksolve as ebs
from equibacksolve.testing import check_simulator

READINGS = ebs.Observations(jnp.exp(-TIME), time=TIME)
IMAGE = ebs.Observations(jnp.ones((3, 2)))


def test_good_simulators_pass():
    check_simulator(Decay(jnp.array(0.7)), READINGS, lambda s: (s.rate, s.height), key=jax.random.key(5))
    check_simulator(Outer(jnp.array([1.0, 2.0, 3.0]), jnp.array([0.5, -1.0])), IMAGE, lambda s: (s.left, s.right))


def test_single_precision_passes_too():
    single = lambda array: jnp.asarray(array, jnp.float32)
    observed = ebs.Observations(single(jnp.exp(-TIME)), time=single(TIME))
    check_simulator(Decay(single(RATE), single([1.0, 0.5])), observed, lambda s: s.rate)


def test_a_conductance_map_passes():
    sample = ebs.SquareLattice(ebs.Potential(0.3 * jax.random.normal(jax.random.key(0), (2, 2))))
    simulator = ebs.Magnetoconductance(sample, ebs.WireLead(jnp.array(1.2)))
    observed = ebs.Observations.on_grid(
        flux=jnp.array([0.02, 0.1]), energy=jnp.array([-0.4, 0.3]), values=jnp.ones((2, 2))
    )
    check_simulator(simulator, observed, lambda s: (s.sample.onsite.values, s.lead.wavenumber))


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        (bad.Rounded, "gradient there is zero"),
        (bad.ToInteger, "gradient there is zero"),
        (bad.Stopped, "gradient there is zero"),
        (bad.HalfStopped, "off from finite differences"),
        (bad.Deaf, r"do not depend on \.rate"),
        (bad.Unfriendly, "use jax.numpy instead of numpy"),
        (bad.Branching, "jnp.where instead of if"),
        (bad.Infinite, "NaN or infinity"),
        (bad.NoSlope, "is not finite"),
        (bad.WrongRule, "off from finite differences"),
        (bad.ReverseOnly, "use custom_jvp"),
    ],
)
def test_a_bad_derivative_is_told(kind, told):
    with pytest.raises(AssertionError, match=told) as raised:
        check_simulator(kind(RATE), READINGS, lambda s: s.rate)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda s, time: s.rate, "make them agree"),
        (lambda s, time: 1.0, "return a JAX array"),
        (lambda s, time: (s.rate[0] * time).astype(int), "real floats"),
        (lambda s, time: s.rate[0] * time + 1j, "real floats"),
        (bad.noisy, "other values when called again"),
        (bad.remembers, "changes the simulator"),
        (bad.leaves_a_note, "changes the simulator"),
        (bad.peeks, r"inside jax\.jit"),
        (bad.knows_its_batch, r"inside jax\.vmap"),
        (bad.sends_back_another, "forward and reverse mode"),
    ],
)
def test_a_bad_prediction_is_told(function, told):
    with pytest.raises(AssertionError, match=told) as raised:
        check_simulator(Whole(RATE, function), READINGS, lambda s: s.rate)
    assert "\n" not in str(raised.value)


def test_other_variables_are_told():
    observed = ebs.Observations(READINGS.values, seconds=TIME)
    with pytest.raises(AssertionError, match=r"\['seconds'\].*name them"):
        check_simulator(Decay(RATE), observed, lambda s: s.rate)


def test_data_that_read_each_other_are_told():
    with pytest.raises(AssertionError, match="reads otherwise alone"):
        check_simulator(bad.Crosstalk(RATE), READINGS, lambda s: s.rate)


@pytest.mark.parametrize(
    ("where", "told"),
    [
        (lambda s: (), "selects nothing"),
        (lambda s: s.count, "int32|int64"),
        (lambda s: s.factor, "a float, which cannot be trained"),
    ],
)
def test_what_cannot_be_trained_is_a_value_error(where, told):
    class Mixed(Decay):
        count: Array = eqx.field(default_factory=lambda: jnp.arange(2))
        factor: float = 2.0

    with pytest.raises(ValueError, match=told):
        check_simulator(Mixed(RATE), READINGS, where)
