"""Coherent neutron scattering lengths, from the table of the package periodictable (extra `atoms`)."""

from equibacksolve.atoms._structure import Structure


def neutron_scattering_lengths(structure: Structure) -> dict[str, float]:
    """The bound coherent scattering length of each species of a structure, in fm: {"Si": 4.1491, ...}.

    Isotopes are written "2H" or "D", "28Si". The real part is taken; absorption is left out. The table is that of
    Sears (1992), with later corrections, as periodictable has it.

    Raises `ImportError` that names the extra if periodictable is not installed, and `ValueError` for species that it
    does not know.
    """
    try:
        import periodictable
    except ImportError as error:
        raise ImportError(
            "neutron_scattering_lengths needs the package periodictable, which is not installed; "
            'pip install "equibacksolve[atoms]".'
        ) from error
    return {name: _length_of(name, periodictable) for name in structure.elements}


def _length_of(name, periodictable):
    digits = name[: len(name) - len(name.lstrip("0123456789"))]
    try:
        element = periodictable.elements.symbol(name[len(digits) :])
        length = (element[int(digits)] if digits else element).neutron.b_c
    except (ValueError, KeyError):
        length = None
    if length is None:
        raise ValueError(f"species {name!r} has no neutron scattering length in periodictable; give it as a number.")
    return float(length)
