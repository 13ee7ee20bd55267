"""What was measured, at which settings, and how well."""

import math
import operator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PRNGKeyArray, Shaped

from equibacksolve._arrays import boolean_array, float_array, float_array_and_mask, in_order, is_concrete
from equibacksolve._rich_display import section
from equibacksolve.inverse._abstract_observations import AbstractObservations
from equibacksolve.inverse._checked_observations import check_observed
from equibacksolve.inverse._correlations import covariance_matrix, whitening_of
from equibacksolve.inverse._noise import AbstractNoise
from equibacksolve.inverse._shown_data import in_one_line, picture


class Observations(AbstractObservations):
    """Measured values y_i with their settings x_i (step 1 of the paper).

        Observations(values=image)                                         # data without settings
        Observations(values=G, flux=phi, energy=E, sigma=0.01)             # a list of points
        Observations.on_grid(flux=phi, energy=E, values=G)                 # every combination of the settings

    **Fields**, each given as anything that is like an array: of JAX, NumPy, pandas or xarray, or a list

    - `values`: the readings. With settings there is one axis, `points`; without, any shape.
    - `variables`: the settings by name, each of shape (points,). The names are the keywords of the simulator.
    - `sigma`: standard deviations, of the shape of `values` (one number is taken for all), or None if unknown.
    - `mask`: True where a value counts (one boolean is taken for all). A value that is masked (`numpy.ma`), None or
      NaN does not count either, nor does one whose sigma is infinite.
    - `grid`: the mesh that the points lie on, if they do; it orders them with the last setting running fastest.
    - `noise`: `StudentT()` or `Huber()` for data with outliers; None for Gaussian noise.
    - `whitening`: of correlated noise the matrix W with W C W^T = 1, C the covariance of the values that count.

    Noise that is correlated is given as `covariance`: a matrix, (values, values), or a function of the differences of
    the settings of two readings, by name, e.g. `lambda energy: 1e-4 * jnp.exp(-jnp.abs(energy) / 0.2)`. Of each
    reading, the square of `sigma` is added to it, if that is given, too: a drift and the noise of the instrument. The
    field `sigma` is then the root of the diagonal of the sum.

    **Raises** ValueError for sigma <= 0, a covariance that is none, infinite values that are not masked, nothing left
    after masking, settings that are not finite, and unequal shapes. TypeError for text, dates, booleans in place of
    numbers, and numbers in place of a mask. Warns of NaN that no mask announces.
    """

    values: Float[Array, "*data"]
    variables: dict[str, Float[Array, " points"]]
    sigma: Float[Array, "*data"] | None
    mask: Bool[Array, "*data"] | None
    grid: tuple[int, ...] | None = eqx.field(static=True)
    noise: AbstractNoise | None
    whitening: Float[Array, "flat flat"] | None

    def __init__(
        self,
        values: Any,
        *,
        sigma: Any = None,
        covariance: Any = None,
        mask: Any = None,
        grid: Any = None,
        noise: Any = None,
        **variables: Any,
    ):
        if not (noise is None or isinstance(noise, AbstractNoise)):
            raise TypeError(f"noise is {noise!r}; give StudentT(), Huber(), or None for Gaussian noise.")
        values, announced = float_array_and_mask(values, "values")
        values = _real(values, "values")
        sigma, mask = _sigma_and_mask(sigma, mask)
        for name, given in (("sigma", sigma), ("mask", mask)):
            if given is not None and given.ndim and given.shape != values.shape:
                raise ValueError(
                    f"{name} has shape {given.shape}, values {values.shape}; give one for all or one per value."
                )
        sigma = sigma if sigma is None else jnp.broadcast_to(sigma, values.shape)
        variables = {name: _real(float_array(setting, name), name) for name, setting in variables.items()}
        if covariance is not None:
            covariance = covariance_matrix(covariance, values, sigma, variables)
            sigma = jnp.sqrt(jnp.diagonal(covariance)).reshape(values.shape)
        # Known data are looked at with NumPy: to make them, nothing is compiled.
        numbers = np if is_concrete(values, announced, sigma, mask) else jnp
        usable = numbers.broadcast_to(True if mask is None else mask, values.shape)
        if announced is not None:
            usable = usable & announced
        counts = usable & ~numbers.isnan(values) & (True if sigma is None else ~numbers.isinf(sigma))
        if is_concrete(values, sigma, usable, variables):
            check_observed(values, sigma, usable, counts, mask is not None, variables)
        self.mask = None if is_concrete(counts) and bool(counts.all()) else jnp.asarray(counts)
        self.values = values if self.mask is None else jnp.where(counts, values, 0.0)
        self.sigma = sigma if sigma is None or self.mask is None else jnp.where(counts, sigma, 1.0)
        self.variables = variables
        self.grid = _mesh(grid)
        self.noise = noise
        self.whitening = None if covariance is None else whitening_of(covariance, jnp.asarray(counts))
        if noise is not None and covariance is not None:
            raise ValueError(
                f"noise is {type(noise).__name__}, whose readings do not depend on each other; leave out covariance=."
            )
        if noise is not None and sigma is None:
            raise ValueError(f"noise is {type(noise).__name__}, whose scale is sigma; pass sigma= too.")

    def __check_init__(self):
        if self.grid is not None and math.prod(self.grid) != self.values.size:
            raise ValueError(f"grid {self.grid} does not hold {self.values.size} values; use Observations.on_grid.")
        for name, setting in self.variables.items():
            if setting.shape != self.values.shape:
                raise ValueError(
                    f"{name} has shape {setting.shape}, values {self.values.shape}; give one setting per value, or "
                    "use Observations.on_grid for a mesh."
                )

    def __repr__(self) -> str:
        return f"<Observations: {in_one_line(self)}>"

    def _repr_html_(self) -> str:
        """For notebooks: how many readings at which settings, and a picture of them."""
        return section("Observations", in_one_line(self), picture(self))

    @classmethod
    def on_grid(
        cls,
        *,
        values: Any,
        sigma: Any = None,
        covariance: Any = None,
        mask: Any = None,
        noise: Any = None,
        **axes: Any,
    ) -> "Observations":
        """Readings on a mesh: `values[i, j, ...]` was read at the i-th entry of the first axis, the j-th of the second.

        An array of xarray whose dimensions are called like the axes is turned into their order. A matrix `covariance`
        has the readings in the order of the mesh, the last axis running fastest.

        Raises ValueError if the shape of `values` (or `sigma`, `mask`) is not that of the mesh.
        """
        settings = {name: _real(float_array(axis, name), name) for name, axis in axes.items()}
        for name, axis in settings.items():
            if axis.ndim != 1:
                raise ValueError(f"{name} has shape {axis.shape}; give the settings of this axis as a list.")
        shape = tuple(axis.size for axis in settings.values())
        values, sigma, mask = (in_order(given, tuple(axes)) for given in (values, sigma, mask))
        values, announced = float_array_and_mask(values, "values")
        sigma, mask = _sigma_and_mask(sigma, mask)
        for name, given in (("values", values), ("sigma", sigma), ("mask", mask)):
            if given is not None and (given.ndim or given is values) and given.shape != shape:
                raise ValueError(f"{name} has shape {given.shape}, but the axes {', '.join(axes)} span {shape}.")
        flat = lambda given: given.reshape(-1) if given is not None and given.ndim else given
        numbers = np if is_concrete(settings) else jnp
        mesh = numbers.meshgrid(*settings.values(), indexing="ij")
        variables = {name: setting.reshape(-1) for name, setting in zip(axes, mesh)}
        if announced is not None:
            values = np.ma.masked_array(values, ~announced)
        told = {"sigma": flat(sigma), "mask": flat(mask), "covariance": covariance, "noise": noise}
        return cls(flat(values), grid=shape, **told, **variables)

    @property
    def sets(self) -> dict[str, "Observations"]:
        return {"": self}

    @property
    def is_divisible(self) -> bool:
        return bool(self.variables) and self.whitening is None

    def weights(self) -> Float[Array, "*data"]:
        """1/sigma where a value counts, 1 if sigma is unknown; 0 where it does not count."""
        weights = jnp.ones_like(self.values) if self.sigma is None else 1 / self.sigma
        return weights if self.mask is None else jnp.where(self.mask, weights, 0.0)

    def whitened(self, differences: Float[Array, "*batch data"]) -> Float[Array, "*batch data"]:
        if self.mask is not None:  # where a datum does not count, the model need not be finite
            differences = jnp.where(self.mask.reshape(-1), differences, 0.0)
        if self.whitening is not None:
            return differences @ self.whitening.T
        return differences * self.weights().reshape(-1)

    def counted(self, differences: Float[Array, "*batch data"]) -> Float[Array, "*batch data"]:
        left = self.whitened(differences)
        return left if self.noise is None else self.noise.counted(left)

    def variance(self) -> Float[Array, ""]:
        return _variance(self)

    def with_sigma(self, sigma: Any) -> "Observations":
        mask = jnp.ones(self.values.shape, bool) if self.mask is None else self.mask
        made = Observations(self.values, sigma=sigma, mask=mask, grid=self.grid, noise=self.noise, **self.variables)
        if self.whitening is None or self.sigma is None or made.sigma is None:
            return made
        # The correlations stay: C becomes D C D, and W becomes W / D.
        ratio = (made.sigma / self.sigma).reshape(-1)
        return eqx.tree_at(lambda o: o.whitening, made, self.whitening / ratio, is_leaf=lambda leaf: leaf is None)

    def without_sigma(self) -> "Observations":
        unknown = lambda o: (o.sigma, o.noise, o.whitening)
        return eqx.tree_at(unknown, self, (None, None, None), is_leaf=lambda leaf: leaf is None)

    def expected_cost(self) -> tuple[float, float]:
        return (1.0, 2**0.5) if self.noise is None else self.noise.expected()

    def random_parts(self, key: PRNGKeyArray, share: int, multiple: int = 1) -> Int[Array, "share part"]:
        size = self.values.size
        part = size // share // multiple * multiple or size // share
        return jax.random.permutation(key, size)[: part * share].reshape(share, -1)

    def split(self, flat: Float[Array, "..."]) -> dict[str, Float[Array, "..."]]:
        return {"": flat.reshape(self.values.shape)}

    def at(self, chosen: Int[Array, " chosen"]) -> "Observations":
        if not self.is_divisible:
            why = "no settings" if self.whitening is None else "a covariance"
            raise ValueError(f"observed has {why}: its readings belong together, and none can be left out.")
        pick = lambda array: None if array is None else array[chosen]
        variables = {name: setting[chosen] for name, setting in self.variables.items()}
        sigma, mask = pick(self.sigma), pick(self.mask)
        return Observations(self.values[chosen], sigma=sigma, mask=mask, noise=self.noise, **variables)


@eqx.filter_jit
def _variance(observed: Observations) -> Float[Array, ""]:
    flat = observed.values.reshape(-1)
    ones = observed.whitened(jnp.ones_like(flat))
    mean = jnp.sum(ones * observed.whitened(flat)) / jnp.sum(ones**2)
    return jnp.sum(observed.whitened(flat - mean) ** 2) / observed.count


def _sigma_and_mask(sigma: Any, mask: Any) -> tuple[Float[Array, "..."] | None, Bool[Array, "..."] | None]:
    sigma = None if sigma is None else _real(float_array(sigma, "sigma"), "sigma")
    return sigma, None if mask is None else boolean_array(mask)


def _mesh(grid: Any) -> tuple[int, ...] | None:
    try:
        return None if grid is None else tuple(operator.index(size) for size in grid)
    except TypeError as error:
        raise TypeError(f"grid must be a tuple of whole numbers, the length of each axis; got {grid!r}.") from error


def _real(array: Shaped[Array, "..."], name: str) -> Float[Array, "..."]:
    if jnp.iscomplexobj(array):
        raise ValueError(f"{name} is complex; pass real data, e.g. real and imaginary part along a new axis.")
    if not jnp.issubdtype(array.dtype, jnp.floating):
        raise TypeError(f"{name} must be an array of numbers, but got {array.dtype}; convert it first.")
    # Half precision is for storing: the square of 300 overflows in it.
    return array if array.dtype.itemsize >= 4 else array.astype(jnp.result_type(float))
