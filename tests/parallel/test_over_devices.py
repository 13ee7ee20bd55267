"""Spread over devices and over processes, everything is what it is on one device."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest
from compilation import quick_flags
from toys import NEAR_DECAYS, READINGS, rate

import equibacksolve as ebs

PROGRAM = Path(__file__).with_name("on_a_mesh.py")
ROOT = Path(__file__).parents[2]
LIMIT = 200
"""Seconds after which a program is killed: nothing hangs."""


def started(*arguments, **environment):
    return subprocess.Popen(
        [sys.executable, str(PROGRAM), *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT), "JAX_PLATFORMS": "cpu"} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def printed(programs):
    """What each program printed last; all are killed if one takes too long."""
    try:
        outputs = [program.communicate(timeout=LIMIT) for program in programs]
    finally:
        for program in programs:
            program.kill()
    for program, (_, errors) in zip(programs, outputs):
        assert program.returncode == 0, errors
    return [json.loads(out.splitlines()[-1]) for out, _ in outputs]


def check(*reports):
    """What each process found on the mesh is what the first one found on a device of its own."""
    (all_rows, _), alone = reports[0]["rows"], reports[0]["alone"]
    assert all_rows == 8
    for report in reports:
        assert report["devices"] == 2
        assert report["rows"][1] == 4
        assert report["spread"].keys() == alone.keys()
        for name, parts in report["spread"].items():
            for one, other in zip(alone[name], parts, strict=True):
                # The same operations in another order of summation; numbers are of order one.
                np.testing.assert_allclose(other, one, rtol=0, atol=1e-12)


def test_two_devices_of_one_process():
    (report,) = printed([started(XLA_FLAGS=f"--xla_force_host_platform_device_count=2 {quick_flags()}")])
    check(report)


def test_two_processes():
    with socket.socket() as free:
        free.bind(("localhost", 0))
        address = f"localhost:{free.getsockname()[1]}"
    programs = [started(address, "2", str(number), XLA_FLAGS=quick_flags()) for number in range(2)]
    check(*printed(programs))


def test_a_mesh_with_explicit_axes_is_refused():
    mesh = jax.make_mesh((1,), ("points",), axis_types=(jax.sharding.AxisType.Explicit,))
    with jax.set_mesh(mesh), pytest.raises(ValueError, match="explicit sharding; pass axis_types"):
        ebs.backsolve(NEAR_DECAYS, READINGS, ebs.LevenbergMarquardt(), where=rate, progress=False)
