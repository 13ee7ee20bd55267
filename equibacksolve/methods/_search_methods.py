"""Levenberg-Marquardt as searches from random starts use it: given up early, or with momentum."""

from equibacksolve.methods._levenberg_marquardt import LevenbergMarquardt


def stage_of_search(steps: int = 25) -> LevenbergMarquardt:
    """Quick and greedy: for the stages of a search from random starts, most of which lead nowhere.

    It is given up when five steps gain less than half a per cent, unless the data are explained.
    """
    return LevenbergMarquardt(steps, decrease=0.005, damping=0.1)


def heavy_ball(
    steps: int = 200, momentum: float = 0.97, damping_divisor: float = 1.1, nonmonotone: int = 20, patience: int = 40
) -> LevenbergMarquardt:
    """Levenberg-Marquardt with momentum (Polyak's heavy ball, 1964): for rough maps, from small random starts.

    Small steps find rough maps that Gauss-Newton steps miss. They fit first what the data determine best, and the rest
    later. Momentum leads through shallow minima on the way, in which a method would end whose objective only falls.
    D is the same for all unknowns.

    - `steps`: the most that are made.
    - `momentum`: 97 % of a step are added to the next one.
    - `damping_divisor`: the time along the path grows by a tenth with each step.
    - `nonmonotone`: as in `LevenbergMarquardt`.
    - `patience`: it ends when so many steps lower the objective by less than 12 %.

    With `momentum` 0.8, `damping_divisor` 1.2 and `nonmonotone` 10 it takes half the steps, and finds other maps. The
    last digits want plain Levenberg-Marquardt after it.
    """
    # A floor far above all curvatures makes D the same for all unknowns. Times the damping it is 3 % of their mean.
    floor = 1e4
    return LevenbergMarquardt(
        steps,
        patience,
        decrease=0.12,
        damping=0.03 / floor,
        floor=floor,
        damping_divisor=damping_divisor,
        momentum=momentum,
        nonmonotone=nonmonotone,
    )


def short_heavy_ball() -> LevenbergMarquardt:
    """A short one: for the stages of a continuation, and to go on from where a rough search ended."""
    return heavy_ball(steps=60, momentum=0.8, damping_divisor=1.3, nonmonotone=10, patience=15)
