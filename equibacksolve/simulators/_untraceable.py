"""What to say of a simulator that JAX cannot follow."""

import jax


def told_if_untraceable(name: str, error: Exception) -> str | None:
    """One sentence if the error, or its cause, is that numbers were asked for where JAX has none yet; else None."""
    for one in (error, error.__cause__):
        if isinstance(one, jax.errors.JAXTypeError):
            return untraceable(name, one)
    return None


def untraceable(name: str, error: Exception) -> str:
    """What may be wrong with a simulator that raises this error when it is compiled or differentiated."""
    reason = str(error).split("\n")[0].rstrip(".")
    return (
        f"{name} cannot be compiled or differentiated ({reason}); use jax.numpy instead of numpy, math, float() or "
        ".item(), and jnp.where instead of if."
    )
