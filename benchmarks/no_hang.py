"""Claim: nothing hangs: 2000 Jacobians and 20 full reconstructions in a row, on two cores, under a watchdog.

jax has dead-locked on two cores in graphs with several batched LAPACK calls (jax 0.10.2; see CONTRIBUTING.md), so none
is made, and this is the proof. A process of its own does the work and prints a line after each item; if one takes
longer than its deadline, the process is killed, and the benchmark ends with status 1 and says where it hung.

    python benchmarks/no_hang.py [--jacobians 2000] [--reconstructions 20] [--cores 2] [--json FILE] [--short]
"""

import os
import queue
import subprocess
import sys
import threading
import time

from _measuring import arguments_of, write_json

DEADLINES = {"Jacobian": 60.0, "reconstruction": 420.0}
"""Seconds for one item; compiling comes on top for the first."""
COMPILING = 300.0


def work(kind, count, budget):
    """Do `count` items, and print a line after each: what the watched process runs."""
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    from _hidden_maps import HiddenMap

    import equibacksolve as ebs

    one = HiddenMap("hills 0.5", 0)
    settings = dict(one.observed.variables)
    jacobian = jax.jit(jax.jacfwd(lambda v: one.simulator(v).predict(**settings)))
    for number in range(count):
        if kind == "Jacobian":
            j = jacobian(one.truth + 1e-3 * number)
            said = "finite" if bool(jnp.all(jnp.isfinite(j))) else "NOT FINITE"
        else:
            this = HiddenMap("hills 0.5", number)
            start, key = this.start(number), jax.random.key(number)
            found = ebs.backsolve(start, this.observed, where=this.hidden, key=key, seconds=budget, progress=False)
            said = f"{'converged' if found.converged else 'not converged'}, cost {float(found.cost):.1e}"
        print(f"{kind} {number + 1}: {said}", flush=True)


def watched(kind, count, budget):
    """Run the work in a process, and wait for each of its lines. Returns how many came, and the slowest seconds."""
    program = [sys.executable, __file__, "--work", kind, str(count), str(budget)]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, text=True)
    lines: queue.Queue[str | None] = queue.Queue()

    def read():
        for line in process.stdout:
            lines.put(line.strip())
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    began, slowest, done = time.perf_counter(), 0.0, 0
    try:
        while done < count:
            before = time.perf_counter()
            deadline = DEADLINES[kind] + (COMPILING if done == 0 else 0.0)
            line = lines.get(timeout=deadline)
            if line is None:
                raise RuntimeError(f"the process ended with status {process.wait()} after {done} of {count}")
            if "NOT FINITE" in line:
                raise RuntimeError(line)
            done += 1
            slowest = max(slowest, time.perf_counter() - before) if done > 1 else 0.0
            if kind == "reconstruction" or done % max(1, count // 10) == 0:
                print(f"{line}, {time.perf_counter() - began:.0f} s", flush=True)
    except queue.Empty:
        print(f"HANG: {kind} {done + 1} of {count} took longer than {deadline:.0f} s", flush=True)
    finally:
        process.kill()
        process.wait()
    return {"asked": count, "done": done, "slowest": slowest, "seconds": time.perf_counter() - began}


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--jacobians", type=int, default=2000)
    parser.add_argument("--reconstructions", type=int, default=20)
    parser.add_argument("--budget", type=float, default=120.0, help="seconds for one reconstruction")
    parser.add_argument("--cores", type=int, default=2)
    parser.add_argument("--work", nargs=3, metavar=("KIND", "COUNT", "BUDGET"), help="used by the benchmark itself")
    arguments = parser.parse_args()
    if arguments.work:
        kind, count, budget = arguments.work
        return work(kind, int(count), float(budget))
    if arguments.short:
        arguments.jacobians, arguments.reconstructions, arguments.budget = 100, 1, 40.0
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: arguments.cores])
    wanted = {"Jacobian": arguments.jacobians, "reconstruction": arguments.reconstructions}
    results = {kind: watched(kind, count, arguments.budget) for kind, count in wanted.items() if count}
    for kind, found in results.items():
        print(
            f"{found['done']} of {found['asked']} {kind}s in {found['seconds']:.0f} s, the slowest after the first in "
            f"{found['slowest']:.2f} s"
        )
    write_json(arguments.json, results)
    return int(any(found["done"] < found["asked"] for found in results.values()))


if __name__ == "__main__":
    sys.exit(main())
