"""Every block of Python in docs/*.md runs, as a reader would run it: in order, one page in one namespace.

What a page may use without defining it are a first guess `v0` and data (`phi`, `E`, `G`),
and, in pages on what comes after a search, its end: `found`, `observed`, and a row of energies `v`. All else a page
defines by itself. Searches are cut short: that they start, step and return is what is shown here. The working directory
is an empty folder. A block that cannot run (it needs an instrument, or minutes) begins with ```python no-run.
"""

import pathlib
import re

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

import equibacksolve as ebs
from equibacksolve.inverse import State

DOCS = pathlib.Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.glob("*.md"))
BLOCK = re.compile(r"^```python[ ]*\n(.*?)^```", flags=re.DOTALL | re.MULTILINE)
SIDE, SETTINGS = 3, 4
"""Sites along an edge, and fluxes and energies of the stand-in: more data than unknowns."""


def stand_ins():
    """A potential, the map that it makes, and a search that ended at it."""
    phi, energy = jnp.linspace(0, 0.15, SETTINGS), jnp.linspace(-1, 1, SETTINGS)
    v0 = jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (SIDE, SIDE)))
    truth = ebs.Magnetoconductance(ebs.SquareLattice(ebs.Potential(v0)), ebs.WireLead(jnp.pi / 2))
    flux, energies = (grid.ravel() for grid in jnp.meshgrid(phi, energy, indexing="ij"))
    values = truth.predict(flux=flux, energy=energies).reshape(SETTINGS, SETTINGS)
    observed = ebs.Observations.on_grid(flux=phi, energy=energy, values=values, sigma=0.01)
    data = {"v0": v0, "phi": phi, "E": energy, "G": values, "observed": observed}
    return {**data, "found": ended_at(truth), "v": jnp.arange(-1.0, 2.0)}


def ended_at(simulator):
    """What a search returns that took two steps, both at this simulator."""
    hidden, zero = eqx.filter(simulator, in_sample(simulator)), jnp.zeros((), int)
    history = ebs.History()
    for step in range(2):
        history.record(State(hidden, jnp.asarray(1.0), zero > 0, zero + step + 1, None, zero, zero), float(step))
    return ebs.Solution(simulator, jnp.asarray(1.0), True, "the search ended by itself", history)


def in_sample(simulator):
    """True for the onsite energies, False for all else."""
    nothing = jax.tree.map(lambda _: False, simulator)
    return eqx.tree_at(lambda s: s.sample.onsite.values, nothing, True)


def search(*arguments, of=ebs.backsolve, **keywords):
    """`backsolve`, cut short."""
    return of(*arguments, **{**keywords, "steps": 2, "progress": False})


@pytest.fixture(scope="module")
def names():
    return stand_ins()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_of_the_page_runs(page, names, tmp_path, monkeypatch):
    blocks = BLOCK.findall(page.read_text(encoding="utf-8"))
    if not blocks:
        pytest.skip("no Python here")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ebs, "backsolve", search)
    namespace = {**names, "__name__": f"docs.{page.stem}"}
    for number, block in enumerate(blocks):
        exec(compile(block, f"{page.name}, block {number + 1}", "exec"), namespace)


def test_every_link_and_picture_is_there():
    """mkdocs says so too (`make docs`), but not in a test run."""
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#\s]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert target.startswith("http") or (DOCS / target).exists(), f"{page.name} links to {target}"
