"""The two projections, and the iteration between them: laws, and the same in NumPy on the whole plane."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from structures import WIDTH, true_image

from equibacksolve import phasing

ATOMS, SEEDS = 20, st.integers(0, 2**16)
TRUTH = true_image(ATOMS, 0, displacement=0.2)
PIXELS, BOX = TRUTH.pixels, float(TRUTH.box_length)
SHAPE = phasing.atom_shape(WIDTH, BOX, PIXELS, ATOMS)
PLACES = jnp.asarray(TRUTH.positions, jnp.float32)
HERE = phasing.drawn(PLACES, jnp.ones(ATOMS, jnp.float32), SHAPE)
onto_moduli, drawn = jax.jit(phasing.onto_moduli), jax.jit(phasing.drawn)
onto_atoms, iterate = (jax.jit(f, static_argnames="count") for f in (phasing.onto_atoms, phasing.iterate))


def white(seed):
    """The transform of a real map of white noise, and moduli of another one."""
    maps = np.random.default_rng(seed).normal(size=(2, PIXELS, PIXELS)).astype(np.float32)
    one, other = np.fft.rfft2(maps)
    return jnp.asarray(one, jnp.complex64), jnp.asarray(np.abs(other), jnp.float32)


def data_of(values, measured=None):
    measured = jnp.ones(values.shape, bool) if measured is None else measured
    return phasing.Data(phasing.Moduli(values, measured), SHAPE, jnp.zeros(values.shape, jnp.complex64))


def relative(one, other):
    return float(jnp.linalg.norm(one - other) / jnp.linalg.norm(other))


@given(SEEDS)
def test_the_projection_onto_moduli_is_a_projection_onto_the_nearest(seed):
    transform, moduli = white(seed)
    moduli = phasing.Moduli(moduli, jnp.ones(moduli.shape, bool))
    once = onto_moduli(transform, moduli)
    assert relative(jnp.abs(once), moduli.values) < 1e-6  # single precision
    assert relative(onto_moduli(once, moduli), once) < 1e-6
    turned = once * jnp.exp(1j * np.random.default_rng(seed).uniform(-1, 1, once.shape)).astype(once.dtype)
    assert jnp.all(jnp.abs(once - transform) <= jnp.abs(turned - transform) * (1 + 1e-5))


def test_what_was_not_measured_and_what_has_no_phase():
    transform, moduli = white(1)
    measured = jnp.asarray(np.random.default_rng(2).random(moduli.shape) < 0.5)
    projected = onto_moduli(transform, phasing.Moduli(moduli, measured))
    assert np.array_equal(projected[~measured], transform[~measured])
    none = onto_moduli(jnp.zeros_like(transform), phasing.Moduli(moduli, measured))
    assert np.array_equal(jnp.abs(none), jnp.where(measured, moduli, 0.0))


def test_a_sum_of_atoms_stays_where_it_is():
    """Up to what is left of the calibration for atoms that overlap: two per cent."""
    once = onto_atoms(HERE, count=ATOMS, shape=SHAPE)
    assert relative(once, HERE) < 0.04
    assert relative(onto_atoms(once, count=ATOMS, shape=SHAPE), once) < 0.02


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0.3, 2.5))
def test_a_single_atom_is_found_wherever_it_lies(x, y, height):
    place = jnp.asarray([[x, y]], jnp.float32) * BOX
    transform = drawn(place, jnp.asarray([height], jnp.float32), SHAPE)
    found, heights = phasing.peaks(jnp.fft.irfft2(transform, s=(PIXELS, PIXELS)), 3, SHAPE)
    vector = np.array(found[0] - place[0])
    vector -= BOX * np.round(vector / BOX)
    # The polynomials of the calibration leave half a hundredth of a pixel, and 1.6 % of the height.
    assert np.max(np.abs(vector)) < 0.01 * BOX / PIXELS
    assert heights[0] == pytest.approx(height, rel=0.02)
    assert heights[1] < 0.2 * height


@pytest.mark.parametrize("shift", [(3, 0), (0, 5), (7, 2)])
def test_both_projections_follow_a_translation_by_pixels(shift):
    transform, moduli = white(3)
    k = np.fft.fftfreq(PIXELS)
    ramp = np.exp(-2j * np.pi * (k[:, None] * shift[0] + k[None, : PIXELS // 2 + 1] * shift[1]))
    ramp = jnp.asarray(ramp, jnp.complex64)
    data = data_of(moduli)
    ahead = onto_moduli(transform * ramp, data.moduli)
    assert relative(ahead, onto_moduli(transform, data.moduli) * ramp) < 1e-5
    moved = onto_atoms(HERE * ramp, count=ATOMS, shape=SHAPE)
    assert relative(moved, onto_atoms(HERE, count=ATOMS, shape=SHAPE) * ramp) < 1e-4


def test_the_projection_onto_atoms_follows_the_inversion():
    """Of an image whose pixels are their own mirror images: x to L - x is pixel j to M - 1 - j."""
    k = np.fft.fftfreq(PIXELS)
    back = np.exp(2j * np.pi * (k[:, None] + k[None, : PIXELS // 2 + 1]))
    inverted = lambda transform: jnp.conj(transform) * jnp.asarray(back, jnp.complex64)
    mirrored = onto_atoms(inverted(HERE), count=ATOMS, shape=SHAPE)
    assert relative(mirrored, inverted(onto_atoms(HERE, count=ATOMS, shape=SHAPE))) < 1e-4


@pytest.mark.parametrize(("relaxation", "stride"), [(0.8, 0.8), (1.0, 0.4), (1.0, 1.0), (0.8, 0.9)])
def test_the_iteration_is_what_it_is_called(relaxation, stride):
    """Against NumPy, on the whole plane and in double precision, with peaks found by sorting and drawn one by one."""
    transform, _ = white(4)
    values = jnp.abs(HERE)
    numbers = (jnp.asarray(number, jnp.float32) for number in (relaxation, stride))
    moved, gap = iterate(transform, data_of(values), ATOMS, *numbers)
    maps = np.fft.irfft2(np.asarray(transform, complex), s=(PIXELS, PIXELS))
    known = np.fft.fft2(np.fft.irfft2(np.asarray(HERE, complex), s=(PIXELS, PIXELS)))
    here = np.fft.fft2(maps)
    on_moduli = np.abs(known) * here / np.abs(here)
    on_atoms = atoms_in_numpy(2 * on_moduli - here)
    expected = relaxation * here + stride * (on_atoms - on_moduli) + (1 - relaxation) * on_moduli
    half = expected[:, : PIXELS // 2 + 1]
    assert np.linalg.norm(np.asarray(moved) - half) < 1e-4 * np.linalg.norm(half)  # single precision
    assert gap == pytest.approx(np.linalg.norm(on_atoms - on_moduli) / np.linalg.norm(on_moduli), rel=1e-4)


def atoms_in_numpy(transform):
    real = np.fft.ifft2(transform).real
    at = lambda i, j: real[i % PIXELS, j % PIXELS]
    tops = [
        (at(i, j), i, j)
        for i in range(PIXELS)
        for j in range(PIXELS)
        if at(i, j) >= max(at(i + a, j + b) for a in (-1, 0, 1) for b in (-1, 0, 1))
    ]
    grid = (np.arange(PIXELS) + 0.5) * BOX / PIXELS
    drawn = np.zeros((PIXELS, PIXELS))
    for top, i, j in sorted(tops, reverse=True)[:ATOMS]:
        x, y = (
            offset(before, top, after) for before, after in ((at(i - 1, j), at(i + 1, j)), (at(i, j - 1), at(i, j + 1)))
        )
        height = top / float(SHAPE.peak)
        for q in (x, y):
            height *= 1 + float(SHAPE.height[0]) * q**2 + float(SHAPE.height[1]) * q**4
        rows = []
        for index, shift in ((i, x), (j, y)):
            apart = grid - (index + 0.5 + shift) * BOX / PIXELS
            rows.append(sum(np.exp(-0.5 * ((apart + turn * BOX) / WIDTH) ** 2) for turn in (-1, 0, 1)))
        drawn += np.clip(height, 0, 3) * np.outer(*rows)
    plane = np.fft.fft2(drawn)
    sharpening = np.asarray(SHAPE.sharpening, float)
    k = np.arange(PIXELS)
    # The other half of the plane: S(-k) = S(k).
    whole = np.where(k[None, :] <= PIXELS // 2, sharpening[:, np.minimum(k, (-k) % PIXELS)], 0)
    whole[:, PIXELS // 2 + 1 :] = sharpening[(-k) % PIXELS][:, (-k[PIXELS // 2 + 1 :]) % PIXELS]
    return plane * whole


def offset(before, middle, after):
    top = np.clip((after - before) / (2 * (2 * middle - before - after)), -0.6, 0.6)
    return np.clip(sum(float(c) * top**n for c, n in zip(SHAPE.offset, (1, 3, 5, 7))), -0.5, 0.5)


def test_the_truth_stays():
    transform, data = HERE, data_of(jnp.abs(HERE))
    for _ in range(30):
        transform, gap = iterate(transform, data, ATOMS + 4, jnp.float32(0.8), jnp.float32(0.9))
    assert gap < 0.1
    found, _ = phasing.peaks(jnp.fft.irfft2(transform, s=(PIXELS, PIXELS)), ATOMS, SHAPE)
    apart = np.linalg.norm(np.asarray(found)[:, None] - np.asarray(PLACES)[None], axis=-1).min(axis=0)
    assert np.sort(apart)[ATOMS // 2] < 0.02


def test_known_atoms_are_left_out_and_put_back():
    known = drawn(PLACES[:5], jnp.ones(5, jnp.float32), SHAPE)
    projected = onto_atoms(HERE, count=ATOMS - 5, shape=SHAPE, known=known)
    assert relative(projected, HERE) < 0.04
