"""What a run was asked to do: written into its directory, and compared when the run is to be continued."""

import dataclasses
import importlib.metadata
import platform
import time
import warnings
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import PyTree

from equibacksolve.inverse import AbstractObservations, Hidden, Problem
from equibacksolve.methods import AbstractMethod, Restarts
from equibacksolve.search._fingerprint import fingerprint

FORMAT = 3
"""Of the files in a run directory; a change that older programs cannot read is a higher number."""

PACKAGES = ("equibacksolve", "jax", "jaxlib", "equinox", "optax", "optimistix", "numpy")


def versions() -> dict[str, str]:
    """The versions that the numbers of a run depend on."""
    return {"python": platform.python_version()} | {name: importlib.metadata.version(name) for name in PACKAGES}


def settings_of(problem: Problem, hidden: Hidden, method: AbstractMethod, key: Any, budget: dict[str, Any]) -> dict:
    """The settings of a run as JSON can hold them: for people, and fingerprints for the comparison."""
    paths = {jax.tree_util.keystr(path): list(leaf.shape) for path, leaf in jax.tree_util.tree_leaves_with_path(hidden)}
    observed = problem.observed
    return {
        "format": FORMAT,
        "simulator": f"{type(hidden).__module__}.{type(hidden).__qualname__}",
        "hidden": paths,
        "data": {"values": int(observed.count), "variables": sorted(observed.variables), "sigma": _sigma(observed)},
        "method": eqx.tree_pformat(method, width=100, short_arrays=False).splitlines(),
        "bounds": None if problem.lower is None else [_range(problem.lower), _range(problem.upper)],
        "tolerance": float(problem.tolerance),
        "key": np.asarray(jax.random.key_data(key)).tolist(),
        "versions": versions(),
        "processes": [{"began": time.strftime("%Y-%m-%d %H:%M:%S"), "at_step": 0, "budget": budget}],
        "fingerprints": {
            "simulator": fingerprint((problem.known, jax.tree.map(lambda leaf: leaf.shape, hidden))),
            "observed": fingerprint(observed),
            "where": fingerprint(sorted(paths)),
            "method": fingerprint(_of_any_breadth(method)),
            "bounds": fingerprint((problem.lower, problem.upper)),
            "tolerance": fingerprint(problem.tolerance),
            "key": fingerprint(key),
            "start": fingerprint(hidden),
        }
        | {name: fingerprint(getattr(problem, name)) for name in _other_fields(problem)},
    }


def check_same_run(begun: dict, asked: dict, place: Any) -> None:
    """Raise ValueError if the run in a directory cannot be continued by what is asked for now.

    Another start is no reason: it is warned of, and not used. So are other versions of the packages below.
    """
    if begun["format"] != FORMAT or _series(begun) != _series(asked):
        theirs, ours = (settings["versions"]["equibacksolve"] for settings in (begun, asked))
        raise ValueError(
            f"out={str(place)!r} holds a run of equibacksolve {theirs} (format {begun['format']}), which {ours} "
            f"(format {FORMAT}) cannot continue; install that version, or begin anew in another directory."
        )
    ours, theirs = asked["fingerprints"], begun["fingerprints"]
    other = [name for name in sorted(ours.keys() | theirs.keys()) if ours.get(name) != theirs.get(name)]
    if set(other) - {"start"}:
        named = ", ".join(name for name in other if name != "start")
        raise ValueError(
            f"out={str(place)!r} holds a run of another problem (not the same: {named}); pass the arguments that it "
            "was begun with, or another directory."
        )
    if other:
        warnings.warn(f"{place} was begun from another start; the run goes on from where it was.", stacklevel=5)
    changed = [name for name, version in asked["versions"].items() if begun["versions"].get(name) != version]
    if changed:
        warnings.warn(
            f"{place} was begun with other versions of {', '.join(changed)}; the last digits may differ from those of "
            "a run without a break.",
            stacklevel=5,
        )


def _of_any_breadth(method: AbstractMethod) -> AbstractMethod:
    """The method as on one core: a run goes on with as many searches at a time as it was begun with."""
    narrow = lambda one: dataclasses.replace(one, parallel=1) if isinstance(one, Restarts) else one
    return jax.tree.map(narrow, method, is_leaf=lambda one: isinstance(one, Restarts))


def _other_fields(problem: Problem) -> list[str]:
    """Whatever else a problem is made of."""
    told = {"known", "observed", "lower", "upper", "tolerance", "spread"}  # the spread follows from data and start
    return [field.name for field in dataclasses.fields(problem) if field.name not in told]


def _series(settings: dict) -> str:
    """Versions 0.1.0 and 0.1.5 continue each other's runs; 0.2.0 need not."""
    return ".".join(settings["versions"]["equibacksolve"].split(".")[:2])


def _sigma(observed: AbstractObservations) -> Any:
    """None if it is unknown, one number if it is the same everywhere, else a range."""
    return None if observed.sigma is None else _range(observed.sigma)


def _range(bound: PyTree) -> Any:
    """One number where all entries are the same, else the range that they span."""
    low = min(float(leaf.min()) for leaf in jax.tree.leaves(bound))
    high = max(float(leaf.max()) for leaf in jax.tree.leaves(bound))
    return low if low == high else [low, high]
