"""What searches from random starts are made of: quick stages, steps with momentum, coarse to fine."""

from collections.abc import Sequence
from typing import Any

from equibacksolve.methods._damping import Damping
from equibacksolve.methods._levenberg_marquardt import LevenbergMarquardt
from equibacksolve.methods._method import AbstractMethod
from equibacksolve.methods._stages import Stage, Stages

BLURS, STRENGTHS = (0.15, 0.15, 0.075, 0.0375, 0.0), (8e-5, 8e-6, 8e-6, 8e-7, 8e-8)
"""Stages from coarse to fine: the prior gets weaker before the data get sharper."""


def stage_of_search(steps: int = 25) -> LevenbergMarquardt:
    """Quick and greedy: for the stages of a search from random starts, most of which lead nowhere.

    It is given up when five steps gain less than half a per cent, unless the data are explained.
    """
    return LevenbergMarquardt(steps, decrease=0.005, step_length=Damping(0.1))


def heavy_ball(
    steps: int = 200, momentum: float = 0.97, divisor: float = 1.1, nonmonotone: int = 20, patience: int = 40
) -> LevenbergMarquardt:
    """Levenberg-Marquardt with momentum (Polyak's heavy ball, 1964): for rough maps, from small random starts.

    Small steps find rough maps that Gauss-Newton steps miss. They fit first what the data determine best, and the rest
    later. Momentum leads through shallow minima on the way, in which a method would end whose objective only falls.
    D is the same for all unknowns.

    - `steps`: the most that are made.
    - `momentum`: 97 % of a step are added to the next one.
    - `divisor`: the time along the path grows by a tenth with each step.
    - `nonmonotone`: as in `LevenbergMarquardt`.
    - `patience`: it ends when so many steps lower the objective by less than 12 %.

    With `momentum` 0.8, `divisor` 1.2 and `nonmonotone` 10 it takes half the steps, and finds other maps. The
    last digits want plain Levenberg-Marquardt after it.
    """
    # A floor far above all curvatures makes D the same for all unknowns. Times the damping it is 3 % of their mean.
    floor = 1e4
    damping = Damping(0.03 / floor, divisor, floor)
    return LevenbergMarquardt(steps, patience, 0.12, damping, momentum, nonmonotone)


def short_heavy_ball() -> LevenbergMarquardt:
    """A short one: for the stages of a continuation, and to go on from where a rough search ended."""
    return heavy_ball(steps=60, momentum=0.8, divisor=1.3, nonmonotone=10, patience=15)


def finished(*stages: AbstractMethod | Stage, length: Any = 1.0, last: AbstractMethod | None = None) -> Stages:
    """These stages, which find a valley, and then the way to its bottom.

    `last`, left out `stage_of_search(60)`, is run on evened data, on data that are evened anew from a better guess, and
    on data as they are.
    """
    last = stage_of_search(60) if last is None else last
    return Stages((*stages, Stage(last, evened=True), Stage(last, evened=True), last), length)


def coarse_to_fine(
    method: AbstractMethod,
    last: AbstractMethod | None = None,
    length: Any = 2.0,
    blurs: Sequence[float] = BLURS,
    strengths: Sequence[float] = STRENGTHS,
) -> Stages:
    """Continuation: blurred data under a strong smoothness prior first, sharp data without one at last.

    - `method`: run in each stage.
    - `last`: run in the last stages, as in `finished`.
    - `length`: over which the prior expects maps to vary; of two numbers, it is drawn between them.
    - `blurs`, `strengths`: of the stages, as in `Stage`.
    """
    stages = [Stage(method, blur, strength) for blur, strength in zip(blurs, strengths, strict=True)]
    return finished(*stages, length=length, last=last)
