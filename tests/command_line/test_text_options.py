"""Files that are laid out in a way of their own: options of the commands, and messages that name them."""

import numpy as np
import pytest
from click.testing import CliRunner

from equibacksolve.command_line._measurement import MAP, image_of, map_of
from equibacksolve.command_line._wording import in_options
from equibacksolve_program import main

PLAIN = "flux,energy,G\n0.0,0.1,1.5\n0.1,0.1,1.25\n0.2,0.1,1.0\n"
GERMAN = "Messung|3|x\nDatum|flux|energy|G\n" + "".join(
    f"27.11.2026|{row.replace(',', '|').replace('.', ',')}\n" for row in PLAIN.splitlines()[1:]
)
LEFT_OUT = {"value": "G", "units": ()}


def options(**given):
    """The options of a map as click hands them over: all of them, None where left out."""

    def command():
        pass

    for option in MAP:
        command = option(command)
    names = [parameter.name for parameter in command.__click_params__]
    return dict.fromkeys(names) | LEFT_OUT | given


def test_the_options_of_a_text_file_reach_the_reader(tmp_path):
    (tmp_path / "plain.csv").write_text(PLAIN)
    (tmp_path / "german.csv").write_text(GERMAN)
    plain = map_of(tmp_path / "plain.csv", options()).observations
    given = options(skip=1, separator="|", decimal=",")
    german = map_of(tmp_path / "german.csv", given).observations
    np.testing.assert_array_equal(german.values, plain.values)
    np.testing.assert_array_equal(german.variables["flux"], plain.variables["flux"])
    assert given == {}


def test_what_is_told_of_a_file_names_the_options_of_the_command(tmp_path, capsys):
    """A field that was read back lies near its setting: nothing is joined before the user says so."""
    jitter = np.random.default_rng(0).uniform(-1e-4, 1e-4, 12)
    rows = [f"{n // 4 / 10 + jitter[n]},{n % 4},{n}" for n in range(12)]
    (tmp_path / "a.csv").write_text("\n".join(rows) + "\n")
    given = {"header": "flux,energy,G", "form": "long"}
    assert map_of(tmp_path / "a.csv", options(**given)).observations.grid is None
    told = capsys.readouterr().err
    assert "pass --same-setting 0.0" in told
    assert "\n  flux: " in told
    fraction = float(told.partition("--same-setting ")[2].partition(",")[0])
    assert map_of(tmp_path / "a.csv", options(**given, same_setting=fraction)).observations.grid is not None


def workbook(path):
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    for row in (
        [],
        [None, "cooldown 3"],
        [None, "B", "Vg", "G"],
        [None, "T", "V", "uS"],
        *([None, *row] for row in DOT),
    ):
        book.active.append(row)
    book.save(path)


def text(path):
    above = ["Lock-in:\tSR830", "Time constant:\t300 ms", "", "B (mT)\tVg (V)\tI (nA)\tphase (deg)"]
    rows = [f"{1e3 * b + 0.01 * n}\t{v}\t{g / 100}\t0.1" for n, (b, v, g) in enumerate(DOT)]
    rows[2] = rows[2].replace(str(DOT[2][2] / 100), "OVLD")
    path.write_text("\n".join([*above, *rows]) + "\n")


def curves(path):
    above = ["Vg\tG\tG\tG", "V\t\\g(m)S\t\\g(m)S\t\\g(m)S", "\tB=0 T\tB=0.1 T\tB=0.2 T"]
    rows = ["\t".join(map(str, [DOT[n][1], *(DOT[n + 4 * k][2] for k in range(3))])) for n in range(4)]
    path.write_text("\n".join([*above, *rows]) + "\n")


DOT = [(0.1 * k, -0.44 + 0.01 * n, 80.0 + 10 * k + n) for k in range(3) for n in range(4)]
SAMPLE = ("--cell-area", "400 nm^2", "--lever-arm", "0.05 eV/V", "--offset=-0.42 V", "--hopping", "1.42 meV")


@pytest.mark.parametrize(
    ("written", "name", "arguments", "counting"),
    [
        (workbook, "a.xlsx", (), 12),
        (text, "a.lvm", ("--value", "I", "--bias", "10 uV", "--same-setting", "0.01"), 11),
        (curves, "a.txt", (), 12),
    ],
)
def test_files_of_a_laboratory(tmp_path, written, name, arguments, counting):
    """Read, with or without an option; then refused for a lead that carries no current, before anything is computed."""
    written(tmp_path / name)
    command = ["potential", str(tmp_path / name), "--sites", "2x2", "--wavenumber", "0", *SAMPLE, *arguments]
    result = CliRunner().invoke(main, [*command, "--out", str(tmp_path / "out")])
    assert f"{name}: {counting} values that count, in a mesh of 3 x 4 of 12 points" in result.stderr
    assert "value: 2.06" in result.stderr  # 80 uS in e^2/h
    assert "carries no current" in result.stderr


@pytest.mark.parametrize(
    ("text", "arguments", "message"),
    [
        (PLAIN, ("--skip", "9"), "a.csv has no rows after 9 lines"),
        (PLAIN, ("--separator", "::"), "separator is '::'; give one mark"),
        ("Lock-in\nNr\n0.1;0.2;1\n0.2;0.2;1\n", (), "above the headers, pass --skip, their number, or --separator."),
        (PLAIN, ("--flux", "B"), "name one of them by --flux"),
        (
            PLAIN.replace("flux", "B (T)"),
            ("--flux", "B"),
            "needs --cell-area to become a flux; pass --cell-area '400 nm^2'",
        ),
        (PLAIN.replace("G", "I (nA)"), ("--value", "I"), "needs bias to become a conductance; pass --bias '10 uV'"),
        (PLAIN.partition("\n")[2], (), "or give the headers that the file does not have by --header; if its"),
        (PLAIN, ("--same-setting", "2"), "--same-setting is a fraction of the range of an axis"),
        (PLAIN.replace("G", "G (furlong)"), (), "or pass --unit G=..."),
        ("flux;energy;G\n0,1;0,2;1.5\n0,2;0,3;1.5\n", (), "decimal mark ','; pass --decimal if it is another one"),
    ],
)
def test_what_is_refused_names_the_options_of_the_command(tmp_path, text, arguments, message):
    (tmp_path / "a.csv").write_text(text)
    command = ["potential", str(tmp_path / "a.csv"), "--sites", "2x2", "--wavenumber", "1.5", *arguments]
    result = CliRunner().invoke(main, [*command, "--out", str(tmp_path / "out")])
    assert result.exit_code == 2, result.output
    assert message in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("pass skip=2, or skip=, their number", "pass --skip 2, or --skip, their number"),
        ("cell_area is given; write cell_area='1 nm^2'", "--cell-area is given; write --cell-area '1 nm^2'"),
        ("pass units={'B': ...} (resume=True)", "pass --unit B=... (--resume)"),
        ("the offset and mask of E=mc", "the offset and mask of E=mc"),
    ],
)
def test_sentences_in_the_words_of_the_command_line(told, expected):
    names = ("skip", "cell_area", "resume", "offset", "mask", "units")
    assert in_options(told, {name: f"--{name.replace('_', '-')}" for name in names}) == expected


def test_an_image_with_fill_values_and_one_of_words(tmp_path):
    image = np.array([[1.0, 9.96921e36], [np.nan, 4.0]])
    np.save(tmp_path / "image.npy", image)
    np.testing.assert_array_equal(image_of(tmp_path / "image.npy", None).mask, [[True, False], [False, True]])
    np.save(tmp_path / "words.npy", np.array([["a", "b"], ["c", "d"]]))
    with pytest.raises(ValueError, match=r"words.npy holds <U1, but an image is made of real numbers"):
        image_of(tmp_path / "words.npy", None)
