"""What is searched for beside a map, where a search starts, what is known, and which image is shown."""

import csv

import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner

import equibacksolve as ebs
from equibacksolve.command_line import _magnetization as magnetization
from equibacksolve.command_line._model import LOW_AT, MODEL, Model
from equibacksolve.command_line._potential import hidden
from equibacksolve_program import main

TRUTH = np.array([[0.3, -0.2], [0.1, 0.4]])
OFFSET, K = 0.004, 1.5
GIVEN = ("--wavenumber", "1.5", "--sigma", "1e-4", "--method", "levenberg-marquardt")
LEFT_OUT = {"free": ()}


def device(values=TRUTH):
    return ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(values)), ebs.WireLead(K))


def model(**given):
    """The options as click hands them over, None where left out."""
    return Model.of(dict.fromkeys(Model._fields) | LEFT_OUT | given)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A map whose field is off, a start and the truth as files."""
    folder = tmp_path_factory.mktemp("measured")
    flux, energy = (axis.ravel() for axis in np.meshgrid(np.linspace(-0.1, 0.15, 6), [-0.5, 0.0, 0.4], indexing="ij"))
    seen = ebs.FluxOffset(device(), OFFSET).predict(flux=jnp.asarray(flux), energy=jnp.asarray(energy))
    rows = [f"{f},{e},{g}" for f, e, g in zip(flux, energy, np.asarray(seen))]
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
    said, _ = run("potential", folder / "map.csv", "--sites", "2x2", *GIVEN, *told, "--out", out, code=0)
    assert "Shown is the one that is closest to" in said
    sentence = next(line for line in said.splitlines() if line.startswith("Flux-offset: "))
    offset, error = float(sentence.split()[1]), float(sentence.split()[-1].rstrip(")."))
    assert abs(offset - OFFSET) < 5 * error < 1e-3
    with (out / "potential.csv").open(newline="") as file:
        found = np.array([float(row["potential"]) for row in csv.DictReader(file)]).reshape(2, 2)
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
    seen = model(temperature=0.05, energy_offset=0.1, free=("flux-offset", "wavenumber")).measured(device())
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
