"""From a finalised system of Kwant to the arrays of a device. This file needs Kwant 1.4 or later and NumPy alone.

Copy it to where Kwant is installed, and write there what `equibacksolve.load_device` reads elsewhere:

    import export_kwant
    export_kwant.write("device.npz", system, flux="flux", linear=("zeeman",), params={"t": 1.0})

`flux` and `linear` name parameters of the system's functions; all others keep their values in `params`. Written is

    H = value exp(2 pi i flux area) + the sum of name x (value of name) exp(2 pi i flux area)

which is compared with Kwant's own matrices before anything is written: a system of another form is refused.
"""

import numpy as np

FORMAT = "tight-binding device"
VERSION = 1

EXACT = 1e-12
"""The largest difference from Kwant's matrix, in units of its largest entry."""

SMALLEST, FACTOR, LARGEST = 1e-8, 100.0, 1e8
"""Values of the flux parameter at which phases are read: from a small one on, until the largest phase is a turn."""


def write(path, system, *, flux=None, linear=(), params=None):
    """Write the device to an .npz file of this name. The arguments, and the ValueErrors, are those of `arrays`."""
    found = arrays(system, flux=flux, linear=linear, params=params)
    with open(path, "wb") as file:
        np.savez_compressed(file, **found)


def arrays(system, *, flux=None, linear=(), params=None) -> dict:
    """The arrays of a device, by name.

    - `system`: a finalised system with leads of a translational symmetry, as `builder.finalized()` returns it.
    - `flux`: the name of the parameter that is the magnetic field; `area` is then in units of what it multiplies:
      hoppings have the phase 2 pi flux area. None: no field is meant, and none can be applied later.
    - `linear`: names of parameters that H depends on linearly; each becomes a setting of the measurement.
    - `params`: the values of all other parameters.

    The potential `onsite` is zero: it is what is hidden, and is added to what the system has. Raises ValueError, in one
    sentence, for a system that is not of this form.
    """
    asked = Asked(flux, (linear,) if isinstance(linear, str) else tuple(linear), dict(params or {}))
    offsets, orbital_site = _orbitals(system)
    found: dict = {
        "format": FORMAT,
        "version": VERSION,
        "field": flux is not None,
        "positions": np.array([site.pos for site in system.sites], float),
        "orbital_site": orbital_site,
        "onsite": np.zeros(len(system.sites)),
        "n_leads": len(system.leads),
    }
    whole = lambda given: system.hamiltonian_submatrix(params=given, sparse=True)
    found.update(_named("H", _parts("H of the system", whole, asked)))
    for number, lead in enumerate(system.leads):
        interface = [np.arange(int(offsets[s]), int(offsets[s + 1])) for s in system.lead_interfaces[number]]
        found.update(_of_lead(number, lead, np.concatenate(interface).astype(np.int32), asked))
    _check_dependence(found, asked)
    return {name: np.asarray(value) for name, value in found.items()}


class Asked:
    """Which parameters are meant, and the values of all at a point."""

    def __init__(self, flux, linear, others):
        self.flux, self.linear, self.others = flux, linear, others
        own = [name for name in (flux, *linear) if name is not None]
        if len(set(own)) < len(own):
            raise ValueError(f"flux and linear name a parameter twice ({', '.join(own)}); name each once.")
        for name in linear:
            if name in ("flux", "energy") or not name.isidentifier():
                raise ValueError(f"linear names {name!r}, which no setting can be called; rename the parameter.")

    def at(self, flux=0.0, linear=()):
        values = dict(zip(self.linear, [*map(float, linear)] + [0.0] * len(self.linear)))
        own = {} if self.flux is None else {self.flux: flux}
        return {**self.others, **values, **own}


class Part:
    """A matrix as its entries value exp(2 pi i flux area), each place once; area is None where no field is meant."""

    def __init__(self, shape, places, value, area=None):
        self.shape, self.places, self.value, self.area = shape, places, value, area

    def at(self, flux):
        return self.value if self.area is None else self.value * np.exp(2j * np.pi * flux * self.area)

    def on(self, places):
        """The values at these places, zero where there is no entry."""
        if not len(self.places):
            return np.zeros(len(places), complex)
        found = np.minimum(np.searchsorted(self.places, places), len(self.places) - 1)
        return np.where(self.places[found] == places, self.value[found], 0)

    def largest(self):
        return np.abs(self.value).max(initial=0.0)

    def named(self, prefix):
        row, column = (index.astype(np.int32) for index in np.divmod(self.places, self.shape[1]))
        found = {"row": row, "col": column, "val": self.value}
        if self.area is not None:
            found["area"] = self.area
        return {f"{prefix}_{key}": value for key, value in found.items()}


def _read(matrix):
    """The entries of a matrix that are not zero, dense or sparse."""
    if hasattr(matrix, "tocoo"):
        sparse = matrix.tocoo()
        row, column, value = sparse.row, sparse.col, sparse.data
    else:
        row, column = np.nonzero(matrix)
        value = np.asarray(matrix)[row, column]
    places, where = np.unique(np.asarray(row, np.int64) * matrix.shape[1] + column, return_inverse=True)
    total = np.zeros(len(places), complex)
    np.add.at(total, where, value)
    return Part(matrix.shape, places[total != 0], total[total != 0])


def _orbitals(system):
    """Where the orbitals of each site begin, and the site of each orbital."""
    if not hasattr(system, "hamiltonian_submatrix") or not hasattr(system, "lead_interfaces"):
        raise ValueError(f"system is a {type(system).__name__}; give a finalised system: builder.finalized().")
    if not len(system.leads):
        raise ValueError("the system has no leads; attach one at least before it is finalised.")
    sizes = [site.family.norbs for site in system.sites]
    if None in sizes:
        name = system.sites[sizes.index(None)].family.name
        raise ValueError(f"the lattice {name!r} has no number of orbitals; give norbs= where it is made.")
    return np.concatenate([[0], np.cumsum(sizes)]), np.repeat(np.arange(len(sizes)), sizes).astype(np.int32)


def _of_lead(number, lead, interface, asked):
    """The arrays of a lead that touches these orbitals, in the order of Kwant's interface."""
    if not hasattr(lead, "inter_cell_hopping"):
        raise ValueError(f"lead {number} is a {type(lead).__name__} without cells; only periodic leads can be written.")
    cell = _parts(f"the cell of lead {number}", lambda given: lead.cell_hamiltonian(params=given), asked)
    between = _parts(f"the hopping of lead {number}", lambda given: lead.inter_cell_hopping(params=given), asked)
    hopping = between.pop("")
    if between and any(len(part.places) for part in between.values()):
        name = next(name for name, part in between.items() if len(part.places))
        raise ValueError(f"the hopping between cells of lead {number} depends on {name}; only its cells may.")
    size, touched = hopping.shape
    if touched != len(interface):
        raise ValueError(f"lead {number} touches {len(interface)} orbitals, but has a hopping for {touched}.")
    # Only the first orbitals of a cell have a hopping to the next: the sample has just these, as its interface.
    row, column = np.divmod(hopping.places, touched)
    square = Part((size, size), row * size + column, hopping.value, hopping.area)
    coupling = {**hopping.named("C"), "C_col": interface[column]}
    found = {"size": size, "interface": interface, **_named("H0", cell), **square.named("V"), **coupling}
    return {f"lead{number}_{name}": value for name, value in found.items()}


def _named(prefix, parts):
    found = {}
    for name, part in parts.items():
        if not name or len(part.places):
            found.update(part.named(f"{prefix}_{name}" if name else prefix))
    return found


def _parts(what, matrix_of, asked):
    """What does not depend on the linear parameters, by the name "", and what each multiplies, by its name."""
    matrix_at = lambda flux=0.0, linear=(): _read(matrix_of(asked.at(flux, linear)))
    found = {"": _with_area(matrix_at, asked)}
    for name, unit in zip(asked.linear, np.eye(len(asked.linear))):
        between = lambda flux=0.0, times=1.0: _difference(matrix_at(flux, times * unit), matrix_at(flux))
        _check_linear(what, name, between(), between(times=-2.0), matrix_at().largest())
        found[name] = _with_area(between, asked)
    _check(what, matrix_at, found, asked)
    return found


def _difference(one, other):
    """One matrix less another, without entries that are rounding."""
    places = np.union1d(one.places, other.places)
    value = one.on(places) - other.on(places)
    keep = np.abs(value) > 1e-14 * max(one.largest(), other.largest())
    return Part(one.shape, places[keep], value[keep])


def _check_linear(what, name, one, minus_two, scale):
    places = np.union1d(one.places, minus_two.places)
    off = np.abs(2 * one.on(places) + minus_two.on(places)).max(initial=0)
    if off > EXACT * max(one.largest(), minus_two.largest(), scale):
        raise ValueError(f"{what} is not linear in {name}: at -2 it is not -2 times what it is at 1; leave it out.")


def _with_area(matrix_at, asked):
    """The entries of a matrix, with the area of each from the phase that the flux parameter gives it."""
    found = matrix_at()
    if asked.flux is None:
        return found
    found.area, flux, scale = np.zeros(len(found.places)), SMALLEST, 0.0
    while flux <= LARGEST and scale < 1 and len(found.places):
        # The phase that is not yet known is small at first; then it is rounding, grown a hundredfold.
        moved = matrix_at(flux).on(found.places)
        found.area = found.area + np.angle(moved * found.at(flux).conj()) / (2 * np.pi * flux)
        scale, flux = np.abs(found.area).max() * flux, flux * FACTOR
    found.area[np.abs(found.area) * flux < 1e-11 * FACTOR * max(scale, 1.0)] = 0.0
    return found


def _check(what, matrix_at, parts, asked):
    """That Kwant's matrix is reproduced, in two fields and with all linear parameters at once."""
    largest = max([np.abs(part.area).max(initial=0) for part in parts.values() if part.area is not None], default=0)
    for number, share in enumerate((0.2718, -1.414)):
        flux = share / largest if largest > 0 else share
        for size in (0.0, 1.0):
            linear = [size * (0.7 - number - 0.4 * i) for i in range(len(asked.linear))]
            _compare(what, matrix_at(flux, linear), parts, dict(zip(asked.linear, linear)), flux, asked)


def _compare(what, kwant, parts, values, flux, asked):
    places = np.unique(np.concatenate([kwant.places, *(part.places for part in parts.values())]))
    ours = np.zeros(len(places), complex)
    for name, part in parts.items():
        where = np.searchsorted(places, part.places)
        ours[where] += (values[name] if name else 1.0) * part.at(flux)
    theirs = kwant.on(places)
    off, scale = np.abs(ours - theirs), max(kwant.largest(), *(part.largest() for part in parts.values()))
    if not np.all(off <= EXACT * scale):
        row, column = divmod(int(places[off.argmax()]), kwant.shape[1])
        raise ValueError(f"{what} at [{row}, {column}] {_why(ours, theirs, off, values, flux, asked)}")


def _why(ours, theirs, off, values, flux, asked):
    if asked.flux is None or not flux:
        return "depends on the linear parameters together, not on each by itself; export it for fewer of them."
    if any(values.values()):
        return f"is not linear in {', '.join(asked.linear)} where {asked.flux} is {flux:.3g}; export it for fewer."
    worst = off.argmax()
    if abs(abs(ours[worst]) - abs(theirs[worst])) > EXACT * abs(ours[worst]):
        return f"changes its size with {asked.flux}; only its phase may: give the rest a parameter of its own."
    return f"has a phase that is not proportional to {asked.flux}; only 2 pi {asked.flux} x area can be written."


def _check_dependence(found, asked):
    """A parameter that nothing depends on has been misspelt."""
    areas = [value for name, value in found.items() if name.endswith("_area")]
    if asked.flux is not None and not any(np.any(area) for area in areas):
        raise ValueError(f"nothing in the system depends on {asked.flux}; look at the name, or leave flux= out.")
    for name in asked.linear:
        if not any(key.endswith(f"_{name}_val") for key in found):
            raise ValueError(f"nothing in the system depends on {name}; look at the name, or leave it out.")
