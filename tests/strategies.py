"""What hypothesis draws: devices, settings and weights of fixed shapes, so that no draw compiles anything."""

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import jax
import jax.numpy as jnp
import numpy as np
from devices import POINTS, SHAPE, Numbers, Settings


def arrays(shape, low, high) -> st.SearchStrategy[jax.Array]:
    elements = st.floats(low, high, allow_subnormal=False)
    return hnp.arrays(np.float64, shape, elements=elements).map(jnp.asarray)


def some_numbers(orbitals: int, shape: tuple[int, int] = SHAPE) -> st.SearchStrategy[Numbers]:
    """Devices with |onsite| <= 1 and wavenumbers away from the band edges, where modes carry no current."""
    largest = 1.0 if orbitals == 1 else 0.5
    return st.builds(
        Numbers,
        values=arrays(shape, -largest, largest),
        angle=arrays(shape, -np.pi, np.pi),
        coupling=arrays((), -0.5, 0.5),
        wavenumber=arrays((orbitals,), 0.3, np.pi - 0.3),
        hopping=arrays((), 0.5, 2.0),
    )


def some_settings(points: int = POINTS) -> st.SearchStrategy[Settings]:
    return st.builds(Settings, flux=arrays((points,), -0.5, 0.5), energy=arrays((points,), -1.0, 1.0))


def some_weights(points: int = POINTS) -> st.SearchStrategy[jax.Array]:
    return arrays((points,), -1.0, 1.0)
