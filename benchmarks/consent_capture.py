"""Consents per second over HTTP: a new person each time, validated, sealed, evidenced and durable."""

import json

from benchmarks import against_bare
from benchmarks.measure import Plan, Result
from benchmarks.site import Site, serving


def run(plan: Plan) -> Result:
    with serving() as site:
        header = f"Authorization: Api-Key {site.run('-m', 'benchmarks.seed').strip()}\r\n"
        rounds = against_bare.rounds(site, plan, "/api/v1/consents/", _body, header=header, status=201)
        baseline, value = against_bare.medians(rounds)
        details = {**_complete(site), **against_bare.circumstances(site, rounds)}
        return Result("consent_capture", value, "consents/s", baseline, details)


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


def _complete(site: Site) -> dict[str, object]:
    """That nothing was skipped: as many people, proofs and states as answers."""
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
    return dict(counts)
