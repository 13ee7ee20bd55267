"""What wrappers share: to change one setting on its way to the simulator inside."""

from collections.abc import Callable

from jaxtyping import Array, Float

Setting = Float[Array, " points"]


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
