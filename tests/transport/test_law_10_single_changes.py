"""Law 10: by Dyson's equation, one sweep knows the conductance with any onsite energy changed by any amount."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from devices import SHAPE, by_sweep, random_numbers, random_settings, simulator
from hypothesis import given
from reference import load
from strategies import arrays, some_numbers, some_settings

import equibacksolve as ebs
from equibacksolve.simulators import knows_changes, predict_perturbed

SITES = SHAPE[0] * SHAPE[1]


def onsite_changes(device, changes):
    """A device whose leaves are None but for the onsite energies, which hold the changes."""
    nothing = jax.tree.map(lambda _: None, device)
    return eqx.tree_at(lambda d: d.sample.onsite.values, nothing, changes, is_leaf=lambda leaf: leaf is None)


@jax.jit
def perturbed(numbers, settings, changes):
    device = simulator(numbers)
    return predict_perturbed(device, onsite_changes(device, changes), settings._asdict()).changed


@jax.jit
def tried(numbers, settings, changes):
    """One sweep for each site, normalised on every slice for the sake of large changes."""

    def one(site):
        values = numbers.values.reshape(-1).at[site].add(changes.reshape(-1)[site]).reshape(SHAPE)
        return by_sweep(numbers._replace(values=values), settings, interval=1)

    return jax.lax.map(one, jnp.arange(SITES))


def test_generic_devices_agree_to_rounding():
    for seed in range(5):
        changes = jnp.asarray(np.random.default_rng(seed).uniform(-4, 4, SHAPE))
        given_ = random_numbers(seed, 1), random_settings(seed), changes
        # As the other algorithms among each other (law 8).
        np.testing.assert_allclose(perturbed(*given_), tried(*given_), rtol=0, atol=1e-11)


@given(numbers=some_numbers(1), settings=some_settings(), changes=arrays(SHAPE, -4.0, 4.0))
def test_any_device_agrees(numbers, settings, changes):
    # Near a resonance rounding is multiplied by one over its width, on both sides (law 8).
    np.testing.assert_allclose(
        perturbed(numbers, settings, changes), tried(numbers, settings, changes), rtol=0, atol=1e-7
    )


def test_a_wrong_site_is_undone_to_kwant_s_conductance():
    """Of Kwant's sample one site is changed; what undoing that would give is Kwant's map."""
    reference = load("wire_random_5x4")
    for site in ((0, 0), (2, 3), (4, 1)):
        change = jnp.zeros(SHAPE).at[site].set(2.5)
        wrong = reference.numbers._replace(values=reference.numbers.values + change)
        found = perturbed(wrong, reference.settings, -change)[site[0] * SHAPE[1] + site[1]]
        np.testing.assert_allclose(found, reference.transmitted, rtol=0, atol=1e-11)


def test_it_knows_potentials_and_nothing_else():
    scalar, spinful = (simulator(random_numbers(0, orbitals)) for orbitals in (1, 2))
    ones = lambda device, where: eqx.tree_at(
        where,
        jax.tree.map(lambda _: None, device),
        jax.tree.map(jnp.ones_like, where(device)),
        is_leaf=lambda leaf: leaf is None,
    )
    assert knows_changes(scalar, ones(scalar, lambda d: d.sample.onsite.values))
    assert not knows_changes(scalar, ones(scalar, lambda d: d.lead.wavenumber))
    assert not knows_changes(scalar, ones(scalar, lambda d: (d.sample.onsite.values, d.lead.wavenumber)))
    assert not knows_changes(spinful, ones(spinful, lambda d: d.sample.onsite.terms[0].values))
    assert not knows_changes(ebs.ThermalSmearing(scalar, jnp.asarray(0.01)), jnp.ones(1))
