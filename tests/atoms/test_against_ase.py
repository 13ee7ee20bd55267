"""g(r) beside the histogram of another program, `ase.geometry.rdf`, which counts pairs of equal bins."""

import ase
import jax
import numpy as np
import pytest
from ase.geometry.rdf import get_rdf

from equibacksolve import atoms

BOX = atoms.Box([11.0, 11.5, 12.0])
WIDTH, BIN, END = 0.12, 0.005, 5.4
R = np.arange(1.0, 4.8, 0.1)


def blurred(histogram):
    """A histogram with the blur of the model, at R."""
    middles = (np.arange(len(histogram)) + 0.5) * BIN
    kernel = np.exp(-0.5 * ((R[:, None] - middles) / WIDTH) ** 2)
    return kernel @ histogram / kernel.sum(axis=1)


@pytest.mark.parametrize(("pair", "numbers"), [(None, None), ("Si-Si", (14, 14)), ("Si-O", (14, 8)), ("O-O", (8, 8))])
def test_it_is_the_histogram_of_ase(pair, numbers):
    """120 shaken atoms. ASE divides by the density of all N atoms, this package by that of the N - 1 others."""
    points = np.stack(np.meshgrid(*[np.arange(5)] * 3), axis=-1).reshape(-1, 3)[:120] / 5
    shaken = points @ np.asarray(BOX.vectors) + 0.4 * jax.random.normal(jax.random.key(3), (120, 3))
    names = ["Si", "O", "O"] * 40
    structure = atoms.Structure(BOX.wrapped(shaken), BOX, names)
    seen = atoms.Observables(
        structure, {"Si": 1.0, "O": 1.0}, g=atoms.RealSpaceCurve(R, width=WIDTH, pair=pair)
    ).predict()
    theirs = ase.Atoms(names, np.asarray(structure.positions), cell=np.asarray(BOX.vectors), pbc=True)
    histogram = get_rdf(theirs, END, round(END / BIN), elements=numbers, no_dists=True)
    counts = {"Si": 40, "O": 80}
    first, second = (pair or "X-X").split("-")
    others = 120 / 119 if pair is None else counts[first] / (counts[first] - 1) if first == second else 1.0
    # The cubic spline stands for a part of the Gaussian: of waves of the width, 2e-3; and half a bin of the histogram.
    np.testing.assert_allclose(seen, blurred(histogram) * others, rtol=0, atol=6e-3 * float(np.max(seen)))
