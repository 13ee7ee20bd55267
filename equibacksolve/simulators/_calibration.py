"""What wrappers share that change one setting on its way to the simulator inside."""

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

import equinox as eqx
from jaxtyping import Array, Float

from equibacksolve.simulators._settings import settings_of
from equibacksolve.simulators._simulator import AbstractSimulator

Setting = Float[Array, " points"]


class AbstractCalibration(AbstractSimulator):
    """A setting whose readings are not its true values. Subclass it for another calibration: write `true_setting`."""

    if TYPE_CHECKING:  # not annotated: checkers would take them for the first arguments of every subclass
        simulator, variable = cast(AbstractSimulator, ...), cast(str, ...)
    else:
        simulator: eqx.AbstractVar[AbstractSimulator]
        variable: eqx.AbstractVar[str]

    @abstractmethod
    def true_setting(self, reading: Setting) -> Setting:
        """What the sample sees at these readings."""

    def predict(self, **variables: Any) -> Float[Array, "points *readings"]:
        """The data at the true settings, one entry a datum, or as many readings as the simulator inside gives."""
        return self.simulator.predict(**self._true(variables))

    def check_settings(self, **variables: Any) -> None:
        self.simulator.check_settings(**self._true(variables))

    def _true(self, variables: dict[str, Any]) -> dict[str, Setting]:
        return changed_setting(settings_of(variables), self.variable, self.true_setting, self)


def unit_if(variable: str, unit: str) -> dict[str, Any]:
    """What a field declares that is in `unit` where the module's `variable` is this one."""
    return {"unit": lambda module: unit if module.variable == variable else None}


def changed_setting(
    variables: dict[str, Setting], name: str, change: Callable[[Setting], Setting], wrapper: object
) -> dict[str, Setting]:
    """The settings with one of them changed. Raises TypeError, as for a missing argument, if there is none such."""
    if name not in variables:
        raise TypeError(
            f"{type(wrapper).__name__} got no argument {name!r} but {sorted(variables)}; pass variable= the name of "
            "the setting that it acts on."
        )
    return variables | {name: change(variables[name])}
