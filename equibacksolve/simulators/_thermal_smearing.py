"""Thermal smearing: electrons near the Fermi energy carry the current together."""

import functools
from typing import Any, Generic

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import scipy.linalg
from jaxtyping import Array, Float

from equibacksolve._arrays import check_fields, is_concrete, named_float_array
from equibacksolve._axes import Scalar
from equibacksolve.simulators._calibration import Setting, changed_setting, unit_if
from equibacksolve.simulators._settings import settings_of
from equibacksolve.simulators._simulator import AbstractSimulator, Simulator


class ThermalSmearing(AbstractSimulator, Generic[Simulator]):
    """What a simulator shows at temperature T, to linear response in the voltage.

    G(E, T) = integral -df/dE' G(E', 0) dE' with f the Fermi function about E, that is, with x = (E' - E) / T,

        G(E, T) = integral dx G(E + T x) / (4 cosh^2(x / 2)).

    (S. Datta, Electronic Transport in Mesoscopic Systems, eq. 2.5.6.) The simulator inside predicts every datum at
    `nodes` energies, in one call, so that the Jacobian stays one sweep.

    **Fields**

    - `simulator`: what is smeared; its leaves are reached by `lambda s: s.simulator.sample.onsite.values`.
    - `temperature`: k_B T, in units of `variable` (hoppings). Only T^2 is seen: a search may end at -T, and the slope
      at T = 0 is zero, as it should be (Sommerfeld: G + pi^2 T^2 G'' / 6), so that no search for T can start there.
    - `variable`: the name of the setting that is smeared.
    - `nodes`: of the quadrature; `thermal_nodes` has the rule. At 16, the error is below 2e-8 for a line of
      half-width 4 T, 2e-5 for 2 T and 4e-3 for T, in units of its height. They reach to E + 11.5 T.

    **Raises** ValueError if the temperature is negative or not finite, or for fewer than two nodes.
    """

    simulator: Simulator
    temperature: Scalar = eqx.field(
        converter=named_float_array("ThermalSmearing.temperature"), metadata=unit_if("energy", "hopping / k_B")
    )
    variable: str = eqx.field(static=True, default="energy")
    nodes: int = eqx.field(static=True, default=16)

    def __check_init__(self):
        check_fields(self)
        if self.nodes < 2:
            raise ValueError(f"nodes must be at least 2, got {self.nodes}; 16 suit lines wider than the temperature.")
        if is_concrete(self.temperature) and not (np.isfinite(self.temperature) and self.temperature >= 0):
            raise ValueError(
                f"temperature is {float(self.temperature):.3g}; give k_B T as a number from 0, in units of "
                f"{self.variable}."
            )

    def predict(self, **variables: Any) -> Float[Array, "points *readings"]:
        """The smeared data, one entry a datum, or as many readings as the simulator inside gives."""
        readings = self.simulator.predict(**self._at_all_nodes(variables))
        of_nodes = readings.reshape(-1, self.nodes, *readings.shape[1:])
        return jnp.tensordot(of_nodes, jnp.asarray(thermal_nodes(self.nodes)[1], self.temperature.dtype), axes=(1, 0))

    def check_settings(self, **variables: Any) -> None:
        self.simulator.check_settings(**self._at_all_nodes(variables))

    def _at_all_nodes(self, variables: dict[str, Any]) -> dict[str, Setting]:
        """Every setting is repeated for all nodes: one list of points for the simulator inside."""
        x = jnp.asarray(thermal_nodes(self.nodes)[0], self.temperature.dtype)
        repeated = {name: jnp.repeat(setting, self.nodes) for name, setting in settings_of(variables).items()}
        smear = lambda energy: energy + jnp.tile(self.temperature * x, energy.size // self.nodes)
        return changed_setting(repeated, self.variable, smear, self)


@functools.lru_cache
def thermal_nodes(count: int) -> tuple[Float[np.ndarray, " nodes"], Float[np.ndarray, " nodes"]]:
    """Nodes x and weights w with sum w G(x) = integral G(x) / (4 cosh^2(x/2)) dx, nearly.

    Gauss's rule in u = tanh(x / 6). Then dx = 6 du / (1 - u^2) and tanh(x / 2) = (3 u + u^3) / (1 + 3 u^2), so that

        dx / (4 cosh^2(x / 2)) = (3/2) (1 - u^2)^2 / (1 + 3 u^2)^2 du,

    a weight on [-1, 1], whose orthogonal polynomials give nodes and weights (Golub and Welsch, Math. Comp. 23, 221).
    A line of half-width g T is a pole at u = i tan(g / 6), and n nodes err by (tan(g / 6) + sec(g / 6))^-2n. Gauss's
    rule in x itself would put nodes out to x = 38, where nothing is, and needs several times as many for a line.
    Constants and straight lines are exact.
    """
    u, weights = np.polynomial.legendre.leggauss(200 + 2 * count)
    weights = weights * (1 - u**2) ** 2 / (1 + 3 * u**2) ** 2
    weights = weights / np.sum(weights)
    # Stieltjes: p_k+1 = u p_k - beta_k p_k-1, with beta_k the ratio of the squared norms of p_k and p_k-1.
    before, polynomial, norm, beta = np.zeros_like(u), np.ones_like(u), 1.0, []
    for _ in range(count - 1):
        before, polynomial = polynomial, u * polynomial - (beta[-1] if beta else 0.0) * before
        beta.append(weights @ polynomial**2 / norm)
        norm = weights @ polynomial**2
    nodes, vectors = scipy.linalg.eigh_tridiagonal(np.zeros(count), np.sqrt(beta))
    # Rounding must not spoil the symmetry, by which the slope at T = 0 vanishes.
    nodes, weights = (nodes - nodes[::-1]) / 2, (vectors[0] ** 2 + vectors[0, ::-1] ** 2) / 2
    return 6 * np.arctanh(nodes), weights / np.sum(weights)
