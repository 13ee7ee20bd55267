"""What the public functions of transport refuse, when the numbers are known: each would be a silent wrong number."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import equibacksolve as ebs
from equibacksolve.transport import (
    conductance,
    device,
    growth_per_slice,
    largest_growth,
    scattering,
    stabilisation_interval,
    transmission_by_qr,
    wire_self_energy,
)

BLOCKS = jnp.zeros((2, 1, 1, 1))
POINT = jnp.zeros(1)


def modes(**changes):
    return ebs.WireLead(1.1, 0.7).modes()._replace(**{name: jnp.array([value]) for name, value in changes.items()})


WRONG = [
    ({"phase_imag": 0.0}, "phase_imag"),
    ({"phase_imag": -float(0.7 * np.sin(1.1))}, "phase_imag"),
    ({"phase_real": 0.1}, "hopping"),
    ({"phase_real": np.inf}, "hopping"),
    ({"hopping": -0.7}, "hopping"),
    ({"hopping": 1.0}, "hopping"),
    ({"hopping": 0.0}, "hopping"),
    ({"norm": 1.0}, "norm"),
    ({"norm": -float((1.4 * np.sin(1.1)) ** -0.5)}, "norm"),
    ({"norm": 0.0}, "norm"),
]


@pytest.mark.parametrize(("changes", "named"), WRONG)
def test_modes_that_belong_to_no_lead(changes, named):
    with pytest.raises(ValueError, match=f"^{named} is"):
        device(BLOCKS, *modes(**changes))
    m = modes(**changes)
    with pytest.raises(ValueError, match=f"^{named} is"):
        transmission_by_qr(BLOCKS, m.norm, m.phase_real + 1j * m.phase_imag, m.hopping, POINT[0], POINT[0])


@pytest.mark.parametrize(("name", "value"), [("phase_imag", -0.3), ("hopping", 1.0), ("norm", 1.0)])
@pytest.mark.parametrize("orbital", [0, 1])
def test_one_wrong_mode_of_two_is_one_too_many(orbital, name, value):
    both = ebs.WireLead([1.1, 0.6], 0.7).modes()
    wrong = both._replace(**{name: getattr(both, name).at[orbital].set(value)})
    device(jnp.zeros((2, 1, 2, 2)), *both)
    with pytest.raises(ValueError, match=f"^{name} is"):
        device(jnp.zeros((2, 1, 2, 2)), *wrong)


def test_an_unknown_mode_is_not_checked_and_nan_stays_nan():
    inside = jax.jit(lambda norm: conductance(device(BLOCKS, *modes()._replace(norm=norm)), POINT, POINT, 1))
    assert np.isfinite(inside(modes().norm)).all()
    assert np.isnan(conductance(device(BLOCKS, *modes(norm=np.nan)), POINT, POINT, 1)).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("wavenumber", "hopping"), [(1e-3, 1.0), (3.1, 1e-12), (-1.1, 1e12), (1.5, -0.3)])
def test_modes_of_leads_are_accepted(dtype, wavenumber, hopping):
    lead = ebs.WireLead(jnp.asarray(wavenumber, dtype), jnp.asarray(hopping, dtype))
    device(BLOCKS.astype(dtype), *lead.modes())
    device(BLOCKS.astype(dtype), *(mode.astype("float32") for mode in lead.modes()))


@pytest.mark.parametrize("phase", [1.0, 0.5 - 0.8j, complex(0.5, np.inf)])
def test_the_advanced_root_is_refused(phase):
    with pytest.raises(ValueError, match=r"^phase has the imaginary part"):
        wire_self_energy(jnp.array([phase], complex))


@pytest.mark.parametrize("reach", [-1.0, -1e-300, np.nan, np.inf, -np.inf])
def test_a_reach_that_is_none(reach):
    for function in (growth_per_slice, stabilisation_interval):
        with pytest.raises(ValueError, match=r"^reach is"):
            function(reach)


@pytest.mark.parametrize("dtype", [jnp.float16, jnp.bfloat16, jnp.complex128, int])
def test_a_dtype_without_a_sweep(dtype):
    with pytest.raises(ValueError, match=r"^dtype is"):
        stabilisation_interval(2.0, dtype)


@pytest.mark.parametrize("interval", [0, -2, True])
def test_an_interval_of_no_slices(interval):
    m = modes()
    calls = [
        lambda: conductance(device(BLOCKS, *m), POINT, POINT, interval),
        lambda: scattering(device(BLOCKS, *m), POINT, POINT, interval),
        lambda: largest_growth(BLOCKS, POINT, interval),
        lambda: transmission_by_qr(
            BLOCKS, m.norm, m.phase_real + 1j * m.phase_imag, m.hopping, *POINT, *POINT, interval
        ),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"^interval is"):
            call()
