"""Opening requests in a case: reference, clock, a task for every system that may hold something, event and evidence.

All rights of a letter at once: each kind of row is written in one statement, and the register is read once.
"""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import uuid4

from core.models import Controller
from ledger import entries
from processing.models import Status, System
from requests import references
from requests.deadlines import clock_of, holidays_of, regime_of
from requests.facts import Facts
from requests.models import CaseFile, RequestEvent, Right, RightsRequest, Task

# A message asks nothing of any system yet: the right that is found in it does (requests/triage.py).
# A withdrawal asks none either: whoever wants to use the data asks us first.
ASKS_NOBODY = (Right.GENERAL, Right.WITHDRAWAL)


def open_rights(
    case: CaseFile,
    rights: Sequence[str],
    controller: Controller,
    *,
    received_on: date | None = None,
    actor: str,
    now: datetime,
) -> list[RightsRequest]:
    """One request for each right. `received_on` is for rights that were exercised on a later day than the case began.

    Called inside the caller's transaction.
    """
    day = received_on or case.received_on
    opened = _unsaved(case, rights, controller, day)
    RightsRequest.objects.bulk_create(opened)
    asking = [one for one in opened if one.right not in ASKS_NOBODY]
    systems = systems_to_ask() if asking else []
    Task.objects.bulk_create(Task(request=one, system=system) for one in asking for system in systems)
    proofs = [
        entries.encode(
            kind="request.received",
            at=now,
            actor=actor,
            object=one.uuid,
            data={
                "right": one.right,
                "channel": case.channel,
                "received": day.isoformat(),
                "due": one.due_on.isoformat() if one.due_on else None,
                "rules": case.rule_set.slug,
            },
            test=case.is_test,
        )
        for one in opened
    ]
    entries.store(body for _uuid, body in proofs)
    RequestEvent.objects.bulk_create(
        RequestEvent(request=one, new=one.state, actor=actor, at=now, entry=entry)
        for one, (entry, _body) in zip(opened, proofs, strict=True)
    )
    return opened


def _unsaved(case: CaseFile, rights: Sequence[str], controller: Controller, day: date) -> list[RightsRequest]:
    holidays = holidays_of(controller.division)
    opened = []
    for right in rights:
        facts = Facts(right=right, received=day, regime=regime_of(controller), division=controller.division)
        clock = clock_of(facts, case.rule_set, holidays=holidays)
        opened.append(
            RightsRequest(
                uuid=uuid4(),
                case=case,
                right=right,
                reference=references.fresh(),
                facts=facts.to_json(),
                due_on=clock.due,
                extension_notice_by=clock.extension_notice_by,
                target_on=clock.target,
            )
        )
    return opened


def systems_to_ask() -> list[System]:
    """Every system that a live purpose uses. This database is always asked."""
    live = System.objects.filter(purpose_versions__status=Status.LIVE)
    return list((live | System.objects.filter(connector=System.Connector.BUILTIN)).distinct().order_by("slug"))
