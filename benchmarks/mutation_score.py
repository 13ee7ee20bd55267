"""Claim: of small wrong changes to the package, drawn at random, the tests nearest to each notice nine in ten.

Each change (_small_changes.py says which there are) is made in a copy of the repository, where the tests named below
run, fastest first, until one fails. A change that makes them hang or crash counts as noticed. One that changes nothing
that can be observed counts as unnoticed: which those are, a person must say. Tests that fail without any change are
left out, and told.

    python benchmarks/mutation_score.py [--changes 300] [--seed 19] [--minutes M] [--skip N] [--json FILE] [--short]
"""

import importlib.util
import json
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings

from _small_changes import changed, kinds_of_changes

ROOT = pathlib.Path(__file__).resolve().parents[1]
ROOMS = ("transport", "leads", "sample", "inverse/_problem.py", "inverse/methods", "diagnostics", "measurements")
LAWS = [f"transport/test_law_{law}" for law in ("3_", "4_", "6_", "8_", "9_", "10_")]
STEPS = ["inverse/test_levenberg_marquardt", "inverse/test_step_equations", "inverse/test_bounds"]
HOPS = ["inverse/test_basin_hopping", "inverse/test_image_hopping"]
DESCENTS = ["inverse/test_backtracking_descent", "inverse/test_every_method"]
POSED = [f"inverse/test_{name}" for name in ("cost", "bounds", "where", "bad_problems", "priors", "observations")]
LEVELS = ["inverse/test_between_levels", "inverse/test_two_levels"]
SLOW_TO_IMPORT = ("jax", "equinox", "optax", "optimistix", "hypothesis", "scipy", "pandas", "xarray", "pytest")
NEAREST = {
    "transport/_growth": [
        *LAWS,
        "transport/test_unsafe_growth",
        "transport/test_complex_onsite",
        "transport/test_law_5",
    ],
    "transport/_stabilisation": [*LAWS, "transport/test_unsafe_growth", "transport/test_law_5"],
    "transport/_sweep": [*LAWS, "transport/test_law_5", "transport/test_elimination", "transport/test_walls"],
    "transport": [*LAWS, "transport/test_law_2", "transport/test_elimination", "transport/test_walls"],
    "leads": ["leads"],
    "sample": ["sample", "transport/test_law_3"],
    "inverse/_problem": [*POSED, *STEPS[:1]],
    "inverse/methods/_annealing": ["inverse/test_annealing"],
    "inverse/methods/_cooling": ["inverse/test_annealing", "inverse/test_two_levels", "inverse/test_few_discs"],
    "inverse/methods/_continuation": ["inverse/test_continuation"],
    "inverse/methods/_levels": ["inverse/test_continuation", *LEVELS],
    "inverse/methods/_few_discs": ["inverse/test_few_discs"],
    "inverse/methods/_disc_moves": ["inverse/test_few_discs"],
    "inverse/methods/_flips": ["inverse/test_two_levels"],
    "inverse/methods/_two_levels": LEVELS,
    "inverse/methods/_between_levels": LEVELS,
    "inverse/methods/_level_walk": LEVELS,
    "inverse/methods/_basin_hopping": HOPS,
    "inverse/methods/_image_hopping": HOPS,
    "inverse/methods/_side_by_side": ["inverse/test_side_by_side"],
    "inverse/methods/_restarts": ["inverse/test_restarts"],
    "inverse/methods/_threads": ["inverse/test_restarts", "inverse/test_side_by_side"],
    "inverse/methods/_backtracking": DESCENTS,
    "inverse/methods/_gradient": DESCENTS,
    "inverse/methods/_keyed_optimizer": DESCENTS,
    "inverse/methods/_optimistix": [*DESCENTS, "inverse/test_bounds"],
    "inverse/methods/_choice": [*DESCENTS, "inverse/test_bounds", "inverse/test_course_of_a_search"],
    "inverse/methods/_search_methods": [*DESCENTS, "inverse/test_annealing", *HOPS],
    "inverse/methods": [*STEPS, "inverse/test_regression_sets.py::test_levenberg_marquardt_finds"],
    "diagnostics": ["diagnostics"],
    "measurements": ["measurements"],
}
"""What begins so, below equibacksolve/, is tested by what begins so, below tests/; the first line that fits counts."""


def all_changes(rooms):
    """Each as (file below equibacksolve/, its number in the file, what it is)."""
    found = []
    for room in rooms:
        below = ROOT / "equibacksolve" / room
        for path in sorted(below.rglob("*.py")) if below.is_dir() else [below]:
            if path.name != "__init__.py":
                file = str(path.relative_to(ROOT / "equibacksolve"))
                found += [(file, number, kind) for number, kind in enumerate(kinds_of_changes(path.read_text()))]
    return found


def nearest(file):
    """The tests that are run for a file."""
    return next(tests for begin, tests in NEAREST.items() if file.startswith(begin))


class Nearest:
    """A plugin of pytest: only what begins as given, fastest first as far as known, in a budget of seconds."""

    def __init__(self, copy, wanted, seconds, budget):
        self.copy, self.wanted, self.seconds, self.budget = copy, tuple(wanted), seconds, budget
        self.found, self.failed = {}, []

    def pytest_sessionstart(self, session):
        self.session = session

    def pytest_collection_modifyitems(self, items):
        named = [item for item in items if item.nodeid.removeprefix("tests/").startswith(self.wanted)]
        if self.seconds:
            left, used = [], 0.0
            for item in sorted(named, key=lambda item: self.seconds.get(item.nodeid, 1e9)):
                used += self.seconds.get(item.nodeid, 1e9)
                left += [item] if used <= self.budget else []
            named = left
        items[:] = named

    def pytest_runtest_logreport(self, report):
        self.found[report.nodeid] = self.found.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.append(report.nodeid)
            self.found[report.nodeid] = 1e9
        if not self.seconds and sum(self.found.values()) > 2 * self.budget:
            self.session.shouldstop = "the other tests have no place in the budget"

    def pytest_collectreport(self, report):
        if report.failed:
            self.failed.append(f"{report.nodeid}: not collected")


def run(copy, wanted, seconds, budget, report):
    """What one forked process does: the tests, and a report of them in a file."""
    import pytest

    os.setsid()
    plugin = Nearest(copy, wanted, seconds, budget)
    files = sorted({f for w in wanted for f in pathlib.Path("tests").glob(f"{w.split('::')[0].removesuffix('.py')}*")})
    stop = ["-x"] if seconds else []
    quiet = ["-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    options = [*quiet, *stop, *map(str, files)]
    status = int(pytest.main(options, plugins=[plugin]))
    used = str(pathlib.Path(sys.modules["equibacksolve"].__file__)) if "equibacksolve" in sys.modules else copy
    if not used.startswith(copy):
        raise RuntimeError(f"the tests ran on {used} instead of {copy}")
    pathlib.Path(report).write_text(json.dumps({"status": status, "seconds": plugin.found, "failed": plugin.failed}))


def serve(copy):
    """A process that has imported what takes long, and forks one that runs tests for each line that it reads."""
    for name in SLOW_TO_IMPORT:
        if importlib.util.find_spec(name):
            importlib.import_module(name)
    warnings.simplefilter("ignore")  # jax warns of any fork; nothing has been computed here, so no thread runs
    report = f"{copy}/report.json"
    for line in sys.stdin:
        asked = json.loads(line)
        pathlib.Path(report).unlink(missing_ok=True)
        sys.stdout.flush()
        if (child := os.fork()) == 0:
            os.dup2(os.open(f"{copy}/output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
            os.dup2(1, 2)
            sys.dont_write_bytecode = bool(asked["seconds"])
            try:
                run(copy, asked["wanted"], asked["seconds"], asked["budget"], report)
            except BaseException:
                traceback.print_exc()
            sys.stdout.flush()
            os._exit(0)
        end = time.monotonic() + asked["timeout"]
        while (ended := os.waitpid(child, os.WNOHANG)[0]) == 0 and time.monotonic() < end:
            time.sleep(0.02)
        if ended == 0:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
        text = pathlib.Path(report).read_text() if pathlib.Path(report).exists() else "null"
        print(json.dumps({"timeout": ended == 0, "report": json.loads(text)}), flush=True)


class Runner:
    """Runs tests in a copy of the repository, by a server whose environment sees the copy first."""

    def __init__(self, folder, budget):
        self.copy, self.budget, self.known = f"{folder}/copy", budget, {}
        leave = shutil.ignore_patterns(".*", "site", "*.egg-info", "__pycache__")
        shutil.copytree(ROOT, self.copy, ignore=leave)
        cache = {"JAX_COMPILATION_CACHE_DIR": f"{folder}/compiled", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
        environment = {**os.environ, **cache, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": self.copy}
        command, pipe = [sys.executable, __file__, "--serve", self.copy], subprocess.PIPE
        self.server = subprocess.Popen(command, cwd=self.copy, env=environment, stdin=pipe, stdout=pipe, text=True)

    def ask(self, wanted, seconds, timeout):
        asked = {"wanted": wanted, "seconds": seconds, "budget": self.budget, "timeout": timeout}
        self.server.stdin.write(json.dumps(asked) + "\n")
        self.server.stdin.flush()
        return json.loads(self.server.stdout.readline())

    def without_change(self, wanted):
        """Seconds of each test if nothing is changed; what fails then is told, and has no place in a budget."""
        for one in (one for one in wanted if one not in self.known):
            report = self.ask([one], {}, 1800)["report"]
            if not report or not report["seconds"]:
                raise RuntimeError(f"tests/{one} do not run: {pathlib.Path(self.copy, 'output.txt').read_text()}")
            spent = sum(report["seconds"].values())
            print(f"{one}: {len(report['seconds'])} tests, {spent:.0f} s, failing: {report['failed']}", flush=True)
            self.known[one] = report["seconds"]
        return {test: seconds for one in wanted for test, seconds in self.known[one].items()}

    def with_change(self, file, number, kind):
        """What becomes of one change."""
        began, path = time.monotonic(), pathlib.Path(self.copy, "equibacksolve", file)
        seconds, source, stat = self.without_change(nearest(file)), path.read_text(), path.stat()
        text, line, before, after = changed(source, number)
        path.write_text(text)
        os.utime(path, (stat.st_atime, stat.st_mtime + 1 + number))  # compiled files are told apart by their time
        answer = self.ask(nearest(file), seconds, 60 + 3 * self.budget)
        path.write_text(source)
        os.utime(path, (stat.st_atime, stat.st_mtime))
        report = answer["report"] or {"status": -1, "failed": []}
        noticed = "timeout" if answer["timeout"] else "unnoticed" if report["status"] == 0 else "noticed"
        by = (report["failed"] or [f"status {report['status']}"])[0] if noticed == "noticed" else None
        spent = round(time.monotonic() - began, 1)
        what = {"file": file, "number": number, "line": line, "kind": kind, "before": before, "after": after}
        return {**what, "result": noticed, "by": by, "seconds": spent}


def main():
    from _measuring import arguments_of, write_json

    parser = arguments_of(__doc__)
    parser.add_argument("--changes", type=int, default=300)
    parser.add_argument("--seed", type=int, default=19)
    parser.add_argument("--skip", type=int, default=0, help="leave out so many of the first draws")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no change after that")
    parser.add_argument("--budget", type=float, default=40.0, help="seconds of tests for one change")
    parser.add_argument("--rooms", nargs="+", default=ROOMS)
    arguments = parser.parse_args()
    if arguments.short:
        arguments.rooms, arguments.changes, arguments.budget = ("leads", "sample"), 4, 10.0
    drawn = random.Random(arguments.seed).sample(found := all_changes(arguments.rooms), len(found))
    results, end = [], time.monotonic() + 60 * arguments.minutes
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(folder, arguments.budget)
        for change in drawn[arguments.skip :][: arguments.changes]:
            if time.monotonic() > end:
                break
            results.append(one := runner.with_change(*change))
            print(f"{one['result']}: {one['file']}:{one['line']}: {one['before']} -> {one['after']}", flush=True)
            write_json(arguments.json, {"seed": arguments.seed, "possible": len(found), "changes": results})
        runner.server.stdin.close()
        runner.server.wait()
    for room in arguments.rooms:
        mine = [one["result"] != "unnoticed" for one in results if one["file"].startswith(room)]
        print(f"{room}: {sum(mine)} of {len(mine)} changes noticed")
    noticed = sum(one["result"] != "unnoticed" for one in results)
    print(f"{noticed} of {len(results)} changes noticed ({noticed / max(1, len(results)):.0%}), seed {arguments.seed}")


if __name__ == "__main__":
    serve(sys.argv[2]) if sys.argv[1:2] == ["--serve"] else main()
