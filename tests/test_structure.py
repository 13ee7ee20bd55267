"""The house: what is abstract, who imports whom, what is public."""

import ast
import dataclasses
import importlib
import inspect
import pathlib
import pkgutil
import subprocess
import sys
import typing

import equinox as eqx
import pytest

import equibacksolve as ebs

ROOT = pathlib.Path(ebs.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
FLOORS = [
    {
        "_axes",
        "_arrays",
        "_devices",
        "_host",
        "_version",
        "_dependencies",
        "_typechecking",
        "_on_demand",
        "_quantity",
        "_collector",
        "saving",
    },
    {"_per_datum", "_entries", "_rich_display"},
    {"imaging", "leads"},
    {"samples"},
    {"transport"},
    {"scattering"},
    {"simulators"},
    {"inverse", "models"},
    {"methods"},
    {"phasing", "specialists"},
    {"search"},
    {"diagnostics", "measurements", "testing"},
    {"atoms"},
    {"plotting"},
    {"reporting"},
    {"command_line"},
]
"""Rooms from left to right; a room imports rooms further left only, and of its own floor only itself."""

OPTIONAL = {"matplotlib": {"plotting", "reporting"}} | {
    name: set()
    for name in (
        *("xarray", "pint", "pandas", "h5netcdf", "qcodes", "kwant", "sisl", "ase", "periodictable"),
        "blackjax",
    )
}
"""Packages of the extras, and the rooms that may import them at the top of a file; others do so inside functions."""


def modules():
    names = [info.name for info in pkgutil.walk_packages([str(ROOT)], "equibacksolve.")]
    return [importlib.import_module(name) for name in names]


def classes():
    found = {
        thing
        for module in modules()
        for thing in vars(module).values()
        if inspect.isclass(thing) and thing.__module__.startswith("equibacksolve")
    }
    return sorted(found, key=lambda kind: (kind.__module__, kind.__name__))


MODULES = [kind for kind in classes() if issubclass(kind, eqx.Module)]
ABSTRACT = [kind for kind in MODULES if kind.__name__.lstrip("_").startswith("Abstract")]


def imported(tree):
    """Names of all modules that a file imports, at the top or inside a function."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(path):
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def floor_of(room):
    return next((number for number, floor in enumerate(FLOORS) if room in floor), None)


def test_there_is_something_to_check():
    assert {"AbstractOnsite", "AbstractLead", "AbstractSimulator"} <= {kind.__name__ for kind in ABSTRACT}
    assert len(MODULES) > len(ABSTRACT) + 10


@pytest.mark.parametrize("kind", ABSTRACT, ids=lambda kind: kind.__name__)
def test_abstract_classes_cannot_be_built(kind):
    with pytest.raises(TypeError, match=r"abstract|must implement exactly one"):
        kind()


@pytest.mark.parametrize("kind", MODULES, ids=lambda kind: kind.__name__)
def test_classes_are_abstract_or_final(kind):
    """equinox's pattern: whoever is built is not subclassed, so that reading one class tells what it does."""
    for base in kind.__bases__:
        if base.__module__.startswith("equibacksolve"):
            assert base in ABSTRACT, f"{kind.__name__} inherits from the concrete {base.__name__}"


@pytest.mark.parametrize("kind", [kind for kind in MODULES if kind not in ABSTRACT], ids=lambda kind: kind.__name__)
def test_no_concrete_method_is_overridden(kind):
    """But for what AbstractSimulator documents: predict and observe follow from each other; a check of the settings."""
    for base in kind.__mro__[1:]:
        if not base.__module__.startswith("equibacksolve"):
            continue
        for name, method in vars(base).items():
            concrete = inspect.isfunction(method) and not getattr(method, "__isabstractmethod__", False)
            if concrete and not name.startswith("__") and (base, name) not in EXCEPTIONS:
                assert name not in vars(kind), f"{kind.__name__}.{name} overrides {base.__name__}'s"


def test_plain_values_are_static():
    """Leaves are arrays; a plain value decides what is compiled. Methods read their counts before they compile."""
    for kind in MODULES:
        for field in dataclasses.fields(kind):
            count = field.type is int and room_of(pathlib.Path(inspect.getfile(kind))) in {"methods", "specialists"}
            if consists_of(field.type, PLAIN) and not count:
                assert field.metadata.get("static", False), f"{kind.__name__}.{field.name} must be static"


def consists_of(annotation, kinds):
    """Whether an annotation names nothing but these types, in tuples and alternatives."""
    parts = [part for part in typing.get_args(annotation) if part is not ...]
    return all(consists_of(part, kinds) for part in parts) if parts else annotation in kinds


PLAIN = (bool, int, float, str, type(None))
EXCEPTIONS = {(ebs.AbstractSimulator, name) for name in ("predict", "observe", "check_settings")}


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_run_one_way(path):
    room = room_of(path)
    if room == "__init__":
        return
    floor = floor_of(room)
    assert floor is not None, f"{room} has no place in FLOORS"
    for name in imported(ast.parse(path.read_text())):
        if name.split(".")[0] != "equibacksolve":
            continue
        assert name.count(".") > 0, "import from the room, not from the package"
        other = name.split(".")[1]
        assert other == room or floor_of(other) < floor, f"{path.name} in {room} imports {name}"
        private = (
            other != room and not other.startswith("_") and any(part.startswith("_") for part in name.split(".")[2:])
        )
        assert not private, f"{path.name} in {room} imports {name}, which is private to {other}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_changes_jax_or_hides_its_annotations(path):
    """jaxtyping reads annotations as objects; the configuration of JAX is the user's."""
    tree = ast.parse(path.read_text())
    assert "__future__.annotations" not in set(imported(tree))
    chains = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert "jax.config" not in chains
    at_the_top = ast.Module([node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))], [])
    for name in {name.split(".")[0] for name in imported(at_the_top)} & set(OPTIONAL):
        assert room_of(path) in OPTIONAL[name], f"{name} is optional; import it inside the function that needs it"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_are_short_and_say_what_they_are(path):
    text = path.read_text()
    assert len(text.splitlines()) <= 250
    assert ast.get_docstring(ast.parse(text))


def test_the_contract_and_every_abstract_class_are_public():
    """The contract at the top, abstract classes in their rooms."""
    public = {name for name in vars(ebs) if not name.startswith("_")}
    rooms = {name for room in vars(ebs).values() if inspect.ismodule(room) for name in vars(room)}
    contract = {"SquareLattice", "Potential", "ExchangeField", "WireLead", "Magnetoconductance", "MomentumImage"}
    contract |= {"Observations", "backsolve", "mean_squared_error", "AbstractSimulator"}
    assert contract <= public
    assert {kind.__name__ for kind in ABSTRACT} <= rooms


def test_the_top_level_lists_public_names_and_nothing_else():
    """`from room import X as X`, so that type checkers see a re-export; nothing is defined here."""
    tree = ast.parse((ROOT / "__init__.py").read_text())
    inside = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and "equibacksolve" in node.module]
    names = [(alias.name, alias.asname) for node in inside for alias in node.names]
    assert all(name == alias for name, alias in names)
    assert len(set(names)) == len(names)
    assert not [n for n in ast.walk(tree) if isinstance(n, (ast.FunctionDef, ast.ClassDef, ast.Assign))]


def test_the_package_is_typed():
    assert (ROOT / "py.typed").exists()


def test_importing_changes_no_configuration_and_draws_nothing():
    """In a fresh interpreter, without anything optional being imported and with JAX as the user left it."""
    program = (
        "import sys, jax; before = dict(jax.config.values); import equibacksolve;"
        f"assert dict(jax.config.values) == before; assert not set({sorted(OPTIONAL)}) & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120, cwd=ROOT.parent)


def test_only_our_own_files_are_compiled_under_the_hook():
    """The bytecode of all others is that which `pip` has written (equibacksolve/_dependencies.py)."""
    program = (
        "import sys, equibacksolve;"
        "cached = {name: str(getattr(module, '__cached__', '')) for name, module in sys.modules.items()};"
        "hooked = {name.split('.')[0] for name, path in cached.items() if '.opt-jaxtyping' in path};"
        "print(*hooked - sys.stdlib_module_names)"
    )
    command = [sys.executable, "-c", program]
    told = subprocess.run(command, check=True, timeout=120, cwd=ROOT.parent, capture_output=True, text=True)
    assert set(told.stdout.split()) - {"beartype"} == {"equibacksolve"}  # beartype imports parts of itself when called
