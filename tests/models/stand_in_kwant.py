"""A stand-in for a finalised system of Kwant: 3 x 2 sites of two orbitals, two leads, as matrices of its parameters.

It has the methods that the exporter calls, and no others. Kwant itself is not installed where these tests run; a file
that the exporter wrote beside it is in tests/reference/devices.
"""

from types import SimpleNamespace

import numpy as np
import scipy.sparse as sparse

LENGTH, WIDTH = 3, 2
PLACES = [(x, y) for x in range(LENGTH) for y in range(WIDTH)]
Z, Y = np.diag([1.0, -1.0]), np.array([[0, -1j], [1j, 0]])


def phase(flux, to, origin):
    """Landau gauge along x."""
    return np.exp(-2j * np.pi * flux * (to[0] - origin[0]) * (to[1] + origin[1] + 1) / 2)


def bonds(places, to, size, flux, matrix):
    """Hoppings from places to places at distance 1."""
    found = np.zeros((2 * len(to), 2 * size), complex)
    for i, here in enumerate(to):
        for j, there in enumerate(places):
            if abs(here[0] - there[0]) + abs(here[1] - there[1]) == 1:
                turned = matrix if (here > there) else matrix.conj().T
                found[2 * i : 2 * i + 2, 2 * j : 2 * j + 2] = phase(flux, here, there) * turned
    return found


def hamiltonian(places, flux=0.0, zeeman=0.0, rashba=0.0, t=1.0):
    levels = np.diag(np.repeat(np.sin(np.arange(len(places))), 2))
    spins = zeeman * np.kron(np.eye(len(places)), Z)
    return levels + spins + bonds(places, places, len(places), flux, -t * np.eye(2) + 1j * rashba * Y)


def system(*, cell=(0, 1), unit=1.0, energy=1.0, change=None, change_of_hopping=None, norbs=2):
    """`unit` multiplies the flux, `energy` all matrices; `change` is a function of a matrix and of the parameters."""
    change = change or (lambda matrix, **_: matrix)
    change_of_hopping = change_of_hopping or change

    def made(params, places):
        own = {name: params[name] for name in ("zeeman", "rashba", "t") if name in params}
        return energy * change(hamiltonian(places, unit * params.get("flux", 0.0), **own), **params)

    def whole(params, **options):
        found = made(params, PLACES)
        return sparse.coo_matrix(found) if options.get("sparse") else found

    def between(step):
        def found(params):
            # The first site of the cell alone is coupled to the next cell.
            here, there = [(step, y) for y in cell], [(0, 0)]
            matrix = bonds(there, here, 1, unit * params.get("flux", 0.0), -params.get("t", 1.0) * np.eye(2))
            return energy * change_of_hopping(matrix, **params)

        return found

    def lead(step):
        without = lambda params: {name: value for name, value in params.items() if name != "rashba"}
        places = [(0, y) for y in cell]
        own = SimpleNamespace(cell_hamiltonian=lambda params: made(without(params), places))
        own.inter_cell_hopping = between(step)
        return own

    sites = [SimpleNamespace(pos=place, family=SimpleNamespace(norbs=norbs, name="square")) for place in PLACES]
    found = SimpleNamespace(sites=sites, leads=[lead(-1), lead(1)], hamiltonian_submatrix=whole)
    found.lead_interfaces = [np.array([0]), np.array([WIDTH * (LENGTH - 1)])]
    return found
