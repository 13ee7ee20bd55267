"""What was read: everything that was converted, left out or doubtful, with its count."""

import dataclasses
import math

from equibacksolve.inverse import TOO_COARSE
from equibacksolve.measurements._quality import Estimate


@dataclasses.dataclass(frozen=True)
class Axis:
    """One variable or the value: its range, after conversion and as the source has it.

    **Fields**

    - `name`: the simulator's.
    - `column`: header in the source, None for a number given by hand.
    - `low`, `high`, `unit`: after conversion.
    - `raw_low`, `raw_high`, `raw_unit`: before.
    - `distinct`: different settings.
    - `how`: the conversion in words.
    """

    name: str
    column: str | None
    low: float
    high: float
    unit: str | None
    raw_low: float
    raw_high: float
    raw_unit: str | None
    distinct: int
    how: str


@dataclasses.dataclass(frozen=True)
class Report:
    """What `read` found. All fields are stable; `print` shows them.

    **Fields**

    - `source`; `points`: places in the observations; `counting`: those that count; `grid`: the mesh, or None.
    - `axes`: one `Axis` per variable; `value`: one for the value.
    - `rows`: points in the source. `rows` = `counting` + `masked` + `missing` + `infinite` + `dropped`.
    - `masked`: points that the mask excluded, or whose sigma is infinite; `missing`: others without a value;
      `infinite`: others with an infinite one (an overload, or R = 0); `dropped`: points without a setting, which
      observations cannot hold.
    - `dummies`: those of `missing` and `dropped` where the source has 1e36 or more, which stands for no reading.
    - `not_measured`: places of the mesh that have no point in the source.
    - `repeated`: settings that were read more than once (each reading is kept as a point).
    - `shift`: by how much settings were moved at most to make equal what is nearly so, as a fraction of the axis.
    - `sigma`: where standard deviations come from, in words; `sigma_range`: (lowest, highest) in the value's unit.
    - `noise`: estimates of the standard deviation of one reading, by name ("repetition", "opposite fields", "along
      flux", ...), in the value's unit; None where the data do not allow one. See `repetition_noise`,
      `opposite_fields` and `curvature_noise`.
    - `coarseness`: how much neighbours along each setting differ, over what random pairs do, see
      `inverse.coarseness`.
    - `onsager`: rms of G(B) - G(-B) over the pairs that were measured; None if there is none.
    - `unused`: columns of the source that were not used and are not constant.
    - `doubts`: what looks like a wrong unit, a wrong sample or a dummy value, one sentence each.
    """

    source: str
    rows: int
    points: int
    counting: int
    grid: tuple[int, ...] | None
    axes: tuple[Axis, ...]
    value: Axis
    masked: int
    missing: int
    infinite: int
    dropped: int
    not_measured: int
    repeated: int
    shift: float
    sigma: str
    sigma_range: tuple[float, float] | None
    noise: dict[str, Estimate | None]
    coarseness: dict[str, float]
    onsager: Estimate | None
    unused: tuple[str, ...]
    doubts: tuple[str, ...]
    dummies: int = 0

    @property
    def estimated_noise(self) -> float | None:
        """The best estimate: of repeated settings if it has ten terms, else the one that is surely lowest.

        All others are too high by what they take for noise, so the lowest is the best; but an estimate from n terms is
        known to 1/sqrt(2 n) of itself, and few terms may be low by luck. So they compete two deviations above
        themselves. On a coarse map, where G bends between neighbours by more than its noise, only repeated settings and
        opposite fields tell the noise. None if the data allow no estimate.
        """
        repetition = self.noise.get("repetition")
        if repetition is not None and repetition.terms >= 10:
            return repetition.value
        known = [estimate for estimate in self.noise.values() if estimate is not None]
        surely = lambda estimate: estimate.value * (1 + 2 / math.sqrt(2 * estimate.terms))
        return min(known, key=surely).value if known else None

    def __str__(self) -> str:
        return "\n".join([self._first_line(), *self._axis_lines(), *self._count_lines(), *self._quality_lines()])

    def _first_line(self) -> str:
        shape = f"a mesh of {' x '.join(map(str, self.grid))}" if self.grid else "a list"
        return f"{self.source}: {self.counting} values that count, in {shape} of {self.points} points"

    def _axis_lines(self) -> list[str]:
        lines = []
        for axis in (*self.axes, self.value):
            if axis.column is None:
                lines.append(f"  {axis.name}: {axis.low:.6g} at every point, given by hand")
                continue
            settings = f", {axis.distinct} settings" if axis is not self.value else ""
            lines.append(
                f"  {axis.name}: {_range(axis.low, axis.high, axis.unit)}{settings}, from column '{axis.column}', "
                f"{_range(axis.raw_low, axis.raw_high, axis.raw_unit)}"
            )
            lines.append(f"    {axis.how}")
        return lines

    def _count_lines(self) -> list[str]:
        lines = [
            f"  {self.rows} rows: {self.counting} count, {self.missing} missing (no value), {self.infinite} infinite, "
            f"{self.masked} masked, {self.dropped} dropped (no setting)",
            f"  {self.not_measured} places of the mesh not measured, {self.repeated} settings read more than once",
        ]
        if self.dummies:
            lines.append(f"  {self.dummies} of the missing and dropped are dummy values of the source, 1e36 or more")
        if self.shift:
            lines.append(f"  nearly equal settings were made equal; the furthest moved {self.shift:.1e} of its axis")
        if self.unused:
            lines.append(f"  not used, though they vary: {', '.join(self.unused)}")
        return lines

    def _quality_lines(self) -> list[str]:
        unit = f" {self.value.unit}" if self.value.unit else ""
        ranged = f", {self.sigma_range[0]:.3g} to {self.sigma_range[1]:.3g}{unit}" if self.sigma_range else ""
        lines = [f"  sigma: {self.sigma}{ranged}"]
        known = {name: estimate for name, estimate in self.noise.items() if estimate is not None}
        told = [f"{name} {estimate.value:.3g} ({estimate.terms} terms)" for name, estimate in known.items()]
        lines.append(f"  noise of one reading{unit and ','}{unit}, estimated: {', '.join(told) or 'not possible'}")
        if self.coarseness:
            steps = ", ".join(f"{value:.2f} along {name}" for name, value in self.coarseness.items())
            lines.append(
                f"  neighbours differ by {steps} of what random pairs do (below {TOO_COARSE} a map can be followed)"
            )
        if self.onsager:
            lines.append(f"  G(B) - G(-B): rms {self.onsager.value:.3g}{unit} over {self.onsager.terms} pairs")
        elif any(axis.name == "flux" for axis in self.axes):
            lines.append("  G(B) - G(-B): no pair of opposite fields was measured")
        return lines + [f"  doubtful: {doubt}" for doubt in self.doubts]


def _range(low: float, high: float, unit: str | None) -> str:
    span = f"{low:.6g}" if low == high else f"{low:.6g} to {high:.6g}"
    return f"{span} {unit}" if unit else span
