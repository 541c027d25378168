"""May we write to them? 100,000 addresses in one call, of a million people; and single checks, of few and of many.

The value is addresses per second in one call over HTTP, the baseline what the goal of two seconds comes to. Details
say how much longer the slowest of a hundred single checks takes among many people than among few, alternating.
"""

import itertools
import json
import random
import time
from statistics import median, quantiles

import psycopg

from benchmarks.client import Connection
from benchmarks.measure import Plan, Result
from benchmarks.site import SUPERUSER, Site, serving

FEW, MANY, ASKED, SECONDS = 10_000, 1_000_000, 100_000, 2.0
PATH = "/api/v1/permissions/check/"


class Door:
    """One caller of one site."""

    def __init__(self, site: Site, people: int) -> None:
        self.site, self.people, self.random = site, people, random.Random(people)  # noqa: S311
        key = site.run("-m", "benchmarks.permission_check_rows", str(people), role=SUPERUSER).strip()
        with psycopg.connect(site.url(), autocommit=True) as session:
            session.execute("VACUUM ANALYZE")
            session.execute("CHECKPOINT")
        self.header = f"Authorization: Api-Key {key}\r\n"
        self.dial()

    def dial(self) -> None:
        """A new line: the server hangs up one on which nothing was said for a while."""
        self.line = Connection(self.site.port)

    def ask(self, count: int, purpose: str = "newsletter") -> float:
        """Seconds for one call about so many addresses, of which one in eleven is nobody's."""
        values = [f"person{self.random.randint(1, self.people * 11 // 10)}@example.com" for _n in range(count)]
        body = json.dumps({"purpose": purpose, "channel": "email", "type": "email", "values": values}).encode()
        began = time.perf_counter()
        status, content = self.line.post(PATH, body, self.header)
        seconds = time.perf_counter() - began
        if status != 200 or len(json.loads(content)["results"]) != count:
            raise SystemExit(f"The check was refused: {status} {content[:300]!r}")
        return seconds


def run(plan: Plan) -> Result:
    with serving() as small, serving() as large:
        few, many = Door(small, FEW), Door(large, MANY)
        for door, purpose in itertools.product((few, many), ("newsletter", "direct-sales")):
            door.ask(1000, purpose)
        bulk = {}
        for purpose in ("newsletter", "direct-sales"):
            many.ask(ASKED, purpose)
            bulk[purpose] = median(many.ask(ASKED, purpose) for _round in range(plan.rounds))
        few.dial()
        singles = [(few.ask(1), many.ask(1)) for _round in range(max(1000, 200 * plan.rounds))]
        slow, slower = (1000 * quantiles(column, n=100)[98] for column in zip(*singles, strict=True))
        worst = max(bulk.values())
        details = {
            "people": MANY,
            "asked": ASKED,
            "seconds": {purpose: round(seconds, 2) for purpose, seconds in bulk.items()},
            "single_p99_ms": [round(slow, 1), round(slower, 1)],
            "single_p99_times_as_long": round(slower / slow, 2),
        }
        return Result("permission_check", ASKED / worst, "addresses/s", ASKED / SECONDS, details)
