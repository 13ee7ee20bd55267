"""What a search needs to know of data, whether they are one set or several."""

from abc import abstractmethod
from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray, PyTree


class AbstractObservations(eqx.Module):
    """Data to be explained: `Observations`, one set, or `JointObservations`, several.

    `simulator.predict(**observed.variables)` has the shape of `observed.values`, in either case.

    **Fields**

    - `values`: the readings; `variables`: their settings, as the simulator takes them.
    - `sigma`: standard deviations, or None if unknown; `mask`: True where a value counts, or None if all do.
    - `sets`: the data sets by name, in the order in which `values` has them; one without a name if there is but one.
    """

    values: eqx.AbstractVar[Float[Array, "*data"]]
    variables: eqx.AbstractVar[dict[str, Any]]
    sigma: eqx.AbstractVar[Float[Array, "*data"] | None]
    mask: eqx.AbstractVar[Bool[Array, "*data"] | None]
    sets: eqx.AbstractVar[dict[str, Any]]

    @property
    @abstractmethod
    def is_divisible(self) -> bool:
        """Whether each reading has settings of its own, so that some can be simulated without the others."""

    @abstractmethod
    def weights(self) -> Float[Array, "*data"]:
        """What a difference is multiplied by: 1/sigma where a value counts, 0 where it does not."""

    @abstractmethod
    def whitened(self, differences: Float[Array, "*batch data"]) -> Float[Array, "*batch data"]:
        """Flat differences from the values, over sigma, and freed of correlations where there are any; 0 if masked."""

    @abstractmethod
    def counted(self, differences: Float[Array, "*batch data"]) -> Float[Array, "*batch data"]:
        """The residuals of flat differences: whitened, and as `noise` counts them."""

    @abstractmethod
    def variance(self) -> Float[Array, ""]:
        """Mean squared deviation of the weighted values from their mean: the cost of knowing nothing but the mean."""

    @abstractmethod
    def expected_cost(self) -> tuple[float, float]:
        """What a datum with sigma costs at the truth: mean and standard deviation, 1 and sqrt(2) of Gaussian noise."""

    @abstractmethod
    def with_sigma(self, sigma: Any) -> "AbstractObservations":
        """The same data with these standard deviations: one number, or one for each reading; of several sets, by name.

        Raises ValueError unless they are positive.
        """

    @abstractmethod
    def without_sigma(self) -> "AbstractObservations":
        """The same data, as if their standard deviations were not known."""

    @abstractmethod
    def random_parts(self, key: PRNGKeyArray, share: int, multiple: int = 1) -> PyTree:
        """Numbers of readings, in `share` random parts of equal size: what `at` takes, with one more axis in front.

        The size of a part is a multiple of `multiple`, if it can be. Some readings may be in no part.
        """

    @abstractmethod
    def at(self, chosen: PyTree) -> "AbstractObservations":
        """The readings with these numbers, as a list of points. Raises ValueError unless the data are divisible."""

    @abstractmethod
    def split(self, flat: Float[Array, "..."]) -> dict[str, Float[Array, "..."]]:
        """Values, residuals or predictions of all the data, by set and in the shape of its values."""

    @property
    def count(self) -> Float[Array, ""] | int:
        """Number of values that count."""
        return self.values.size if self.mask is None else jnp.sum(self.mask).astype(self.values.dtype)

    def mean_square(self) -> Float[Array, ""]:
        """Mean square of the weighted values: the cost of a prediction of zeros."""
        return jnp.sum(self.whitened(self.values.reshape(-1)) ** 2) / self.count
