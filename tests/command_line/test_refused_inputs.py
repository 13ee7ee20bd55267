"""Commands refuse what does not belong together, and say what can be done in the shell or in Python."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from click.testing import CliRunner

import equibacksolve as ebs
from equibacksolve.atoms import Box, Structure, write_structure
from equibacksolve.command_line._atoms import atoms
from equibacksolve.command_line._report import report


@pytest.mark.parametrize(
    ("edge", "periodic", "options", "told"),
    [
        (5.0, True, ("--periodic",), "has a box of edge 5, but --box is 4"),
        ([4.0, 5.0], True, ("--periodic",), "but an image is square"),
        (4.0, [True, False], ("--periodic",), "repeats, does not repeat, but --periodic was taken; pass --open"),
        (4.0, True, (), "the edges of its box: repeats, repeats, but --open was taken; pass --periodic"),
        (
            4.0,
            False,
            ("--periodic",),
            "the edges of its box: does not repeat, does not repeat, but --periodic was taken; pass --open",
        ),
    ],
)
def test_a_start_of_another_box(tmp_path, edge, periodic, options, told):
    box = Box(edge if isinstance(edge, list) else [edge, edge], periodic)
    write_structure(tmp_path / "start.xyz", Structure([[1.0, 1.0], [2.0, 3.0]], box))
    np.save(tmp_path / "image.npy", np.ones((16, 16)))
    given = ["--atoms", "2", "--box", "4", "--width", "0.5", "--out", str(tmp_path / "run"), *options]
    ended = CliRunner().invoke(atoms, [str(tmp_path / "image.npy"), "--start", str(tmp_path / "start.xyz"), *given])
    assert isinstance(ended.exception, ValueError)
    assert told in str(ended.exception)


def test_a_report_of_a_class_that_is_not_here(tmp_path):
    class Own(ebs.AbstractSimulator):
        """A class inside a function: nobody can import it."""

        rate: jax.Array

        def observe(self, *, x):
            return self.rate * x

    x = jnp.linspace(0.0, 1.0, 4)
    observed = ebs.Observations(2 * x, sigma=0.1, x=x)
    method = ebs.LevenbergMarquardt()
    ebs.backsolve(Own(jnp.array(1.0)), observed, method, where=lambda s: s.rate, progress=False, out=tmp_path / "run")
    ended = CliRunner().invoke(report, [str(tmp_path / "run")])
    assert isinstance(ended.exception, ValueError)
    assert "write the report from Python: found = equibacksolve.load_solution(" in str(ended.exception)
