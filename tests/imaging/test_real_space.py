"""The real-space image (eq. 16) against the formula written out atom by atom."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from equibacksolve import imaging

BOX, PIXELS, WIDTH = 6.0, 32, 0.4


def image_by_atoms(positions, width, box, pixels, images):
    """Eq. 16 with explicit loops, in numpy: `images` is how many periods on each side are summed."""
    grid = (np.arange(pixels) + 0.5) * box / pixels
    total = np.zeros((pixels, pixels))
    for x, y in positions:
        for n in range(-images, images + 1):
            for m in range(-images, images + 1):
                squared = (grid[:, None] - x - n * box) ** 2 + (grid[None, :] - y - m * box) ** 2
                total += np.exp(-squared / (2 * width**2))
    return total


def random_atoms(seed, atoms, box=BOX):
    return jax.random.uniform(jax.random.key(seed), (atoms, 2), minval=0.0, maxval=box)


@pytest.mark.parametrize("periodic", [False, True])
@pytest.mark.parametrize(("atoms", "pixels", "width"), [(1, 32, 0.4), (7, 33, 0.4), (5, 16, 1.0)])
def test_it_is_the_sum_of_gaussians(atoms, pixels, width, periodic):
    positions = random_atoms(atoms, atoms)
    expected = image_by_atoms(np.asarray(positions), width, BOX, pixels, images=2 if periodic else 0)
    image = imaging.real_space_image(positions, width, BOX, pixels, periodic=periodic)
    # Sums of a few numbers of order one, in another order: some units of the last place.
    np.testing.assert_allclose(image, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("periodic", [False, True])
def test_a_stamp_cuts_only_the_tail(periodic):
    positions = random_atoms(1, 9).at[0].set(jnp.array([0.01, 5.99]))
    stamp = imaging.stamp_pixels(WIDTH, BOX, PIXELS, reach=6.0)
    assert stamp < PIXELS
    cut = imaging.real_space_image(positions, WIDTH, BOX, PIXELS, periodic=periodic, stamp=stamp)
    whole = imaging.real_space_image(positions, WIDTH, BOX, PIXELS, periodic=periodic)
    # At six widths a Gaussian is exp(-18) = 1.5e-8, and up to nine tails meet.
    np.testing.assert_allclose(cut, whole, rtol=0, atol=9 * np.exp(-18))


@given(shift=st.tuples(st.integers(-3, 3), st.integers(-3, 3)))
def test_a_periodic_image_repeats_with_the_box(shift):
    positions = random_atoms(2, 4)
    moved = positions + BOX * jnp.array(shift, float)
    for stamp in (None, 26):
        here = periodic_image(positions, stamp)
        np.testing.assert_allclose(periodic_image(moved, stamp), here, rtol=0, atol=1e-11)  # positions lose digits


@given(shift=st.tuples(st.integers(0, PIXELS - 1), st.integers(0, PIXELS - 1)))
def test_a_shift_by_pixels_rolls_the_periodic_image(shift):
    positions = random_atoms(3, 4)
    moved = positions + BOX / PIXELS * jnp.array(shift, float)
    for stamp in (None, 26):
        rolled = np.roll(periodic_image(positions, stamp), shift, (0, 1))
        # A stamp of 26 pixels ends at six widths; an atom on the border of a pixel may lose either end.
        tolerance = 1e-12 if stamp is None else 4 * np.exp(-18)
        np.testing.assert_allclose(periodic_image(moved, stamp), rolled, rtol=0, atol=tolerance)


def periodic_image(positions, stamp):
    return PERIODIC[stamp](positions)


PERIODIC = {
    stamp: jax.jit(
        lambda atoms, stamp=stamp: imaging.real_space_image(atoms, WIDTH, BOX, PIXELS, periodic=True, stamp=stamp)
    )
    for stamp in (None, 26)
}


@pytest.mark.parametrize("stamp", [None, 21])  # the smallest that is not refused
@pytest.mark.parametrize("chunk", [3, 5, 10])
def test_chunks_change_neither_image_nor_gradient(stamp, chunk):
    positions = random_atoms(4, 10)
    weights = jax.random.normal(jax.random.key(5), (PIXELS, PIXELS))
    score = lambda chunk: jax.value_and_grad(
        lambda atoms: jnp.sum(weights * imaging.real_space_image(atoms, WIDTH, BOX, PIXELS, stamp=stamp, chunk=chunk))
    )(positions)
    # Only the order of ten additions differs.
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12), score(chunk), score(4096))


@pytest.mark.parametrize("periodic", [False, True])
def test_the_gradient_is_that_of_the_formula(periodic):
    """d r / d X_i = (x - X_i) / w^2 times the Gaussian, summed over images."""
    positions = random_atoms(6, 3)
    weights = jax.random.normal(jax.random.key(7), (PIXELS, PIXELS))
    grid = (np.arange(PIXELS) + 0.5) * BOX / PIXELS
    expected = np.zeros((3, 2))
    offsets = BOX * np.arange(-2, 3) if periodic else [0.0]
    for atom, (x, y) in enumerate(np.asarray(positions)):
        for dx in (grid[:, None, None, None] - x - np.reshape(offsets, (1, 1, -1, 1)),):
            dy = grid[None, :, None, None] - y - np.reshape(offsets, (1, 1, 1, -1))
            gaussian = np.exp(-(dx**2 + dy**2) / (2 * WIDTH**2)) / WIDTH**2
            expected[atom] = [(np.asarray(weights) * (d * gaussian).sum((2, 3))).sum() for d in (dx, dy)]
    for stamp in (None, PIXELS):
        score = lambda atoms: jnp.sum(
            weights * imaging.real_space_image(atoms, WIDTH, BOX, PIXELS, periodic=periodic, stamp=stamp)
        )
        # Terms up to 1 / w^2 = 6 cancel; a stamp as large as the box ends at 7.5 widths, exp(-28) = 6e-13.
        np.testing.assert_allclose(jax.grad(score)(positions), expected, rtol=0, atol=1e-9)


def test_an_atom_far_outside_an_open_box_is_not_seen():
    positions = jnp.array([[1e3, 3.0], [-1e3, 3.0]])
    for stamp in (None, 21):
        image = imaging.real_space_image(positions, WIDTH, BOX, PIXELS, stamp=stamp, inside=False)
        assert float(jnp.max(image)) == 0.0


def test_a_coordinate_that_is_not_a_number_shows_in_the_image():
    """Where it cannot be refused, because the numbers are unknown: inside jit, as in a search."""
    positions = jnp.array([[1.0, 3.0], [jnp.nan, 3.0]])
    for periodic in (False, True):
        image_of = lambda atoms: imaging.real_space_image(atoms, WIDTH, BOX, PIXELS, periodic=periodic, stamp=21)
        assert bool(jnp.isnan(jax.jit(image_of)(positions)).any())


def test_memory_of_the_gradient_is_bounded_by_the_chunk():
    """Compiled, not run: the temporary memory of 50 000 atoms is that of a chunk, not of all atoms."""
    score = lambda stamp: jax.grad(
        lambda atoms: jnp.sum(imaging.real_space_image(atoms, 0.5, 100.0, 256, stamp=stamp, chunk=1000) ** 2)
    )
    atoms = jax.ShapeDtypeStruct((50_000, 2), float)
    for stamp, of_chunk in ((None, 1000 * 256), (16, 1000 * 16**2)):
        used = jax.jit(score(stamp)).lower(atoms).compile().memory_analysis().temp_size_in_bytes
        # A dozen arrays of the size of a chunk or of the image, where all atoms would need fifty times as much.
        assert used < 12 * 8 * (of_chunk + 256**2) + 4 * 8 * 100_000


def test_the_needed_pixels_resolve_the_gaussian():
    # The transform at the edge k = pi M / L of the momentum image: at most a tenth, and a tenth is reached.
    for width, box in ((0.3, 40.0), (1.0, 7.0)):
        pixels = imaging.needed_pixels(width, box)
        at_edge = lambda pixels: np.exp(-((np.pi * pixels / box * width) ** 2) / 2)
        assert at_edge(pixels) <= 0.1 < at_edge(pixels - 1)


def test_a_chunk_holds_an_atom():
    with pytest.raises(ValueError, match="chunk is 0"):
        imaging.real_space_image(random_atoms(0, 2), WIDTH, BOX, PIXELS, chunk=0)
