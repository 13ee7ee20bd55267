"""The method that a search takes if it is not told one."""

import jax

from equibacksolve._host import usable_cores
from equibacksolve.methods import (
    AbstractMethod,
    Annealing,
    BetweenLevels,
    Continuation,
    LevenbergMarquardt,
    Restarts,
    brisk_schedule,
    even_first,
    heavy_ball,
    patient_schedule,
    short_heavy_ball,
    single_stage,
    stage_of_search,
    two_stages,
)
from equibacksolve.specialists import FewDiscs


def default_method(landscape: bool = True) -> AbstractMethod:
    """From one random start after another.

    - `landscape`: whether some hidden leaf is a map, whose neighbours are neighbours in space; `backsolve` looks.

    For a map, one method follows another, each for another kind of landscape. Levenberg-Marquardt comes first, in case
    the start is close. Then, in turns: continuation for smooth landscapes, under one prior after another; annealing and
    steps with momentum for rough landscapes; steps with momentum between two levels for patterns; and a walk through
    few discs for strong scatterers (antidots). Then all over again.

    Without a map, it is Levenberg-Marquardt. In every other start the data are blurred first. It ends when twenty
    starts have led to the same lowest minimum.

    For maps, on a CPU, as many searches go on at a time as the process has cores, up to eight. With more, the part of
    each step that Python does would keep them waiting for one another.
    """
    parallel = min(usable_cores(), 8) if jax.default_backend() == "cpu" else 1
    return _for_maps(parallel) if landscape else _for_numbers()


def _for_numbers() -> Restarts:
    search = LevenbergMarquardt()
    sharp, blurred = (Continuation(search, search, schedule) for schedule in (single_stage(), brisk_schedule()))
    return Restarts(sharp, (blurred, sharp), starts=1000, spread=3.0, repeats=20)


def _for_maps(parallel: int) -> Restarts:
    stage, last = stage_of_search(25), stage_of_search(60)
    opening = Continuation(stage, stage_of_search(12), even_first())
    quick, light = short_heavy_ball(), heavy_ball(momentum=0.8, damping_divisor=1.2, nonmonotone=10)
    # Gentle landscapes are found without momentum, in half the time; more of the higher ones with it.
    gentle, smooth, smoother, smoothest, fine, finest = (
        Continuation(method, last, schedule)
        for method, schedule in (
            (stage, patient_schedule(2.0)),
            (quick, patient_schedule(2.0)),
            (quick, patient_schedule(3.0)),
            (quick, patient_schedule(4.0)),
            (quick, brisk_schedule(1.0)),
            (light, brisk_schedule(0.5)),
        )
    )
    finished = lambda method: Continuation(method, last, two_stages())
    # Patterns stand out on either side.
    up, higher, lower, down = (finished(BetweenLevels(height=height)) for height in (1.0, 1.25, 0.8, -1.0))
    # A walk works where its levels are wrong by a factor of two; steps with momentum find weaker patterns.
    discs, high_discs = FewDiscs(height=3.0), FewDiscs(height=4.5)
    in_turns = (
        *(gentle, up, Annealing(), smoothest, discs, Annealing(), fine, lower, Annealing(), smoother, high_discs),
        *(finished(heavy_ball()), finest, higher, smoothest, discs, Annealing(), down, smooth, high_discs),
    )
    return Restarts(opening, in_turns, starts=1000, parallel=parallel)
