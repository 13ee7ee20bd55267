"""The report of a hidden potential on the sites of a device: energies at sites, whatever the leaf that makes them."""

import base64
import re

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import equibacksolve as ebs
from equibacksolve.methods import State
from equibacksolve.reporting import leaf_figures, write_report
from equibacksolve.reporting._leaves import leaves_of

SHAPE = (4, 3)
PRESENT = np.arange(12).reshape(SHAPE) != 4
SAMPLE = ebs.samples.square_sample(*SHAPE, present=PRESENT)
DEVICE = ebs.TightBindingDevice(SAMPLE, [ebs.Terminal(ebs.leads.WideBandLead(1.0), [0, 1])])
SITES = np.arange(11.0)
TRUTH = np.random.default_rng(5).normal(size=11)


class Energies(ebs.AbstractSimulator):
    """The energies of the sites of a device, one datum each."""

    device: ebs.TightBindingDevice

    def predict(self, site):
        return self.device.sample.onsite.energies()[site.astype(int)]


def simulator(onsite):
    return Energies(eqx.tree_at(lambda d: d.sample.onsite, DEVICE, onsite))


SPLINE = ebs.samples.SplinePotential(np.arange(6.0).reshape(3, 2), SAMPLE.positions)
POTENTIALS = {
    "values of sites": (ebs.samples.SiteEnergies(TRUTH), lambda s: s.device.sample.onsite.values),
    "map": (ebs.samples.MapOfSites(np.full(SHAPE, 0.5), SAMPLE.onsite.place), lambda s: s.device.sample.onsite.values),
    "spline": (SPLINE, lambda s: s.device.sample.onsite.coefficients),
    "term of a sum": (SPLINE + ebs.samples.SiteEnergies(TRUTH), lambda s: s.device.sample.onsite.terms[0].coefficients),
}


@pytest.mark.parametrize("name", POTENTIALS)
def test_a_leaf_is_shown_at_its_sites(name):
    onsite, where = POTENTIALS[name]
    one = simulator(onsite)
    start = eqx.tree_at(where, one, where(one) + 1.0)
    errors = eqx.tree_at(where, one, jnp.full(where(one).shape, 0.1))
    (leaf,) = leaves_of(one, where, errors, start, one)
    own = onsite.terms[0] if isinstance(onsite, ebs.samples.SumOfEnergies) else onsite
    np.testing.assert_array_equal(leaf.sites.values, own.energies())
    # Adding one to all numbers adds one to all sites: to rounding.
    np.testing.assert_allclose(leaf.sites.start - leaf.sites.truth, np.ones(11), atol=1e-12)
    if isinstance(own, ebs.samples.SplinePotential):
        assert leaf.sites.errors is None  # several coefficients make a site: their covariance is needed
    else:
        np.testing.assert_array_equal(leaf.sites.errors, np.full(11, 0.1))
    (figure,) = leaf_figures(one, where=where).values()
    assert [axes.get_title() for axes in figure.axes if axes.get_title()] == ["found"]


def test_what_is_no_potential_of_a_device_is_shown_as_before():
    lead = lambda s: s.device.terminals[0].lead.broadening
    (leaf,) = leaves_of(simulator(ebs.samples.SiteEnergies(TRUTH)), lead, None, None, None)
    assert leaf.sites is None
    assert leaf.shown == (leaf.values, None)


def test_the_whole_report_of_a_spline(tmp_path):
    onsite, where = POTENTIALS["spline"]
    truth = simulator(onsite)
    found = eqx.tree_at(where, truth, where(truth) + 0.25)
    observed = ebs.Observations(truth.predict(site=jnp.asarray(SITES)), site=SITES, sigma=0.1)
    history, one = ebs.search.History(), jnp.asarray(1)
    for number, guess in enumerate([truth, found]):
        empty = jax.tree.map(lambda _: None, guess)
        hidden = eqx.tree_at(where, empty, where(guess), is_leaf=lambda leaf: leaf is None)
        history.record(State(hidden, one * 1.0, one > 0, one * (number + 1), None, 0 * one, 0 * one), float(number))
    solution = ebs.Solution(found, one * 1.0, True, "told", history)
    path = write_report(
        solution, observed, where=where, truth=truth, prior_precision=0.0, symmetries={}, path=tmp_path / "report.html"
    )
    page = path.read_text()
    pictures = re.findall(r'alt="([^"]*)" src="data:image/png;base64,([^"]*)"', page)
    assert [about for about, _ in pictures] == [
        "device.sample.onsite.coefficients: what was found",
        "data, fit and residuals",
        "singular values and worst-known directions",
        "cost history",
        "what was found, on the way",
    ]
    assert all(base64.b64decode(picture).startswith(b"\x89PNG") for _, picture in pictures)
    # A constant more is a constant more at every site; six numbers from eleven sites of sigma 0.1 have errors of the
    # sites whose mean square is sigma^2 6 / 11.
    row = re.search(r"<tr><td>device.sample.onsite.coefficients</td>(.*?)</tr>", page).group(1)
    cells = re.findall("<td>(.*?)</td>", row)
    assert cells[-2:] == [f"{0.1 * np.sqrt(6 / 11):.2g}", "0.25"]
