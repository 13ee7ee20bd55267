"""The report: its tables hold the numbers that were found, whatever the simulator; it is one file, and escaped."""

import base64
import html.parser

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import Array, Float
from scipy import constants
from toys import DECAYS, TIME, rate

import equibacksolve as ebs
from equibacksolve.methods import State
from equibacksolve.reporting import report, write_report

RANDOM = np.random.default_rng(0)


class Columns(ebs.AbstractSimulator):
    """Sums over the columns of a landscape, and of m_z: blind to a mirror across, not to one along."""

    landscape: Float[Array, "length width"]
    onsite: ebs.ExchangeField

    def predict(self, place):
        sums = jnp.sum(self.landscape + 0.1 * jnp.cos(self.onsite.angle), axis=1)
        return jnp.interp(place, jnp.arange(4.0), sums)


class Reader(html.parser.HTMLParser):
    """Rows of all tables, text, pictures, and every tag that was left open."""

    def __init__(self, text):
        super().__init__()
        self.rows, self.pictures, self.open, self.text, self.fetched = [], [], [], "", []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag == "img":
            self.pictures.append(
                base64.b64decode(attributes["src"].removeprefix("data:image/png;base64,"), validate=True)
            )
        self.fetched += [
            value for name, value in attributes.items() if name in ("src", "href") and "data:" not in value
        ]
        if tag not in ("img", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, text):
        self.text += text
        if self.open and self.open[-1] in ("td", "th"):
            self.rows[-1][-1] += text

    def cells(self, name):
        """The rest of the row that begins with this."""
        return next(row[1:] for row in self.rows if row and row[0] == name)


def solution(simulator, where, *guesses):
    """As a search would return it that went through these simulators."""
    history, one = ebs.search.History(), jnp.asarray(1)
    for number, guess in enumerate([*guesses, simulator]):
        hidden = eqx.tree_at(
            where, jax.tree.map(lambda _: None, guess), where(guess), is_leaf=lambda leaf: leaf is None
        )
        cost = jnp.asarray(10.0**-number)
        history.record(State(hidden, cost, one > 0, one * (number + 1), None, 0 * one, 0 * one), float(number))
    return ebs.Solution(simulator, cost, True, "told by <the search>", history)


def read(*arguments, tmp_path, **keywords):
    path = write_report(*arguments, path=tmp_path / "runs" / "report.html", **keywords)
    page = Reader(path.read_text(encoding="utf-8"))
    assert not page.open
    assert not page.fetched
    assert page.pictures
    assert all(picture.startswith(b"\x89PNG") for picture in page.pictures)
    assert "told by <the search>" in page.text
    return page


def test_numbers_with_errors_and_a_verdict(tmp_path):
    where = lambda s: (s.height, s.rate)
    values = DECAYS.predict(time=TIME) + 0.01 * RANDOM.normal(size=TIME.size)
    values = values.at[3].set(jnp.nan)
    observed = ebs.Observations(values, time=TIME, sigma=0.01, mask=~jnp.isnan(values))
    found = solution(DECAYS, where, eqx.tree_at(rate, DECAYS, DECAYS.rate + 0.25))
    page = read(found, observed, where=where, truth=DECAYS, title="<b> & more", prior_precision=0.0, tmp_path=tmp_path)
    assert "<b> & more" in page.text
    assert "12, of these 1 missing or masked" in page.cells("data")
    assert page.cells("time") == ["0 to 3, 12 values"]
    assert page.cells("sigma")[0].startswith("0.01;")
    errors = ebs.diagnostics.standard_errors(DECAYS, observed, where=where).errors
    expected = [[str(i), f"{float(DECAYS.rate[i]):.6g}", f"{float(errors.rate[i]):.4g}"] for i in range(2)]
    expected = [
        [*row, f"{float(DECAYS.rate[i] + 0.25):.4g}", f"{float(DECAYS.rate[i]):.4g}"] for i, row in enumerate(expected)
    ]
    assert all(row in page.rows for row in expected)
    judged = ebs.diagnostics.goodness_of_fit(DECAYS, observed, where=where).verdict
    assert judged in page.text
    assert "smoothness prior" not in page.text
    assert "determine 4 of 4 combinations" in page.text


def test_maps_in_the_image_that_is_closest_to_the_truth(tmp_path):
    where = lambda s: (s.landscape, s.onsite.angle)
    landscape, angle = jnp.asarray(RANDOM.uniform(0.5, 2.5, (2, 4, 3)))
    make = lambda landscape, angle: Columns(landscape, ebs.ExchangeField(angle, 0.5))
    truth = make(landscape, angle)
    place = jnp.linspace(0.0, 3.0, 7)
    observed = ebs.Observations(truth.predict(place=place), place=place)
    mirrored = make(landscape[:, ::-1] + 1e-3, angle[:, ::-1] + 2 * jnp.pi)
    page = read(solution(mirrored, where, truth), observed, where=where, truth=(landscape, angle), tmp_path=tmp_path)
    assert page.cells("landscape")[-1] == "0.001"
    # On the circle, a whole turn is no difference.
    assert float(page.cells("onsite.angle (rad)")[-1]) < 1e-12
    assert page.cells("mirrored across, along y")[-1] == "no"
    assert page.cells("mirrored along x")[-1] == "yes"
    assert page.cells("sign changed")[-1] == "yes"
    # Four sums are all that these data tell.
    assert "determine 4 of 24 combinations" in page.text


def test_atoms(tmp_path):
    where = lambda s: s.positions
    make = lambda positions: ebs.MomentumImage(positions, 0.5, 4.0, 16, periodic=True)
    truth = make(jnp.asarray(RANDOM.uniform(0, 4, (5, 2))))
    observed = ebs.Observations(truth.predict())
    moved = make(jnp.mod(truth.positions + 0.7, 4.0))
    page = read(
        solution(moved, where, truth), observed, where=where, truth=truth, largest_jacobian=10, tmp_path=tmp_path
    )
    # Moved as a whole they are the same structure: to the rounding of the assignment.
    assert float(page.cells("positions (length)")[-1]) < 1e-6
    assert "largest_jacobian=10" in page.text
    assert page.cells("form") == ["an image of 16x16"]


class Slopes(ebs.AbstractSimulator):
    """Two sites, seen through what a measurement of a conductance has: a flux, an energy, and an offset."""

    onsite: ebs.Potential
    seen: ebs.FluxOffset

    def predict(self, flux, energy):
        low, high = self.onsite.values[:, 0]
        return low + high * (flux - self.seen.offset) + 0.1 * energy


def test_a_report_in_units_of_the_laboratory(tmp_path):
    """Every number that is shown, read back, is what SI constants make of it."""
    where = lambda s: (s.onsite.values, s.seen.offset)
    sample = {"cell_area": "400 nm^2", "lever_arm": "0.05 eV/V", "offset": "-0.42 V", "hopping": "1.42 meV"}
    field, gate = (axis.ravel() for axis in np.meshgrid([-100.0, 0.0, 250.0], [-0.44, -0.40], indexing="ij"))
    values = 80 + field / 100 + gate
    table = {"B (mT)": field, "Vg (V)": gate, "G (uS)": values}
    measured = ebs.measurements.read(table, sigma="0.5 uS", **sample)
    simulator = Slopes(ebs.Potential([[0.3], [-0.2]]), ebs.FluxOffset(DECAYS, 0.004))
    found = solution(simulator, where)
    page = read(found, measured.observations, where=where, units=measured.units, tmp_path=tmp_path)
    assert page.cells("B (mT)") == ["-100 to 250, 3 values"]
    assert page.cells("Vg (V)") == ["-0.44 to -0.4, 2 values"]
    assert page.cells("G (uS)") == [f"{values.min():.4g} to {values.max():.4g}, mean {values.mean():.4g}"]
    assert page.cells("sigma")[0].startswith("0.5 uS;")
    quantum = 0.004 * constants.h / constants.e / 400e-18
    assert page.cells("onsite.values (meV)")[1:4] == ["-0.284", "0.071", "0.426"]
    assert page.cells("seen.offset (T)")[1] == f"{quantum:.4g}"
    errors = ebs.diagnostics.judgement(simulator, measured.observations, where=where).errors
    assert page.cells("0, 0")[:2] == ["0.426", f"{1.42 * float(errors.onsite.values[0, 0]):.4g}"]


def test_a_report_knows_what_was_hidden_and_shows_itself():
    observed = ebs.Observations(DECAYS.predict(time=TIME), time=TIME)
    found = ebs.backsolve(DECAYS, observed, ebs.LevenbergMarquardt(), where=rate, progress=False)
    shown = report(found, observed, title="<b> & more")
    assert "&lt;b&gt; &amp; more" in shown._repr_html_()
    assert "data:image/png;base64," in shown._repr_html_()
    assert repr(shown).startswith("<Page '<b> & more', ")
    assert "reporting.report(found, observed)" in repr(found)
    with pytest.raises(ValueError, match="found does not say which leaves were hidden; pass where="):
        report(solution(DECAYS, rate), observed)


def test_a_truth_of_another_form_is_refused(tmp_path):
    observed = ebs.Observations(DECAYS.predict(time=TIME), time=TIME)
    with pytest.raises(ValueError, match="truth has leaves of shapes"):
        write_report(solution(DECAYS, rate), observed, where=rate, truth=jnp.zeros(3), path=tmp_path / "report.html")
