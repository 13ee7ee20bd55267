"""What neutrons and X-rays see of each species, from the tables of the package periodictable (extra `atoms`)."""

from typing import Any

import numpy as np
from jaxtyping import Array, Float

from equibacksolve._arrays import float_array
from equibacksolve.atoms._structure import Structure


def neutron_scattering_lengths(structure: Structure) -> dict[str, float]:
    """The bound coherent scattering length of each species of a structure, in fm: {"Si": 4.1491, ...}.

    Isotopes are written "2H" or "D", "28Si". The real part is taken; absorption is left out. The table is that of
    Sears (1992), with later corrections, as periodictable has it.

    Raises `ImportError` that names the extra if periodictable is not installed, and `ValueError` for species that it
    does not know.
    """
    table = _table("neutron_scattering_lengths")
    return {name: _length_of(name, table) for name in structure.elements}


def xray_form_factors(structure: Structure, wavenumbers: Any) -> dict[str, Float[Array, " points"]]:
    """f(Q) of each species of a structure, in electrons: {"Si": [13.9, 13.5, ...], ...}.

    - `wavenumbers`: in 1 / angstrom, shape (points,).

    Of neutral atoms, without anomalous scattering: the sums of Gaussians of the International Tables, as periodictable
    has them. Isotopes count as their element.

    Raises `ImportError` that names the extra if periodictable is not installed, and `ValueError` for species that it
    does not know.
    """
    table, q = _table("xray_form_factors"), np.asarray(float_array(wavenumbers, "wavenumbers"), float)
    return {name: float_array(_form_factor_of(name, q, table), name) for name in structure.elements}


def _table(asked):
    try:
        import periodictable
    except ImportError as error:
        raise ImportError(
            f'{asked} needs the package periodictable, which is not installed; pip install "equibacksolve[atoms]".'
        ) from error
    return periodictable


def _form_factor_of(name, wavenumbers, table):
    try:
        return table.elements.symbol(name.lstrip("0123456789")).xray.f0(wavenumbers)
    except (ValueError, KeyError, AttributeError, TypeError):
        raise ValueError(f"species {name!r} has no form factor in periodictable; give it as an array.") from None


def _length_of(name, table):
    digits = name[: len(name) - len(name.lstrip("0123456789"))]
    try:
        element = table.elements.symbol(name[len(digits) :])
        length = (element[int(digits)] if digits else element).neutron.b_c
    except (ValueError, KeyError):
        length = None
    if length is None:
        raise ValueError(f"species {name!r} has no neutron scattering length in periodictable; give it as a number.")
    return float(length)
