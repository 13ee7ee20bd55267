"""A report of a finished search: one HTML file with everything in it."""

import pathlib
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np

from equibacksolve import diagnostics
from equibacksolve.diagnostics._unknowns import Selector, split
from equibacksolve.inverse import AbstractSymmetry, Observations, Solution, with_leaves
from equibacksolve.plotting import Quantity, fit_figure
from equibacksolve.plotting._style import CONDUCTANCE
from equibacksolve.reporting import _sections, _symmetry
from equibacksolve.reporting._leaves import as_simulator, leaves_of
from equibacksolve.reporting._page import page, paragraph, picture, section
from equibacksolve.reporting._pictures import direction_figure, evolution_figure
from equibacksolve.reporting._prior import search_precision
from equibacksolve.simulators import Magnetoconductance, MomentumImage

LARGEST_JACOBIAN = 4_000_000
"""Entries of a Jacobian whose singular values a report waits for: a few seconds."""


def write_report(
    found: Solution,
    observed: Observations,
    *,
    where: Selector,
    path: str | pathlib.Path = "report.html",
    truth: Any = None,
    title: str = "What was found",
    symmetries: Mapping[str, AbstractSymmetry] | None = None,
    settings: Mapping[str, Quantity] | None = None,
    reading: Quantity | None = None,
    prior_precision: Any = None,
    largest_jacobian: int = LARGEST_JACOBIAN,
) -> pathlib.Path:
    """Write a report of a search as one HTML file, pictures inside, and return its path.

    What was measured, what was found and how well it is known, the fit, the course, what the data cannot tell, and
    the versions. It suits any simulator and any hidden leaves.

    **Arguments**

    - `found`, `observed`, `where`: the result of `backsolve`, and what it was given.
    - `truth`: a simulator, or leaves as `where` returns them; the image of what was found that is closest to it is
      shown.
    - `symmetries`: by name, for the note on what no datum can see. Left out, mirrors and a change of sign are tried.
    - `settings`, `reading`: labels and units of the settings and of the values, see `plotting.Quantity`.
    - `prior_precision`: for the errors, as in `diagnostics.standard_errors`; left out, that of
      the smoothness prior under which the default search ends where sigma is known. Pass 0 for a search without one.
    - `largest_jacobian`: entries (data x unknowns) beyond which errors and singular values are left out.

    **Raises** ValueError for a truth of another form than what `where` returns.
    """
    path = pathlib.Path(path)
    simulator = found.simulator
    truth = as_simulator(simulator, where, truth)
    tried = _symmetry.likely_symmetries(simulator, where) if symmetries is None else dict(symmetries)
    seen = _symmetry.held(tried, simulator, observed)
    blind = [symmetry for symmetry, _, unseen in seen.values() if unseen]
    remark = ""
    if truth is not None and blind:
        simulator = _symmetry.nearest_to(truth, simulator, blind, where)
        remark = "Of the images that the data cannot tell apart, the one closest to the truth is shown."
    closest = lambda one: _symmetry.nearest_to(simulator, one, blind, where) if blind else one
    course = [(step, closest(with_leaves(simulator, hidden))) for step, hidden in _course(found)]
    start = closest(with_leaves(simulator, found.history.snapshots[0][1])) if course else None
    if prior_precision is None and observed.sigma is not None:
        prior_precision = search_precision(simulator, where)
        remark += " The errors are those under the smoothness prior of the search."
    judged, errors, known = _judge(simulator, observed, where, prior_precision, largest_jacobian)
    leaves = leaves_of(simulator, where, errors, start, truth)
    if reading is None:
        reading = CONDUCTANCE if isinstance(simulator, Magnetoconductance) else Quantity("reading")
    parts = [
        _sections.verdict_section(found, judged),
        _sections.measured_section(observed, settings, reading),
        _sections.found_section(leaves, remark.strip()),
        _fit(simulator, observed, settings, reading),
        known,
        _symmetry.symmetry_section(seen, simulator),
        _sections.history_section(found.history, _evolution(found.history, course, where)),
        _sections.versions_section(simulator),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(title, parts), encoding="utf-8")
    return path


def _judge(simulator, observed, where, prior_precision, largest):
    """The verdict and the standard errors where sigma allows them, and the section on what the data determine."""
    name = "What the data determine"
    unknowns = sum(leaf.size for leaf in jax.tree.leaves(split(simulator, where)[0]))
    if unknowns * observed.values.size > largest:
        size = f"{observed.values.size} data and {unknowns} unknowns"
        return (
            None,
            None,
            section(name, paragraph(f"Left out: {size} make a Jacobian above largest_jacobian={largest}.")),
        )
    determined = diagnostics.identifiability(simulator, observed, where=where)
    parts = [picture(_directions(determined, where), "singular values and worst-known directions")]
    told = f"The data determine {determined.rank} of {unknowns} combinations of the unknowns at all"
    judged, errors = None, None
    if observed.sigma is None:
        told += "; how well, they tell only with sigma."
    else:
        well = int(np.sum(1 / np.maximum(np.asarray(determined.singular_values), 1e-300) < 0.1))
        told += f", and {well} of them to better than 0.1."
        try:
            errors = diagnostics.standard_errors(
                simulator, observed, where=where, prior_precision=prior_precision
            ).errors
            judged = diagnostics.goodness_of_fit(
                simulator, observed, where=where, prior_precision=prior_precision
            ).verdict
        except ValueError as reason:
            judged = f"not to be had: {reason}"
    return judged, errors, section(name, paragraph(told), *parts)


def _directions(determined, where):
    """The three worst-known directions: the map in which most of it lies, or all unknowns in a row."""
    size = determined.singular_values.size
    shown = {}
    for number in range(size - 1, max(size - 4, -1), -1):
        leaves = leaves_of(determined.direction(number), where, None, None, None)
        largest = max(leaves, key=lambda leaf: float(np.sum(leaf.values**2)))
        shown[number] = largest.values if largest.is_a_map else np.asarray(determined.directions[number])
    return direction_figure(determined.singular_values, determined.rank, shown)


def _fit(simulator, observed, settings, reading):
    predicted = np.asarray(simulator.predict(**observed.variables))
    largest = None
    if isinstance(simulator, MomentumImage):
        largest = np.pi * simulator.pixels / float(simulator.box_length)
    figure = fit_figure(observed, predicted, settings=settings, reading=reading, largest_momentum=largest)
    left = (predicted - np.asarray(observed.values)) * np.asarray(observed.weights())
    size = f"{np.sqrt(np.sum(left**2) / float(observed.count)):.3g}"
    text = "Root mean square of the residuals" + ("" if observed.sigma is None else " over sigma")
    return section("Data and fit", picture(figure, "data, fit and residuals"), paragraph(f"{text}: {size}."))


def _course(found):
    return found.history.course(5) if len(found.history) else []


def _evolution(history, course, where):
    """Maps on the way, from the last start to the result; nothing for other leaves."""
    frames = []
    for step, then in course:
        first, *_ = leaves_of(then, where, None, None, None)
        if not first.is_a_map:
            return ""
        frames.append((f"step {step + 1}, cost {history.cost[step]:.0e}", first))
    return picture(evolution_figure(frames), "what was found, on the way") if frames else ""
