"""One call of the API against a bare view with one INSERT, in turns, on the same server, over the same connections."""

import itertools
import json
from collections.abc import Callable
from statistics import median

from benchmarks.client import Connection, rate
from benchmarks.measure import Plan
from benchmarks.site import Site

CONNECTIONS = 8


def rounds(
    site: Site, plan: Plan, path: str, body: Callable[[int], bytes], *, header: str, status: int
) -> list[list[float]]:
    """[bare, call] per second of each round. `body` makes the n-th call's content, a new person each time."""
    numbers = itertools.count()

    def call(line: Connection) -> None:
        _ask(line, path, body(next(numbers)), header, status)

    def bare(line: Connection) -> None:
        _ask(line, "/benchmark/bare/", json.dumps({"text": f"{next(numbers)}"}).encode(), "", 201)

    for warm in (bare, call):
        rate(site.port, warm, connections=CONNECTIONS, seconds=1)
    return [
        [rate(site.port, send, connections=CONNECTIONS, seconds=plan.seconds) for send in (bare, call)]
        for _round in range(plan.rounds)
    ]


def medians(measured: list[list[float]]) -> tuple[float, float]:
    """(bare, call)"""
    bare, call = (median(column) for column in zip(*measured, strict=True))
    return bare, call


def circumstances(site: Site, measured: list[list[float]]) -> dict[str, object]:
    """That commits wait for the disk, and how the rounds differ."""
    return {
        "connections": CONNECTIONS,
        "fsync": site.one("SHOW fsync"),
        "synchronous_commit": site.one("SHOW synchronous_commit"),
        "rounds": [[round(value) for value in pair] for pair in measured],
    }


def _ask(line: Connection, path: str, body: bytes, header: str, status: int) -> None:
    answered, content = line.post(path, body, header)
    if answered != status:
        raise SystemExit(f"{path} was refused: {answered} {content.decode()}")
