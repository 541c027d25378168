"""How much slower an office page is with many people and cases than with few, on the same server in the same run.

Value and baseline are pages per second with many and with few rows, so a ratio of 0.77 is 1.3 times as long. Rows are
copied by SQL from one person and one case that came in by the real doors (benchmarks/pages_rows.py); the pages are
asked for over HTTP by somebody who is signed in. Loading takes longer than measuring, so one load serves every page.
"""

import itertools
import json
import time
from collections.abc import Sequence
from functools import cache
from statistics import median
from typing import Any

import psycopg

from benchmarks.client import Connection
from benchmarks.measure import Plan, Result
from benchmarks.site import Site, serving

NAMES = ("home_page", "queue_page", "person_page")
# People and cases.
Size = tuple[int, int]
FEW, MANY = (1_000, 200), (100_000, 20_000)


def run(name: str, plan: Plan) -> Result:
    return _measured(plan, FEW, MANY, NAMES)[name]


def run_sized(name: str, plan: Plan, few: Size, many: Size) -> Result:
    """One page with other numbers of people and cases."""
    return _measured(plan, few, many, (name,))[name]


@cache
def _measured(plan: Plan, few: Size, many: Size, names: tuple[str, ...]) -> dict[str, Result]:
    with serving() as small, serving() as large:
        loaded = [(site, _loaded(site, *rows)) for site, rows in ((small, few), (large, many))]
        return {name: _compared(name, [Door(site, made, name) for site, made in loaded], plan, many) for name in names}


def _compared(name: str, doors: "Sequence[Door]", plan: Plan, size: Size) -> Result:
    for door in doors:
        door.per_second(plan.seconds / 2)
    rounds = [[door.per_second(plan.seconds / 2) for door in doors] for _round in range(plan.rounds)]
    few, many = (median(column) for column in zip(*rounds, strict=True))
    details = {
        "people": size[0],
        "cases": size[1],
        "times_as_long": round(few / many, 2),
        "milliseconds": [round(1000 / few, 1), round(1000 / many, 1)],
        "rounds": [[round(value, 1) for value in pair] for pair in rounds],
    }
    return Result(name, many, "pages/s", few, details)


class Door:
    """Pages of one kind, asked for one after another as one member of staff does."""

    def __init__(self, site: Site, made: dict[str, Any], name: str) -> None:
        self.line = Connection(site.port)
        self.header, self.paths = f"Cookie: sessionid={made['session']}\r\n", itertools.cycle(made[name])

    def open(self) -> None:
        status, content = self.line.get(next(self.paths), self.header)
        if status != 200:
            raise SystemExit(f"The page was refused: {status} {content[:300]!r}")

    def per_second(self, seconds: float) -> float:
        until, done, began = time.perf_counter() + seconds, 0, time.perf_counter()
        while time.perf_counter() < until:
            self.open()
            done += 1
        return done / (time.perf_counter() - began)


def _loaded(site: Site, people: int, cases: int) -> dict[str, Any]:
    made = json.loads(site.run("-m", "benchmarks.pages_rows", str(people), str(cases)))
    with psycopg.connect(site.url(), autocommit=True) as session:
        session.execute("VACUUM ANALYZE")
        session.execute("CHECKPOINT")
    return dict(made)
