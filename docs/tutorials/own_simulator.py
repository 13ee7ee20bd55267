# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Your own simulator
#
# A simulator is a class with one method. Its array fields are the parameters. Here: a sum of two decays.

# %%
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

import equibacksolve as ebs

jax.config.update("jax_enable_x64", True)


class Decay(ebs.AbstractSimulator):
    """A sum of decays: amplitudes and rates are hidden."""

    amplitude: Float[Array, " decays"]
    rate: Float[Array, " decays"]

    def observe(self, time):
        return jnp.sum(self.amplitude * jnp.exp(-self.rate * time))


# %% [markdown]
# `observe` predicts one datum. Its arguments are the settings of that datum. The base class makes all data of it, and
# a Jacobian that costs as much as one gradient. Use `jax.numpy`, not `numpy`: JAX differentiates it.

# %%
truth = Decay(jnp.array([1.0, 0.5]), jnp.array([1.0, 4.0]))
time = np.linspace(0, 3, 40)
counts = ebs.simulated_observations(truth, time=time, sigma=0.005, key=jax.random.key(0))
counts

# %%
both = lambda simulator: (simulator.amplitude, simulator.rate)
start = Decay(jnp.array([0.8, 0.8]), jnp.array([0.5, 3.0]))
found = ebs.backsolve(start, counts, ebs.LevenbergMarquardt(), where=both, progress=False)
found

# %% [markdown]
# `found.simulator` is a `Decay` again. Its fields are the answer.

# %%
errors = ebs.diagnostics.standard_errors(found.simulator, counts, where=both).errors
for name in ("amplitude", "rate"):
    print(name, getattr(found.simulator, name), "+-", getattr(errors, name))

# %% [markdown]
# ## Data that share one simulation
#
# Some data come out together: the levels of one matrix, the pixels of one image. Then write `predict`, for all data
# at once.


# %%
class Levels(ebs.AbstractSimulator):
    """The levels of a chain whose couplings are hidden, above the lowest."""

    coupling: Float[Array, " bonds"]

    def predict(self):
        matrix = jnp.diag(self.coupling, 1) + jnp.diag(self.coupling, -1)
        levels = jnp.linalg.eigvalsh(matrix)
        return levels[1:] - levels[0]


levels = ebs.simulated_observations(Levels(jnp.array([1.0, 0.4, 0.8])))
chain = ebs.backsolve(
    Levels(jnp.array([0.9, 0.5, 0.6])), levels, ebs.LevenbergMarquardt(), where=lambda s: s.coupling, progress=False
)
chain

# %% [markdown]
# Three couplings and three levels: yet another chain may have the same levels. [Writing a
# simulator](../writing_a_simulator.md) has the rest: fields that are not trained, checks of settings, what the test
# kit of `ebs.testing` looks at.
