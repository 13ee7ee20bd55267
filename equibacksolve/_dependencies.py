"""The packages that this one is built on, all that are imported at the top of a file.

They are imported here, before the hook of jaxtyping is installed: while a file is imported under the hook, Python looks
for the bytecode of everything that the file imports under a name of jaxtyping's own. What `pip` has compiled is not
found there, and each package would be compiled once more; at every start where nothing can be written.
"""
# ruff: noqa: F401

import warnings

import beartype
import equinox
import jax.experimental.multihost_utils
import optax
import optimistix
import scipy.constants
import scipy.linalg
import scipy.optimize
import scipy.sparse.linalg
import scipy.spatial
import threadpoolctl
import tqdm

with warnings.catch_warnings():
    warnings.simplefilter("ignore", tqdm.TqdmWarning)  # a notebook without ipywidgets: its bar is text
    import tqdm.auto
