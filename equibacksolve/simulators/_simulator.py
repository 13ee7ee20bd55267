"""What every simulator is: a module that predicts the data an instrument would show."""

from typing import Any, TypeVar

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from equibacksolve._arrays import is_concrete
from equibacksolve._per_datum import per_datum
from equibacksolve._rich_display import leaves_of_module
from equibacksolve.simulators._settings import check_named, setting_of_one, settings_of
from equibacksolve.simulators._untraceable import untraceable


class AbstractSimulator(eqx.Module):
    """A differentiable simulator g(x; p) (eq. 1 of the paper). The module is p: its array fields are the parameters.

    Subclass it and implement exactly one of

    - `observe(self, **datum)`: one datum, a scalar, from scalar variables. The base class makes the batch, and gives it
      a derivative rule by which the full Jacobian costs as much as one gradient.
    - `predict(self, **variables)`: the whole data set at once, for data that share one simulation (an image).

    The keywords are the names of the variables in the `Observations`. The other method follows from the one that is
    implemented; this pair and `check_settings` are the exceptions to the rule that no concrete method is overridden.
    """

    def __check_init__(self):
        written = [name for name in ("observe", "predict") if _implements(type(self), name)]
        if len(written) != 1:
            raise TypeError(
                f"{type(self).__name__} must implement exactly one of `observe` (one datum) and `predict` (all data), "
                f"but implements {' and '.join(written) or 'neither'}; write the one that suits the simulation."
            )

    # Of any arguments, for type checkers: a subclass has those of its own settings.
    def predict(self, *unnamed: Any, **variables: Any) -> Float[Array, " *data"]:
        """The data that this simulator expects at the given settings, one entry a datum."""
        check_named(f"{type(self).__name__}.predict", unnamed)
        settings = settings_of(variables)
        check_before_compiling(self, settings)
        return _observe_all(self, settings)

    def observe(self, *unnamed: Any, **datum: Any) -> Float[Array, ""]:
        """The reading at one setting: a data set of one."""
        check_named(f"{type(self).__name__}.observe", unnamed)
        return self.predict(**{name: setting_of_one(value, name)[None] for name, value in datum.items()})[0]

    def _repr_html_(self) -> str:
        """For notebooks: the arrays of the simulator, and its maps."""
        return leaves_of_module(self)

    def check_settings(self, *unnamed: Any, **variables: Any) -> None:
        """Raise ValueError if, as it is, the simulator cannot be trusted at these settings.

        Inside `jax.jit` numbers are unknown and nothing can be raised. So whatever compiles a simulation (searches,
        diagnostics) calls this before it does, with numbers. By default all settings will do. A simulator with limits
        overrides it; one that holds another simulator hands on the settings that it asks that one for.
        """


Simulator = TypeVar("Simulator", bound=AbstractSimulator, covariant=True)
"""The kind of simulator that a wrapper or a solution has."""


def check_before_compiling(simulator: AbstractSimulator, variables: dict[str, Any]) -> None:
    """Let a simulator check its settings, for those who compile it next; nothing is checked if it is traced already."""
    if is_concrete(simulator, variables):
        with jax.ensure_compile_time_eval():
            simulator.check_settings(**variables)


@eqx.filter_jit
def _observe_all(simulator, variables):
    arrays, static = eqx.partition(simulator, eqx.is_array)

    def batch(copies, data):
        def one(copy, datum):
            try:
                reading = jnp.asarray(eqx.combine(copy, static).observe(**datum))
            except jax.errors.JAXTypeError as error:
                raise TypeError(untraceable(type(simulator).__name__, error)) from error
            if reading.ndim or not jnp.issubdtype(reading.dtype, jnp.floating):
                raise TypeError(
                    f"{type(simulator).__name__}.observe must return one real number, but returned {reading.dtype} of "
                    f"shape {reading.shape}; for data of another form write `predict`."
                )
            return reading

        axes = jax.tree.map(lambda leaf: None if leaf.shape[-1] == 1 else leaf.ndim - 1, copies)
        copies = jax.tree.map(lambda leaf, axis: leaf[..., 0] if axis is None else leaf, copies, axes)
        return jax.vmap(one, in_axes=(axes, 0))(copies, data)

    return per_datum(batch, chunk=CHUNK)(arrays, variables)


CHUNK = 256
"""Data of an `observe` simulator that are pulled back together: bounds the memory of the Jacobian."""


def _implements(kind: type[Any], name: str) -> bool:
    return getattr(kind, name) is not getattr(AbstractSimulator, name)
