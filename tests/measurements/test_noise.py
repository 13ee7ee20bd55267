"""Estimates of the noise against noise that is known; what they assume, and where they fail by design."""

import dataclasses

import numpy as np
import pytest
from dots import SAMPLE, columns

from equibacksolve.measurements import curvature_noise, opposite_fields, read, repetition_noise
from equibacksolve.measurements._quality import Estimate

SIGMA = 0.02
TOLERANCE = 4  # standard deviations of an estimate of sigma from n terms; 1/sqrt(2 n) if they were independent


def mesh(x, y):
    """Labels and settings of all points of a mesh."""
    labels = np.stack(np.meshgrid(np.arange(len(x)), np.arange(len(y)), indexing="ij"), axis=-1).reshape(-1, 2)
    return labels, np.stack([np.asarray(x)[labels[:, 0]], np.asarray(y)[labels[:, 1]]], axis=1)


@pytest.mark.parametrize("axis", [0, 1])
def test_curvature_sees_no_signal_that_is_straight(axis):
    """Linear along the axis, anything across; uneven steps."""
    rng = np.random.default_rng(0)
    labels, settings = mesh(np.sort(rng.uniform(size=7)), np.sort(rng.uniform(size=6)))
    across = rng.normal(size=(2, 7))[:, labels[:, 1 - axis]]
    estimate = curvature_noise(labels, across[0] + across[1] * settings[:, axis], settings, axis)
    assert estimate.terms == (5 * 6, 4 * 7)[axis]
    assert estimate.value < 1e-14  # rounding of numbers of order one


@pytest.mark.parametrize("kept", [1.0, 0.7])
def test_curvature_tells_known_noise(kept):
    """On a map that is straight between neighbours, with uneven steps, also if points are missing."""
    rng = np.random.default_rng(1)
    labels, settings = mesh(np.sort(rng.uniform(size=60)), np.sort(rng.uniform(size=40)))
    values = 1 + settings @ [0.5, -0.3] + SIGMA * rng.normal(size=len(labels))
    there = rng.uniform(size=len(labels)) < kept
    for axis in (0, 1):
        estimate = curvature_noise(labels[there], values[there], settings[there], axis)
        # Neighbouring terms share readings: at most three times the variance of independent ones.
        assert estimate.value == pytest.approx(SIGMA, rel=TOLERANCE * np.sqrt(3 / 2 / estimate.terms))


def test_curvature_averages_repetitions_first():
    rng = np.random.default_rng(2)
    labels, settings = mesh(np.arange(300.0), [0.0])
    again = np.repeat(np.arange(300), rng.integers(1, 5, 300))
    values = SIGMA * rng.normal(size=len(again))
    estimate = curvature_noise(labels[again], values, settings[again], 0)
    assert estimate.terms == 298
    assert estimate.value == pytest.approx(SIGMA, rel=TOLERANCE * np.sqrt(3 / 2 / 298))


def test_curvature_takes_what_bends_for_noise():
    """Closed form: cos(w x) lies cos(w x) (1 - cos(w h)) off the line between its neighbours at steps of h."""
    labels, settings = mesh(np.linspace(0, 1.1, 12), [0.0])
    y = np.cos(6 * settings[:, 0])
    estimate = curvature_noise(labels, y, settings, 0)
    bent = (1 - np.cos(0.6)) * np.sqrt(np.mean(y[1:-1] ** 2) / 1.5)
    assert estimate.value == pytest.approx(bent, rel=1e-12)


def test_repetitions_tell_known_noise_whatever_the_signal():
    rng = np.random.default_rng(3)
    group = np.repeat(np.arange(400), rng.integers(1, 4, 400))
    values = rng.normal(size=400)[group] * 10 + SIGMA * rng.normal(size=len(group))
    estimate = repetition_noise(group[:, None], values)
    assert estimate.terms == len(group) - 400
    assert estimate.value == pytest.approx(SIGMA, rel=TOLERANCE / np.sqrt(2 * estimate.terms))
    assert repetition_noise(np.arange(5)[:, None], np.arange(5.0)) is None


@pytest.mark.parametrize("readings", [1, 3])
def test_opposite_fields_tell_known_noise_whatever_the_even_signal(readings):
    rng = np.random.default_rng(4)
    field = np.linspace(-1, 1, 41)
    labels, settings = mesh(field, np.arange(10.0))
    labels, settings = np.repeat(labels, readings, axis=0), np.repeat(settings, readings, axis=0)
    even = rng.normal(size=(21, 10))[np.abs(labels[:, 0] - 20), labels[:, 1]]
    values = even + SIGMA * rng.normal(size=len(even))
    asymmetry, noise = opposite_fields(labels, values, settings[:, 0], 0, 1e-9)
    assert noise.terms == asymmetry.terms == 20 * 10
    assert noise.value == pytest.approx(SIGMA, rel=TOLERANCE / np.sqrt(2 * 200))
    # The mean of n readings has sigma / sqrt(n), a difference of two of them sqrt(2) as much.
    assert asymmetry.value == pytest.approx(SIGMA * np.sqrt(2 / readings), rel=TOLERANCE / np.sqrt(2 * 200))


def test_the_asymmetry_is_that_of_the_odd_part():
    field = np.array([-0.3, -0.1, 0.0, 0.1 + 1e-12, 0.3, 0.5])
    table = {"flux": field, "energy": np.zeros(6), "G": 2 + np.cos(field) + 0.5 * field}
    onsager = read(table).report.onsager
    # G(B) - G(-B) = B: 0.1 and 0.3; the even cosine differs by 1e-13 where the fields differ by 1e-12.
    assert onsager.terms == 2
    assert onsager.value == pytest.approx(np.sqrt((0.1**2 + 0.3**2) / 2), rel=1e-10)
    assert read({**table, "flux": np.abs(field) + np.arange(6)}).report.onsager is None


def test_fields_that_are_zero_up_to_rounding_are_no_opposite_fields():
    field = np.array([-0.3, -1e-14, 2e-14, 0.3])
    asymmetry, _ = opposite_fields(np.arange(4)[:, None], field, field, 0, 1e-9)
    assert asymmetry.terms == 1
    assert asymmetry.value == pytest.approx(0.6, rel=1e-12)


def test_the_report_takes_repetitions_or_else_the_lowest():
    rng = np.random.default_rng(5)
    flux, energy = (axis.ravel() for axis in np.meshgrid(np.linspace(-1, 1, 9), np.linspace(0, 1, 6), indexing="ij"))
    exact = 2 + np.cos(9 * flux) * np.exp(energy)
    once = read({"flux": flux, "energy": energy, "G": exact + SIGMA * rng.normal(size=54)}).report
    assert once.estimated_noise == once.noise["opposite fields"].value
    assert once.estimated_noise < once.noise["along flux"].value
    twice = np.tile(np.arange(54), 2)
    table = {"flux": flux[twice], "energy": energy[twice], "G": (exact[twice]) + SIGMA * rng.normal(size=108)}
    report = read(table).report
    assert report.noise["repetition"].terms == 54
    assert report.estimated_noise == report.noise["repetition"].value


@pytest.mark.parametrize(
    ("repetition", "curvature", "taken"),
    [
        ((2.0, 10), (1.0, 1000), 2.0),  # ten terms are enough
        ((2.0, 9), (1.0, 1000), 1.0),
        ((0.9, 2), (1.0, 200), 1.0),  # of two terms, 0.9 may be low by luck: they are known to a half of themselves
        ((0.9, 9), (1.4, 200), 0.9),
    ],
)
def test_an_estimate_of_few_terms_is_not_lower_for_sure(repetition, curvature, taken):
    estimates = {"repetition": Estimate(*repetition), "curvature": Estimate(*curvature)}
    report = dataclasses.replace(read(columns(), **SAMPLE).report, noise=estimates)
    assert report.estimated_noise == taken


def test_too_few_points_tell_nothing():
    report = read({"flux": [0.0, 0.1], "energy": [0.0, 0.0], "G": [1.0, 2.0]}).report
    assert report.estimated_noise is None
    assert "not possible" in str(report)
