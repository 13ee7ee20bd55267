"""Devices whose numbers are unknown when they are built, or moved far from where they were: right, NaN or refused."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from extended_precision import dense_conductance, slopes_of_log_conductance

import equibacksolve as ebs
from equibacksolve import diagnostics
from equibacksolve.simulators import check_before_compiling

ZERO = {"flux": jnp.zeros(1), "energy": jnp.zeros(1)}
CHAIN = (12, 1)


def device(values, lead=None, **options):
    lead = ebs.WireLead(jnp.pi / 2) if lead is None else lead
    return ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(values)), lead, **options)


def log_transmission(model):
    return jnp.log(model.predict(**ZERO)[0])


def inside(model):
    """The device in its wrappers."""
    return inside(model.simulator) if hasattr(model, "simulator") else model


def values_of(model):
    return model.sample.onsite.values


def moved(model, values):
    return eqx.tree_at(values_of, model, values)


def exact_slope(height):
    """d ln T / d v of a chain of 12 sites of one height, summed, in long doubles."""
    return slopes_of_log_conductance(np.full(CHAIN, height), np.pi / 2, [0.0], [0.0])[0].sum()


BUILT_INSIDE = jax.grad(lambda v: log_transmission(device(v)))
WRAPPED = {"grad": BUILT_INSIDE, "jit": jax.jit(BUILT_INSIDE), "checkpoint": jax.checkpoint(BUILT_INSIDE)}
"""One function object each, so that all heights share what is compiled."""


@pytest.mark.parametrize("height", [0.3, 20.0, 100.0, 1000.0, 3e4])
@pytest.mark.parametrize("wrap", WRAPPED)
def test_a_device_built_inside_a_gradient(height, wrap):
    """With an interval for |onsite| <= 1 it gave 163.7 for -0.24 at 100. Rounding: growth^2 epsilon of one slice."""
    slope = WRAPPED[wrap](jnp.full(CHAIN, height))
    assert float(slope.sum()) == pytest.approx(exact_slope(height), rel=1e-9)


def test_a_batch_of_devices_of_any_height():
    heights = jnp.array([0.3, 20.0, 1000.0])
    build = lambda height: device(jnp.full(CHAIN, height))
    batch = eqx.filter_vmap(build)(heights)
    assert batch.interval == 1
    found = eqx.filter_vmap(log_transmission)(batch)
    inside = jax.vmap(lambda height: log_transmission(build(height)))(heights)
    expected = [float(log_transmission(build(height))) for height in heights]
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(inside, expected, rtol=1e-12)


def test_known_numbers_are_known_inside_jit():
    """A sample made outside keeps the long interval of a device made inside, and is checked."""
    low, high = (ebs.SquareLattice(ebs.Potential(np.full(CHAIN, height))) for height in (0.3, 30.0))
    intervals = []

    @jax.jit
    def answer(wavenumber):
        model = ebs.Magnetoconductance(low, ebs.WireLead(wavenumber))
        intervals.append(model.interval)
        return model.predict(**ZERO)

    np.testing.assert_allclose(answer(np.pi / 2), device(np.full(CHAIN, 0.3)).predict(**ZERO), rtol=1e-13)
    assert intervals == [6]
    with pytest.raises(ValueError, match="too much for interval=6"):
        jax.jit(lambda k: ebs.Magnetoconductance(high, ebs.WireLead(k), interval=6).predict(**ZERO))(1.0)


@pytest.mark.parametrize("of", ["wavenumber", "hopping"])
def test_gradients_with_respect_to_the_lead_of_a_high_sample(of):
    """The sample is known, the lead is not; against central differences of the dense inverse."""
    values = np.random.default_rng(3).uniform(40, 60, (4, 2))
    make = lambda x: device(values, ebs.WireLead(x) if of == "wavenumber" else ebs.WireLead(1.1, x))
    score = lambda x: log_transmission(make(x))
    x, step = 1.2, 1e-4
    slope = jax.grad(score)(jnp.asarray(x))
    difference = (score(jnp.asarray(x + step)) - score(jnp.asarray(x - step))) / (2 * step)
    assert float(slope) == pytest.approx(float(difference), rel=1e-6)


def test_a_strong_exchange_field_built_inside_a_gradient():
    """Along z the spins are two chains of heights v +- J: ln of the sum of their closed transmissions."""
    build = lambda coupling: ebs.Magnetoconductance(
        ebs.SquareLattice(ebs.Potential(jnp.full(CHAIN, 60.0)) + ebs.ExchangeField(jnp.zeros(CHAIN), coupling)),
        ebs.WireLead([jnp.pi / 2] * 2),
    )
    chain = lambda height: jnp.exp(log_transmission(device(jnp.full(CHAIN, height))))
    both = lambda coupling: jnp.log(chain(60.0 + coupling) + chain(60.0 - coupling))
    slope = jax.grad(lambda coupling: log_transmission(build(coupling)))(jnp.asarray(50.0))
    assert float(slope) == pytest.approx(float(jax.grad(both)(jnp.asarray(50.0))), rel=1e-9)
    assert build(jnp.asarray(50.0)).interval == 1


class Absorbing(ebs.samples.AbstractOnsite):
    """A potential with an imaginary part, which no eigenvalue of a Hermitian matrix shows."""

    real: jax.Array
    imag: jax.Array
    orbitals = 1

    @property
    def shape(self):
        return self.real.shape

    def blocks(self):
        return (self.real - 1j * self.imag)[:, :, None, None]


@pytest.mark.parametrize("absorption", [0.5, 20.0, 50.0, 100.0])
def test_absorption_counts(absorption):
    """Known numbers, no tracing: with an interval for the real part alone, the gradient was -20.8 for -0.24."""
    rng = np.random.default_rng(4)
    real = rng.uniform(-1, 1, (9, 2))
    imag = absorption * rng.uniform(0.5, 1, (9, 2))
    build = lambda real: ebs.Magnetoconductance(
        ebs.SquareLattice(Absorbing(real, jnp.asarray(imag))), ebs.WireLead(1.3)
    )
    model = build(jnp.asarray(real))
    assert (model.interval >= 5) if absorption < 1 else (model.interval <= 2)
    settings = {"flux": jnp.linspace(0, 0.1, 3), "energy": jnp.linspace(-0.9, 0.9, 3)}
    # With absorption, G from right to left, which the sweep gives, is G from left to right in the opposite field.
    value, slopes = dense_conductance(real - 1j * imag, 1.3, -settings["flux"], settings["energy"])
    np.testing.assert_allclose(model.predict(**settings), value, rtol=1e-9)
    at = lambda real: eqx.tree_at(lambda m: m.sample.onsite.real, model, real).predict(**settings)
    found = jax.jacrev(at)(jnp.asarray(real))
    np.testing.assert_allclose(found, slopes, rtol=0, atol=1e-8 * np.abs(slopes).max())


@pytest.mark.parametrize("height", [5.0, 12.0, 30.0, 1000.0, 1e9])
def test_a_device_moved_too_far_inside_jit_is_nan_and_so_are_its_derivatives(height):
    """Its interval, 6, was chosen for zeros. Up to 12 hoppings in six slices it still serves, to 1e-5."""
    base = device(np.zeros(CHAIN))
    score = lambda values: log_transmission(moved(base, values))
    values = jnp.full(CHAIN, height)
    found = float(jax.jit(jax.grad(score))(values).sum())
    pushed = float(jax.jvp(score, (values,), (jnp.ones(CHAIN),))[1])
    if height > 20:
        assert np.isnan([found, pushed, float(jax.jit(score)(values))]).all()
    else:
        assert found == pytest.approx(exact_slope(height), rel=1e-5)
        assert pushed == pytest.approx(found, rel=1e-9)


def test_an_energy_far_away_that_is_known_at_run_time_only():
    base, settings = device(np.zeros(CHAIN)), {"flux": jnp.zeros(2), "energy": jnp.array([0.0, 80.0])}
    assert np.isnan(jax.jit(lambda energy: base.predict(flux=jnp.zeros(2), energy=energy))(settings["energy"])).all()
    with pytest.raises(ValueError, match="reaches 80 hoppings, too much for interval=6"):
        base.predict(**settings)
    # Built inside, it serves: -ln T at E = 80 is that of a chain of height 80 at E = 0.
    inside = jax.jit(lambda values, energy: device(values).predict(flux=jnp.zeros(2), energy=energy))
    found = inside(jnp.zeros(CHAIN), settings["energy"])
    expected = float(device(np.full(CHAIN, 80.0)).predict(**ZERO)[0])
    assert float(found[1]) == pytest.approx(expected, rel=1e-10)


def test_single_precision_built_inside_jit():
    """Values to the rounding of single precision, or NaN."""
    build = lambda values: device(values, ebs.WireLead(np.float32(1.3)), single_precision=True)
    settings = {"flux": jnp.zeros(1, jnp.float32), "energy": jnp.zeros(1, jnp.float32)}
    answer = jax.jit(lambda values: build(values).predict(**settings)[0])
    for height in (0.5, 8.0, 100.0):
        values = np.full((3, 2), height)
        expected = dense_conductance(values, 1.3, [0.0], [0.0])[0][0]
        assert float(answer(jnp.asarray(values, jnp.float32))) == pytest.approx(expected, rel=1e-3)
    assert np.isnan(answer(jnp.full((3, 2), 1e4, jnp.float32)))


WRAPPERS = {
    "bare": lambda model: model,
    "resistance": lambda model: ebs.SeriesResistance(model, 0.1),
    "offset": lambda model: ebs.FluxOffset(model, 0.02),
    "calibration": lambda model: ebs.EnergyCalibration(model, 1.1, 0.1),
    "smearing": lambda model: ebs.ThermalSmearing(model, 0.05, nodes=4),
    "all": lambda model: ebs.SeriesResistance(ebs.ThermalSmearing(ebs.FluxOffset(model, 0.02), 0.05, nodes=4), 0.1),
}


@pytest.mark.parametrize("wrap", WRAPPERS.values(), ids=WRAPPERS)
def test_what_compiles_by_itself_asks_first(wrap):
    """A device that `predict` refuses is refused by the diagnostics, too: identifiability gave 796 for 0.49."""
    near, far = (wrap(moved(device(np.zeros((8, 2))), jnp.full((8, 2), height))) for height in (0.3, 12.0))
    given = {"flux": jnp.linspace(0, 0.1, 20), "energy": jnp.linspace(-0.5, 0.5, 20)}
    observed = ebs.Observations(near.predict(**given), sigma=0.01, **given)
    where = lambda s: (
        next(
            leaf
            for leaf in jax.tree.leaves(s, is_leaf=lambda x: isinstance(x, ebs.Potential))
            if isinstance(leaf, ebs.Potential)
        ).values
    )
    minimum = diagnostics.LocalMinimum(12.0, 12.0, 1.0, 0.0)
    entries = {"where": where, "entries": ((0, 0), (1, 1))}
    line = jnp.array([-0.1, 0.1])
    refused = [
        lambda: far.predict(**given),
        lambda: far.check_settings(**given),
        lambda: check_before_compiling(far, given),
        lambda: diagnostics.identifiability(far, observed, where=where),
        lambda: diagnostics.residual_jacobian(far, observed, where=where),
        lambda: diagnostics.standard_errors(far, observed, where=where, prior_precision=1.0),
        lambda: diagnostics.goodness_of_fit(far, observed, where=where, prior_precision=1.0),
        lambda: diagnostics.plan_measurements(far, given, where=where, count=2, sigma=0.1, prior_precision=1.0),
        lambda: diagnostics.cost_surface(far, observed, **entries, first_values=line, second_values=line),
        lambda: diagnostics.cost_surface(near, observed, **entries, first_values=line, second_values=1e9 * line),
        lambda: diagnostics.refined(minimum, far, observed, **entries, within=0.1),
    ]
    for ask in refused:
        with pytest.raises(ValueError, match=r"\|energy - onsite\| reaches .* too much for"):
            ask()
    check_before_compiling(near, given)


def test_energies_that_only_a_wrapper_asks_for_are_checked():
    """At a temperature of 2, the outermost of 16 nodes lies at E + 23."""
    hot = ebs.ThermalSmearing(device(np.zeros(CHAIN)), 2.0)
    with pytest.raises(ValueError, match="reaches 22"):
        hot.check_settings(**ZERO)
    with pytest.raises(ValueError, match="too much for interval=6"):
        hot.predict(**ZERO)
    compiled = eqx.filter_jit(lambda model: model.predict(**ZERO))
    assert np.isnan(compiled(hot)).all()
    cool = ebs.ThermalSmearing(device(np.zeros(CHAIN)), 0.1)
    np.testing.assert_allclose(compiled(cool), cool.predict(**ZERO), rtol=1e-12)


class Guarded(ebs.AbstractSimulator):
    """A user's own simulator, one datum at a time, with a limit of its own."""

    rate: jax.Array

    def observe(self, *, time):
        return jnp.exp(-self.rate * time)

    def check_settings(self, *, time):
        if (self.rate * time > 10).any():
            raise ValueError("rate x time is beyond 10.")


def test_a_users_own_check_is_asked_wherever_something_compiles():
    late = Guarded(jnp.array(2.0))
    assert late.predict(time=[1.0, 2.0]).shape == (2,)
    for ask in (
        lambda: late.predict(time=[1.0, 6.0]),
        lambda: diagnostics.identifiability(
            late, ebs.Observations(jnp.ones(2), time=jnp.array([1.0, 6.0])), where=lambda s: s.rate
        ),
    ):
        with pytest.raises(ValueError, match="rate x time is beyond 10"):
            ask()
    # Inside jit nothing is asked, since nothing is known.
    assert eqx.filter_jit(lambda model: model.predict(time=jnp.array([6.0])))(late).shape == (1,)
