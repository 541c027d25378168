"""Consents per second over HTTP: a new person each time, validated, sealed, evidenced and durable."""

import itertools
import json
from statistics import median

from benchmarks.client import Connection, rate
from benchmarks.measure import Plan, Result
from benchmarks.site import Site, serving

CONNECTIONS = 8


def run(plan: Plan) -> Result:
    with serving() as site:
        header = f"Authorization: Api-Key {site.run('-m', 'benchmarks.seed').strip()}\r\n"
        numbers = itertools.count()

        def capture(line: Connection) -> None:
            status, content = line.post("/api/v1/consents/", _body(next(numbers)), header)
            if status != 201:
                raise SystemExit(f"The capture was refused: {content.decode()}")

        def bare(line: Connection) -> None:
            status, content = line.post("/benchmark/bare/", json.dumps({"text": f"{next(numbers)}"}).encode())
            if status != 201:
                raise SystemExit(f"The baseline was refused: {content.decode()}")

        for warm in (bare, capture):
            rate(site.port, warm, connections=CONNECTIONS, seconds=1)
        rounds = [
            [rate(site.port, send, connections=CONNECTIONS, seconds=plan.seconds) for send in (bare, capture)]
            for _round in range(plan.rounds)
        ]
        baseline, value = (median(column) for column in zip(*rounds, strict=True))
        return Result("consent_capture", value, "consents/s", baseline, _details(site, rounds))


def _body(number: int) -> bytes:
    return json.dumps(
        {
            "form": "benchmark",
            "version": 1,
            "locale": "en-GB",
            "identity": {"email": f"person{number}@example.com"},
            "choices": {"newsletter": True},
            "source": {"channel": "website", "url": "https://example.com/newsletter"},
        }
    ).encode()


def _details(site: Site, rounds: list[list[float]]) -> dict[str, object]:
    """That nothing was skipped: as many people, proofs and states as answers, and commits that wait for the disk."""
    counts = {
        name: int(site.one(f"SELECT count(*) FROM {table}"))
        for name, table in {
            "people": "subjects_datasubject",
            "events": "consents_consentevent",
            "states": "consents_consentstate",
            "entries": "ledger_entry WHERE kind = 'consent.given'",
        }.items()
    }
    if len(set(counts.values())) != 1:
        raise SystemExit(f"The captures are not complete: {counts}")
    return {
        **counts,
        "connections": CONNECTIONS,
        "fsync": site.one("SHOW fsync"),
        "synchronous_commit": site.one("SHOW synchronous_commit"),
        "rounds": [[round(value) for value in pair] for pair in rounds],
    }
