"""The method that a search takes if it is not told one."""

import jax

from equibacksolve._host import usable_cores
from equibacksolve.methods import (
    AbstractMethod,
    Annealing,
    Box,
    LevenbergMarquardt,
    RandomGuesses,
    Restarts,
    Stage,
    Stages,
    coarse_to_fine,
    finished,
    heavy_ball,
    short_heavy_ball,
    stage_of_search,
)
from equibacksolve.specialists import FewDiscs, walk_and_descent


def default_method(landscape: bool = True) -> AbstractMethod:
    """One search after another until the data are explained, each from its own start.

    - `landscape`: whether some hidden leaf is a map, whose neighbours are neighbours in space; `backsolve` looks.

    For a map, two searches begin at the user's guess: one in case it is close, one for gentle landscapes. Others then
    take turns, from random starts: a box between two levels for patterns, annealing for rough landscapes, coarse to
    fine with momentum for smooth ones (twice), and walks through discs, a few small ones for strong scatterers
    (antidots) and large ones for domains (p-n junctions). What each must assume is drawn anew for each start: over
    which length the map varies, how high it is.

    Without a map, it is Levenberg-Marquardt. In every other start the data are blurred first. It ends when twenty
    starts have led to the same lowest minimum.

    For maps, on a CPU, as many searches go on at a time as the process has cores, up to eight. With more, the part of
    each step that Python does would keep them waiting for one another.
    """
    parallel = min(usable_cores(), 8) if jax.default_backend() == "cpu" else 1
    return _for_maps(parallel) if landscape else _for_numbers()


def _for_numbers() -> Restarts:
    search = LevenbergMarquardt()
    blurred = coarse_to_fine(search, search, blurs=(0.15, 0.075, 0.0375, 0.0), strengths=(0.0,) * 4)
    sharp = Stages((search,))
    return Restarts(sharp, (blurred, sharp), starts=1000, guesses=RandomGuesses(3.0), repeats=20)


def _for_maps(parallel: int) -> Restarts:
    close = finished(last=stage_of_search(12))
    gentle = coarse_to_fine(stage_of_search(25))
    pattern = finished(Stage(heavy_ball(), box=Box(height=(0.8, 1.25), against=0.25)))
    smooth, fine = (coarse_to_fine(short_heavy_ball(), length=ends) for ends in ((2.0, 4.0), (0.5, 2.0)))
    discs = walk_and_descent(FewDiscs(height=(3.0, 4.5)))
    domains = walk_and_descent(FewDiscs(height=(1.3, 2.2), filled=0.5, radii=(1.0, 8.0)))
    in_turns = (pattern, Annealing(), smooth, discs, fine, domains)
    return Restarts((close, gentle), in_turns, starts=1000, parallel=parallel)
