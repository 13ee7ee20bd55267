"""Three intervals for one number, and how often each holds the truth.

A signal rises as height (1 - exp(-rate t)) and is read six times. The standard error of the rate takes the model as
linear. The profile interval fits the height anew at every rate. The sampled one has what is left of the posterior when
as much is cut off on either side; its prior is flat, for rates up to 20. Where the readings hardly tell how fast it
was, the three differ: the profile is no parabola, and the draws are not normal. The noise is drawn again and again, and
each interval is asked whether it holds the true rate. Needs `pip install "equibacksolve[plot,samples]"`.
`python examples/intervals.py [--sets N]`: 40 sets of readings in about a minute.
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


BOUNDS = ((0.0, -jnp.inf), (20.0, jnp.inf))
"""Of the draws: without an end to the rates the posterior would have none."""


def ends_of_all(number, draws):
    """The readings of set `number`, what was found, and its intervals of the rate: (lower, upper), each by level."""
    observed = ebs.simulated_observations(TRUTH, sigma=0.08, key=number, time=TIME)
    found = ebs.backsolve(TRUTH, observed, ebs.LevenbergMarquardt(), where=hidden, progress=False).simulator
    profile = diagnostics.profile_interval(found, observed, rate, where=hidden, levels=LEVELS)
    chosen = {"where": hidden, "bounds": BOUNDS, "draws": draws, "key": number}
    samples = diagnostics.posterior_samples(found, observed, **chosen)
    reach = profile.error * profile.quantiles
    ends = {
        "standard error": (profile.estimate - reach, profile.estimate + reach),
        "profile": (profile.lower, profile.upper),
        "sampled": samples.interval(rate, LEVELS),
    }
    return observed, found, profile, samples, ends


def picture_of(observed, found, profile, samples, ends):
    """The profile, the draws below the three intervals, and what would be read later."""
    figure = Figure(figsize=(12, 3.2), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    draw_profile(left, profile, Quantity("rate"), "profile of the rate")
    heights, *_ = middle.hist(np.ravel(samples.hidden.rate), bins=60, density=True, color="0.8", label="draws")
    for row, (name, (lower, upper)) in enumerate(ends.items()):
        height, colour = heights.max() * (1.1 + 0.12 * row), f"C{row}"
        for level, width in ((1, 1.5), (0, 5)):
            middle.plot([lower[level], upper[level]], [height, height], color=colour, linewidth=width)
        middle.text(upper[1] + 0.05, height, name, color=colour, va="center", fontsize=8)
    middle.axvline(TRUTH.rate, color="black", linewidth=0.8, linestyle=":")
    middle.set(xlabel="rate", yticks=[])
    middle.set_title("draws and intervals of the rate, 68 and 95 %", fontsize=9)
    middle.set_xlim(0.3, float(max(upper[1] for _, upper in ends.values())) + 1.2)
    ahead = jnp.linspace(0.0, 6.0, 61)
    band = diagnostics.derived(found, observed, lambda s: s.predict(time=ahead), where=hidden)
    right.fill_between(ahead, band.value - 2 * band.error, band.value + 2 * band.error, alpha=0.3, label="two errors")
    right.plot(ahead, band.value, label="found")
    right.errorbar(TIME, observed.values, observed.sigma, fmt="k.", label="readings")
    right.set_xlabel("time")
    right.set_title("what would be read later", fontsize=9)
    right.legend(frameon=False, fontsize=8)
    return figure


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=int, default=40, help="of readings")
    parser.add_argument("--draws", type=int, default=1000, help="of each of four chains")
    parser.add_argument("--picture", type=pathlib.Path, default=pathlib.Path("pictures/intervals.png"))
    arguments = parser.parse_args()
    began = time.perf_counter()
    first, *others = (ends_of_all(number, arguments.draws) for number in range(arguments.sets))
    profile, samples = first[2:4]
    print(*profile.told, *samples.told, sep="\n")
    print(f"standard error: {float(profile.estimate):.4g} +- {float(profile.error):.2g}")
    for name, (lower, upper) in first[-1].items():
        told = ", ".join(f"{low:.3f} to {high:.3f}" for low, high in zip(lower, upper))
        print(f"{name}: {told}")
    every = [ends for *_, ends in (first, *others)]
    for number, level in enumerate(LEVELS):
        for name in every[0]:
            below = sum(bool(ends[name][0][number] > TRUTH.rate) for ends in every)
            above = sum(bool(ends[name][1][number] < TRUTH.rate) for ends in every)
            held = arguments.sets - below - above
            print(f"{level:.3f}, {name}: {held} of {arguments.sets} hold the truth; {below} above it, {above} below it")
    arguments.picture.parent.mkdir(parents=True, exist_ok=True)
    picture_of(*first).savefig(arguments.picture, dpi=100)
    print(f"seconds={time.perf_counter() - began:.1f} picture={arguments.picture}")


if __name__ == "__main__":
    main()
