"""Claim: of small wrong changes to the package, drawn at random, the tests nearest to each notice nine in ten.

Each change (_small_changes.py says which there are) is made in a copy of the repository, where the tests named below
run, fastest first, until one fails. A change that makes them hang or crash counts as noticed. One that a person judged
to change nothing that a user could see (equivalent_changes.toml gives the reason of each) is counted apart if it goes
unnoticed. Tests that fail without any change are left out, and told. With JAX_COMPILATION_CACHE_DIR set, a second run
compiles nothing anew.

    python benchmarks/mutation_score.py [--changes 300] [--seed 19] [--minutes M] [--skip N]
                                       [--again FILE] [--learned FILE] [--json FILE] [--short]
"""

import json
import pathlib
import random
import tempfile
import time
import tomllib

from _measuring import arguments_of, write_json
from _small_changes import changed, kinds_of_changes
from _tests_in_a_copy import Runner

ROOT = pathlib.Path(__file__).resolve().parents[1]
EQUIVALENT = tomllib.loads(pathlib.Path(__file__).with_name("equivalent_changes.toml").read_text())["change"]
ROOMS = (
    "transport",
    "leads",
    "samples",
    "inverse",
    "methods",
    "specialists",
    "diagnostics",
    "measurements",
)
LAWS = [f"transport/test_law_{law}_" for law in (4, 6, 3, 8, 2, 9)]
STEPS = ["methods/test_levenberg_marquardt", "methods/test_step_equations", "methods/test_bounds"]
HOPS = ["specialists/test_kicks", "methods/test_images_of_the_end"]
DESCENTS = ["methods/test_backtracking_descent", "methods/test_every_method"]
POSED = [
    "search/test_bad_problems",
    "methods/test_bounds",
    *(f"inverse/test_{name}" for name in ("cost", "explained_data", "where", "priors", "observations")),
]
LEVELS = ["methods/test_box", "specialists/test_two_levels"]
NEAREST = {
    "transport/_greens_function": ["transport/test_law_7", "transport/test_law_8", "leads/test_weak_contacts"],
    "transport/_transfer_matrix": ["transport/test_law_8", "transport/test_law_6", "transport/test_strict_promotion"],
    "transport/_site_changes": ["transport/test_law_10"],
    "transport/_growth": [
        "transport/test_unsafe_growth",
        "transport/test_complex_onsite",
        "transport/test_law_5",
        "simulators/test_nothing_asked",
    ],
    "transport/_stabilisation": [
        "transport/test_unsafe_growth",
        "transport/test_law_5",
        "transport/test_refused_arguments",
        *LAWS,
    ],
    "transport/_modes": ["transport/test_refused_arguments"],
    "transport/_sweep": [
        "transport/test_law_8",
        "transport/test_law_5",
        *LAWS,
        "transport/test_elimination",
        "transport/test_walls",
    ],
    "transport": [*LAWS, "transport/test_elimination", "transport/test_walls"],
    "leads": ["leads", "devices/test_laws_of_devices", "devices/test_refused_devices"],
    "samples/_tight_binding": ["samples", "devices/test_refused_devices", "devices/test_laws_of_devices"],
    "samples": ["samples", "transport/test_law_3", "devices/test_laws_of_devices"],
    "inverse/_problem": [*POSED, *STEPS[:1]],
    "inverse/_prior_precision": ["diagnostics/test_search_precision", "methods/test_step_equations"],
    "inverse/_cosines": [
        "inverse/test_smoothness_prior",
        "diagnostics/test_search_precision",
        "methods/test_annealing",
    ],
    "inverse/_landscape_statistics": ["methods/test_annealing"],
    "inverse/_saved_observations": ["saving", "search/test_saved_solution"],
    "inverse/_leaves": ["inverse", "methods/test_restarts", "methods/test_units"],
    "inverse": ["inverse", "search/test_bad_problems"],
    "methods/_annealing": ["methods/test_annealing"],
    "methods/_noise_level": ["methods/test_annealing", "specialists/test_two_levels", "specialists/test_few_discs"],
    "methods/_stages": ["methods/test_stages", "methods/test_box"],
    "methods/_levels": ["specialists/test_two_levels", "methods/test_stages", "methods/test_box"],
    "specialists/_few_discs": ["specialists/test_few_discs"],
    "specialists/_disc_moves": ["specialists/test_few_discs"],
    "specialists/_flips": ["specialists/test_two_levels"],
    "specialists/_two_levels": LEVELS,
    "methods/_box": LEVELS,
    "specialists/_level_walk": LEVELS,
    "specialists/_kicks": HOPS,
    "methods/_guesses": ["methods/test_restarts", *HOPS],
    "methods/_drawn": ["methods/test_stages", "methods/test_box"],
    "methods/_restarts": ["methods/test_restarts"],
    "methods/_threads": [
        "search/test_searches_at_a_time",
        "methods/test_restarts",
    ],
    "methods/_backtracking": DESCENTS,
    "methods/_gradient": DESCENTS,
    "methods/_keyed_optimizer": [*DESCENTS, "methods/test_ends_of_a_search"],
    "methods/_optimistix": [*DESCENTS, "methods/test_bounds"],
    "search": [
        "search/test_searches_at_a_time",
        *DESCENTS,
        "methods/test_bounds",
        "search/test_course_of_a_search",
    ],
    "methods/_search_methods": [*DESCENTS, "methods/test_annealing", *HOPS],
    "methods/_trust_region": ["methods/test_trust_region", *STEPS],
    "methods": [*STEPS, "methods/test_regression_sets.py::test_levenberg_marquardt_finds"],
    "diagnostics": ["diagnostics"],
    "measurements": ["measurements"],
}
"""What begins so, below equibacksolve/, is tested by what begins so, below tests/; the first line that fits counts."""


def all_changes(package, rooms):
    """Each as (file below the package, its number in the file, what it is)."""
    found = []
    for room in rooms:
        below = package / room
        for path in sorted(below.rglob("*.py")) if below.is_dir() else [below]:
            if path.name != "__init__.py":
                file = str(path.relative_to(package))
                found += [(file, number, kind) for number, kind in enumerate(kinds_of_changes(path.read_text()))]
    return found


def nearest(file):
    """The tests that are run for a file: those of its own name first."""
    room, stem = file.split("/")[0], pathlib.Path(file).stem
    return [f"{room}/test{stem}", *next(tests for begin, tests in NEAREST.items() if file.startswith(begin))]


def why_equivalent(what):
    """Why a change changes nothing that can be observed, if a person said so."""
    same = [known["why"] for known in EQUIVALENT if all(known[key] == what[key] for key in ("file", "before", "after"))]
    return same[0] if same else None


def outcome_of(runner, file, number, kind):
    """What becomes of one change."""
    began = time.monotonic()
    text, line, before, after = changed((runner.package / file).read_text(), number)
    by = runner.noticed_by(file, text, nearest(file) + ["test_structure.py::test_plain"] * ("static=" in before))
    what = {"file": file, "number": number, "line": line, "kind": kind, "before": before, "after": after}
    why = None if by else why_equivalent(what)
    return {**what, "noticed": by is not None, "by": by, "why": why, "seconds": round(time.monotonic() - began, 1)}


def found_again(package, results):
    """What went unnoticed in earlier results, as far as the changed line is still there."""
    for one in (one for one in results if not one["noticed"]):
        source = (package / one["file"]).read_text() if (package / one["file"]).exists() else ""
        same = [
            (abs(line - one["line"]), number)
            for number, kind in enumerate(kinds_of_changes(source))
            for _, line, before, after in [changed(source, number)]
            if (kind, before, after) == (one["kind"], one["before"], one["after"])
        ]
        if same:
            yield one["file"], min(same)[1], one["kind"]
        else:
            print(f"no longer there: {one['file']}:{one['line']}: {one['before']} -> {one['after']}", flush=True)


def say(results, rooms):
    """How many changes are noticed, room by room."""
    for name in [*rooms, ""]:
        mine = [one for one in results if one["file"].startswith(name)]
        noticed, equivalent = (sum(bool(one[key]) for one in mine) for key in ("noticed", "why"))
        share = f"{noticed / max(1, len(mine) - equivalent):.0%}"
        print(
            f"{name or 'all'}: noticed {noticed} of {len(mine)}; {equivalent} more change nothing observable: {share}"
        )


def main():
    parser = arguments_of(__doc__)
    parser.add_argument("--changes", type=int, default=300)
    parser.add_argument("--seed", type=int, default=19)
    parser.add_argument("--skip", type=int, default=0, help="leave out so many of the first draws")
    parser.add_argument("--again", type=pathlib.Path, help="only what went unnoticed in these results")
    parser.add_argument("--learned", type=pathlib.Path, help="keep here what tests take without a change")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin no change after that")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds of the processor for one change")
    parser.add_argument("--rooms", nargs="+", default=ROOMS)
    arguments = parser.parse_args()
    if arguments.short:
        arguments.rooms, arguments.changes, arguments.budget = ("leads", "samples"), 4, 10.0
    results, end = [], time.monotonic() + 60 * arguments.minutes
    with tempfile.TemporaryDirectory() as folder:
        runner = Runner(ROOT, folder, arguments.budget, arguments.learned)
        drawn = random.Random(arguments.seed).sample(found := all_changes(runner.package, arguments.rooms), len(found))
        if arguments.again:
            drawn = list(found_again(runner.package, json.loads(arguments.again.read_text())["results"]["changes"]))
        for change in drawn[arguments.skip :][: arguments.changes]:
            if time.monotonic() > end:
                break
            results.append(one := outcome_of(runner, *change))
            said = "noticed" if one["noticed"] else "equivalent" if one["why"] else "UNNOTICED"
            print(
                f"{said} ({one['seconds']} s): {one['file']}:{one['line']}: {one['before']} -> {one['after']}",
                flush=True,
            )
            write_json(arguments.json, {"seed": arguments.seed, "possible": len(found), "changes": results})
        runner.close()
    say(results, arguments.rooms)


if __name__ == "__main__":
    main()
