"""A device that Kwant exports with our own exporter, and Kwant's transmissions of it, at points of flux and settings.

Usage, where Kwant 1.4 or later is installed: python tests/reference/export_from_kwant.py tests/reference/devices
"""

import pathlib
import sys

import kwant
import numpy as np

ROOT = pathlib.Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "equibacksolve" / "models"))
import export_kwant  # noqa: E402 - it stands alone, as where it is copied to

SQUARE = kwant.lattice.square(norbs=2)
CHAIN = kwant.lattice.square(norbs=1)
HONEYCOMB = kwant.lattice.honeycomb(norbs=1)
ZERO, X, Y, Z = np.eye(2), np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])


def along_x(to, origin, flux):
    """Peierls phase in a Landau gauge along x."""
    (x, y), (x0, y0) = to.pos, origin.pos
    return np.exp(-2j * np.pi * flux * (x - x0) * (y + y0) / 2)


def spin_orbit_wire(length=5, width=3):
    """Leads to the left and right, with spin-orbit coupling (Rashba) in the sample alone; Zeeman energy everywhere."""
    builder = kwant.Builder()
    bumpy = lambda site, zeeman: 0.3 * np.sin(7 * site.pos[0] + 3 * site.pos[1]) * ZERO + zeeman * (Z + 0.5 * X)
    builder[(SQUARE(x, y) for x in range(length) for y in range(width))] = bumpy

    def hop(matrix):
        return lambda i, j, flux, rashba: along_x(i, j, flux) * (-ZERO + rashba * 1j * matrix)

    builder[kwant.builder.HoppingKind((1, 0), SQUARE)] = hop(Y)
    builder[kwant.builder.HoppingKind((0, 1), SQUARE)] = hop(-X)
    for direction in (-1, 1):
        lead = kwant.Builder(kwant.TranslationalSymmetry((direction, 0)))
        lead[(SQUARE(0, y) for y in range(width))] = lambda site, zeeman: 0.2 * ZERO + zeeman * (Z + 0.5 * X)
        lead[SQUARE.neighbors()] = lambda i, j, flux: along_x(i, j, flux) * -ZERO
        builder.attach_lead(lead)
    return builder.finalized()


def ribbon(length=6, width=4):
    """Square lattice, in a field that is everywhere."""
    builder = kwant.Builder()
    builder[(CHAIN(x, y) for x in range(length) for y in range(width))] = lambda s: (
        0.4 * np.cos(5 * s.pos[0] + s.pos[1])
    )
    builder[CHAIN.neighbors()] = lambda i, j, flux: along_x(i, j, flux)
    for direction in (-1, 1):
        lead = kwant.Builder(kwant.TranslationalSymmetry((direction, 0)))
        lead[(CHAIN(0, y) for y in range(width))] = 0.0
        lead[CHAIN.neighbors()] = lambda i, j, flux: along_x(i, j, flux)
        builder.attach_lead(lead)
    return builder.finalized()


def dot(radius=3.2):
    """Honeycomb disc with three leads, the field in the disc alone; the leads are without it."""
    builder = kwant.Builder()
    inside = lambda pos: np.hypot(*pos) < radius
    builder[HONEYCOMB.shape(inside, (0, 0))] = lambda s: 0.3 * np.sin(3 * s.pos[0] - 2 * s.pos[1])
    builder[HONEYCOMB.neighbors()] = lambda i, j, flux: -along_x(i, j, flux)
    turn = lambda angle: np.array([np.cos(angle), np.sin(angle)])
    for vector, angle in (((1, 0), 0), ((-1, 1), 2 * np.pi / 3), ((0, -1), 4 * np.pi / 3)):
        across = np.array([-turn(angle)[1], turn(angle)[0]])
        lead = kwant.Builder(kwant.TranslationalSymmetry(HONEYCOMB.vec(vector)))
        lead[HONEYCOMB.shape(lambda pos, n=across: abs(np.dot(pos, n)) < 1.1, (0, 0))] = 0.1
        lead[HONEYCOMB.neighbors()] = -1.0
        builder.attach_lead(lead)
    return builder.finalized()


def measured(system, params):
    """transmission[point, to, from] of all leads, with the total reflections on the diagonal."""
    leads = range(len(system.leads))
    found = []
    for i in range(len(params["energy"])):
        given = {name: float(value[i]) for name, value in params.items() if name != "energy"}
        s = kwant.smatrix(system, params["energy"][i], params=given)
        found.append([[s.transmission(p, q) for q in leads] for p in leads])
    return {**params, "transmission": np.array(found), "kwant": kwant.__version__}


def main(folder):
    """The first is what the tests read. The others are made for `--all`."""
    rng = np.random.default_rng(3)
    settings = {"flux": rng.uniform(-0.1, 0.1, 8), "energy": rng.uniform(-3, 3, 8)}
    spins = {"zeeman": rng.uniform(-0.5, 0.5, 8), "rashba": rng.uniform(-0.6, 0.6, 8)}
    systems = {"exported_wire": (spin_orbit_wire(), settings | spins)}
    if "--all" in sys.argv:
        systems |= {"exported_ribbon": (ribbon(), settings), "exported_dot": (dot(), settings)}
    for name, (system, points) in systems.items():
        linear = tuple(key for key in points if key not in settings)
        found = export_kwant.arrays(system, flux="flux", linear=linear)
        path = folder / f"{name}.npz"
        np.savez_compressed(path, **found, **measured(system, points))
        print(f"{path}: {len(system.sites)} sites, {len(system.leads)} leads, {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
