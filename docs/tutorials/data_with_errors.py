# ---
# jupyter:
#   jupytext:
#     formats: py:percent
#   kernelspec: {display_name: Python 3, language: python, name: python3}
# ---

# %% [markdown]
# # From measured data to error bars
#
# A table of readings, what is known of their errors, a fit, and how far to believe it.

# %%
import io

import jax
import jax.numpy as jnp
import numpy as np

import equibacksolve as ebs

jax.config.update("jax_enable_x64", True)

# %% [markdown]
# ## The data
#
# A file would do as well: [measured data](../data.md) has `ebs.measurements.read`, for CSV, Excel, HDF5, xarray and
# QCoDeS. Here the file is written first, with noise of 0.01 e²/h and one reading missing.

# %%
hidden = lambda simulator: simulator.sample.onsite.values
lead = ebs.WireLead(jnp.pi / 2)
device = lambda energies: ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(energies)), lead)
flux, energy = np.linspace(0, 0.3, 11), np.linspace(-1, 1, 9)
dip = np.array([[-0.4, -0.2, 0.1], [-0.2, 0.0, 0.2], [0.1, 0.2, 0.3], [0.2, 0.3, 0.1]])

noise = 0.01 * np.random.default_rng(0).normal(size=(11, 9))
conductance = np.array(ebs.simulated_observations(device(dip), flux=flux, energy=energy).values).reshape(11, 9) + noise
conductance[2, 3] = np.nan
file = io.StringIO()
np.savetxt(file, conductance, delimiter=",")

# %% [markdown]
# `on_grid` takes one row a flux and one column an energy. The mask is False where a reading is missing. `sigma` is
# the standard deviation of a reading: with it, the cost is chi-squared per datum, which should end near 1.

# %%
file.seek(0)
table = np.loadtxt(file, delimiter=",")
measured = ebs.Observations.on_grid(flux=flux, energy=energy, values=table, mask=np.isfinite(table), sigma=0.01)
measured

# %% [markdown]
# ## The fit
#
# Something is known beforehand: a gate at the first corner pulls the potential down. So the search starts from a
# slope. Without such knowledge, start from random numbers, and let the default search try many ([will it find
# mine?](../will_it_find_mine.md)).

# %%
start = device(np.add.outer([-0.2, -0.1, 0.1, 0.2], [-0.1, 0.0, 0.1]))
found = ebs.backsolve(start, measured, ebs.LevenbergMarquardt(), where=hidden, progress=False)
found

# %% [markdown]
# ## How far to believe it
#
# `standard_errors` says how much each site may be off, to first order in the noise. `goodness_of_fit` says whether
# chi-squared is as it should be.

# %%
known = ebs.diagnostics.standard_errors(found.simulator, measured, where=hidden)
print("largest standard error:", float(jnp.max(hidden(known.errors))))
print(ebs.diagnostics.goodness_of_fit(found.simulator, measured, where=hidden).verdict)

# %% [markdown]
# The truth is known here, so the errors can be tried: differences over standard errors are numbers about 1.

# %%
pulls = (hidden(found.simulator) - dip) / hidden(known.errors)
print(np.round(np.asarray(pulls), 1))

# %% [markdown]
# Mirrored along or across the current, the potential has the same map; a search from elsewhere may find one of these
# images. And another potential altogether may explain the data: errors are those of one solution. More:
# [diagnostics](../diagnostics.md), and [how far to believe it](../how_far_to_believe_it.md) on what such errors leave
# out.
