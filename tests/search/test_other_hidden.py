"""Hidden parameters of other kinds, each together with the landscape: leads, an image's width, a coupling.

Each data set is made at a known truth. Cost and error are judged apart: a low cost alone does not say that each of the
two was found, only their singular values do.
"""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float

import equibacksolve as ebs
from equibacksolve.diagnostics import identifiability

FLUX, ENERGY = np.linspace(0, 0.15, 8), np.linspace(-1, 1, 7)
FITTED = ebs.LevenbergMarquardt(steps=60, step_length=ebs.methods.Damping(1e-2))
# Levenberg-Marquardt ends where squared residuals are rounding; 1e-20 leaves room for a slow last step.
EXPLAINED = 1e-20


def potential_and_wavenumber(device):
    return device.sample.onsite.values, device.lead.wavenumber


def angle_and_coupling(device):
    return device.sample.onsite.angle, device.sample.onsite.coupling


def positions_and_width(image):
    return image.positions, image.width


def transport_data(device):
    mesh = (axis.ravel() for axis in jnp.meshgrid(jnp.asarray(FLUX), jnp.asarray(ENERGY), indexing="ij"))
    flux, energy = mesh
    return ebs.Observations(values=device.predict(flux=flux, energy=energy), flux=flux, energy=energy)


def recovered(truth, observed, where, start):
    guess = eqx.tree_at(where, truth, start)
    return ebs.backsolve(guess, observed, FITTED, where=where, tolerance=EXPLAINED, progress=False, seconds=60)


def off(found, truth, where):
    """The largest error of each hidden leaf."""
    return [float(jnp.max(jnp.abs(a - b))) for a, b in zip(where(found.simulator), where(truth))]


def moved(key, leaf, by):
    return leaf + by * np.random.default_rng(key).uniform(-1, 1, leaf.shape)


def share_of_worst(found, where):
    """How much of the worst-known direction is the last hidden leaf: the square of its length."""
    return float(jnp.sum(where(found.direction(-1))[-1] ** 2))


POTENTIAL = moved(3, jnp.zeros((4, 3)), 0.5)
ANGLE = moved(4, jnp.full((3, 3), jnp.pi / 2), 1.0)


def test_the_wavenumber_of_the_leads_together_with_the_potential():
    truth = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(POTENTIAL)), ebs.WireLead(1.2))
    observed = transport_data(truth)
    found = recovered(truth, observed, potential_and_wavenumber, (moved(5, POTENTIAL, 0.1), jnp.array([1.35])))
    assert float(found.cost) < EXPLAINED
    # Errors are the residuals, 1e-10, over the smallest singular value, above 1e-2.
    assert max(off(found, truth, potential_and_wavenumber)) < 1e-7
    both = identifiability(truth, observed, where=potential_and_wavenumber)
    alone = identifiability(truth, observed, where=lambda s: s.sample.onsite.values)
    assert both.rank == 13
    # The wavenumber is not interchangeable with the potential: another unknown costs less than half the sharpness.
    assert float(both.singular_values[-1]) > 0.5 * float(alone.singular_values[-1])
    assert share_of_worst(both, potential_and_wavenumber) < 0.01


def test_a_wavenumber_and_its_negative_are_the_same():
    """G depends on cos k and |sin k|: k and -k cannot be told apart, so a search stays on the side of its start."""
    device = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(POTENTIAL)), ebs.WireLead(1.2))
    mirrored = eqx.tree_at(lambda s: s.lead.wavenumber, device, jnp.array([-1.2]))
    assert float(ebs.mean_squared_error(mirrored, transport_data(device))) < 1e-28


def test_the_coupling_together_with_the_angles():
    sample = ebs.SquareLattice(ebs.ExchangeField(ANGLE, 0.5))
    truth = ebs.Magnetoconductance(sample, ebs.WireLead([0.5, 0.25]))
    observed = transport_data(truth)
    start = (moved(6, ANGLE, 0.1), jnp.asarray(0.55, float))
    found = recovered(truth, observed, angle_and_coupling, start)
    assert float(found.cost) < EXPLAINED
    assert max(off(found, truth, angle_and_coupling)) < 1e-7
    both = identifiability(truth, observed, where=angle_and_coupling)
    assert both.rank == 10
    # The coupling moves all sites together, and is the best known of all; it is no part of what is known worst.
    assert float(angle_and_coupling(both.direction(0))[1] ** 2) > 0.9
    assert share_of_worst(both, angle_and_coupling) < 0.01


def test_only_the_coupling_is_left_where_all_spins_lie_along_the_axis_of_the_leads():
    """Near theta = 0 the angles act by J cos theta = J (1 - theta^2 / 2): their sensitivity vanishes as the angle."""
    tilts, second = (1e-3, 1e-2), []
    for tilt in tilts:
        sample = ebs.SquareLattice(ebs.ExchangeField(tilt * ANGLE, 0.5))
        device = ebs.Magnetoconductance(sample, ebs.WireLead([0.5, 0.25]))
        found = identifiability(device, transport_data(device), where=angle_and_coupling)
        assert float(found.singular_values[0]) > 1
        assert float(angle_and_coupling(found.direction(0))[1] ** 2) > 0.999
        second.append(float(found.singular_values[1]))
    # The next order is smaller by the tilt squared, 1e-4 or so.
    assert second[1] / second[0] == pytest.approx(10, rel=1e-2)


def test_a_negative_coupling_is_a_half_turn_of_all_spins():
    """J -> -J and theta -> theta + pi is no change at all: coupling and angles are found up to that."""
    there = ebs.ExchangeField(ANGLE, 0.5).blocks()
    np.testing.assert_allclose(ebs.ExchangeField(ANGLE + jnp.pi, -0.5).blocks(), there, rtol=0, atol=1e-15)


BOX, PIXELS = 8.0, 20
ATOMS = jnp.array([[2.0, 2.2], [5.6, 1.9], [3.9, 5.7], [6.1, 6.3], [1.7, 5.2]])


def test_the_width_of_an_image_together_with_the_positions():
    truth = ebs.MomentumImage(ATOMS, 0.5, BOX, PIXELS)
    observed = ebs.Observations(values=truth.predict())
    found = recovered(truth, observed, positions_and_width, (moved(7, ATOMS, 0.1), jnp.asarray(0.55, float)))
    assert float(found.cost) < EXPLAINED
    # The image does not see where the structure is as a whole, so the distances between the atoms are compared.
    position, width = positions_and_width(found.simulator)
    pairs = lambda points: jnp.linalg.norm(points[:, None] - points[None] + jnp.eye(5)[..., None], axis=-1)
    np.testing.assert_allclose(pairs(position), pairs(ATOMS), rtol=0, atol=1e-5)
    assert float(width) == pytest.approx(0.5, abs=1e-6)
    # Worst known is where the structure is as a whole, which the edge of the box alone tells; not the width.
    seen = identifiability(truth, observed, where=positions_and_width)
    shifts = np.asarray(seen.directions[-2:, :10]).reshape(2, 5, 2)
    assert float(np.max(np.std(shifts, axis=1))) < 0.05
    assert share_of_worst(seen, positions_and_width) < 1e-6
    assert float(seen.singular_values[-2]) < 0.01 * float(seen.singular_values[-3])


class Exposed(ebs.AbstractSimulator):
    """A momentum image whose intensity q is known up to a factor, the brightness."""

    image: ebs.MomentumImage
    brightness: Float[Array, ""]

    def predict(self) -> Float[Array, "pixels pixels"]:
        length = self.image.box_length
        return length * jnp.log1p(self.brightness * jnp.expm1(self.image.predict() / length))


def test_a_narrow_width_is_nearly_a_brightness():
    """q = brightness 2 pi width^2 exp(-(k width)^2 / 2) |S(k)|: for small k width, only brightness width^2 is seen."""
    where = lambda exposed: (exposed.image.width, exposed.brightness)
    condition = []
    for width in (0.4, 1.0):
        exposed = Exposed(ebs.MomentumImage(ATOMS, width, BOX, PIXELS), jnp.array(1.0))
        found = identifiability(exposed, ebs.Observations(values=exposed.predict()), where=where)
        assert found.rank == 2
        condition.append(found.condition)
    # Both are found as long as the decay with k is in the picture; a narrow width has less of it.
    assert condition[0] > 2 * condition[1] > 2
