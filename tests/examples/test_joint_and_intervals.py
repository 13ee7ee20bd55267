"""Two examples of how far to believe a fit, small."""

import re

from running import is_png, run_example


def test_intervals_are_told_and_drawn(tmp_path, monkeypatch, capsys):
    picture = tmp_path / "intervals.png"
    command = ("--sets", "2", "--picture", str(picture))
    *lines, last = run_example("intervals", *command, monkeypatch=monkeypatch, capsys=capsys)
    assert re.fullmatch(r"seconds=\S+ picture=\S+", last)
    assert lines[0].startswith("68.3 %: ")
    assert re.fullmatch(r"0\.954, linear: \d of 2 hold the truth; \d above it, \d below it", lines[-1])
    assert is_png(picture)


def test_two_maps_know_a_potential_better_than_one(tmp_path, monkeypatch, capsys):
    picture = tmp_path / "joint_fit.png"
    *lines, last = run_example(
        "joint_fit", "--small", "--picture", str(picture), monkeypatch=monkeypatch, capsys=capsys
    )
    assert re.fullmatch(r"seconds=\S+ picture=\S+", last)
    assert is_png(picture)
    found = {line.split(":")[0]: float(re.search(r"rms_error=(\S+)", line)[1]) for line in lines if "rms_error" in line}
    assert found["both"] < min(found["cold"], found["warm"])
