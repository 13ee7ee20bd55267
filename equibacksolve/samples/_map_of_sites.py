"""Sites of any sample laid out as a map: bricks of a honeycomb, squares with missing sites."""

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, Int

from equibacksolve._arrays import check_fields, check_known, is_concrete, named_float_array
from equibacksolve._entries import index_array
from equibacksolve.samples._site_energies import AbstractSiteEnergies


class MapOfSites(AbstractSiteEnergies):
    """Energies that stand on a map: site i has `values[place[i]]`, so that what is known of maps helps a search.

    **Fields**

    - `values`: the map, trainable. An entry where no site stands is seen by no datum; a prior or the start sets it.
    - `place`: (row, column) of each site on the map, counted from 0. Sites may share an entry.

    **Raises** ValueError if a place is outside the map.
    """

    values: Float[Array, "length width"] = eqx.field(converter=named_float_array("MapOfSites.values"))
    place: Int[Array, "sites 2"] = eqx.field(converter=lambda a: index_array(a, "MapOfSites.place"))

    def __check_init__(self):
        check_fields(self)
        check_known(self)
        if is_concrete(self.place) and self.place.size:
            largest = np.asarray(self.place).max(axis=0)
            if np.any(largest >= self.values.shape):
                raise ValueError(
                    f"MapOfSites.place reaches {tuple(map(int, largest))} on a map of shape {self.values.shape}; count "
                    "from 0."
                )

    @property
    def sites(self) -> int:
        return self.place.shape[0]

    def energies(self) -> Float[Array, " sites"]:
        return self.values[self.place[:, 0], self.place[:, 1]]
