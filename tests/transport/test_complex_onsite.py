"""A user's own onsite term with complex Hermitian matrices: a spin that points out of the x-z plane."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from devices import Settings, conductance_by_greens_function, random_settings

import equibacksolve as ebs
from equibacksolve.transport import wire_self_energy

SIGMA_Y = np.array([[0, -1j], [1j, 0]])


class FieldAlongY(ebs.samples.AbstractOnsite):
    strength: jax.Array

    @property
    def orbitals(self):
        return 2

    @property
    def shape(self):
        return self.strength.shape

    def blocks(self):
        return self.strength[:, :, None, None] * SIGMA_Y


def device():
    rng = np.random.default_rng(31)
    draw = lambda low, high: jnp.asarray(rng.uniform(low, high, (4, 3)))
    onsite = ebs.Potential(draw(-0.5, 0.5)) + ebs.ExchangeField(draw(-3, 3), 0.4) + FieldAlongY(draw(-0.4, 0.4))
    return ebs.Magnetoconductance(ebs.SquareLattice(onsite), ebs.WireLead([0.9, 1.7], 1.2))


def by_sweep(model, settings):
    return model.predict(**settings._asdict())


def by_greens_function(model, settings):
    modes = model.lead.modes()
    self_energy = wire_self_energy(modes.phase_real + 1j * modes.phase_imag)
    return conductance_by_greens_function(model.sample.onsite.blocks(), self_energy, settings)


def test_conductance_and_gradient_agree_with_the_greens_function():
    model, settings = device(), random_settings(32, 5)
    weights = jnp.linspace(-1, 1, 5)
    outcome = []
    for algorithm in (by_sweep, by_greens_function):
        score = lambda model: (jnp.sum(weights * (g := algorithm(model, settings))), g)
        (_, g), slope = eqx.filter_jit(eqx.filter_value_and_grad(score, has_aux=True))(model)
        outcome.append((g, *jax.tree.leaves(slope)))
    for a, b in zip(*outcome, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-11)


def test_reversing_field_and_all_spins_is_time_reversal():
    """G(-flux) with every spin reversed is G(flux) if the leads treat both spins alike; sigma_y matters to it."""
    settings = random_settings(33, 5)
    model = eqx.tree_at(lambda m: m.lead.wavenumber, device(), jnp.array([1.1, 1.1]))
    (potential, exchange), field = model.sample.onsite.terms[0].terms, model.sample.onsite.terms[1]
    reversed_spins = potential + ebs.ExchangeField(exchange.angle + jnp.pi, exchange.coupling)
    reversed_spins = reversed_spins + FieldAlongY(-field.strength)
    turned = eqx.tree_at(lambda m: m.sample.onsite, model, reversed_spins)
    back = Settings(-settings.flux, settings.energy)
    np.testing.assert_allclose(by_sweep(turned, back), by_sweep(model, settings), rtol=0, atol=1e-12)
