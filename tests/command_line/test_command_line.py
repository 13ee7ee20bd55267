"""The commands as a user types them: what they write, say and refuse, and their exit codes."""

import csv
import json
import os
import pathlib
import signal

import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner
from toys import NEAR_DECAYS, READINGS, rate

import equibacksolve as ebs
from equibacksolve.search import _run_directory
from equibacksolve_program import main

FLUX, ENERGY = np.linspace(0, 0.15, 5), np.linspace(-0.5, 0.5, 3)
HIDDEN = np.array([[0.3, -0.2], [0.1, 0.4]])
DOT = ("--sites", "2x2", "--wavenumber", "1.5708", "--sigma", "0.01", "--method", "levenberg-marquardt")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A map of a dot, one reading empty and one left out, and an image, as files."""
    folder = tmp_path_factory.mktemp("measured")
    dot = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(HIDDEN)), ebs.WireLead(1.5708))
    flux, energy = (axis.ravel() for axis in np.meshgrid(FLUX, ENERGY, indexing="ij"))
    values = np.asarray(dot.predict(flux=jnp.asarray(flux), energy=jnp.asarray(energy)))
    rows = [f"{f},{e},{g}" for f, e, g in zip(flux, energy, values)]
    rows[4] = rows[4].rsplit(",", 1)[0] + ","
    (folder / "dot.csv").write_text("\n".join(["flux,energy,G", *rows[:-1]]) + "\n")
    np.save(folder / "image.npy", np.asarray(atoms(0.7).predict()))
    return folder


def atoms(moved):
    """Four atoms in a box of four lengths."""
    positions = jnp.array([[0.5, 1.0], [2.5, 1.0], [1.5, 3.0], [3.5 - moved, 3.0]])
    return ebs.MomentumImage(positions, 0.5, 4.0, 16, periodic=True)


def run(*arguments, code):
    """Type a command; returns what it said on standard output and standard error."""
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == code, (result.output, result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
    return result.stdout, result.stderr


def table(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_potential_is_found_and_everything_written(folder, tmp_path):
    out = tmp_path / "run"
    said, told = run("potential", folder / "dot.csv", *DOT, "--out", out, "--progress", code=0)
    assert said.startswith("The data are explained: cost ")
    for part in ("2 x 2 onsite energies", "from 13 readings", "Standard errors: ", "chi-squared", "Mirrored along"):
        assert part in said
    assert (out / "summary.txt").read_text() == said[: said.rindex("In ")]
    assert "backsolve" in told  # the progress bar
    assert "backsolve" not in said
    rows = table(out / "potential.csv")
    assert [(row["x"], row["y"]) for row in rows] == [("1", "1"), ("1", "2"), ("2", "1"), ("2", "2")]
    found = np.array([float(row["potential"]) for row in rows]).reshape(2, 2)
    solution = ebs.load_solution(out)
    np.testing.assert_array_equal(found, solution.simulator.sample.onsite.values)
    # The map of the potential and of its mirror images is the same.
    images = [HIDDEN, HIDDEN[::-1], HIDDEN[:, ::-1], HIDDEN[::-1, ::-1]]
    errors = np.array([float(row["standard_error"]) for row in rows])
    nearest = min(images, key=lambda image: np.abs(found - image).max())
    # Table and report tell the same errors, those under the prior of the search.
    where = lambda simulator: simulator.sample.onsite.values
    judged = ebs.diagnostics.judgement(solution.simulator, ebs.load_observations(out), where=where)
    np.testing.assert_allclose(errors, np.ravel(where(judged.errors)), rtol=1e-8)  # rounding, of other machine code
    assert f"Goodness of fit: {judged.verdict}\n{judged.remark}" in said
    # Data without noise, but explained within sigma = 0.01 only: what is found is off by its errors, not by rounding.
    assert np.all(np.abs(found - nearest).ravel() < 6 * errors)
    assert {"values.png", "fit.png", "result.nc", "run.json", "steps.jsonl"} <= {path.name for path in out.iterdir()}


def test_an_interrupted_command_goes_on_with_resume(folder, tmp_path):
    command = ("potential", folder / "dot.csv", *DOT, "--out", tmp_path, "--tolerance", "1e-30", "--height", "1.0")
    said, _ = run(*command, "--steps", "2", code=1)
    assert said.startswith("The data are not explained")
    assert "budget of 2 steps" in said
    assert "another --seed, --bounds or a prior (--smooth, --edges, --mean) that the leaves keep" in said
    _, told = run(*command, "--steps", "3", code=2)
    assert "holds a run; pass --resume" in told.splitlines()[-1]
    run(*command, "--steps", "3", "--resume", code=1)
    assert len((tmp_path / "steps.jsonl").read_text().splitlines()) == 3
    assert len(json.loads((tmp_path / "run.json").read_text())["processes"]) == 2
    _, told = run(*command, "--resume", "--seed", "1", code=2)
    assert "another problem (not the same: key)" in told


def test_a_magnetization(folder, tmp_path):
    command = ("magnetization", folder / "dot.csv", "--sites", "2x1", "--coupling", "0.5", "--out", tmp_path, *DOT[-2:])
    run(*command, "--wavenumber", "0.5,0.25", "--steps", "2", code=1)
    for row in table(tmp_path / "magnetization.csv"):
        assert float(row["m_z"]) == pytest.approx(np.cos(float(row["angle"])), abs=1e-12)
    assert "Standard errors need sigma" in (tmp_path / "summary.txt").read_text()
    assert (tmp_path / "angle.png").exists()
    _, told = run(*command, "--wavenumber", "0.5", code=2)
    assert "needs two numbers, of spin up and down, got 1" in told


def test_atoms(folder, tmp_path):
    from equibacksolve import imaging
    from equibacksolve.atoms import Box, Structure, read_structure, write_structure

    write_structure(tmp_path / "start.xyz", Structure(atoms(0.6).positions, Box([4.0, 4.0])))
    command = ("atoms", folder / "image.npy", "--box", "4", "--width", "0.5", "--periodic", "--out", tmp_path / "run")
    command = (*command, "--start", tmp_path / "start.xyz", "--steps", "30")
    said, _ = run(*command, "--atoms", "4", code=1)
    assert "4 atoms from an image of 16 x 16 pixels: R = " in said
    found = read_structure(tmp_path / "run" / "atoms.xyz", components=2)
    truth, start = atoms(0.7).positions, atoms(0.6).positions
    distance = lambda positions: imaging.matched_distance(positions, truth, 4.0)
    assert distance(found.positions) < distance(start) / 2
    _, told = run(*command, "--atoms", "5", code=2)
    assert "holds 4 atoms, but --atoms is 5" in told


def test_a_report_of_a_run_from_python(tmp_path):
    more = {"where": rate, "progress": False, "out": tmp_path / "run"}
    ebs.backsolve(NEAR_DECAYS, READINGS, ebs.LevenbergMarquardt(), **more)
    said, _ = run("report", tmp_path / "run", "--title", "A decay", code=0)
    page = pathlib.Path(said.strip()).read_text()
    assert page.startswith("<!doctype html>")
    assert "A decay" in page
    (tmp_path / "empty").mkdir()
    _, told = run("report", tmp_path / "empty", code=2)
    assert "holds no solution (yet)" in told


def test_a_job_that_its_queue_ends_writes_what_it_has_and_goes_on(folder, tmp_path, monkeypatch):
    real = _run_directory.RunDirectory.keep

    def keep(directory, course):
        real(directory, course)
        if course.steps == 2:
            os.kill(os.getpid(), signal.SIGTERM)

    command = ("potential", folder / "dot.csv", *DOT, "--out", tmp_path, "--tolerance", "1e-30", "--resume")
    monkeypatch.setattr(_run_directory.RunDirectory, "keep", keep)
    said, _ = run(*command, code=1)
    assert "the search was interrupted" in said
    assert len(table(tmp_path / "potential.csv")) == 4
    assert (tmp_path / "checkpoint-000002.npz").exists()
    said, _ = run(*command, "--steps", "4", code=1)
    assert "4 steps, 1 start(s)" in said


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--sites", "12"), "'12' is no size; write it as 12x12"),
        (("--wavenumber", "pi"), "'pi' is no number; write one"),
        (("--wavenumber", "0"), "a mode with t sin k = 0 carries no current; choose k"),
        (("--wavenumber", "0.5,0.2"), "lead has 2 wavenumber(s) but the sample has 1 orbital(s)"),
        (("--bounds", "1", "0"), "bounds must be (lower, upper) with lower < upper everywhere"),
        (("--unit", "B"), "'B' has no unit; write it as NAME=UNIT"),
        (("--value", "R"), "names the column 'R', which"),
        (("--sigma", "-1"), "sigma"),
    ],
    ids=lambda part: " ".join(part) if isinstance(part, tuple) else "",
)
def test_what_is_refused_in_one_line(folder, tmp_path, arguments, message):
    _, told = run("potential", folder / "dot.csv", *DOT, "--out", tmp_path, *arguments, code=2)
    assert told.splitlines()[-1].startswith("Error: ")
    assert message in told.splitlines()[-1]


def test_the_place_of_an_error_is_shown_on_request(folder, tmp_path):
    command = ["potential", str(folder / "dot.csv"), *DOT, "--out", str(tmp_path), "--wavenumber", "0"]
    result = CliRunner().invoke(main, ["--traceback", *command])
    assert isinstance(result.exception, ValueError)


def test_help_and_version():
    said, _ = run("--help", code=0)
    for command in ("potential", "magnetization", "atoms", "report"):
        assert command in said
        assert "Example: equibacksolve" in run(command, "--help", code=0)[0]
    assert "--resume goes on" in said
    assert run("--version", code=0)[0].startswith("equibacksolve, version ")
