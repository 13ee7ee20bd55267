"""What a search returns."""

from typing import NamedTuple

from jaxtyping import Array, Float

from equibacksolve.inverse._history import History
from equibacksolve.simulators import AbstractSimulator


class Solution(NamedTuple):
    """The best guess of a search.

    - `simulator`: the simulator with the hidden leaves as found, everything else untouched
    - `cost`: its cost, eq. 1, or chi-squared per datum if sigma is known
    - `converged`: whether the data are explained
    - `reason`: why the search ended, and what to try if it failed
    - `history`: its course
    """

    simulator: AbstractSimulator
    cost: Float[Array, ""]
    converged: bool
    reason: str
    history: History
