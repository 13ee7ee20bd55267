"""A run in processes that are killed: `python killed_run.py FOLDER KILLS`, for test_killed_run.py.

Writes FOLDER/whole, by one process, and FOLDER/killed, by KILLS processes that are killed at random moments and one
that is not. Processes are forked after the imports, before JAX has started anything: they share only the files.
"""

import os
import pathlib
import random
import signal
import sys
import threading
import time

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array

import equibacksolve as ebs
from equibacksolve.search import _run_directory

STEPS = 240
"""More than ten processes make that are killed: none makes more than 20 and lives."""


class Wells(ebs.AbstractSimulator):
    """Data that no place explains, so that the search restarts until its steps are used up."""

    place: Array = eqx.field(converter=jnp.asarray)

    def predict(self):
        return jnp.concatenate([self.place**2 - 1, jnp.sin(3 * self.place)])


def problem():
    """The simulator and the data: made in the process that needs them."""
    return Wells(np.array([-1.2, 0.3])), ebs.Observations(np.array([1.0, -1.0, 0.5, 0.2]))


def run(out, pause, callback=None):
    """One process: restarts whose inner state changes its structure, with random starts."""
    jax.config.update("jax_enable_x64", True)
    _run_directory.SECONDS_BETWEEN_CHECKPOINTS = pause
    simulator, observed = problem()
    descent = ebs.methods.GradientDescent(optax.adam(0.1), steps=13)
    method = ebs.methods.Restarts(
        ebs.LevenbergMarquardt(steps=9), (descent, ebs.LevenbergMarquardt(steps=11)), starts=1000
    )
    key = jax.random.key(5)
    more = {"where": lambda s: s.place, "key": key, "steps": STEPS, "progress": False, "resume": True}
    ebs.backsolve(simulator, observed, method, out=out, callback=callback, **more)


def run_until_killed(out, pause, steps, delay):
    """The same, killed a moment after it has made so many steps more (0: a moment after its beginning)."""
    kill = threading.Timer(delay, lambda: os.kill(os.getpid(), signal.SIGKILL))
    made = 0

    def callback(state):
        nonlocal made
        made += 1
        if made == steps:
            kill.start()
        time.sleep(0.001 if made < steps + 8 else 60)  # so that the end is not reached before the kill

    if steps == 0:
        kill.start()
    run(out, pause, callback)


def forked(function, *arguments):
    """The signal that ended a process that does this, 0 if it ended by itself."""
    process = os.fork()
    if process == 0:
        function(*arguments)
        os._exit(0)
    _, status = os.waitpid(process, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0


def main():
    folder, kills = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    assert forked(run, folder / "whole", 10.0) == 0
    draw = random.Random()
    for kill in range(kills):
        # Every step is written, or one in some: a process is killed while it writes, or between.
        pause = draw.choice([0.0, 0.0, 0.02])
        steps, delay = (0, draw.uniform(0, 0.5)) if kill % 5 == 1 else (draw.randint(1, 12), draw.uniform(0, 0.02))
        assert forked(run_until_killed, folder / "killed", pause, steps, delay) == signal.SIGKILL
    assert forked(run, folder / "killed", 0.0) == 0


if __name__ == "__main__":
    main()
