"""Tests of a copy of the repository in which one file may be changed, the fastest first, until one fails.

Two servers import what takes long and compute nothing; for each question one of them forks a process that runs pytest.
One has imported the package as well, and changes functions in place; the other serves where that is not possible. Time
is the processor's, so that other work on the machine does not shorten what is tested.
"""

import importlib.util
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import sys
import time
import traceback
import warnings

from _changed_in_place import change, imported

SLOW_TO_IMPORT = ("jax", "equinox", "optax", "optimistix", "hypothesis", "scipy", "pandas", "xarray", "pytest")


class Nearest:
    """A plugin of pytest: only the tests that are asked for, in the order of `keys`, until time is up."""

    def __init__(self, wanted, left_out, keys, budget):
        self.wanted, self.left_out, self.keys, self.budget = tuple(wanted), set(left_out), keys, budget
        self.passed, self.failed, self.began = {}, [], 0.0

    def pytest_sessionstart(self, session):
        self.session = session

    def pytest_collection_modifyitems(self, items):
        named = [item for item in items if item.nodeid.removeprefix("tests/").startswith(self.wanted)]
        named = [item for item in named if item.nodeid not in self.left_out]
        self.began = time.process_time()  # of this process, which was forked for these tests
        items[:] = sorted(named, key=lambda item: (self.keys.get(item.nodeid, 1.0), self.place(item)))

    def place(self, item):
        return next(n for n, begin in enumerate(self.wanted) if item.nodeid.startswith(f"tests/{begin}"))

    def pytest_runtest_logreport(self, report):
        self.passed[report.nodeid] = self.passed.get(report.nodeid, 0.0) + report.duration
        if report.failed:
            self.failed.append(report.nodeid)
        if time.process_time() - self.began > self.budget:
            self.session.shouldstop = "time is up"

    def pytest_collectreport(self, report):
        if report.failed:
            self.failed.append(f"{report.nodeid}: not collected")


def run(copy, asked, known):
    """What one forked process does: the tests, and a report of them; nothing of both if a change cannot be made."""
    import pytest

    os.setsid()
    if known and asked["changed"]:
        file = pathlib.Path(copy, "equibacksolve", asked["changed"])
        if not change(known, str(file), asked["source"], file.read_text()):
            return {"failed": ["not in place"], "passed": {}}
    plugin = Nearest(asked["wanted"], asked["left_out"], asked["keys"], asked["budget"])
    begins = [wanted.split("::")[0].removesuffix(".py") for wanted in asked["wanted"]]
    files = sorted({str(file) for begin in begins for file in pathlib.Path("tests").glob(f"{begin}*")})
    if not files:  # pytest would take all that there are
        return {"failed": [], "passed": {}}
    quiet = [
        "-q",
        *(["-x"] if asked["changed"] else []),
        "-p",
        "no:cacheprovider",
        "-W",
        "ignore::pytest.PytestAssertRewriteWarning",
    ]
    checked = ["-o", "addopts=--strict-markers"] if known else []  # else by an option that the project gives
    status = int(pytest.main([*quiet, *checked, *files], plugins=[plugin]))
    used = getattr(sys.modules.get("equibacksolve"), "__file__", copy)
    if not used.startswith(copy):
        raise RuntimeError(f"the tests ran on {used} instead of {copy}")
    if plugin.failed or status not in (0, 2, 5):  # 2: time was up; 5: nothing is left to run
        plugin.failed.append(f"status {status}")
    return {"failed": plugin.failed, "passed": plugin.passed}


def serve(copy, with_package):
    """A process that has imported what takes long, and forks one that runs tests for each line that it reads."""
    for name in SLOW_TO_IMPORT:
        if importlib.util.find_spec(name):
            importlib.import_module(name)
    warnings.simplefilter("ignore")  # jax warns of any fork; nothing has been computed here, so no thread runs
    known = imported(pathlib.Path(copy, "equibacksolve")) if with_package else None
    print("ready", flush=True)  # before that, no file may be changed
    report = pathlib.Path(copy, "report.json")
    for line in sys.stdin:
        asked = json.loads(line)
        report.write_text('{"failed": ["crashed"], "passed": {}}')
        if (child := os.fork()) == 0:
            os.dup2(os.open(f"{copy}/output.txt", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 1)
            os.dup2(1, 2)
            resource.setrlimit(resource.RLIMIT_CPU, (int(2 * asked["budget"] + 60),) * 2)
            try:
                report.write_text(json.dumps(run(copy, asked, known)))
            except BaseException:
                traceback.print_exc()
            sys.stdout.flush()
            os._exit(0)
        end = time.monotonic() + 20 * (60 + asked["budget"])
        while (ended := os.waitpid(child, os.WNOHANG)[0]) == 0 and time.monotonic() < end:
            time.sleep(0.02)
        if ended == 0:
            report.write_text('{"failed": ["timeout"], "passed": {}}')
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
        print(report.read_text(), flush=True)


class Runner:
    """Runs tests in a copy of the repository, by a server whose environment sees the copy first."""

    def __init__(self, root, folder, budget, learned=None):
        self.copy, self.budget, self.made = f"{folder}/copy", budget, 0
        self.package = pathlib.Path(self.copy, "equibacksolve")
        self.file, self.noticed = learned, {}
        known = json.loads(learned.read_text()) if learned and learned.exists() else {}
        self.seconds, self.passes = (known.get(kept, {}) for kept in ("seconds", "passes"))
        leave = shutil.ignore_patterns(".*", "site", "*.egg-info", "__pycache__")
        shutil.copytree(root, self.copy, ignore=leave)
        cache = {"JAX_COMPILATION_CACHE_DIR": f"{folder}/compiled", "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0"}
        environment = {**cache, **os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": self.copy}
        self.servers = [
            subprocess.Popen(
                [sys.executable, __file__, self.copy, *with_package],
                cwd=self.copy,
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for with_package in (["with package"], [])
        ]
        for server in self.servers:
            server.stdout.readline()

    def ask(self, wanted, keys, budget, changed=None, source=None):
        left_out = [test for test, passes in self.passes.items() if not passes]
        asked = {"wanted": wanted, "keys": keys, "left_out": left_out, "budget": budget, "source": source}
        for server in self.servers:
            server.stdin.write(json.dumps({**asked, "changed": changed}) + "\n")
            server.stdin.flush()
            report = json.loads(server.stdout.readline())
            if report["failed"] != ["not in place"]:
                break
        failed = next(iter(report["failed"]), None)
        self.seconds |= {test: spent for test, spent in report["passed"].items() if test != failed}
        return failed, report["passed"]

    def passes_without_change(self, test):
        """Whether a test passes if nothing is changed; asked once for each test."""
        if test not in self.passes:
            self.passes[test] = self.ask([test.removeprefix("tests/")], {}, 3 * self.budget)[0] is None
            if not self.passes[test]:
                print(f"{test} fails without a change, and is left out", flush=True)
            if self.file:
                self.file.write_text(json.dumps({"seconds": self.seconds, "passes": self.passes}))
        return self.passes[test]

    def noticed_by(self, file, text, wanted):
        """The test that fails if a file of the package has another text, or None.

        The fastest test is the first; one that noticed a change of this file before counts as so much faster.
        """
        before, by, told = self.noticed.setdefault(file, {}), "", [""]
        while by in told and not (by and self.passes_without_change(by)):
            keys = {test: spent / (1 + before.get(test, 0)) for test, spent in self.seconds.items()}
            by, told = self.failing_test(file, text, wanted, keys)
        before[by] = before.get(by, 0) + 1
        return by

    def failing_test(self, file, text, wanted, keys):
        """The first test that fails if a file has another text, or None; and the tests that were run in time."""
        path = self.package / file
        source, stat = path.read_text(), path.stat()
        self.made += 1
        path.write_text(text)
        os.utime(path, (stat.st_atime, stat.st_mtime + self.made))  # compiled files are told apart by their time
        found = self.ask(wanted, keys, self.budget, file, source)
        path.write_text(source)
        os.utime(path, (stat.st_atime, stat.st_mtime))
        return found

    def close(self):
        for server in self.servers:
            server.stdin.close()
            server.wait()


if __name__ == "__main__":
    serve(sys.argv[1], with_package=len(sys.argv) > 2)
