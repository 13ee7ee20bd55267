"""Singular values and directions of the Jacobian, against numpy and finite differences."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from linear_problem import DESIGN, EXACT, SIGMA, TRUTH, everything

import equibacksolve as ebs
from equibacksolve.diagnostics import identifiability, residual_jacobian

V = jnp.array([[-0.4, 0.3], [0.2, -0.1], [0.5, 0.0]])
DEVICE = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(V)), ebs.WireLead(1.1))


def both(device):
    return device.sample.onsite.values, device.lead.wavenumber


def data(flux, energy, **more):
    flux, energy = (axis.ravel() for axis in jnp.meshgrid(jnp.asarray(flux), jnp.asarray(energy), indexing="ij"))
    return ebs.Observations(values=DEVICE.predict(flux=flux, energy=energy), flux=flux, energy=energy, **more)


def by_finite_differences(observed):
    """Columns: the six sites, then the wavenumber, as the fields of the simulator stand."""

    def residuals(step):
        moved = eqx.tree_at(both, DEVICE, (V + step[:6].reshape(V.shape), DEVICE.lead.wavenumber + step[6:]))
        return (np.asarray(moved.predict(**observed.variables)) - observed.values) * observed.weights()

    h = 1e-5
    return np.stack([(residuals(h * unit) - residuals(-h * unit)) / (2 * h) for unit in np.eye(7)], axis=1)


def test_it_is_the_svd_of_finite_differences():
    mask = jnp.ones(12, bool).at[3].set(False)
    observed = data(np.linspace(0, 0.2, 4), [-0.3, 0.1, 0.4], sigma=np.linspace(0.05, 0.2, 12), mask=mask)
    expected = by_finite_differences(observed)
    # A central difference errs by h^2 = 1e-10 and by rounding, 1e-15 / (h sigma) = 2e-9.
    np.testing.assert_allclose(residual_jacobian(DEVICE, observed, where=both), expected, rtol=0, atol=1e-7)
    found = identifiability(DEVICE, observed, where=both)
    _, values, rows = np.linalg.svd(expected)
    np.testing.assert_allclose(found.singular_values, values, rtol=0, atol=1e-6)
    np.testing.assert_allclose(np.abs(np.sum(found.directions * rows, axis=1)), 1, rtol=0, atol=1e-4)
    assert found.rank == 7
    assert found.condition == pytest.approx(values[0] / values[-1], rel=1e-4)


def test_a_direction_has_the_form_of_the_hidden_leaves():
    found = identifiability(TRUTH, EXACT, where=everything)
    intercept, slopes = everything(found.direction(-1))
    np.testing.assert_array_equal(jnp.append(slopes, intercept), found.directions[2])
    scaled = DESIGN / SIGMA[:, None]
    assert np.linalg.norm(scaled @ found.directions[2]) == pytest.approx(float(found.singular_values[2]), rel=1e-12)
    with pytest.raises(ValueError, match="number is 3, but there are 3 directions"):
        found.direction(3)


def test_fewer_data_than_unknowns_leave_the_rest_unknown():
    observed = data(np.linspace(0, 0.2, 3), [0.2])
    found = identifiability(DEVICE, observed, where=both)
    assert found.rank == 3
    assert found.condition == np.inf
    np.testing.assert_array_equal(found.singular_values[3:], 0)
    np.testing.assert_allclose(found.directions @ found.directions.T, np.eye(7), rtol=0, atol=1e-13)
    silent = residual_jacobian(DEVICE, observed, where=both) @ found.directions[3:].T
    np.testing.assert_allclose(silent, 0, rtol=0, atol=1e-13)


def test_the_threshold_is_a_fraction_of_the_largest():
    found = identifiability(TRUTH, EXACT, where=everything, threshold=0.5)
    assert found.rank == int(np.sum(found.singular_values > 0.5 * found.singular_values[0])) == 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"where": lambda line: ()}, "where selects nothing"),
        ({"threshold": 1.0}, "threshold is 1.0; give a fraction"),
        ({"threshold": -0.1}, "threshold is -0.1"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(changes, message):
    with pytest.raises(ValueError, match=message):
        identifiability(TRUTH, EXACT, **({"where": everything} | changes))
