"""A terminal: a lead and the orbitals of the sample that it touches."""

from typing import Any

import equinox as eqx
import numpy as np
from jaxtyping import Array, Int

from equibacksolve._arrays import is_concrete
from equibacksolve._entries import index_array
from equibacksolve.leads._lead import AbstractLead


class Terminal(eqx.Module):
    """A lead, attached to orbitals of a sample.

    **Fields**

    - `lead`.
    - `interface`: the orbitals (rows of H) that it touches, counted from 0.

    **Raises** ValueError if it touches no orbital, or one twice, or the lead does not fit so many.
    """

    lead: AbstractLead
    interface: Int[Array, " interface"]

    def __init__(self, lead: AbstractLead, interface: Any):
        self.lead = lead
        self.interface = index_array(interface, "Terminal.interface")

    def __check_init__(self):
        if self.interface.ndim != 1 or self.interface.shape[0] == 0:
            raise ValueError(f"a terminal got an interface of shape {self.interface.shape}; it must touch an orbital.")
        if is_concrete(self.interface):
            given, counts = np.unique(np.asarray(self.interface), return_counts=True)
            if counts.max() > 1:
                raise ValueError(f"a terminal touches orbital {given[counts.argmax()]} twice; name each once.")
        self.lead.channels(self.interface.shape[0])
