"""Rights requests per second over HTTP: a new person each, sealed, with clock, tasks, evidence, and a mail queued."""

import json

from benchmarks import against_bare
from benchmarks.measure import Plan, Result
from benchmarks.site import Site, serving


def run(plan: Plan) -> Result:
    with serving() as site:
        header = f"Authorization: Api-Key {site.run('-m', 'benchmarks.seed').strip()}\r\n"
        rounds = against_bare.rounds(site, plan, "/api/v1/requests/", _body, header=header, status=202)
        baseline, value = against_bare.medians(rounds)
        details = {**_complete(site), **against_bare.circumstances(site, rounds)}
        return Result("request_intake", value, "requests/s", baseline, details)


def _body(number: int) -> bytes:
    return json.dumps(
        {
            "rights": ["access"],
            "requester": {"name": "Ada Example", "email": f"person{number}@example.com"},
            "details": "Please send me everything that you hold about me.",
        }
    ).encode()


def _complete(site: Site) -> dict[str, object]:
    """That nothing was skipped: every case has its sealed claim, key, clock, tasks, event, evidence, and mail twice."""
    counts = {
        name: int(site.one(f"SELECT count(*) FROM {table}"))
        for name, table in {
            "cases": "requests_casefile WHERE claim IS NOT NULL",
            "requests": "requests_rightsrequest WHERE due_on IS NOT NULL",
            "tasks": "requests_task JOIN processing_system s ON s.id = system_id WHERE s.connector = 'builtin'",
            "events": "requests_requestevent",
            "entries": "ledger_entry WHERE kind = 'request.received'",
            "mails": "core_outbox WHERE kind = 'mail' AND payload IS NOT NULL",
            "copies": "requests_letter WHERE kind = 'request_received'",
            "keys": "core_datakey WHERE owner = 'case'",
        }.items()
    }
    if len(set(counts.values())) != 1:
        raise SystemExit(f"The requests are not complete: {counts}")
    return dict(counts)
