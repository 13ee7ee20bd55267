"""What the program does before it imports JAX: help, and the folder of what was compiled."""

import os
import subprocess
import sys

import pytest

import equibacksolve.command_line
from equibacksolve_program import COMMANDS, COMPILED, keep_compiled, main


def test_help_needs_no_jax():
    code = (
        "import sys; from equibacksolve_program import main; main(['--help'], standalone_mode=False);"
        "assert not {'jax', 'equibacksolve', 'numpy'} & set(sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert str(COMPILED) in " ".join(told.split()).replace("- ", "-")
    assert "--no-cache" in told


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_of_a_command_what_the_command_says(name):
    command = getattr(equibacksolve.command_line, name)
    assert command.help.startswith(COMMANDS[name])
    assert main.get_command(None, name) is command


def test_a_folder_for_each_kind_of_processor(tmp_path):
    folders = []
    for flags in ("fpu avx2", "fpu avx2 avx512f", "fpu avx2"):
        (tmp_path / "cpuinfo").write_text(f"processor: 0\nmodel name: A\nflags: {flags}\ncpu MHz: {len(folders)}\n")
        environment = {}
        keep_compiled(environment, tmp_path / "compiled", tmp_path / "cpuinfo")
        folders.append(environment["JAX_COMPILATION_CACHE_DIR"])
        assert os.path.isdir(folders[-1])
    assert folders[0] == folders[2] != folders[1]


def test_a_folder_of_the_users_own_is_left_alone(tmp_path):
    environment = {"JAX_COMPILATION_CACHE_DIR": "/elsewhere"}
    keep_compiled(environment, tmp_path / "compiled")
    assert environment == {"JAX_COMPILATION_CACHE_DIR": "/elsewhere"}
    assert not (tmp_path / "compiled").exists()


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path):
    (tmp_path / "file").write_text("")
    environment = {}
    keep_compiled(environment, tmp_path / "file" / "compiled")
    assert environment == {}


REFUSED = """
import contextlib, sys
from equibacksolve_program import COMPILED, main
with contextlib.suppress(Exception):
    main([*sys.argv[1:], "report", "."], standalone_mode=False)  # there is no run here, but JAX has been imported
import jax
print((jax.config.jax_compilation_cache_dir or "").startswith(str(COMPILED)))
"""


@pytest.mark.parametrize(("options", "kept"), [((), True), (("--no-cache",), False)])
def test_what_is_compiled_is_kept_unless_that_is_turned_off(tmp_path, options, kept):
    environment = {name: value for name, value in os.environ.items() if name != "JAX_COMPILATION_CACHE_DIR"}
    environment["XDG_CACHE_HOME"] = str(tmp_path)
    command = [sys.executable, "-c", REFUSED, *options]
    ended = subprocess.run(command, check=True, capture_output=True, text=True, env=environment, cwd=tmp_path)
    assert ended.stdout == f"{kept}\n"
