"""Levenberg-Marquardt as searches from random starts use it: given up early, or with momentum."""

from equibacksolve.inverse.methods._levenberg_marquardt import LevenbergMarquardt


def stage_of_search(steps: int = 25) -> LevenbergMarquardt:
    """Quick and greedy: for the stages of a search from random starts, most of which lead nowhere.

    It is given up when five steps gain less than half a per cent, unless the data are explained.
    """
    return LevenbergMarquardt(steps, decrease=0.005, damping=0.1)


def heavy_ball(
    steps: int = 200, momentum: float = 0.97, ease: float = 1.1, uphill: int = 20, patience: int = 40
) -> LevenbergMarquardt:
    """A heavy ball that rolls down the misfit: for rough landscapes and patterns, from small random starts.

    Small steps downhill find rough landscapes that Gauss-Newton steps miss: they fit first what the data know best, and
    everything else only then. Momentum carries the search through the shallow valleys on the way, in which steepest
    descent, and every method whose objective only falls, would end. Here the time along the path grows by a tenth with
    each step, D is the same for all unknowns, and 97 % of a step go into the next. A lighter ball in more haste
    (`momentum` 0.8, `ease` 1.2, `uphill` 10) takes half the steps, and finds other landscapes. One in still more haste
    (besides, `steps` 60, `ease` 1.3, `patience` 15) is what the stages of a continuation want.

    It is given up when `patience` steps gain less than 12 %. The last digits want plain Levenberg-Marquardt after it.
    """
    # A floor far above all curvatures makes D the same for all unknowns. Times the damping it is 3 % of their mean.
    floor = 1e4
    return LevenbergMarquardt(
        steps, patience, decrease=0.12, damping=0.03 / floor, floor=floor, ease=ease, momentum=momentum, uphill=uphill
    )


def quick_ball() -> LevenbergMarquardt:
    """A light ball in haste: for the stages of a continuation, and to go on from where a rough search ended."""
    return heavy_ball(steps=60, momentum=0.8, ease=1.3, uphill=10, patience=15)
