"""Opening requests in a case: reference, clock, a task for every system that may hold something, event and evidence.

All rights of a letter, and all that belongs to them, in one statement: as chained ORM calls it took a third of the time
of taking in a request (benchmarks/request_intake.py). With the case itself: requests/filing.py.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid4

from core import prepared
from core.models import Controller
from ledger import entries
from requests import deadlines, references
from requests.clock import compute
from requests.facts import Facts
from requests.models import CaseFile, Right, RightsRequest

# A message asks nothing of any system yet: the right that is found in it does (requests/triage.py).
# A withdrawal asks none either: whoever wants to use the data asks us first.
ASKS_NOBODY = (Right.GENERAL, Right.WITHDRAWAL)
WANTED = """
wanted AS (
    SELECT * FROM json_to_recordset(%(rows)s::json) AS wanted (n int, uuid uuid, reference text, "right" text,
        state text, facts jsonb, due_on date, extension_notice_by date, target_on date, asks boolean, entry uuid,
        body text)
)
"""
# Of the case that is `filed`. A task for every system that a live purpose uses. This database is always asked.
OPENED = """
opened AS (
    INSERT INTO requests_rightsrequest (uuid, reference, external_reference, case_id, "right", state, facts, due_on,
        extension_notice_by, target_on, result, created_at)
    SELECT uuid, reference, '', filed.id, "right", state, facts, due_on, extension_notice_by, target_on, '{}'::jsonb,
        %(now)s
    FROM filed, wanted ORDER BY n
    RETURNING id, uuid
), task AS (
    INSERT INTO requests_task (uuid, request_id, system_id, outcome, reason, answered_by)
    SELECT gen_random_uuid(), opened.id, system.id, 'pending', '', ''
    FROM opened JOIN wanted USING (uuid), processing_system system
    WHERE wanted.asks AND (system.connector = 'builtin' OR EXISTS (
        SELECT FROM processing_versionsystem used
        JOIN processing_purposeversion version ON version.id = used.version_id
        WHERE used.system_id = system.id AND version.status = 'live'))
    ORDER BY wanted.n, system.slug
), evidence AS (
    INSERT INTO ledger_entry (body) SELECT body FROM filed, wanted ORDER BY n
), event AS (
    INSERT INTO requests_requestevent (request_id, old, new, actor, reason, at, entry)
    SELECT opened.id, '', wanted.state, %(actor)s, '', %(now)s, wanted.entry FROM opened JOIN wanted USING (uuid)
    ORDER BY wanted.n
)
"""
OPEN = f"WITH filed AS (SELECT %(case)s::bigint AS id), {WANTED}, {OPENED} SELECT uuid, id FROM opened"  # noqa: S608


def open_rights(
    case: CaseFile,
    rights: Sequence[str],
    controller: Controller,
    *,
    received_on: date | None = None,
    actor: str,
    now: datetime,
) -> list[RightsRequest]:
    """One more request in a case, for each right. `received_on` is for rights that were exercised on a later day than
    the case began.

    Called inside the caller's transaction.
    """
    holidays = deadlines.holidays_of(controller.division)
    opened = unsaved(case, rights, controller, holidays=holidays, received_on=received_on, now=now)
    params = {"case": case.pk, "actor": actor, "now": now, "rows": rows(opened, case, actor=actor, now=now)}
    saved(opened, dict(prepared.fetch_all(OPEN, params)))
    return opened


def unsaved(
    case: CaseFile,
    rights: Sequence[str],
    controller: Controller,
    *,
    holidays: frozenset[date],
    received_on: date | None = None,
    now: datetime,
) -> list[RightsRequest]:
    """The requests with their clocks, as they are about to be stored."""
    day = received_on or case.received_on
    return [_unsaved(case, right, controller, day, holidays, now) for right in rights]


def rows(requests: Sequence[RightsRequest], case: CaseFile, *, actor: str, now: datetime) -> str:
    """As WANTED reads them."""
    return json.dumps([_row(n, one, case, actor=actor, now=now) for n, one in enumerate(requests)])


def saved(requests: Sequence[RightsRequest], keys: Mapping[UUID, int]) -> None:
    """That they are stored, and under which primary keys."""
    for one in requests:
        one.pk, one._state.adding = keys[one.uuid], False


def _row(n: int, one: RightsRequest, case: CaseFile, *, actor: str, now: datetime) -> dict[str, Any]:
    entry = uuid4()
    day = date.fromisoformat(one.facts["received"])
    pattern = _pattern(actor, one.right, case.channel, day, one.due_on, case.rule_set.slug, case.is_test)
    return {
        "n": n,
        "uuid": str(one.uuid),
        "reference": one.reference,
        "right": one.right,
        "state": one.state,
        "facts": one.facts,
        "due_on": _iso(one.due_on),
        "extension_notice_by": _iso(one.extension_notice_by),
        "target_on": _iso(one.target_on),
        "asks": one.right not in ASKS_NOBODY,
        "entry": str(entry),
        "body": pattern.body(entry=entry, object=one.uuid, at=entries.instant(now)),
    }


@lru_cache(maxsize=512)
def _pattern(
    actor: str, right: str, channel: str, received: date, due: date | None, rules: str, is_test: bool
) -> entries.Pattern:
    """The entry of everything that is asked alike on one day."""
    return entries.Pattern(
        kind="request.received",
        actor=actor,
        data={"right": right, "channel": channel, "received": _iso(received), "due": _iso(due), "rules": rules},
        test=is_test,
        ids=["object"],
        times=["at"],
    )


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _unsaved(
    case: CaseFile, right: str, controller: Controller, day: date, holidays: frozenset[date], now: datetime
) -> RightsRequest:
    facts = Facts(right=right, received=day, regime=deadlines.regime_of(controller), division=controller.division)
    clock = compute(facts, params=case.rule_set.params, holidays=holidays, explains=False)
    return RightsRequest(
        uuid=uuid4(),
        case=case,
        right=right,
        reference=references.fresh(),
        facts=facts.to_json(),
        due_on=clock.due,
        extension_notice_by=clock.extension_notice_by,
        target_on=clock.target,
        created_at=now,
    )
