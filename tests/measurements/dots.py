"""A small measurement in several guises, for the tests of reading."""

import jax
import numpy as np

SAMPLE = {"cell_area": "400 nm^2", "lever_arm": "0.05 eV/V", "offset": "-0.42 V", "hopping": "1.42 meV"}
FIELD = np.array([-0.5, -0.25, 0.0, 0.25, 0.5])
GATE = np.array([-0.44, -0.42, -0.41, -0.40])


def conductance(field, gate):
    """A smooth map in uS, even in the field."""
    return 80 + 30 * np.cos(4 * field) + 200 * (gate + 0.42)


def rows():
    """Field, gate and conductance of every point, the field slowest."""
    field, gate = (axis.ravel() for axis in np.meshgrid(FIELD, GATE, indexing="ij"))
    return field, gate, conductance(field, gate)


def columns():
    """The same by header."""
    return dict(zip(("B (T)", "Vg (V)", "G (uS)"), rows()))


def written(path, header="B (T),Vg (V),G (uS)", separator=",", table=None):
    """A text file of the points; NaN is an empty cell."""
    table = np.column_stack(rows()) if table is None else table
    lines = [separator.join("" if np.isnan(cell) else repr(float(cell)) for cell in row) for row in table]
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def assert_same(one, other):
    """Two observations hold the same numbers in the same order, to the rounding of a change of units."""
    assert one.grid == other.grid
    assert jax.tree.structure(one) == jax.tree.structure(other)
    for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other)):
        # A few roundings of numbers of order one; energies are differences of two near 0.4 V (in 0.03 V per hopping).
        np.testing.assert_allclose(a, b, rtol=1e-13, atol=1e-13)
