"""Images of a solution, and the choice among them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import equibacksolve as ebs


def values(simulator):
    return simulator.sample.onsite.values


def angle(simulator):
    return simulator.sample.onsite.angle


DEVICE = ebs.Magnetoconductance(
    ebs.SquareLattice(ebs.Potential(jax.random.uniform(jax.random.key(0), (3, 2)))), ebs.WireLead(jnp.array(1.2))
)
MAGNET = ebs.Magnetoconductance(
    ebs.SquareLattice(ebs.ExchangeField(jax.random.uniform(jax.random.key(1), (3, 2)), jnp.array(0.5))),
    ebs.WireLead(jnp.array([0.5, 0.7])),
)
MIRRORS = (ebs.Mirror(values, 0), ebs.Mirror(values, 1))
OBSERVED = ebs.Observations.on_grid(flux=jnp.array([0.0, 0.1]), energy=jnp.array([-0.5, 0.2]), values=jnp.zeros((2, 2)))


def test_the_images_are_the_four_mirrored_potentials():
    v = np.asarray(values(DEVICE))
    expected = [v, v[:, ::-1], v[::-1], v[::-1, ::-1]]
    found = [np.asarray(values(image)) for image in ebs.inverse.images(DEVICE, MIRRORS)]
    np.testing.assert_array_equal(found, expected)
    assert ebs.inverse.images(DEVICE, ()) == [DEVICE]
    # A history holds its guesses as arrays of NumPy.
    then = ebs.inverse.images(ebs.inverse.with_leaves(DEVICE, jax.tree.map(np.asarray, DEVICE)), MIRRORS)
    np.testing.assert_array_equal([np.asarray(values(image)) for image in then], expected)
    for image in ebs.inverse.images(DEVICE, MIRRORS):
        assert image.lead is DEVICE.lead or np.array_equal(image.lead.wavenumber, DEVICE.lead.wavenumber)


def test_a_half_image_reverses_what_is_odd_under_both_mirrors():
    v = np.asarray(values(DEVICE))
    odd = (v - v[::-1] - v[:, ::-1] + v[::-1, ::-1]) / 4
    half = ebs.specialists.half_image(DEVICE, *MIRRORS)
    np.testing.assert_allclose(values(half), v - 2 * odd, atol=1e-15)  # rounding of numbers of order one
    np.testing.assert_allclose(values(ebs.specialists.half_image(half, *MIRRORS)), v, atol=1e-15)
    np.testing.assert_array_equal(half.lead.wavenumber, DEVICE.lead.wavenumber)


@pytest.mark.parametrize(
    ("symmetry", "simulator"), [(MIRRORS[0], DEVICE), (MIRRORS[1], DEVICE), (ebs.Negation(angle), MAGNET)]
)
def test_a_symmetry_undoes_itself_and_leaves_the_data(symmetry, simulator):
    twice = symmetry(symmetry(simulator))
    for a, b in zip(jax.tree.leaves(twice), jax.tree.leaves(simulator)):
        np.testing.assert_array_equal(a, b)
    # Rounding of G, which is of order one.
    assert float(ebs.inverse.symmetry_error(symmetry, simulator, OBSERVED)) < 1e-12


def test_what_is_no_symmetry_shows():
    assert float(ebs.inverse.symmetry_error(ebs.Negation(values), DEVICE, OBSERVED)) > 1e-3


@pytest.mark.parametrize("corner", [(0, 0), (0, -1), (-1, 0), (-1, -1)])
def test_the_image_with_the_least_disagreement_is_chosen(corner):
    v = jnp.zeros((3, 2)).at[corner].set(-1.0)
    device = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(v)), DEVICE.lead)
    chosen = ebs.choose_image(device, MIRRORS, lambda s: values(s)[0, 0])
    assert float(values(chosen)[0, 0]) == -1


def test_the_closest_image_brings_an_image_back():
    for image in ebs.inverse.images(DEVICE, MIRRORS):
        back = ebs.inverse.closest_image(image, MIRRORS, DEVICE, values)
        np.testing.assert_array_equal(values(back), values(DEVICE))
    turned = ebs.Negation(angle)(MAGNET)
    back = ebs.inverse.closest_image(
        turned, (ebs.Negation(angle),), MAGNET, lambda s: (angle(s), s.sample.onsite.coupling)
    )
    np.testing.assert_array_equal(angle(back), angle(MAGNET))


def test_a_disagreement_that_is_no_number_is_told():
    with pytest.raises(ValueError, match="one finite number for each"):
        ebs.choose_image(DEVICE, MIRRORS, lambda s: jnp.nan)
