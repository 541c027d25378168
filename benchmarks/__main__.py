"""`python -m benchmarks [NAME…] [--json] [--seconds S] [--rounds N]`: measure against a baseline of the same run.

One JSON line per benchmark: name, value, unit, baseline, ratio (value/baseline as speed), details.
"""

import argparse
import importlib
import json
import sys

from benchmarks.measure import Plan, Result

# Each is a module here with run(plan) -> Result.
NAMES = (
    "consent_capture",
    "request_intake",
    "purge",
    "anonymise",
    "home_page",
    "queue_page",
    "person_page",
    "access_package",
)
# Not of "all": loading takes minutes.
LONG = (
    *("queue_page_200k", "purge_200k", "purge_flat", "purge_under_load", "chaos"),
    *("permission_check", "consent_import"),
)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure the product on this machine.")
    parser.add_argument(
        "names",
        nargs="*",
        metavar="NAME",
        help=f"any of {', '.join(NAMES)}; all of these if none is named; or {', '.join(LONG)}",
    )
    parser.add_argument("--json", action="store_true", help="one JSON line per benchmark")
    parser.add_argument("--seconds", type=float, default=2.0, help="length of one round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of baseline and benchmark, alternating")
    options = parser.parse_args()
    if unknown := set(options.names) - {*NAMES, *LONG}:
        parser.error(f"unknown benchmark: {', '.join(sorted(unknown))}; there are {', '.join((*NAMES, *LONG))}")
    for name in options.names or NAMES:
        result = importlib.import_module(f"benchmarks.{name}").run(Plan(options.seconds, options.rounds))
        print(as_json(result) if options.json else as_text(result), flush=True)
    return 0


def as_json(result: Result) -> str:
    return json.dumps({**vars(result), "ratio": round(result.ratio, 3)})


def as_text(result: Result) -> str:
    return f"{result.name}: {result.value:.0f} {result.unit}, baseline {result.baseline:.0f}, ratio {result.ratio:.2f}"


if __name__ == "__main__":
    sys.exit(main())
