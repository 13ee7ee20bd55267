"""A conductance map by Kwant, in an interpreter of its own that needs NumPy and Kwant alone: CASE.npz in, MAP.npz out.

CASE holds `potential`, `flux` and `energy` (one entry a point); MAP holds G and the seconds that the points took, after
a first one that is not counted.
"""

import pathlib
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests" / "reference"))

import kwant
from make_reference import attach_wires, sample


def main(case, path):
    data = np.load(case)
    potential = data["potential"]
    builder, lattice = sample(lambda x, y: potential[x, y], *potential.shape, norbs=1)
    system = attach_wires(builder, lattice, potential.shape[1], np.array([np.pi / 2]))
    one = lambda flux, energy: kwant.smatrix(system, energy, params={"energy": energy, "flux": flux}).transmission(1, 0)
    one(data["flux"][0], data["energy"][0])
    began = time.perf_counter()
    values = [one(flux, energy) for flux, energy in zip(data["flux"], data["energy"])]
    seconds = time.perf_counter() - began
    solver = type(kwant.solvers.default.smatrix.__self__).__module__
    np.savez(path, G=values, seconds=seconds, solver=solver, version=kwant.__version__)


if __name__ == "__main__":
    main(*sys.argv[1:])
