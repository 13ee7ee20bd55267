"""Every block of Python in docs/*.md and the README runs, as a reader would run it: in order, a page in one namespace.

What a page may use without defining it are a first guess `v0` and data (`phi`, `E`, `G`), and, in pages on what comes
after a search, its end: `found`, `observed`, and a row of energies `v`. All else a page defines by itself; the README,
which is shorter, has some more. Searches are cut short: that they start, step and return is what is shown here. The
working directory is an empty folder. A block that cannot run (it needs an instrument, or minutes) begins with
```python no-run.
"""

import pathlib
import re
import shutil

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optax
import optimistix
import pytest
from jaxtyping import Array, Float
from toys import NEAR_DECAYS, READINGS, rate

import equibacksolve as ebs
from equibacksolve.methods import State

pytestmark = pytest.mark.usefixtures("quick_compilation")

DOCS = pathlib.Path(__file__).parents[1] / "docs"
README = DOCS.parent / "README.md"
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
    history = ebs.search.History()
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


@pytest.fixture(autouse=True)
def short_searches_in_an_empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ebs, "backsolve", search)


def blocks_of(page):
    return [(f"{page.name}, block {i + 1}", text) for i, text in enumerate(BLOCK.findall(page.read_text("utf-8")))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_of_the_page_runs(page, names):
    namespace = {**names, "__name__": f"docs.{page.stem}"}
    for place, block in blocks_of(page):
        exec(compile(block, place, "exec"), namespace)


DECAYS_INSTEAD = {"simulator": NEAR_DECAYS, "observed": READINGS, "where": rate}
"""Every optimizer compiles a search of its own: a simulator that compiles fast stands in."""

ASIDE = {"measurements.read": {}, "optax.lbfgs()": DECAYS_INSTEAD, "eqx.filter_grad": DECAYS_INSTEAD, "class Decay": {}}
"""Blocks of the README that leave no names behind, by what stands in them, and what they see instead."""


def test_every_block_of_the_readme_runs(names):
    optimizer, t = optax.adam(1e-2), jnp.linspace(0.0, 3.0, 8)
    namespace = {
        **{name: names[name] for name in ("v0", "phi", "E", "G")},
        **{"eqx": eqx, "optax": optax, "optimistix": optimistix, "Float": Float, "Array": Array},
        **{"optimizer": optimizer, "state": optimizer.init(eqx.filter(NEAR_DECAYS, eqx.is_inexact_array))},
        **{"t": t, "counts": jnp.exp(-t), "a0": jnp.array([0.9]), "r0": jnp.array([1.1])},
        "hidden": lambda s: s.sample.onsite.values,
    }
    data = pathlib.Path("examples", "data")
    data.mkdir(parents=True)
    shutil.copy(README.parent / data / "dot.csv", data)
    blocks = blocks_of(README)
    assert len(blocks) >= 6
    for place, block in blocks:
        aside = [instead for mark, instead in ASIDE.items() if mark in block]
        exec(compile(block, place, "exec"), {**namespace, **aside[0]} if aside else namespace)


def test_every_link_and_picture_is_there():
    """mkdocs says so too (`make docs`), but not in a test run."""
    for page in [*PAGES, README]:
        for target in re.findall(r"\]\(([^)#\s]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert target.startswith("http") or (page.parent / target).exists(), f"{page.name} links to {target}"
