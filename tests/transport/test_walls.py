"""Hard walls and absent sites: how high a wall must be, and how high it may be."""

import re

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from extended_precision import dense_conductance

import equibacksolve as ebs

LENGTH, WIDTH, WAVENUMBER = 7, 4, 1.3
SETTINGS = {"flux": jnp.linspace(0.0, 0.1, 3), "energy": jnp.linspace(-0.9, 0.9, 3)}
VALUES = np.random.default_rng(8).uniform(-1, 1, (LENGTH, WIDTH))
SHAPES = {
    "vacancy": [(3, 1)],
    "constriction": [(3, 0), (3, 3)],
    "antidot": [(x, y) for x in (2, 3) for y in (1, 2)],
    "edges": [(x, y) for x in range(1, 6) for y in (0, 3)],
    "in the first slice": [(0, 1), (6, 2)],
}


def absent(shape):
    mask = np.zeros((LENGTH, WIDTH), bool)
    mask[tuple(np.transpose(SHAPES[shape]))] = True
    return mask


def device(values, **options):
    return ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(values)), ebs.WireLead(WAVENUMBER), **options)


@jax.jit
def with_jacobian(model):
    at = lambda values: eqx.tree_at(lambda m: m.sample.onsite.values, model, values).predict(**SETTINGS)
    return at(model.sample.onsite.values), jax.jacrev(at)(model.sample.onsite.values)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("height", [1e3, 1e4, 9e4, -9e4])
def test_a_wall_is_computed_right_and_is_nearly_no_site(shape, height):
    """Against dense inverses in long doubles, with the wall and without the sites.

    The sweep errs by growth^2 epsilon, 2e-6 at 1e5; the wall by Dyson's equation as 1 / height, times 10 at most here.
    """
    mask = absent(shape)
    values = np.where(mask, height, VALUES)
    model = device(values)
    assert model.interval == 1
    found, jacobian = with_jacobian(model)
    np.testing.assert_allclose(model.predict(**SETTINGS), found, rtol=1e-6)
    wall, slopes = dense_conductance(values, WAVENUMBER, *SETTINGS.values())
    error = max(1e-10, 1e-16 * height**2)
    np.testing.assert_allclose(found, wall, rtol=0, atol=error)
    np.testing.assert_allclose(jacobian, slopes, rtol=0, atol=5 * error)
    gone, without = dense_conductance(VALUES, WAVENUMBER, *SETTINGS.values(), present=~mask)
    np.testing.assert_allclose(found, gone, rtol=0, atol=10 / abs(height))
    np.testing.assert_allclose(jacobian[:, ~mask], without[:, ~mask], rtol=0, atol=30 / abs(height))


@pytest.mark.parametrize("height", [2e5, 1e8, -1e8, 1e200, np.inf])
def test_higher_walls_are_refused_with_a_height_that_serves(height):
    model = device(np.where(absent("antidot"), height, VALUES))
    advice = "no interval is short enough; make hard walls and absent sites 1e+04 hoppings high"
    for ask in (model.predict, model.scattering, model.check_settings):
        with pytest.raises(ValueError, match=re.escape(advice)) as caught:
            ask(**SETTINGS)
        assert str(caught.value).count(". ") == 0
    assert np.isnan(with_jacobian(model)[0]).all()


def test_single_precision_has_lower_walls():
    low, high = (np.where(absent("antidot"), height, VALUES).astype(np.float32) for height in (100.0, 1e3))
    lead = ebs.WireLead(np.float32(WAVENUMBER))
    make = lambda v: ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(v)), lead, single_precision=True)
    gone = dense_conductance(VALUES, WAVENUMBER, *SETTINGS.values(), present=~absent("antidot"))[0]
    np.testing.assert_allclose(make(low).predict(**SETTINGS), gone, rtol=0, atol=0.1)
    with pytest.raises(ValueError, match=r"too much for float32, .* absent sites 1e\+02 hoppings high"):
        make(high).predict(**SETTINGS)
