"""A report of a finished search: one page with everything in it."""

import pathlib
from collections.abc import Mapping
from typing import Any

import numpy as np

from equibacksolve.atoms import Observables
from equibacksolve.diagnostics import LARGEST_MATRIX, Selector
from equibacksolve.inverse import AbstractObservations, AbstractSymmetry, where_hidden, with_leaves
from equibacksolve.measurements import LaboratoryUnits
from equibacksolve.plotting import Quantity, fit_figure, reading_quantity, settings_in
from equibacksolve.reporting import _sections, _symmetry
from equibacksolve.reporting._determined import determined
from equibacksolve.reporting._leaves import as_simulator, leaves_of
from equibacksolve.reporting._page import Page, paragraph, picture, section
from equibacksolve.reporting._pictures import evolution_figure
from equibacksolve.reporting._structures import structure_section
from equibacksolve.search import Solution
from equibacksolve.simulators import AbstractJointSimulator, MomentumImage


def report(
    found: Solution,
    observed: AbstractObservations,
    *,
    where: Selector | None = None,
    truth: Any = None,
    title: str = "What was found",
    units: LaboratoryUnits | None = None,
    symmetries: Mapping[str, AbstractSymmetry] | None = None,
    settings: Mapping[str, Quantity] | None = None,
    reading: Quantity | None = None,
    prior_precision: Any = None,
    bounds: Any = None,
    largest_jacobian: int = LARGEST_MATRIX,
) -> Page:
    """A report of a search: a notebook shows it, pictures and all, and `write` makes one HTML file of it.

        reporting.report(found, observed, units=measurement.units)

    What was measured, what was found and how well it is known, the fit, the course, what the data cannot tell, and
    the versions. It suits any simulator and any hidden leaves.

    **Arguments**

    - `found`, `observed`: the result of `backsolve`, and what it was given. `where`: what it was given, too; left out,
      the solution knows it.
    - `truth`: a simulator, or leaves as `where` returns them; the image of what was found that is closest to it is
      shown.
    - `units`: those of the laboratory, `read(...).units` or `measurements.laboratory_units(...)`: axes as the
      instrument had them, energies in meV, positions in nm. Left out, everything is in the simulator's units.
    - `symmetries`: by name, for the note on what no datum can see. Left out, mirrors and a change of sign are tried.
    - `settings`, `reading`: labels and units of settings and values, see `plotting.Quantity`; they go before `units`.
    - `prior_precision`: for errors and goodness of fit, as in `diagnostics.judgement`; left out, that of the smoothness
      prior under which the default search ends where sigma is known. Pass 0 for a search without one.
    - `bounds`: those of the search, if there were any: errors of what they hold are one-sided.
    - `largest_jacobian`: entries of a matrix beyond which errors and singular values are left out; there is one of
      unknowns x data, and one of unknowns x unknowns.

    **Raises** ValueError for a truth of another form than what `where` returns, and for a solution that does not know
    what was hidden.
    """
    simulator, where, settings = found.simulator, _where(found, where), settings_in(units, settings)
    truth = as_simulator(simulator, where, truth)
    tried = _symmetry.likely_symmetries(simulator, where) if symmetries is None else dict(symmetries)
    seen = _symmetry.checked_symmetries(tried, simulator, observed)
    blind = [symmetry for symmetry, _, unseen in seen.values() if unseen]
    remark = ""
    if truth is not None and blind:
        simulator = _symmetry.nearest_to(truth, simulator, blind, where)
        remark = "Of the images that the data cannot tell apart, the one closest to the truth is shown."
    closest = lambda one: _symmetry.nearest_to(simulator, one, blind, where) if blind else one
    course = [(step, closest(with_leaves(simulator, hidden))) for step, hidden in _course(found)]
    start = closest(with_leaves(simulator, found.history.snapshots[0][1])) if course else None
    known = determined(simulator, observed, where, prior_precision, bounds, largest_jacobian)
    leaves = leaves_of(simulator, where, known.errors, start, truth, known.uncertainty, units)
    readings = _readings(simulator, observed, reading, units)
    parts = [
        _sections.verdict_section(found, known.verdict),
        *_sections.measured_sections(observed, settings, readings),
        _sections.found_section(leaves, remark),
        *_fits(simulator, observed, settings, readings),
        known.section,
        _symmetry.symmetry_section(seen, simulator),
        _sections.history_section(found.history, _evolution(found.history, course, where, units)),
        _sections.versions_section(simulator),
    ]
    return Page(title, tuple(parts))


def write_report(
    found: Solution, observed: AbstractObservations, *, path: str | pathlib.Path = "report.html", **more: Any
) -> pathlib.Path:
    """Write a report of a search as one HTML file, pictures inside, and return its path.

    Other arguments as for `report`: `where`, `truth`, `title`, `units`, ...
    """
    return report(found, observed, **more).write(path)


def _where(found: Solution, given: Selector | None) -> Selector:
    if given is not None:
        return given
    if found.hidden is None:
        raise ValueError("found does not say which leaves were hidden; pass where=, as to backsolve.")
    return where_hidden(found.hidden)


def _instruments(simulator):
    """The simulator of each data set, by name."""
    return simulator.simulators() if isinstance(simulator, AbstractJointSimulator) else {"": simulator}


def _readings(simulator, observed, given, units):
    """What was read in each data set, by name. Units are those of one file, which has the readings of one data set."""
    instruments = _instruments(simulator)
    units = units if len(instruments) == 1 else None
    image = lambda name: Quantity("s = L ln(q + 1)") if isinstance(instruments[name], MomentumImage) else None
    quantity = lambda name, one: reading_quantity(one.variables, given or image(name), units)
    return {name: quantity(name, one) for name, one in observed.sets.items()}


def _fits(simulator, observed, settings, readings):
    """A section for each data set."""
    predicted, instruments = observed.split(simulator.predict(**observed.variables)), _instruments(simulator)
    for name, one in observed.sets.items():
        title = f"Data and fit: {name}" if name else "Data and fit"
        yield _fit(title, instruments[name], one, np.asarray(predicted[name]), settings, readings[name])


def _fit(title, simulator, observed, predicted, settings, reading):
    if isinstance(simulator, Observables):
        return structure_section(title, simulator, observed)
    largest = None
    if isinstance(simulator, MomentumImage):
        largest = np.pi * simulator.pixels / float(simulator.box_length)
    figure = fit_figure(observed, predicted, settings=settings, reading=reading, largest_momentum=largest)
    left = (predicted - np.asarray(observed.values)) * np.asarray(observed.weights())
    size = f"{np.sqrt(np.sum(left**2) / float(observed.count)):.3g}"
    text = "Root mean square of the residuals" + ("" if observed.sigma is None else " over sigma")
    return section(title, picture(figure, "data, fit and residuals"), paragraph(f"{text}: {size}."))


def _course(found):
    return found.history.course(5) if len(found.history) else []


def _evolution(history, course, where, units):
    """Maps on the way, from the last start to the result; nothing for other leaves."""
    frames = []
    for step, then in course:
        first, *_ = leaves_of(then, where, None, None, None, units=units)
        if not first.is_a_map and first.sites is None:
            return ""
        frames.append((f"step {step + 1}, cost {history.cost[step]:.0e}", first))
    return picture(evolution_figure(frames), "what was found, on the way") if frames else ""
