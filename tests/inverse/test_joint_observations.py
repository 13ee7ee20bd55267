"""Several data sets in one cost: how they are weighed, and what methods may ask of them."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import equibacksolve as ebs
from equibacksolve.inverse import Smoothing, cost, costs_of_sets, load_observations, residuals, save_observations
from equibacksolve.testing import check_simulator


class Decay(ebs.AbstractSimulator):
    """A decay above a background, in some unit."""

    rate: jax.Array
    background: jax.Array
    unit: jax.Array

    def predict(self, time):
        return self.unit * (jnp.exp(-self.rate * time) + self.background)


class Decays(ebs.AbstractJointSimulator):
    """Decays of one rate above different backgrounds. The names are not in the order of the alphabet."""

    rate: jax.Array
    background: dict[str, jax.Array]
    unit: dict[str, jax.Array]

    def simulators(self):
        return {name: Decay(self.rate, level, self.unit[name]) for name, level in self.background.items()}


def decays(rate, unit=1.0):
    return Decays(
        jnp.asarray(rate), {"new": jnp.asarray(0.1), "a": jnp.asarray(0.4)}, {"new": 1.0, "a": jnp.asarray(unit)}
    )


TIMES = {"new": jnp.linspace(0.0, 3.0, 12), "a": jnp.linspace(0.0, 1.0, 7)}


def read(simulator, **sigma):
    readings = simulator.predictions(**{name: {"time": time} for name, time in TIMES.items()})
    sets = {
        name: ebs.Observations(values, sigma=sigma.get(name), time=TIMES[name]) for name, values in readings.items()
    }
    return ebs.JointObservations(**sets)


def hidden(simulator):
    return simulator.rate, simulator.background


HERE, THERE = decays(0.8), decays(1.1)


def test_the_cost_is_the_sum_of_chi_squared_over_all_data():
    joint = read(THERE, new=0.1, a=0.02)
    masked = ebs.Observations(joint.sets["a"].values, sigma=0.02, mask=TIMES["a"] > 0.2, time=TIMES["a"])
    joint = ebs.JointObservations(new=joint.sets["new"], a=masked)
    alone = {name: cost(one, joint.sets[name]) for name, one in HERE.simulators().items()}
    count = {"new": 12, "a": int(jnp.sum(TIMES["a"] > 0.2))}
    assert joint.count == 12 + count["a"]
    expected = sum(float(alone[name]) * count[name] for name in alone) / (12 + count["a"])
    assert float(cost(HERE, joint)) == pytest.approx(expected, rel=1e-14)
    for name, one in costs_of_sets(HERE, joint).items():
        assert float(one) == pytest.approx(float(alone[name]), rel=1e-14)


def test_without_sigma_no_unit_of_a_set_matters():
    """Each set is counted in units of its own deviation: the cost of its mean is one, in all of them together, too."""
    plain, other = read(THERE), read(decays(1.1, unit=-1e6))
    assert float(cost(decays(0.8, unit=-1e6), other)) == pytest.approx(float(cost(HERE, plain)), rel=1e-12)
    assert float(plain.variance()) == pytest.approx(1.0, rel=1e-12)
    known = read(THERE, new=0.3, a=1e-3)
    assert float(ebs.mean_squared_error(HERE, known)) == pytest.approx(float(cost(HERE, plain)), rel=1e-12)


def test_what_is_flat_is_in_the_order_of_the_names():
    joint = read(THERE, new=0.1, a=0.02)
    assert list(joint.sets) == ["a", "new"]
    np.testing.assert_array_equal(joint.values, HERE.predict(**joint.variables) * 0 + THERE.predict(**joint.variables))
    np.testing.assert_array_equal(joint.sigma, np.repeat([0.02, 0.1], [7, 12]))
    assert joint.mask is None
    doubled = jax.tree.map(lambda leaf: 2 * leaf, joint)  # JAX sorts dictionaries
    np.testing.assert_array_equal(doubled.values, 2 * joint.values)
    pieces = joint.split(joint.values)
    assert all(jnp.array_equal(pieces[name], one.values) for name, one in joint.sets.items())


def test_random_parts_leave_what_each_set_weighs_as_it_is():
    """Residuals that are one everywhere: of any part, the sum of squares stands for the same share of each set."""
    joint = read(THERE, new=0.1, a=0.02)
    flat = eqx.tree_at(lambda j: [one.values for one in j.sets.values()], joint, [jnp.zeros(7), jnp.zeros(12)])
    for share, multiple in ((3, 4), (10, 8)):
        parts = joint.random_parts(jax.random.key(0), share, multiple)
        for number in range(share):
            part = flat.at(jax.tree.map(lambda rows: rows[number], parts))
            left = part.split(jnp.square(part.weights()))
            for name, size in (("a", 7), ("new", 12)):
                total = float(jnp.sum(left[name])) * joint.values.size / part.values.size
                assert total == pytest.approx(size / float(flat.sets[name].sigma[0]) ** 2, rel=1e-12)
    parts = joint.random_parts(jax.random.key(1), 4)["new"]
    assert len(np.unique(parts)) == 12  # no reading twice


def test_each_set_is_blurred_by_itself():
    joint = read(THERE, new=0.1, a=0.02)
    blur, left = Smoothing(jnp.asarray(0.2)), residuals(HERE, joint)
    each = [blur(joint.sets[name], part.reshape(-1)) for name, part in joint.split(left).items()]
    np.testing.assert_allclose(blur(joint, left), jnp.concatenate(each), rtol=1e-13)


def test_a_joint_simulator_keeps_the_laws_of_simulators():
    check_simulator(HERE, read(THERE, new=0.1, a=0.02), where=hidden)


def test_they_can_be_kept_in_a_file(tmp_path):
    joint = read(THERE, new=0.1, a=0.02)
    save_observations(joint, tmp_path / "observed.npz")
    again = load_observations(tmp_path / "observed.npz")
    assert isinstance(again, ebs.JointObservations)
    assert eqx.tree_equal(again, joint)


def test_what_does_not_fit_together_is_told():
    joint, solve = read(THERE, new=0.1, a=0.02), lambda *args, **more: ebs.backsolve(*args, progress=False, **more)
    with pytest.raises(ValueError, match="no hidden leaf is shared between the data sets a and new; search for each"):
        solve(HERE, joint, where=lambda s: s.background)
    with pytest.raises(ValueError, match="holds the data sets a, new, but Decay predicts one"):
        solve(HERE.simulators()["a"], joint, where=lambda s: s.rate)
    with pytest.raises(ValueError, match=r"Decays.simulators returns a, new, but the data are for time"):
        solve(HERE, joint.sets["a"], where=lambda s: s.rate)
    with pytest.raises(ValueError, match=r"returns a, new, but the data are for a; pass JointObservations"):
        solve(HERE, ebs.JointObservations(a=joint.sets["a"]), where=lambda s: s.rate)
    swapped = ebs.JointObservations(a=joint.sets["new"], new=joint.sets["a"])
    assert np.isfinite(float(cost(HERE, swapped)))  # settings travel with their values
    bad = eqx.tree_at(lambda j: j.sets["a"].variables["time"], joint, TIMES["a"][:3])
    with pytest.raises(ValueError, match=r"a predicts data of shape \(3,\), but the observed values have shape \(7,\)"):
        cost(HERE, bad)


def test_sets_that_cannot_be_weighed_are_refused():
    known, unknown = ebs.Observations([1.0, 2.0], sigma=0.1), ebs.Observations([1.0, 2.0])
    with pytest.raises(ValueError, match="sigma is known of image but not of curve, so that their weights"):
        ebs.JointObservations(image=known, curve=unknown)
    with pytest.raises(ValueError, match="curve holds zeros only, which have no scale of their own; pass sigma="):
        ebs.JointObservations(image=unknown, curve=ebs.Observations([0.0, 0.0]))
    with pytest.raises(ValueError, match="sets is empty"):
        ebs.JointObservations()
    alike = ebs.JointObservations(image=unknown, curve=ebs.Observations([2.0, 2.0]))
    assert float(alike.scales["curve"]) == 2.0
