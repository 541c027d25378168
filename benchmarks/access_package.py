"""An access package: how long the copy of 1,000 records takes, and how much memory those of many more take.

Value and baseline are records per second at 1,000: the whole answer (opening every record under its own key, the page,
JSON, CSV, manifest and signature, sealed in pieces in the database) against writing the same rows, already in memory,
as JSON and CSV into a plain ZIP. Each size is a process of its own, so that its peak of memory is its own.
"""

import json
from typing import Any

from benchmarks.measure import Plan, Result
from benchmarks.site import Site, prepared

SIZES = (1_000, 10_000, 100_000)


def run(plan: Plan) -> Result:
    with prepared() as site:
        site.run("-m", "benchmarks.access_package_rows", "register")
        made = {size: _made(site, size, plan.rounds if size == SIZES[0] else 1) for size in SIZES}
    first = made[SIZES[0]]
    details = {
        "seconds": first["seconds"],
        "sizes": [{"records": size, **made[size]} for size in SIZES],
        "peak_mb": {str(size): made[size]["peak_mb"] for size in SIZES},
    }
    return Result("access_package", SIZES[0] / first["seconds"], "records/s", SIZES[0] / first["plain"], details)


def _made(site: Site, size: int, rounds: int) -> dict[str, Any]:
    site.run("-m", "benchmarks.access_package_rows", "load", str(size))
    return dict(json.loads(site.run("-m", "benchmarks.access_package_rows", "make", str(size), str(rounds))))
