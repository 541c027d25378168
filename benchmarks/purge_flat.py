"""What a row costs to erase among 2,000,000 people, against among 100,000, where one person in ten is due.

`value` and `baseline` are rows per second, among many and among few; a ratio of 0.8 is 1.25 times the cost of a row.
`processor` is the same by what Python and PostgreSQL spent. `PEOPLE` in the environment takes another number for many.

What is due lies as dense in both. Were it as many rows, those among many would lie alone on their pages, and each page
is written whole after a checkpoint: a bare DELETE by index then takes 2.2 times as long, and seven times the WAL.
"""

import json
import os

import psycopg

from benchmarks.measure import Plan, Result
from benchmarks.site import SUPERUSER, prepared

FEW, MANY, ONE_IN = 100_000, int(os.environ.get("PEOPLE", "2_000_000")), 10


def run(_plan: Plan) -> Result:
    few, many = _erased(FEW), _erased(MANY)
    each = [sum(done["cpu"].values()) / done["needs"] for done in (few, many)]
    details = {"people": [FEW, MANY], "processor": round(each[0] / each[1], 3), "few": few, "many": many}
    return Result("purge_flat", many["needs"] / many["seconds"], "rows/s", few["needs"] / few["seconds"], details)


def _erased(people: int) -> dict[str, dict[str, float]]:
    due = people // ONE_IN
    with prepared() as site:
        site.run("-m", "benchmarks.purge_rows", "load", str(due), "1", str(ONE_IN), role=SUPERUSER)
        with psycopg.connect(site.url(), autocommit=True) as session:
            session.execute("VACUUM ANALYZE")
            session.execute("CHECKPOINT")
        done = json.loads(site.run("-m", "benchmarks.purge_rows", "purge"))
    if done["needs"] != due:
        raise SystemExit(f"The purge did not take what is due: {done}")
    return done
