"""Seconds a point of Kwant for devices of tests/reference/devices, in an interpreter of its own: NAMES to stdout.

For each name a line of JSON: seconds of T, with and without the modes of the leads, and the largest distance from the
T of the file. Run by any_device.py.
"""

import json
import pathlib
import sys
import time

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "tests" / "reference" / "devices"))

import kwant
import make_devices

FOLDER = pathlib.Path(make_devices.__file__).parent
SYSTEMS = {
    "inverse_ribbon": lambda: make_devices.square_ribbon(12, 12),
    "inverse_graphene": make_devices.inverse_system,
    "rashba_wire": make_devices.rashba_wire,
    "bhz": make_devices.bhz,
    "honeycomb_dot": make_devices.dot,
    "hall_bar": make_devices.hall_bar,
}


def main(name, points=16):
    data, system = np.load(FOLDER / f"{name}.npz"), SYSTEMS[name]()
    zeeman = data["zeeman"] if "zeeman" in data else np.zeros(len(data["flux"]))
    where = [tuple(values[i] for values in (data["energy"], data["flux"], zeeman)) for i in range(points)]
    at = lambda flux, zeeman: make_devices.parameters(system, data["onsite"], flux, zeeman)
    prepared = [system.precalculate(e, params=at(f, z), what="modes") for e, f, z in where]
    solve = lambda one, point: kwant.smatrix(one, point[0], params=at(*point[1:])).transmission(1, 0)
    solve(system, where[0])
    found, seconds = [], {}
    for kind, systems in (("T", [system] * points), ("T, leads known", prepared)):
        began = time.perf_counter()
        found.append([solve(one, point) for one, point in zip(systems, where)])
        seconds[kind] = (time.perf_counter() - began) / points
    off = np.abs(np.array(found) - data["T"][:points, 1, 0]).max()
    solver = type(kwant.solvers.default.smatrix.__self__).__module__
    print(json.dumps({"name": name, **seconds, "off": off, "version": kwant.__version__, "solver": solver}), flush=True)


if __name__ == "__main__":
    for one in sys.argv[1:]:
        main(one)
