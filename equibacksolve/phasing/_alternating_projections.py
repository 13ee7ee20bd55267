"""The true atoms of a momentum image: alternating projections from random phases, least squares at the end."""

from typing import NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, PRNGKeyArray

from equibacksolve._arrays import float_array
from equibacksolve._axes import Scalar
from equibacksolve.inverse import Hidden, Problem
from equibacksolve.methods import AbstractMethod, State, check_counts, first_state, judged, outer_state
from equibacksolve.phasing._atoms import Transform, drawn
from equibacksolve.phasing._finish import Places, finish, into_box, split_peaks, with_positions
from equibacksolve.phasing._iteration import (
    Keys,
    Rule,
    Search,
    atoms_seen,
    begun,
    begun_from,
    has_fallen,
    put_off,
    searched,
    with_start,
)
from equibacksolve.phasing._moduli import onto_moduli
from equibacksolve.phasing._task import Task, task_of

SAME, TRIES = 1e-3, 3
"""Costs that differ by this fraction are of one structure; finishes of one start before the next one begins."""

SMALL = 0.45
"""A gap below which a start may be near the structure after its first step. That of strong disorder is 0.5 to 0.6."""


class Inner(NamedTuple):
    """What a search keeps for itself.

    - `begun`: how many starts were made; `tries`: how often each of those that go on was finished.
    - `finished`: the cost of the best structure that starts which were given up have led to.
    """

    task: Task
    search: Search
    key: PRNGKeyArray
    begun: Int[Array, ""]
    tries: Int[Array, " starts"]
    finished: Scalar


class AlternatingProjections(AbstractMethod):
    """Find the atoms of a `MomentumImage`, up to what it cannot tell: a translation, and the inversion.

    The phases are lost in the image, the moduli are known. Of all maps with these moduli, one is a sum of so many equal
    atoms. An iteration (`phasing.iterate`) goes from the nearest map with these moduli to the nearest sum of atoms and
    beyond, so that it does not end in a trap. When it comes upon the structure, the gap between the two falls, within
    some ten iterations, to a small part of what it was. Then the peaks become as many atoms as there are, and
    Levenberg-Marquardt on their positions does the rest. If the data are not explained, the next start begins.

    The number of atoms is that of the simulator, whose positions do not matter, unless `known` or `informed` says so.
    Iterations grow exponentially with the number of atoms: some hundreds for 50, ten thousand for 100.

    A step is `iterations` of each start; in the history, `start` counts the random starts.

    **Fields**

    - `relaxation`, `stride`: the two numbers r and s of `phasing.iterate`.
    - `peaks`: how many peaks are drawn, in units of the number of atoms.
    - `sharpness`: the width of an atom in the search, in units of its own.
    - `fall`: the part of its mean to which the gap must fall before the finish is tried.
    - `known`: so many of the simulator's atoms, the first ones, are known: they stay where they are. A tenth of the
      atoms makes a search easy that finds nothing without; a single one, which fixes the translation only, hinders it.
      With noisy data, pass `polish=False` too: the last steps of `backsolve`, made where need be, move all atoms.
    - `informed`: whether the first start has the phases of the simulator's own positions. They may be wrong by an
      eighth of the distance between atoms in each coordinate.
    - `parallel`: starts that are searched at a time, for devices that do that at the price of one. On a CPU, 1.
    - `iterations`, `patience`: iterations in a step, and after how many a start is given up for the next one.
    - `starts`: the most that are made.
    - `repairs`: how often misplaced atoms are moved before a finish is given up.

    It ends when the data are explained, or two finishes have led to the same structure, or all starts are used up. Data
    that were not measured (masked) are left free.

    **Raises** ValueError for numbers out of range; and, when a search begins, for another simulator than a
    `MomentumImage`, hidden leaves other than its positions, bounds, priors, and fewer moduli than coordinates.
    """

    relaxation: Float[Array, ""] = eqx.field(converter=float_array, default=0.8)
    stride: Float[Array, ""] = eqx.field(converter=float_array, default=0.9)
    peaks: float = eqx.field(static=True, default=1.3)
    sharpness: float = eqx.field(static=True, default=0.4)
    fall: Float[Array, ""] = eqx.field(converter=float_array, default=0.8)
    known: int = eqx.field(static=True, default=0)
    informed: bool = eqx.field(static=True, default=False)
    parallel: int = eqx.field(static=True, default=1)
    iterations: int = eqx.field(static=True, default=200)
    patience: int = eqx.field(static=True, default=20_000)
    starts: int = eqx.field(static=True, default=1000)
    repairs: int = eqx.field(static=True, default=12)

    def __check_init__(self):
        check_counts(self, "parallel", "iterations", "patience", "starts")
        for name in ("known", "repairs"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is {getattr(self, name)}; give at least 0.")
        for name, least, most in (("peaks", 1, 4), ("sharpness", 0, 1), ("relaxation", 0, 1)):
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"{name} is {getattr(self, name):g}; give a number from {least} to {most}.")
        for name, most in (("stride", 2), ("fall", 1)):
            if not 0 < getattr(self, name) < most:
                raise ValueError(f"{name} is {getattr(self, name):g}; give a number between 0 and {most}.")

    def init(self, problem: Problem, hidden: Hidden, key: PRNGKeyArray) -> State:
        task = task_of(problem, hidden, self.known, self.sharpness)
        search = begun(_keys(key, 0, self.parallel), task.data)
        if self.informed:
            search = with_start(search, 0, begun_from(_phases_of(hidden, task)[None]))
        infinite = jnp.full_like(problem.tolerance, jnp.inf)
        counts = jnp.asarray(self.parallel, jnp.int32), jnp.zeros(self.parallel, jnp.int32)
        inner = Inner(task, search, key, *counts, infinite)
        return first_state(hidden, infinite, inner)

    def step(self, problem: Problem, state: State) -> State:
        task, before, key, *_ = state.inner
        count = _peaks_drawn(self.peaks, task)
        search = searched(before, task.data, count, self._rule(), jnp.asarray(self.iterations, jnp.int32))
        used = state.evaluations + jnp.sum(search.age - before.age, dtype=state.evaluations.dtype)
        slot, ready = _most_promising(before, search)
        known = np.asarray(state.hidden.positions[: self.known])
        positions = np.concatenate([known, _atoms_of(search, slot, task, count, key, int(used))])
        positions, settled = into_box(positions, task, self.known), False
        if ready:
            positions, settled = finish(problem, state.hidden, task, positions, self.known, self.repairs)
        hidden = with_positions(problem, state.hidden, positions)
        cost, penalty = judged(problem, hidden)
        inner, over = self._followed(state.inner._replace(search=search), slot if ready else None, float(cost))
        done, start = over or bool(problem.explained(cost)), inner.begun - self.parallel
        return outer_state(hidden, cost, inner, used, done=done, settled=settled, penalty=penalty, start=start)

    def _followed(self, inner: Inner, finished: int | None, cost: float) -> tuple[Inner, bool]:
        """The same, with new starts in place of those that are given up, and whether the search is over.

        `finished`: the start that has just been finished, at this cost, or None.
        """
        search, tries, best, again = inner.search, inner.tries, inner.finished, False
        if finished is not None:
            search, tries = put_off(search, finished), tries.at[finished].add(1)
        ended = np.asarray((tries >= TRIES) | (search.age >= self.patience))
        if finished is not None and ended[finished]:
            again = bool(jnp.isfinite(best)) and abs(cost - float(best)) <= SAME * float(best)
            best = jnp.minimum(best, cost)
        begun_before, over = int(inner.begun), again or (bool(ended.any()) and int(inner.begun) >= self.starts)
        new = [] if over else np.flatnonzero(ended).tolist()
        for number, start in enumerate(new, begun_before):
            search = with_start(search, start, begun(_keys(inner.key, number, 1), inner.task.data))
            tries = tries.at[start].set(0)
        return Inner(inner.task, search, inner.key, inner.begun + len(new), tries, best), over

    def _rule(self) -> Rule:
        return Rule(*(number.astype(jnp.float32) for number in (self.relaxation, self.stride, self.fall)))


def _keys(key: PRNGKeyArray, first: int, count: int) -> Keys:
    return jax.vmap(lambda number: jax.random.fold_in(key, number))(jnp.arange(first, first + count))


@eqx.filter_jit
def _phases_of(hidden: Hidden, task: Task) -> Transform:
    """The measured moduli with the phases of the simulator's own positions."""
    positions = hidden.positions.astype(jnp.float32)
    return onto_moduli(drawn(positions, jnp.ones_like(positions[:, 0]), task.data.shape), task.data.moduli)


def _peaks_drawn(ratio: float, task: Task) -> int:
    """So many peaks an atom that is looked for, but no more than a map can have."""
    wanted = round(ratio * float(jnp.sum(task.free)))
    return max(1, min(wanted, task.box.pixels**2 // 4))


def _most_promising(before: Search, search: Search) -> tuple[int, bool]:
    """The start whose gap is lowest against its mean, and whether it is to be finished.

    It is if it has stopped by itself; or once, after its first step, if its gap is small: what begins near the
    structure, or comes there at once, has no mean from which the gap could fall.
    """
    gap, young = np.asarray(search.gap), np.asarray(before.age) == 0
    ready = np.asarray(has_fallen(search)) | (young & (gap < SMALL))
    return int(np.argmin(np.where(ready, -1.0, gap / np.asarray(search.mean)))), bool(ready.any())


def _atoms_of(search: Search, slot: int, task: Task, count: int, key: PRNGKeyArray, used: int) -> Places:
    """As many atoms as are looked for, from the peaks of one start."""
    places, heights = atoms_seen(search, jnp.asarray(slot), task.data, count)
    # Pairs are split in another direction each time, but in the same one when a search is repeated or resumed.
    random = np.random.default_rng([*np.asarray(jax.random.key_data(key)).ravel().tolist(), used])
    apart = float(task.box.width)
    return split_peaks(np.asarray(places, float), np.asarray(heights), int(jnp.sum(task.free)), apart, random)
