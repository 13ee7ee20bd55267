"""Any tight-binding sample: its Hamiltonian as flat arrays, said once."""

from typing import Any, Generic, overload

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import scipy.sparse as sparse
from jaxtyping import Array, Complex, Float, Int

from equibacksolve._arrays import float_array, is_concrete
from equibacksolve._axes import Scalar
from equibacksolve._entries import Entries, LinearTerm, Settings, index_array
from equibacksolve._rich_display import leaves_of_module
from equibacksolve.samples._site_energies import AbstractSiteEnergies, Energies, SiteEnergies


class TightBinding(eqx.Module, Generic[Energies]):
    """H = entries + diag(onsite of the orbital's site) + terms, at any flux.

    **Fields**

    - `onsite`: the potential, one number a site; an array is taken as `SiteEnergies`.
    - `entries`: what is fixed: hoppings, and onsite matrices that are not hidden.
    - `positions`: of the sites, in any unit of length; for pictures and smooth potentials.
    - `orbital_site`: the site of each orbital (row of H); left out: one orbital a site.
    - `terms`: what H depends on linearly, see `LinearTerm`.
    - `lossy`: whether H need not be Hermitian (absorption). The derivative then costs a second solution.

    **Raises** ValueError if indices do not fit the sites and orbitals, or H is not Hermitian.
    """

    onsite: Energies
    entries: Entries
    positions: Float[Array, "sites dimensions"]
    orbital_site: Int[Array, " basis"]
    terms: tuple[LinearTerm, ...]
    lossy: bool = eqx.field(static=True)

    @overload
    def __init__(
        self,
        onsite: Energies,
        entries: Entries,
        positions: Any,
        orbital_site: Any = None,
        terms: tuple[LinearTerm, ...] = (),
        *,
        lossy: bool = False,
    ) -> None: ...
    @overload
    def __init__(
        self: "TightBinding[SiteEnergies]",
        onsite: Any,
        entries: Entries,
        positions: Any,
        orbital_site: Any = None,
        terms: tuple[LinearTerm, ...] = (),
        *,
        lossy: bool = False,
    ) -> None: ...
    def __init__(
        self,
        onsite: Any,
        entries: Entries,
        positions: Any,
        orbital_site: Any = None,
        terms: tuple[LinearTerm, ...] = (),
        *,
        lossy: bool = False,
    ):
        energies: Any = onsite if isinstance(onsite, AbstractSiteEnergies) else SiteEnergies(onsite)
        self.onsite = energies
        self.entries = entries
        positions = float_array(positions, "TightBinding.positions")
        self.positions = positions[:, None] if positions.ndim == 1 else positions
        sites = np.arange(self.positions.shape[0])
        self.orbital_site = index_array(sites if orbital_site is None else orbital_site, "TightBinding.orbital_site")
        self.terms = tuple(terms)
        self.lossy = lossy

    def __check_init__(self):
        sites, size = self.positions.shape[0], self.size
        if self.onsite.sites != sites:
            raise ValueError(
                f"onsite has {self.onsite.sites} sites but positions has {sites}; give one of each a site."
            )
        if size == 0:
            raise ValueError("a sample needs at least one orbital, got none.")
        if is_concrete(self.orbital_site) and int(np.asarray(self.orbital_site).max()) >= sites:
            raise ValueError(
                f"orbital_site names site {int(np.asarray(self.orbital_site).max())} of {sites}; count from 0."
            )
        for entries in (self.entries, *(term.entries for term in self.terms)):
            for name, index in (("row", entries.row), ("column", entries.column)):
                if is_concrete(index) and index.size and int(np.asarray(index).max()) >= size:
                    raise ValueError(
                        f"the {name} of an entry is orbital {int(np.asarray(index).max())} of {size}; orbital_site "
                        "must name the site of each orbital."
                    )
        if not self.lossy and is_concrete(self):
            _check_hermitian(self)

    def _repr_html_(self) -> str:
        """For notebooks: the arrays of the sample, and its maps."""
        return leaves_of_module(self)

    @property
    def size(self) -> int:
        """Number of orbitals of all sites together: the rows of H."""
        return self.orbital_site.shape[0]

    @property
    def settings(self) -> tuple[str, ...]:
        """The names of the settings that the terms ask for, besides flux and energy."""
        return tuple(dict.fromkeys(term.setting for term in self.terms if term.setting is not None))

    @property
    def knows_flux(self) -> bool:
        """Whether every hopping from site to site has an area, so that a magnetic field can be applied."""
        return all(part.knows_flux(self.orbital_site) for part in (self.entries, *(t.entries for t in self.terms)))

    def places(self) -> tuple[Int[Array, " entries"], Int[Array, " entries"]]:
        """Row and column of all entries, those of the terms included, without the onsite energies."""
        parts = (self.entries, *(term.entries for term in self.terms))
        return jnp.concatenate([p.row for p in parts]), jnp.concatenate([p.column for p in parts])

    def values(self, flux: Scalar, settings: Settings) -> Complex[Array, " entries"]:
        """The value of each of `places` at a point."""
        return jnp.concatenate([self.entries.at(flux), *(term.at(flux, settings) for term in self.terms)])

    def energies(self) -> Float[Array, " basis"]:
        """The onsite energy of every orbital."""
        return self.onsite.energies()[self.orbital_site]

    def hamiltonian(self, *, flux: Any = 0.0, **settings: Any) -> sparse.csr_matrix:
        """H as a sparse matrix of SciPy, at one setting."""
        parts = (self.entries, *(term.entries for term in self.terms))
        row, column = (np.concatenate([np.asarray(getattr(p, k)) for p in parts]) for k in ("row", "column"))
        known = [self.entries.known_at(flux), *(term.known_at(flux, settings) for term in self.terms)]
        matrix = sparse.coo_matrix((np.concatenate(known), (row, column)), shape=(self.size, self.size))
        return sparse.csr_matrix(matrix + sparse.diags(np.asarray(self.energies())))


def _check_hermitian(sample: TightBinding) -> None:
    """At a flux and settings of no particular size, so that areas and terms are looked at as well."""
    settings = dict.fromkeys(sample.settings, 0.7)
    for flux in (0.0, 0.137):
        matrix = sample.hamiltonian(flux=flux, **settings)
        off = abs(matrix - matrix.conj().T)
        if off.nnz and off.max() > 1e-10 * abs(matrix).max():
            found = off.tocoo()
            where = int(found.data.argmax())
            row, column = int(found.row[where]), int(found.col[where])
            raise ValueError(
                f"H[{row}, {column}] at flux {flux} is not the complex conjugate of H[{column}, {row}]; give both "
                "triangles, with opposite areas, or pass lossy=True if H absorbs."
            )
