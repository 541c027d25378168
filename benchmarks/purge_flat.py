"""What a row costs to erase among 2,000,000 people, against among 100,000: the same 10,000 rows are due in both.

`value` and `baseline` are rows per second, among many and among few; a ratio of 0.8 is 1.25 times the cost of a row.
`processor` is the same by what Python and PostgreSQL spent. `PEOPLE` in the environment takes another number for many.
"""

import json
import os

import psycopg

from benchmarks.measure import Plan, Result
from benchmarks.site import SUPERUSER, prepared

DUE, FEW, MANY = 10_000, 100_000, int(os.environ.get("PEOPLE", "2_000_000"))


def run(_plan: Plan) -> Result:
    few, many = _erased(FEW), _erased(MANY)
    spent = [sum(done["cpu"].values()) for done in (few, many)]
    details = {"people": [FEW, MANY], "processor": round(spent[0] / spent[1], 3), "few": few, "many": many}
    return Result("purge_flat", DUE / many["seconds"], "rows/s", DUE / few["seconds"], details)


def _erased(people: int) -> dict[str, dict[str, float]]:
    with prepared() as site:
        site.run("-m", "benchmarks.purge_rows", "load", str(DUE), "1", str(people // DUE), role=SUPERUSER)
        with psycopg.connect(site.url(), autocommit=True) as session:
            session.execute("VACUUM ANALYZE")
            session.execute("CHECKPOINT")
        done = json.loads(site.run("-m", "benchmarks.purge_rows", "purge"))
    if done["needs"] != DUE:
        raise SystemExit(f"The purge did not take what is due: {done}")
    return done
