# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # Your first map
#
# A small conductor of 4 x 3 sites hides a potential. Its conductance was measured at eleven fluxes and nine energies.
# We look for a potential that explains the map.

# %%
import jax
import jax.numpy as jnp
import numpy as np

import equibacksolve as ebs

jax.config.update("jax_enable_x64", True)  # transport needs float64

# %% [markdown]
# ## The measurement
#
# Here a simulation stands for the experiment. `truth` is what you would not know.

# %%
potential = lambda simulator: simulator.sample.onsite.values
lead = ebs.WireLead(jnp.pi / 2)


def device(seed):
    """A conductor with a random potential, up to half a hopping high."""
    energies = np.random.default_rng(seed).uniform(-0.5, 0.5, (4, 3))
    return ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(energies)), lead)


truth = device(0)
measured = ebs.simulated_observations(truth, flux=np.linspace(0, 0.3, 11), energy=np.linspace(-1, 1, 9))
measured

# %% [markdown]
# ## The search
#
# `where` says what is hidden. Everything else of the simulator is known: its size, its leads. The search begins at
# another random potential.

# %%
found = ebs.backsolve(device(1), measured, ebs.LevenbergMarquardt(), where=potential, progress=False)
found

# %% [markdown]
# The data are explained: the cost is the mean squared difference of prediction and data.
#
# ## Four solutions
#
# A two-terminal conductance does not change if the sample is mirrored, along or across the current. So four
# potentials have this map. Choose the one that agrees with what you know. Here, that is the truth.

# %%
mirrors = (ebs.Mirror(potential, 0), ebs.Mirror(potential, 1))
image = ebs.choose_image(found.simulator, mirrors, lambda s: jnp.max(jnp.abs(potential(s) - potential(truth))))
float(jnp.max(jnp.abs(potential(image) - potential(truth))))  # in hoppings

# %% [markdown]
# Without a method, `backsolve` takes the default: it tries other starts by itself, and finds maps that one search
# from one start does not. [Will it find mine?](../will_it_find_mine.md) says what can be expected.
