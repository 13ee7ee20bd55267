"""From an import to the first answer: a few seconds of CPU, and what is compiled is compiled once.

Each line is a process of its own, without anything compiled before and with Python's bytecode in place; the median of
three, in CPU seconds (user and system, all threads) and seconds on the clock. Where a line is a difference, both sides
were taken in one process.

    python benchmarks/first_minute.py
    python benchmarks/first_minute.py --checkout ../older    the package as it is in another checkout
"""

import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

from _first_minute_programs import AGAIN, DECAY, DEPENDENCIES, IMPORT, OVER_DEPENDENCIES, PROGRAM, PROGRESS
from _measuring import arguments_of, write_json

HERE = pathlib.Path(__file__).resolve().parents[1]
MAP = HERE / "examples" / "data" / "wire_two_hills_12x12.npz"
GOALS = {
    "import, over its dependencies": 0.6,
    "equibacksolve --help": 0.7,
    "Decay of the README": 4.0,
    "another sigma, compiled": 8.0,
    "one flux fewer, compiled": 8.0,
    "command line, warm cache": 8.0,
    "first progress (s on the clock)": 2.0,
}
"""CPU seconds, but for the last."""


class Checkout:
    """The package as it is in a folder, run by this Python in processes of their own."""

    def __init__(self, place: pathlib.Path, scratch: pathlib.Path):
        self.place, self.scratch = place, scratch
        beside = (place / "equibacksolve_program.py").exists()
        self.program = PROGRAM.format(module="equibacksolve_program" if beside else "equibacksolve.command_line")
        left_out = (
            "JAX_COMPILATION_CACHE_DIR",
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS",
            "PYTHONDONTWRITEBYTECODE",
        )
        self.environment = {name: value for name, value in os.environ.items() if name not in left_out}
        self.environment |= {"PYTHONPATH": str(place), "MPLBACKEND": "Agg", "XDG_CACHE_HOME": str(scratch / "cache")}

    def start(self, *arguments, **streams):
        command = [sys.executable, *map(str, arguments)]
        return subprocess.Popen(command, cwd=self.scratch, env=self.environment, text=True, **streams)

    def run(self, *arguments, fails=False) -> dict[str, float]:
        """CPU seconds and seconds on the clock of one process."""
        began = time.perf_counter()
        process = self.start(*arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        told = process.stderr.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode and not fails:
            raise SystemExit(f"{arguments[:2]} failed in {self.place}:\n{told}")
        return {"cpu": used.ru_utime + used.ru_stime, "wall": time.perf_counter() - began}

    def told(self, *arguments):
        """The line of JSON that a program prints last."""
        process = self.start(*arguments, stdout=subprocess.PIPE)
        lines = process.communicate()[0].strip().splitlines()
        if process.returncode:
            raise SystemExit(f"{arguments[:2]} failed in {self.place}")
        return json.loads(lines[-1])


def imports(checkout):
    """The import, and how much of it is ours."""
    others = checkout.told("-c", DEPENDENCIES)
    yield "import", checkout.run("-c", IMPORT)
    yield "import, over its dependencies", checkout.told("-c", OVER_DEPENDENCIES, json.dumps(others))
    yield "equibacksolve --help", checkout.run("-c", checkout.program, "--help")


def first_answers(checkout):
    """The two programs that a reader of the README runs first."""
    yield "Decay of the README", checkout.run("-c", DECAY)
    picture = checkout.scratch / "potential.png"
    yield "examples/potential.py", checkout.run(checkout.place / "examples" / "potential.py", "--picture", picture)


def second_answers(checkout):
    """What another sigma, or one row of data fewer, compiles anew."""
    for name, seconds in checkout.told("-c", AGAIN, MAP).items():
        yield f"{name}, compiled", seconds


def command_line(checkout):
    """The same command twice; the second finds what the first compiled."""
    import numpy as np

    table = checkout.scratch / "map.csv"
    data = np.load(MAP)
    flux, energy = (axis.ravel() for axis in np.meshgrid(data["flux"], data["energy"], indexing="ij"))
    columns = np.stack([flux, energy, data["G"].ravel()], axis=1)
    np.savetxt(table, columns, delimiter=",", header="flux,energy,G", comments="")
    options = ["potential", table, "--sites", "12x12", "--wavenumber", np.pi / 2, "--out"]
    cache = checkout.scratch / "cache" / "equibacksolve"
    subprocess.run(["rm", "-rf", cache], check=True)
    for number, name in enumerate(("command line, first time", "command line, warm cache")):
        out = pathlib.Path(tempfile.mkdtemp(dir=checkout.scratch)) / str(number)
        yield name, checkout.run("-c", checkout.program, *options, out)


def first_progress(checkout):
    """Seconds from the call of `backsolve` to the first thing that it says."""
    process = checkout.start("-c", PROGRESS, MAP, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, bufsize=1)
    while process.stderr.readline() != "calls\n":
        pass
    began = time.perf_counter()
    process.stderr.read(1)
    seconds = time.perf_counter() - began
    process.communicate()
    yield "first progress (s on the clock)", {"wall": seconds}


def measured(checkout, short):
    """Every line of one round."""
    parts = [imports, first_answers, second_answers, command_line, first_progress]
    for part in [imports, first_progress] if short else parts:
        yield from part(checkout)


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--checkout", type=pathlib.Path, default=HERE, help="measure the package that lies here")
    parser.add_argument("--repeat", type=int, default=3, help="rounds, of which the median is told")
    arguments = parser.parse_args()
    rounds = {}
    with tempfile.TemporaryDirectory() as scratch:
        checkout = Checkout(arguments.checkout.resolve(), pathlib.Path(scratch))
        checkout.run("-c", DECAY)  # bytecode
        for _ in range(1 if arguments.short else arguments.repeat):
            for name, seconds in measured(checkout, arguments.short):
                rounds.setdefault(name, []).append(seconds)
    results = {
        name: {clock: statistics.median(one[clock] for one in each) for clock in each[0]}
        for name, each in rounds.items()
    }
    print(f"{'':34s}{'CPU s':>8s}{'wall s':>8s}{'goal':>8s}")
    for name, seconds in results.items():
        cpu = f"{seconds['cpu']:8.2f}" if "cpu" in seconds else " " * 8
        print(f"{name:34s}{cpu}{seconds['wall']:8.2f}{GOALS.get(name, ''):>8}")
    write_json(arguments.json, results)


if __name__ == "__main__":
    main()
