"""For chaos_rows.py: is everything there that somebody was told of, and is nothing there in part or twice?"""

from typing import Any
from uuid import UUID

from django.db import connection

from benchmarks.chaos_clients import PATHS, address
from subjects.identifiers import Claim

NOTE = "CREATE TEMPORARY TABLE asked (number bigint, kind text, told uuid, blind bytea)"
# Each row of an answer or a request, by the number of who asked. Whoever was taken in has one of each, nobody has two.
PARTS = {
    "consent": {
        "people": "asked JOIN subjects_identifier i USING (blind) JOIN subjects_subjectidentifier l"
        " ON l.identifier_id = i.id JOIN subjects_datasubject p ON p.id = l.subject_id",
        "address keys": "asked JOIN subjects_identifier i USING (blind) JOIN core_datakey k ON k.owner_id = i.uuid",
        "events": "{person} JOIN consents_consentevent e ON e.subject = p.uuid",
        "states": "{person} JOIN consents_consentstate s ON s.subject = p.uuid",
        "proof keys": "{person} JOIN consents_consentevent e ON e.subject = p.uuid"
        " JOIN core_datakey k ON k.owner = 'consent' AND k.owner_id = e.consent",
        "entries": "{person} JOIN consents_consentevent e ON e.subject = p.uuid"
        " JOIN ledger_entry n ON n.uuid = e.entry",
    },
    "request": {
        "cases": "{case}",
        "case keys": "{case} JOIN core_datakey k ON k.owner = 'case' AND k.owner_id = c.uuid",
        "requests": "{case} JOIN requests_rightsrequest r ON r.case_id = c.id AND r.due_on IS NOT NULL",
        "events": "{case} JOIN requests_rightsrequest r ON r.case_id = c.id"
        " JOIN requests_requestevent e ON e.request_id = r.id",
        "tasks": "{case} JOIN requests_rightsrequest r ON r.case_id = c.id JOIN requests_task t ON t.request_id = r.id"
        " JOIN processing_system s ON s.id = t.system_id AND s.connector = 'builtin'",
        "mails": "{case} JOIN core_outbox o ON o.about = c.uuid AND o.kind = 'mail'",
    },
}
PERSON = PARTS["consent"]["people"]
CASE = "asked JOIN requests_casefile c ON c.claim_blind = asked.blind"
# The same over everybody: what belongs to nobody who asked would be half of something.
ALL = {
    ("consent", "events"): "SELECT count(*) FROM consents_consentevent",
    ("consent", "states"): "SELECT count(*) FROM consents_consentstate",
    ("consent", "proof keys"): "SELECT count(*) FROM core_datakey WHERE owner = 'consent'",
    ("consent", "entries"): "SELECT count(*) FROM ledger_entry WHERE kind = 'consent.given'",
    ("request", "cases"): "SELECT count(*) FROM requests_casefile",
    ("request", "case keys"): "SELECT count(*) FROM core_datakey WHERE owner = 'case'",
    ("request", "tasks"): "SELECT count(*) FROM requests_task JOIN processing_system s ON s.id = system_id"
    " WHERE s.connector = 'builtin'",
    ("request", "entries"): "SELECT count(*) FROM ledger_entry WHERE kind = 'request.received'",
}
TOLD = {
    "consent": f"SELECT number FROM {PERSON} JOIN consents_consentevent e ON e.subject = p.uuid AND e.consent = told",
    "request": f"SELECT number FROM {CASE} AND c.uuid = told",
}


def check(asked: list[dict[str, Any]]) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(NOTE)
        cursor.executemany("INSERT INTO asked VALUES (%s, %s, %s, %s)", [_row(one) for one in asked])
    wrong: dict[str, Any] = {}
    found: dict[str, Any] = {"wrong": wrong}
    for kind, parts in PARTS.items():
        numbers = {name: _numbers(sql, kind) for name, sql in parts.items()}
        there = set(next(iter(numbers.values())))
        told = {one["number"] for one in asked if one["kind"] == kind and one["told"]}
        wrong |= {f"{kind}: {name}": len(got) for name, got in numbers.items() if sorted(got) != sorted(there)}
        wrong |= {
            f"{kind}: {name} of all": count
            for (of, name), sql in ALL.items()
            if of == kind and (count := _column(sql)[0]) != len(there)
        }
        same = set(_column(TOLD[kind]))
        keys = _column("SELECT object_id FROM core_idempotency WHERE path = %s", PATHS[kind])
        if lost := told - same:
            wrong[f"{kind}: answered and not there"] = sorted(lost)[:20]
        if len(keys) != len(there):
            wrong[f"{kind}: keys"] = len(keys)
        found[f"{kind}s"] = {"there": len(there), "told": len(told), "there_and_nobody_told": len(there - told)}
    found["sent_again"] = sum(one["times"] > 1 for one in asked)
    return found


def _row(one: dict[str, Any]) -> tuple[Any, ...]:
    told = UUID(one["told"]) if one["told"] else None
    return one["number"], one["kind"], told, Claim("email", address(one["number"])).blind


def _numbers(sql: str, kind: str) -> list[int]:
    return _column(f"SELECT number FROM {sql.format(person=PERSON, case=CASE)} WHERE asked.kind = %s", kind)


def _column(sql: str, *params: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params or None)
        return [row[0] for row in cursor.fetchall()]
