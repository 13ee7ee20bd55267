"""What the modes of a lead must be for the sweep to mean anything."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Complex, Float

from equibacksolve._arrays import is_concrete

_ROUNDINGS = 1e3
"""How many roundings the numbers of a mode may differ by: leads compute them in their own way."""


def check_modes(
    norm: Float[Array, " orbitals"],
    phase_real: Float[Array, " orbitals"],
    phase_imag: Float[Array, " orbitals"],
    hopping: Float[Array, " orbitals"],
) -> None:
    """Raise ValueError if known modes are not left-going, of unit current, of a wire with this hopping.

    NaN is let through: the answer is NaN then, and nobody is misled.
    """
    if not is_concrete(norm, phase_real, phase_imag, hopping):
        return
    close = _ROUNDINGS * max(float(jnp.finfo(each.dtype).eps) for each in (norm, phase_real, phase_imag, hopping))
    known, real, imag, t = (np.asarray(each, float) for each in (norm, phase_real, phase_imag, hopping))
    if np.isnan([known, real, imag, t]).any():
        return
    with np.errstate(invalid="ignore", over="ignore"):
        if not (np.all(imag > 0) and np.isfinite(imag).all()):
            raise ValueError(
                f"phase_imag is {imag}, but left-going modes that carry current have t e^(-ik) with a positive "
                "imaginary part; take the conjugate of right-going ones, and leave out evanescent ones."
            )
        if not np.all(np.abs(np.hypot(real, imag) - t) <= close * t):
            raise ValueError(
                f"hopping is {t}, but the phases t e^(-ik) have the modulus {np.hypot(real, imag)}; give |t| for each."
            )
        if not np.all(np.abs(known * np.sqrt(2 * imag) - 1) <= close):
            raise ValueError(
                f"norm is {known}, but modes of unit current have (2 |t sin k|)^(-1/2), here {(2 * imag) ** -0.5}."
            )


def check_phase(phase: Complex[Array, " orbitals"]) -> None:
    """Raise ValueError if known phases t e^(-ik) are not those of left-going modes."""
    if is_concrete(phase):
        imag = np.imag(np.asarray(phase))
        if np.any(imag <= 0) or np.isinf(phase).any():
            raise ValueError(
                f"phase has the imaginary part {imag}, but for the retarded self-energy that of t e^(-ik) must be "
                "positive and finite; take the conjugate if it is that of right-going modes."
            )
