"""Smooth potentials: splines by SciPy, what they keep exactly, their gradient, and their errors."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import scipy.interpolate
from jaxtyping import Array, Float

import equibacksolve as ebs

RANDOM = np.random.default_rng(3)
POSITIONS = RANDOM.uniform((-1.0, 2.0), (3.0, 5.0), (40, 2))
COEFFICIENTS = RANDOM.normal(size=(5, 4))
SHAPE = COEFFICIENTS.shape


def grid(shape=SHAPE):
    """Where the coefficients stand."""
    low, high = POSITIONS.min(axis=0), POSITIONS.max(axis=0)
    return [np.linspace(*ends) for ends in zip(low, high, shape)]


def test_it_is_scipys_natural_spline():
    """Through its own values on the grid, in either direction after the other: SciPy's solves for what ours sums."""
    axes = grid()
    corners = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 2)
    on_grid = ebs.samples.SplinePotential(COEFFICIENTS, corners).energies().reshape(SHAPE)
    along = scipy.interpolate.CubicSpline(axes[0], on_grid, bc_type="natural")(POSITIONS[:, 0])
    expected = [
        scipy.interpolate.CubicSpline(axes[1], row, bc_type="natural")(y) for row, y in zip(along, POSITIONS[:, 1])
    ]
    # Rounding: numbers of order one, sums of sixteen.
    np.testing.assert_allclose(
        ebs.samples.SplinePotential(COEFFICIENTS, POSITIONS).energies(), expected, rtol=0, atol=1e-13
    )


@pytest.mark.parametrize("shape", [SHAPE, (1, 1), (2, 3), (1, 6)], ids=str)
def test_constants_and_planes_are_kept(shape):
    x, y = grid(shape)
    slope = np.array([0.7 if shape[0] > 1 else 0.0, -0.3 if shape[1] > 1 else 0.0])
    plane = 1.3 + slope[0] * x[:, None] + slope[1] * y
    np.testing.assert_allclose(
        ebs.samples.SplinePotential(plane, POSITIONS).energies(), 1.3 + POSITIONS @ slope, rtol=0, atol=1e-13
    )


def test_one_site_has_one_coefficient_and_none_are_refused():
    np.testing.assert_allclose(ebs.samples.SplinePotential([[2.5]], [[0.3, -4.0]]).energies(), [2.5], rtol=1e-15)
    with pytest.raises(ValueError, match=r"positions has shape \(0, 2\); give \(sites, 2\)"):
        ebs.samples.SplinePotential([[2.5]], np.zeros((0, 2)))


def test_it_knows_no_unit_of_length():
    found = ebs.samples.SplinePotential(COEFFICIENTS, POSITIONS).energies()
    far = ebs.samples.SplinePotential(COEFFICIENTS, 1e-9 * POSITIONS).energies()
    np.testing.assert_allclose(far, found, rtol=0, atol=1e-12)


def test_the_best_fit_gives_back_what_was_put_in():
    """Forty sites tell twenty coefficients; and of other energies, what is left is orthogonal to every change."""
    potential = ebs.samples.SplinePotential(COEFFICIENTS, POSITIONS)
    again = ebs.samples.SplinePotential.fitted(potential.energies(), POSITIONS, SHAPE)
    # The condition of the fit, some 1e3, times rounding.
    np.testing.assert_allclose(again.coefficients, COEFFICIENTS, rtol=0, atol=1e-11)
    energies = RANDOM.normal(size=40)
    fit = ebs.samples.SplinePotential.fitted(energies, POSITIONS, SHAPE)
    left = lambda c: jnp.sum((ebs.samples.SplinePotential(c, POSITIONS).energies() - energies) ** 2)
    assert float(jnp.abs(jax.grad(left)(fit.coefficients)).max()) < 1e-11
    with pytest.raises(ValueError, match=r"energies has shape \(3,\) for 40 sites"):
        ebs.samples.SplinePotential.fitted(energies[:3], POSITIONS, SHAPE)


def test_the_gradient_is_that_of_differences():
    weights = jnp.asarray(RANDOM.normal(size=40))
    score = lambda c: jnp.sum(weights * jnp.sin(ebs.samples.SplinePotential(c, POSITIONS).energies()))
    step = RANDOM.normal(size=SHAPE)
    slope = (score(COEFFICIENTS + 1e-5 * step) - score(COEFFICIENTS - 1e-5 * step)) / 2e-5
    # Central differences: (1e-5)^2 times a third derivative of order 100, and rounding over the step.
    assert abs(jnp.sum(jax.grad(score)(jnp.asarray(COEFFICIENTS)) * step) - slope) < 1e-7


def test_an_optimizer_of_all_arrays_trains_the_coefficients_alone():
    potential = ebs.samples.SplinePotential(COEFFICIENTS, POSITIONS)
    optimizer = optax.adam(0.1)

    @eqx.filter_jit
    def step(potential):
        gradient = eqx.filter_grad(lambda p: jnp.sum(p.energies() ** 2))(potential)
        updates, _ = optimizer.update(gradient, optimizer.init(eqx.filter(potential, eqx.is_inexact_array)))
        return eqx.apply_updates(potential, updates)

    moved = step(potential)
    assert float(jnp.abs(moved.coefficients - COEFFICIENTS).min()) > 0.09
    for name in ("positions", "along", "across"):
        np.testing.assert_array_equal(getattr(moved, name), getattr(potential, name))


class SomeSites(ebs.AbstractSimulator):
    """Energies of the sites, read one by one."""

    onsite: ebs.samples.AbstractSiteEnergies

    def predict(self, site):
        return self.onsite.energies()[site.astype(int)]


def test_errors_of_coefficients_are_errors_of_sites():
    """All sites are read with the same noise: then the errors are those of the projection on the splines."""
    simulator = SomeSites(ebs.samples.SplinePotential(COEFFICIENTS, POSITIONS))
    site = np.arange(40.0)
    observed = ebs.Observations(simulator.predict(site=jnp.asarray(site)), site=site, sigma=0.2)
    where = lambda s: s.onsite.coefficients
    known = ebs.diagnostics.standard_errors(simulator, observed, where=where)
    errors = ebs.diagnostics.errors_of(lambda s: s.onsite.energies(), simulator, known, where=where)
    units = np.eye(20).reshape(20, *SHAPE)
    design = np.stack([ebs.samples.SplinePotential(unit, POSITIONS).energies() for unit in units], axis=1)
    projection = design @ np.linalg.pinv(design)
    np.testing.assert_allclose(errors, 0.2 * np.sqrt(np.diag(projection)), rtol=1e-9)
    with pytest.raises(ValueError, match="20 unknowns, but where selects 80"):
        ebs.diagnostics.errors_of(lambda s: s.onsite.energies(), simulator, known, where=lambda s: s.onsite.positions)


@pytest.mark.parametrize(
    ("coefficients", "positions", "told"),
    [
        (COEFFICIENTS[0], POSITIONS, r"coefficients has shape \(4,\)"),
        (COEFFICIENTS[:0], POSITIONS, r"coefficients has shape \(0, 4\)"),
        (COEFFICIENTS, POSITIONS[:, 0], r"positions has shape \(40,\)"),
        (COEFFICIENTS, POSITIONS[:0], r"positions has shape \(0, 2\)"),
        (COEFFICIENTS, POSITIONS * (1, 0), "4 coefficients along y, where all sites stand at one place"),
        (COEFFICIENTS, POSITIONS[:1], "5 coefficients along x"),
        (COEFFICIENTS * np.nan, POSITIONS, "masked, None or NaN"),
        (COEFFICIENTS, POSITIONS * np.nan, "masked, None or NaN"),
    ],
    ids=range(8),
)
def test_bad_splines_are_refused(coefficients, positions, told):
    with pytest.raises(ValueError, match=told):
        ebs.samples.SplinePotential(coefficients, positions)


def test_a_line_of_sites_has_a_spline_along_it():
    line = np.stack([np.linspace(0, 3, 7), np.full(7, 0.1)], axis=1)
    np.testing.assert_allclose(
        ebs.samples.SplinePotential([[0.0], [1.0]], line).energies(), np.linspace(0, 1, 7), atol=1e-14
    )


def test_it_is_built_in_compiled_code_too():
    built: Float[Array, " sites"] = jax.jit(lambda c, p: ebs.samples.SplinePotential(c, p).energies())(
        COEFFICIENTS, POSITIONS
    )
    np.testing.assert_allclose(
        built, ebs.samples.SplinePotential(COEFFICIENTS, POSITIONS).energies(), rtol=0, atol=1e-14
    )
