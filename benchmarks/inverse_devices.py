"""Claim: the default finds nine of ten landscapes of 144 sites between real ribbons within 120 s.

And of graphene, 130 sites, four of five within 300 s; ten of ten Hall bars and gate maps, eight of ten wires with spin.

For each truth of a device (_hidden_devices.py): whether it was recovered (cost < 1e-10, and root mean square error <
1e-3 over the mirror images), the simulations and the seconds, compilation included, and how coarse the map is. Nothing
is chosen: truth number k, its start and its key follow from k. The machine should be quiet.

    python benchmarks/inverse_devices.py [--device ribbon] [--truths 10] [--seconds 120] [--json FILE] [--short]
"""

import time

import jax
from _hidden_devices import DEVICES
from _measuring import arguments_of, write_json

import equibacksolve as ebs

jax.config.update("jax_enable_x64", True)


def row(device, number, seconds):
    """One search, judged and printed."""
    hidden = DEVICES[device](number)
    began = time.perf_counter()
    # By default a millionth of the data's variance is enough, and nobody would see how well the truth was found.
    settings = {"where": hidden.where, "key": number, "seconds": seconds, "tolerance": 1e-8, "progress": False}
    found = ebs.backsolve(hidden.start, hidden.observed, **settings)
    taken, cost, error = time.perf_counter() - began, float(found.cost), hidden.error(found.simulator)
    simulations, starts = int(found.history.evaluations[-1]), int(found.history.start.max()) + 1
    coarse = max(ebs.inverse.coarseness(hidden.observed).values(), default=float("nan"))
    recovered = cost < 1e-10 and error < 1e-3
    print(
        f"{device:10s}{number:4d}{'yes' if recovered else 'no':>10s}{cost:10.0e}{error:10.0e}{simulations:10d}"
        f"{starts:8d}{taken:8.0f}{coarse:10.2f}",
        flush=True,
    )
    return {
        **{"device": device, "truth": number, "recovered": recovered, "cost": cost, "error": error},
        **{"simulations": simulations, "starts": starts, "seconds": round(taken, 1), "coarseness": round(coarse, 3)},
    }


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--device", choices=DEVICES, action="append")
    parser.add_argument("--truths", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=120)
    options = parser.parse_args()
    devices = ["ribbon"] if options.short else options.device or list(DEVICES)
    head = ("recovered", "cost", "error", "sims", "starts", "s", "coarse")
    print(f"{'device':10s}{'':4s}" + "".join(f"{name:>{w}s}" for name, w in zip(head, (10, 10, 10, 10, 8, 8, 10))))
    rows = []
    for device in devices:
        mine = [row(device, number, options.seconds) for number in range(1 if options.short else options.truths)]
        print(f"{device}: {sum(one['recovered'] for one in mine)} of {len(mine)}")
        rows += mine
    write_json(options.json, rows)


if __name__ == "__main__":
    main()
