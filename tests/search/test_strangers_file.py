"""Files that somebody else wrote, and wrote to do harm: nothing runs, nothing is imported, and a sentence says why."""

import encodings.cp437  # noqa: F401  zipfile asks for it, once
import io
import json
import os
import pickle
import sys
from typing import NamedTuple

import numpy as np
import pytest
from short_runs import solve
from toys import DECAYS

import equibacksolve as ebs
from equibacksolve.saving import _tree_file
from equibacksolve.saving._named_classes import CannotBeReadHere, MissingClass
from equibacksolve.saving._tree_as_json import DEEPEST, Damaged
from equibacksolve.saving._tree_file import tree_from_bytes


class Pair(NamedTuple):
    first: object
    second: object = None


def file_of(members, **more):
    """A file with a right checksum and this content, as nobody but a stranger writes it."""
    content = {name: np.frombuffer(json.dumps(text).encode(), np.uint8) for name, text in members.items()}
    file = io.BytesIO()
    np.savez(file, **content, **more)
    return _tree_file._sealed(file.getvalue())


def read(node, **arrays):
    """What a file with this structure gives."""
    return tree_from_bytes(file_of({"header": {"format": 2}, "structure": {"it": node}}, **arrays), "it")


def class_node(module, name, **fields):
    return {"class": [module, name], "fields": fields}


@pytest.fixture
def nothing_is_imported(monkeypatch):
    before = set(sys.modules)
    yield
    assert set(sys.modules) == before


@pytest.mark.usefixtures("nothing_is_imported")
@pytest.mark.parametrize("module", ["antigravity", "this", "equibacksolve.nowhere", "", ".", "toys.", "__main__ "])
def test_a_module_that_a_file_names_is_not_imported(module):
    with pytest.raises(MissingClass, match="is not imported; import it first"):
        read(class_node(module, "Decays"))


def test_a_module_that_would_import_when_it_is_asked_is_not_asked(tmp_path, monkeypatch):
    (tmp_path / "lazy_module.py").write_text("def __getattr__(name):\n    raise SystemExit(name)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import lazy_module

    with pytest.raises(MissingClass, match="lazy_module has no such class"):
        read(class_node("lazy_module", "Anything"))
    assert lazy_module
    del sys.modules["lazy_module"]


@pytest.mark.parametrize(
    ("module", "name"),
    [
        *(("os", "system"), ("subprocess", "Popen"), ("pathlib", "Path"), ("builtins", "print"), ("builtins", "eval")),
        *(("builtins", "tuple"), ("builtins", "dict"), ("builtins", "object"), ("os", "stat_result"), ("os", "path")),
        *(("collections", "OrderedDict"), ("functools", "partial"), ("equinox", "filter_jit"), ("jax", "jit")),
        *(("toys", "rate"), ("toys", "DECAYS"), ("toys", "np.ndarray"), ("toys", "ebs.Observations")),
        *(("toys", "Decays.observe"), ("toys", "Decays.__init__"), ("toys", "Decays.__init__.__globals__")),
        *(("toys", "Decays.__class__"), ("toys", "Decays.__base__"), ("toys", "Decays.__dict__"), ("toys", "")),
        *(("toys", "Decays."), ("toys", ".Decays"), ("toys", "__builtins__"), ("toys", "<locals>"), ("sys", "modules")),
        ("equinox._module", "__getattr__"),
    ],
)
def test_what_is_no_container_is_not_made_nor_called(module, name):
    with pytest.raises(MissingClass, match=r"no such class; define it first|no container of arrays"):
        read(class_node(module, name, args={"tuple": ["echo called"]}))


def test_fields_are_those_of_the_class():
    line = class_node("toys", "Line", coefficients=1.0, design=2.0)
    assert read(line).design == 2.0
    for fields in ({"coefficients": 1.0}, {}, {**line["fields"], "__class__": 1}, {**line["fields"], "predict": 1}):
        with pytest.raises(CannotBeReadHere, match=r"holds toys\.Line with the fields .*, but that class has coeff"):
            read(class_node("toys", "Line", **fields))
    for fields in ({"first": 1}, {"first": 1, "second": 2, "third": 3}, {"first": 1, "_fields": 3}):
        with pytest.raises(CannotBeReadHere, match="but that class has first, second"):
            read(class_node(__name__, "Pair", **fields))
    with pytest.raises(CannotBeReadHere, match="AbstractOnsite, which is abstract"):
        read(class_node("equibacksolve.samples._onsite", "AbstractOnsite"))


NONSENSE = [
    *({}, {"a": 1}, {"tuple": 3}, {"tuple": {"a": 1}}, {"dict": [[1]]}, {"dict": [[1, 2, 3]]}, {"dict": [[[], 1]]}),
    *({"set": [[]]}, {"int": "seven"}, {"int": 7}, {"float": "1e5"}, {"float": 7}, {"complex": [1]}, {"bytes": "xyz"}),
    *({"complex": ["a", "b"]}, {"class": ["toys"], "fields": {}}, {"class": ["toys", "Line"]}, {"class": "toys.Line"}),
    *({"class": ["toys", 3], "fields": {}}, {"class": ["toys", "Line"], "fields": []}, {"array": []}),
    *({"array": ["jax", 1, "float64"]}, {"array": ["jax", -1, "float64"]}, {"array": ["jax", "0", "float64"]}),
    *({"array": ["jax", True, "float64"]}, {"array": ["jax", 0, "int64"]}, {"array": ["jax", 0, "object"]}),
    *({"array": ["pickle", 0, "float64"]}, {"array": ["key", 0, "float64"]}, {"array": ["key", 0, "threefry2x32"]}),
    *({"array": [{}, 0, []]}, {"array": ["jax", "header", "uint8"]}, {"like": [3]}, {"like": [["jax", 9, "float64"]]}),
]


@pytest.mark.parametrize("node", NONSENSE, ids=json.dumps)
def test_what_means_nothing_is_damaged(node):
    with pytest.raises(Damaged):
        read(node, **{"0": np.ones(2)})


def test_deep_nests_and_odd_archives_are_damaged():
    for depth in (DEEPEST + 5, 100_000):
        text = "[" * depth + "]" * depth
        content = {"header": b'{"format": 2}', "structure": b'{"it": ' + text.encode() + b"}"}
        file = io.BytesIO()
        np.savez(file, **{name: np.frombuffer(text, np.uint8) for name, text in content.items()})
        with pytest.raises(Damaged, match="containers within each other"):
            tree_from_bytes(_tree_file._sealed(file.getvalue()), "it")
    whole = {"header": {"format": 2}, "structure": {"it": 1}}
    assert tree_from_bytes(file_of(whole), "it") == 1
    single = io.BytesIO()
    np.save(single, np.ones(40))
    objects = io.BytesIO()
    np.savez(objects, header=np.array([print]))
    for odd in (
        *(file_of({"header": {"format": 2}}), file_of(whole | {"header": []}), file_of(whole | {"structure": 3})),
        *(_tree_file._sealed(single.getvalue()), _tree_file._sealed(objects.getvalue())),
        *(_tree_file._sealed(b"PK\x03\x04" + bytes(99)), _tree_file._sealed(pickle.dumps(3) + bytes(9)), b"", b"PK"),
    ):
        with pytest.raises(Damaged):
            tree_from_bytes(odd, "it")


class Bomb:
    def __reduce__(self):
        return os._exit, (7,)


def of_format_1(header):
    """A file as the version before wrote it, whose pickle ends the process when it is opened."""
    file = io.BytesIO()
    members = {"header": json.dumps(header).encode(), "structure": pickle.dumps(Bomb())}
    np.savez(file, **{name: np.frombuffer(content, np.uint8) for name, content in members.items()})
    return _tree_file._sealed(file.getvalue())


def test_files_of_other_versions_are_refused_unopened(tmp_path):
    path = tmp_path / "old.npz"
    for kind, load in (("a solution", ebs.load_solution), ("observations", ebs.load_observations)):
        path.write_bytes(of_format_1({"kind": kind, "format": 1, "paths": []}))
        with pytest.raises(ValueError, match=r"old\.npz was written by an earlier version .*; make it anew"):
            load(path)
        path.write_bytes(of_format_1({"kind": kind, "format": 3}))
        with pytest.raises(ValueError, match=r"a later version of equibacksolve \(format 3, this one reads 2\)"):
            load(path)
    run = tmp_path / "run"
    solve(run, steps=2)
    for checkpoint in run.glob("checkpoint-*.npz"):
        checkpoint.write_bytes(of_format_1({"kind": "a checkpoint", "steps": 2}))
    with pytest.raises(ValueError, match=r"checkpoint-.* was written by an earlier version"):
        solve(run, resume=True)
    assert len(list(run.glob("checkpoint-*.npz"))) == 2  # they stay where they are


def test_crafted_solutions_are_told_in_a_sentence(tmp_path):
    path = tmp_path / "evil.npz"
    header = {"format": 2, "kind": "a solution", "paths": [".height", ".rate"]}
    for structure in ({}, {"solution": 3}, {"solution": {"dict": []}}, {"solution": None, "simulator": {"tuple": []}}):
        path.write_bytes(file_of({"header": header, "structure": structure}))
        for like in (None, DECAYS):
            with pytest.raises(ValueError, match=r"evil.npz is damaged or no solution|holds a simulator whose class"):
                ebs.load_solution(path, like)
    path.write_bytes(
        file_of({"header": header, "structure": {"solution": {"dict": []}, "simulator": class_node("a", "B")}})
    )
    with pytest.raises(ValueError, match=r"names a\.B, but a is not imported; import it first, or pass like=, a sim"):
        ebs.load_solution(path)
    path.write_bytes(file_of({"header": {"format": 2, "kind": "observations"}, "structure": {"observations": [1]}}))
    with pytest.raises(ValueError, match="it holds a list in place of observations"):
        ebs.load_observations(path)
