"""Two intervals for one number, and how often each holds the truth.

A signal rises as height (1 - exp(-rate t)) and is read six times. The standard error of the rate takes the model as
linear. The profile interval fits the height anew at every rate. Where the readings hardly tell how fast it was, the two
differ: the profile is not a parabola. The noise is drawn again and again, and each interval is asked whether it holds
the true rate. `python examples/intervals.py [--sets N]`: 40 sets of readings in less than a minute.
"""

import argparse
import pathlib
import time

import jax
import jax.numpy as jnp
import numpy as np
from matplotlib.figure import Figure

import equibacksolve as ebs
from equibacksolve import diagnostics
from equibacksolve.plotting import Quantity, draw_profile

jax.config.update("jax_enable_x64", True)

LEVELS = np.array([0.683, 0.954])


class Rise(ebs.AbstractSimulator):
    """A signal that saturates."""

    rate: jax.Array
    height: jax.Array

    def predict(self, time):
        return self.height * (1 - jnp.exp(-self.rate * time))


def hidden(simulator):
    return simulator.rate, simulator.height


def rate(simulator):
    return simulator.rate


TRUTH = Rise(jnp.asarray(1.5), jnp.asarray(1.0))
TIME = jnp.array([0.5, 1.0, 1.5, 2.0, 2.5, 3.0])


def linear(interval):
    return interval.estimate, interval.error


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=40, help="of readings")
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/intervals.png"))
    arguments = parser.parse_args()
    began, intervals, curves = time.perf_counter(), [], None
    for number in range(arguments.sets):
        observed = ebs.simulated_observations(TRUTH, sigma=0.08, key=number, time=TIME)
        found = ebs.backsolve(TRUTH, observed, ebs.LevenbergMarquardt(), where=hidden, progress=False)
        intervals.append(diagnostics.profile_interval(found.simulator, observed, rate, where=hidden, levels=LEVELS))
        if curves is None:
            later = lambda s: s.predict(time=jnp.linspace(0.0, 6.0, 61))
            curves = observed, diagnostics.derived(found.simulator, observed, later, where=hidden)
            print(*intervals[0].told, sep="\n")
            print(f"standard error: {float(intervals[0].estimate):.4g} +- {float(intervals[0].error):.2g}")
    centers, errors = (np.array([float(part) for part in parts]) for parts in zip(*map(linear, intervals)))
    for number, level in enumerate(LEVELS):
        reach = errors * float(intervals[0].quantiles[number])
        ends = {
            "profile": ([one.lower[number] for one in intervals], [one.upper[number] for one in intervals]),
            "linear": (centers - reach, centers + reach),
        }
        for name, (lower, upper) in ends.items():
            below, above = (int(np.sum(missed)) for missed in (np.asarray(lower) > 1.5, np.asarray(upper) < 1.5))
            held = arguments.sets - below - above
            print(f"{level:.3f}, {name}: {held} of {arguments.sets} hold the truth; {below} above it, {above} below it")
    figure = Figure(figsize=(9, 3), layout="constrained")
    left, right = figure.subplots(1, 2)
    draw_profile(left, intervals[0], Quantity("rate"), "profile of the rate")
    observed, band = curves
    ahead, middle = jnp.linspace(0.0, 6.0, 61), band.value
    right.fill_between(ahead, middle - 2 * band.error, middle + 2 * band.error, alpha=0.3, label="two errors")
    right.plot(ahead, middle, label="found")
    right.errorbar(TIME, observed.values, observed.sigma, fmt="k.", label="readings")
    right.set(title="what would be read later", xlabel="time")
    right.legend(frameon=False)
    arguments.picture.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(arguments.picture, dpi=100)
    print(f"seconds={time.perf_counter() - began:.1f} picture={arguments.picture}")


if __name__ == "__main__":
    main()
