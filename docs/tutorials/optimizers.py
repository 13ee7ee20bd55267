# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Swapping optimizers
#
# The optimizer is one argument of `backsolve`. Optimizers of optax and optimistix are taken as they are.

# %%
import jax
import jax.numpy as jnp
import numpy as np
import optax
import optimistix
from jaxtyping import Array, Float

import equibacksolve as ebs

jax.config.update("jax_enable_x64", True)


class Decay(ebs.AbstractSimulator):
    """A sum of decays, all of height one: the rates are hidden."""

    rate: Float[Array, " decays"]

    def observe(self, time):
        return jnp.sum(jnp.exp(-self.rate * time))


rates = lambda simulator: simulator.rate
data = ebs.simulated_observations(Decay(jnp.array([1.0, 4.0])), time=np.linspace(0, 3, 20))
start = Decay(jnp.array([0.5, 3.0]))

# %% [markdown]
# Each of these minimises the same cost, until the data are explained or it has arrived at a minimum. `steps=` and
# `seconds=` bound the whole search.

# %%
optimizers = {
    "optax.adam": optax.adam(0.05),
    "optax.lbfgs": optax.lbfgs(),
    "optimistix.LevenbergMarquardt": optimistix.LevenbergMarquardt(1e-10, 1e-10),
    "ebs.backtracking_descent": ebs.backtracking_descent(),  # the paper's rule
    "ebs.LevenbergMarquardt": ebs.LevenbergMarquardt(),
}
results = {}
for name, optimizer in optimizers.items():
    results[name] = ebs.backsolve(start, data, optimizer, where=rates, steps=300, progress=False, polish=False)
    print(f"{name:30} {len(results[name].history):4d} steps, cost {float(results[name].cost):.1e}")

# %% [markdown]
# `polish=False` shows what each does by itself. Left out, the end of a search is led to the minimum beside it.
#
# Least squares (Levenberg-Marquardt) knows how each datum changes; a gradient knows only how their sum does. So it
# takes fewer steps.

# %%
results["ebs.LevenbergMarquardt"]

# %%
results["optax.adam"].history

# %% [markdown]
# ## A schedule, and other patience
#
# A schedule belongs to the optimizer. When to give up belongs to `GradientDescent`.

# %%
schedule = optax.exponential_decay(0.1, transition_steps=50, decay_rate=0.5)
method = ebs.methods.GradientDescent(optax.adam(schedule), steps=300, patience=50)
found = ebs.backsolve(start, data, method, where=rates, progress=False)
print(found.converged, found.simulator.rate)

# %% [markdown]
# [Which method](../choosing_a_method.md) says what suits which problem, and what the default does.
