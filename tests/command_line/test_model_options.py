"""What is searched for beside a map, where a search starts, what is known, and which image is shown."""

import csv
import pathlib
import re

import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner
from scipy import constants

import equibacksolve as ebs
from equibacksolve.command_line import _magnetization as magnetization
from equibacksolve.command_line._model import LOW_AT, MODEL, Model
from equibacksolve.command_line._potential import hidden
from equibacksolve_program import main

TRUTH = np.array([[0.3, -0.2], [0.1, 0.4]])
OFFSET, K = 0.004, 1.5
GIVEN = ("--wavenumber", "1.5", "--sigma", "1e-4", "--method", "levenberg-marquardt")
SAMPLE = ("--cell-area", "400 nm^2", "--lever-arm", "0.05 eV/V", "--offset=-0.4 V", "--hopping", "1.42 meV")
TESLA = constants.h / constants.e / 400e-18
"""One flux quantum through a cell."""

LEFT_OUT = {"free": ()}


def device(values=TRUTH):
    return ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(values)), ebs.WireLead(K))


def model(**given):
    """The options as click hands them over, None where left out."""
    return Model.of(dict.fromkeys((*Model._fields, "hopping")) | LEFT_OUT | given)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A map whose field is off, a start and the truth as files."""
    folder = tmp_path_factory.mktemp("measured")
    flux, energy = (axis.ravel() for axis in np.meshgrid(np.linspace(-0.1, 0.15, 6), [-0.5, 0.0, 0.4], indexing="ij"))
    seen = ebs.FluxOffset(device(), OFFSET).predict(flux=jnp.asarray(flux), energy=jnp.asarray(energy))
    rows = [f"{f},{e},{g}" for f, e, g in zip(flux, energy, np.asarray(seen))]
    in_laboratory = [f"{f * TESLA},{e * 1.42 / 0.05 - 400},{g}" for f, e, g in zip(flux, energy, np.asarray(seen))]
    (folder / "laboratory.csv").write_text("\n".join(["B (T),Vg (mV),G", *in_laboratory]) + "\n")
    (folder / "map.csv").write_text("\n".join(["flux,energy,G", *rows]) + "\n")
    sites = [f"{x + 1},{y + 1},{TRUTH[x, y] + 0.02}" for x in range(2) for y in range(2)]
    (folder / "start.csv").write_text("\n".join(["x,y,potential", *sites]) + "\n")
    np.save(folder / "like.npy", TRUTH[::-1])
    return folder


def run(*arguments, code):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == code, (result.output, result.exception)
    return result.stdout, result.stderr


def test_the_options_are_those_of_the_model():
    def command():
        pass

    for option in (*MODEL, LOW_AT):
        command = option(command)
    assert {parameter.name for parameter in command.__click_params__} == set(Model._fields)


def test_an_offset_is_found_and_the_image_that_is_asked_for_shown(folder, tmp_path):
    out = tmp_path / "run"
    told = ("--free", "flux-offset", "--start", folder / "start.csv", "--like", folder / "like.npy", "--bounds", -1, 1)
    command = ("potential", folder / "laboratory.csv", "--sites", "2x2", *GIVEN, *SAMPLE)
    said, _ = run(*command, *told, "--out", out, code=0)
    assert "Shown is the one that is closest to" in said
    sentence = next(line for line in said.splitlines() if line.startswith("Flux-offset: "))
    numbers = [float(number) for number in re.findall(r"-?[\d.]+(?:e-?\d+)?(?= h/e| T\b|\))", sentence)]
    offset, error, tesla, error_in_tesla = numbers
    assert abs(offset - OFFSET) < 5 * error < 1e-3
    # Six digits are told of a value, two of an error.
    np.testing.assert_allclose([tesla, error_in_tesla], [offset * TESLA, error * TESLA], rtol=0.05)
    np.testing.assert_allclose(tesla, offset * TESLA, rtol=1e-5)
    with (out / "potential.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    found, in_mev = (np.array([float(row[name]) for row in table]) for name in ("potential", "potential (meV)"))
    np.testing.assert_allclose(in_mev, 1.42 * found, rtol=1e-12)
    assert [(row["x (nm)"], row["y (nm)"]) for row in table] == [
        (x, y) for x in ("10.0", "30.0") for y in ("10.0", "30.0")
    ]
    found = found.reshape(2, 2)
    page = pathlib.Path(run("report", out, code=0)[0].strip()).read_text()
    assert all(told in page for told in ("simulator.sample.onsite.values (meV)", "Vg (mV)", "offset (T)"))
    # Explained to within sigma, so off by its errors: the distance to the other images is 0.1 and more.
    np.testing.assert_allclose(found, TRUTH[::-1], atol=0.01)
    # What is kept for reports is the same image.
    np.testing.assert_array_equal(hidden(ebs.load_solution(out).simulator), found)


def test_angles_are_compared_as_moments(tmp_path):
    """An angle that is a turn more is the same moment, so that the moments tell which image is nearest."""
    film = ebs.Magnetoconductance(ebs.SquareLattice(ebs.ExchangeField([[6.0, 0.4]], 0.5)), ebs.WireLead([0.5, 0.25]))
    moments = lambda angle: jnp.stack([jnp.cos(angle), jnp.sin(angle)])
    np.save(tmp_path / "like.npy", np.array([[0.28, -0.4]]))
    disagreement = model(like=tmp_path / "like.npy")._choice(magnetization.hidden, (1, 2), "angle", moments)
    chosen = ebs.choose_image(film, magnetization.MIRRORS, disagreement)
    np.testing.assert_array_equal(magnetization.hidden(chosen), [[-6.0, -0.4]])


def test_what_a_measurement_adds_lies_around_the_device():
    seen = model(temperature="0.05", energy_offset=0.1, free=("flux-offset", "wavenumber")).measured(device())
    assert [type(s) for s in (seen, seen.simulator, seen.simulator.simulator)] == [
        ebs.ThermalSmearing,
        ebs.FluxOffset,
        ebs.EnergyCalibration,
    ]
    assert float(seen.simulator.offset) == 0.0
    np.testing.assert_array_equal(hidden(seen), TRUTH)
    leaves = model(free=("flux-offset", "wavenumber", "flux-offset")).where(hidden)(seen)
    assert [leaf.shape for leaf in leaves] == [(2, 2), (), (1,)]
    assert type(model().measured(device())) is ebs.Magnetoconductance


def test_a_temperature_in_kelvin_or_in_hoppings():
    seen = model(temperature="100 mK", hopping="1.42 meV").measured(device())
    expected = 0.1 * constants.k / (1.42e-3 * constants.e)
    np.testing.assert_allclose(float(seen.temperature), expected, rtol=1e-6)  # single precision
    told = model(temperature="1 K", hopping="1.42 meV", free=("temperature",))
    found = ebs.Solution(told.measured(device()), jnp.array(0.0), True, "", ebs.search.History())
    (sentence,) = told.told(found, None, ebs.measurements.laboratory_units(hopping="1.42 meV"))
    assert sentence == f"Temperature: {float(found.simulator.temperature):.6g} hopping / k_B, 1 K."
    assert float(model(temperature="0.02").measured(device()).temperature) == pytest.approx(0.02)


def test_bounds_are_those_of_the_map():
    seen = model(free=("flux-offset",)).measured(device())
    lower, upper = model(free=("flux-offset",))._bounds((-1.0, 2.0), seen, hidden)
    np.testing.assert_array_equal(lower[0], np.full((2, 2), -1.0))
    np.testing.assert_array_equal(upper[0], np.full((2, 2), 2.0))
    assert (float(lower[1]), float(upper[1])) == (-np.inf, np.inf)


def test_priors():
    kinds = [type(prior) for prior in model(smooth=(1.0, 0.3), edges=0.2, mean=(0.0, 0.1)).priors]
    assert kinds == [ebs.Smoothness, ebs.TotalVariation, ebs.KnownMean]
    assert model().priors == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--free", "temperature"), "--free temperature needs a --temperature above 0"),
        (("--low-at", "3,1"), "--low-at names the site (3, 1), but there are (2, 2) sites"),
        (("--low-at", "0,1"), "'0,1' is no site; write it as 3,7"),
        (("--low-at", "1,1", "--like", "like.npy"), "both choose an image; leave one of them out"),
        (("--start", "map.csv"), "is no table of x, y and potential for (2, 2) sites"),
        (("--start", "half.csv"), "lacks 3 of (2, 2) sites"),
        (("--like", "three.npy"), "holds float64 of shape (3,), but --sites are (2, 2)"),
        (("--temperature", "-1"), "temperature is -1; give k_B T as a number from 0"),
        (
            ("--temperature", "100 mK"),
            "temperature is 100 mK, which becomes a number of hoppings by hopping; pass --hopping",
        ),
        (("--temperature", "3 T"), "temperature is 3 T; give it in kelvin, '100 mK', or as a number of hoppings"),
        (("--hopping", "1 meV"), "leave hopping out, or say what it is by --unit energy=..., such as 'V' or 'hopping'"),
        (("--smooth", "1", "0"), "give a positive height"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else "",
)
def test_what_is_refused(folder, tmp_path, monkeypatch, arguments, message):
    monkeypatch.chdir(folder)
    (folder / "half.csv").write_text("x,y,potential\n1,1,0.5\n")
    np.save(folder / "three.npy", np.zeros(3))
    command = ("potential", "map.csv", "--sites", "2x2", *GIVEN, "--out", tmp_path / "run", *arguments)
    _, told = run(*command, code=2)
    assert message in " ".join(told.split())
