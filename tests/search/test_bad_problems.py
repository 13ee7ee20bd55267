"""Problems that cannot be posed: one sentence each, before anything is computed."""

import jax
import jax.numpy as jnp
import pytest
from jaxtyping import Array
from toys import NEAR_DECAYS, READINGS, rate

import equibacksolve as ebs


class Logarithm(ebs.AbstractSimulator):
    rate: Array

    def predict(self):
        return jnp.log(self.rate)


class TwoTimes(ebs.AbstractSimulator):
    rate: Array

    def predict(self, time, delay):
        return self.rate * (time - delay)


class Wrong(ebs.AbstractSimulator):
    rate: Array

    def predict(self):
        raise TypeError("a mistake of its own")


def test_what_goes_wrong_in_a_simulator_is_told_as_it_is():
    with pytest.raises(TypeError, match=r"^a mistake of its own$"):
        ebs.backsolve(Wrong(jnp.ones(3)), ebs.Observations(jnp.ones(3)), where=rate, progress=False)


@pytest.mark.parametrize(
    ("simulator", "observed", "told"),
    [
        (NEAR_DECAYS, ebs.Observations(READINGS.values, seconds=READINGS.values), r"the variables \['seconds'\]"),
        (NEAR_DECAYS, ebs.Observations(READINGS.values), "observed has no variables, but Decays.observe needs"),
        (TwoTimes(jnp.array(1.0)), READINGS, r"TwoTimes does not take the variables \['time'\].*delay"),
        (NEAR_DECAYS, ebs.Observations(jnp.ones((3, 4))), "no variables"),
        (
            Logarithm(jnp.ones(3)),
            ebs.Observations(jnp.ones(4)),
            r"shape \(3,\), but the observed values have shape \(4,\)",
        ),
        (Logarithm(-jnp.ones(3)), ebs.Observations(jnp.ones(3)), "cost at the start is nan; start from finite"),
        (Logarithm(jnp.zeros(3)), ebs.Observations(jnp.ones(3)), "cost at the start is inf"),
    ],
)
def test_a_problem_that_cannot_be_posed_is_told(simulator, observed, told):
    with pytest.raises(ValueError, match=told) as raised:
        ebs.backsolve(simulator, observed, where=rate)
    assert "\n" not in str(raised.value)


def test_an_old_style_key_serves_as_well():
    found = ebs.backsolve(NEAR_DECAYS, READINGS, where=rate, key=jax.random.PRNGKey(0), steps=2, progress=False)
    assert len(found.history) == 2
