"""The account of a reading: what became of every row, and how good the rest is."""

import dataclasses

import numpy as np
from jaxtyping import Bool, Float

from equibacksolve.measurements._arrangement import Arrangement, joined_to_a_mesh
from equibacksolve.measurements._conversions import Converted
from equibacksolve.measurements._quality import (
    Estimate,
    curvature_noise,
    far_readings,
    opposite_fields,
    repetition_noise,
)
from equibacksolve.measurements._report import Axis, Report
from equibacksolve.measurements._table import Column, Table


@dataclasses.dataclass(frozen=True)
class Fate:
    """What became of every row: it counts, or exactly one of the other things is true of it."""

    counts: Bool[np.ndarray, " points"]
    dropped: Bool[np.ndarray, " points"]
    masked: Bool[np.ndarray, " points"]
    missing: Bool[np.ndarray, " points"]
    infinite: Bool[np.ndarray, " points"]

    @classmethod
    def of(
        cls,
        values: Float[np.ndarray, " points"],
        known: Bool[np.ndarray, " points"],
        usable: Bool[np.ndarray, " points"],
    ) -> "Fate":
        """From the values, whether a row's settings are `known`, and whether the mask calls it `usable`."""
        candidate = known & usable
        return cls(
            counts=candidate & np.isfinite(values),
            dropped=~known,
            masked=known & ~usable,
            missing=candidate & np.isnan(values),
            infinite=candidate & np.isinf(values),
        )


def report_of(
    table: Table,
    settings: dict[str, Converted],
    measured: Converted,
    sigma: tuple[Float[np.ndarray, " points"] | None, str],
    fate: Fate,
    placed: Arrangement,
    used: set[str | None],
    same_setting: float,
    coarse: dict[str, float],
) -> Report:
    """Everything a user should know of what was read."""
    deviations, words = sigma
    known = ~fate.dropped
    axes = tuple(_axis(name, setting, known, placed) for name, setting in settings.items())
    noise, onsager = _quality(measured.values[known], fate.counts[known], placed, same_setting)
    used = used | {setting.column.header for setting in settings.values()}
    counted = None if deviations is None else deviations[fate.counts]
    return Report(
        source=table.source,
        rows=len(known),
        points=len(placed.taken),
        counting=int(fate.counts.sum()),
        grid=placed.grid,
        axes=axes,
        value=_axis("value", measured, fate.counts, None),
        masked=int(fate.masked.sum()),
        missing=int(fate.missing.sum()),
        infinite=int(fate.infinite.sum()),
        dropped=int(fate.dropped.sum()),
        not_measured=int((placed.taken < 0).sum()),
        repeated=placed.repeated,
        shift=placed.shift,
        sigma=words,
        sigma_range=None if counted is None else (float(counted.min()), float(counted.max())),
        noise=noise,
        coarseness=coarse,
        onsager=onsager,
        unused=tuple(column.header for column in table.columns if column.header not in used and _varies(column)),
        dummies=int(_dummies(measured, settings, fate).sum()),
        doubts=(
            *_doubts(axes, measured.values[fate.counts], measured.unit),
            *_without_unit(axes, measured),
            *_far(measured, fate.counts),
            *_scattered({name: setting.values[known] for name, setting in settings.items()}, placed),
        ),
    )


def _axis(name: str, converted: Converted, rows: Bool[np.ndarray, " points"], placed: Arrangement | None) -> Axis:
    values, raw = converted.values[rows], converted.column.numbers()[rows]
    distinct = np.unique(values) if placed is None else np.unique(placed.settings[name])
    return Axis(
        name=name,
        column=converted.column.header or None,
        low=float(values.min()),
        high=float(values.max()),
        unit=converted.unit,
        raw_low=float(raw.min()),
        raw_high=float(raw.max()),
        raw_unit=converted.column.unit,
        distinct=len(distinct),
        how=converted.how,
    )


def _quality(
    values: Float[np.ndarray, " points"],
    counts: Bool[np.ndarray, " points"],
    placed: Arrangement,
    same_setting: float,
) -> tuple[dict[str, Estimate | None], Estimate | None]:
    """Estimates of the noise by name, and the asymmetry in the field if there is one; of the points that count."""
    counted = (placed.taken >= 0) & counts[placed.taken]
    labels, values = placed.labels[counted], values[placed.taken[counted]]
    settings = np.stack([setting[counted] for setting in placed.settings.values()], axis=1)
    noise = {"repetition": repetition_noise(labels, values)}
    names = list(placed.settings)
    for axis, name in enumerate(names):
        noise[f"along {name}"] = curvature_noise(labels, values, settings, axis)
    if "flux" not in names:
        return noise, None
    axis = names.index("flux")
    asymmetry, noise["opposite fields"] = opposite_fields(labels, values, settings[:, axis], axis, same_setting)
    return noise, asymmetry


def _doubts(axes: tuple[Axis, ...], values: Float[np.ndarray, " counting"], unit: str | None) -> tuple[str, ...]:
    """What cannot be so for a square lattice, or says nothing new: most often a wrong unit, area or lever arm."""
    doubts = []
    for axis in axes:
        reach = max(abs(axis.low), abs(axis.high))
        if axis.unit == "h/e" and reach > 0.5:
            doubts.append(
                f"flux reaches {reach:.4g} h/e, but G(flux) = G(1 - flux): nothing new beyond 0.5; check cell_area"
            )
        if axis.unit == "hopping" and reach > 4:
            doubts.append(
                f"energy reaches {reach:.4g} hoppings, outside the band of a square lattice, -4 to 4; check lever_arm, "
                "offset and hopping"
            )
    if unit == "e^2/h" and (values < 0).any():
        doubts.append(
            f"the conductance is negative at {int((values < 0).sum())} points, down to {values.min():.3g} e^2/h"
        )
    return tuple(doubts)


def _without_unit(axes: tuple[Axis, ...], measured: Converted) -> tuple[str, ...]:
    """Readings whose unit nobody says, beside axes that have theirs."""
    if measured.unit != "e^2/h" or measured.column.unit or not any(axis.raw_unit for axis in axes):
        return ()
    name = measured.column.name
    return (f"{name} has no unit and is taken in e^2/h; pass units={{'{name}': 'uS'}} if it is in uS, say",)


def _scattered(settings: dict[str, Float[np.ndarray, " points"]], placed: Arrangement) -> tuple[str, ...]:
    """Settings that were meant to be the same, and are only nearly so."""
    found = None if placed.grid is not None or placed.repeated else joined_to_a_mesh(settings)
    if found is None:
        return ()
    name, distinct, groups, fraction = found
    return (
        f"{name} has {distinct} settings in {groups} narrow groups: if they were read back from an instrument, pass "
        f"same_setting={fraction:g}, which makes each group one setting, and of the points a mesh or repetitions of it",
    )


def _far(measured: Converted, counts: Bool[np.ndarray, " points"]) -> tuple[str, ...]:
    """Readings far beyond all others, after conversion or before it: 1e30 ohm is a conductance like any other."""
    values, raw = measured.values[counts], measured.column.numbers()[counts]
    # One mode of two spins may conduct 2 e^2/h (to rounding), where the others are closed: that is a resonance.
    far, shown, unit = far_readings(values, 10.0), values, measured.unit
    if measured.unit == "e^2/h":
        far &= np.abs(values) > 2 + 1e-6
    if not far.any():
        # No instrument has six digits more of range than its readings need.
        far, shown, unit = far_readings(raw, 1e6), raw, measured.column.unit
    if not far.any():
        return ()
    furthest = shown[far][np.argmax(np.abs(shown[far]))]
    rows = np.flatnonzero(counts)[far] + 1
    others = f"{shown[~far].min():.4g} to {shown[~far].max():.4g}{f' {unit}' if unit else ''}"
    return (
        f"{far.sum()} readings lie far beyond all others ({others}), as far as {furthest:.4g}, the first in data row "
        f"{rows[0]}; if they stand for no reading, leave them out by mask",
    )


def _dummies(measured: Converted, settings: dict[str, Converted], fate: Fate) -> Bool[np.ndarray, " points"]:
    """Points that are missing or dropped for a dummy value."""
    of_settings = np.any([setting.column.dummies() for setting in settings.values()], axis=0)
    return (fate.missing & measured.column.dummies()) | (fate.dropped & of_settings)


def _varies(column: Column) -> bool:
    """Whether a column says something: it is neither constant nor a mere row number."""
    entries = column.entries
    if entries.dtype.kind in "iu" and np.array_equal(entries - entries[0], np.arange(len(entries))):
        return False
    return len(set(map(str, entries)) if entries.dtype == object else np.unique(entries)) > 1
