"""The demo's requests, brought to where they stand by the functions of the office and the public, with past dates."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from core.models import Controller
from kraken_privacy.demo.files import ACTOR, DIRECTOR, read
from requests import (
    answer,
    asking_where,
    deadlines,
    decisions,
    duplicates,
    intake,
    leaving_out,
    moves,
    proposing,
    refusing,
    searching,
    systems,
    ways,
)
from requests.facts import Facts
from requests.models import Right, RightsRequest, Task
from requests.reasons import reason
from requests.workflow import State
from subjects.models import PersonalDataItem

SEARCH = searching.Log(terms="Name, e-mail address and customer number", places="All records")
WEIGHED = {Right.ERASURE, Right.OBJECTION}
Row = dict[str, Any]


def load(*, now: datetime) -> None:
    for row in read("cases"):
        bring_about(row, now=now)


def bring_about(row: Row, *, now: datetime) -> None:
    """Open the case of this row and take its steps. One with steps was acknowledged in its time: no mail goes out."""
    steps = row.get("steps", ())
    received = now - timedelta(days=row["days"])
    case = intake.open_case(
        rights=[row["right"]],
        requester={"name": row["name"], "email": row["email"]},
        details=row["details"],
        channel="email",
        received_at=received,
        received_on=received.astimezone(Controller.current().zone).date(),
        locale="en-GB",
        actor=ACTOR,
        now=received if steps else now,
        acknowledged=bool(steps),
    )
    rights_request = case.requests.select_related("case").get()
    for step in steps:
        _take(rights_request, step, at=now - timedelta(days=step["days"]))


def _take(rights_request: RightsRequest, step: Row, *, at: datetime) -> None:
    # Read afresh: a step before may have changed the case through another object.
    found = RightsRequest.objects.select_related("case__subject", "case__rule_set").get(pk=rights_request.pk)
    name = step["do"]
    if name in State.values:
        moves.step(found, name, actor=ACTOR, now=at)
    else:
        STEPS[name](found, step, at)


def _confirm(found: RightsRequest, step: Row, at: datetime) -> None:
    token = intake.fresh_link(found.case, now=at)
    found.case.save(update_fields=["confirm_hash", "confirm_expires_at"])
    intake.confirm(token, now=at)


def _answer_systems(found: RightsRequest, step: Row, at: datetime) -> None:
    for task in found.tasks.select_related("system").exclude(system__slug=step.get("except", "")):
        systems.answer(task, outcome=Task.Outcome.NOTHING_FOUND, count=0, searched=SEARCH, actor=ACTOR, now=at)
    if asking_where.may_ask(found):
        asking_where.complete(found, actor=ACTOR, now=at)


def _answer(found: RightsRequest, step: Row, at: datetime) -> None:
    """Answer it by doing it; a right that is still answered by hand goes to the state named by `as`."""
    if ways.is_by_doing(found):
        _decide(found, step, at)
        ways.release(found, actor=DIRECTOR, now=at)
    else:
        moves.step(found, step["as"], actor=ACTOR, now=at)


def _decide(found: RightsRequest, step: Row, at: datetime) -> None:
    """Where somebody we know asks, nothing goes out before everything was decided."""
    if found.case.subject is None:
        return
    if found.right == Right.RECTIFICATION:
        new = "The address of the office has changed."
        made = proposing.propose(found, kind=proposing.OTHER, about=found.uuid, new=new, actor=ACTOR, now=at)
        for row in made:
            proposing.decide(row, "not-held", actor=ACTOR, now=at)
    elif found.right == Right.RESTRICTION:
        for line in decisions.lines(found, now=at):
            why = step["reason"]
            decisions.decide(found, line.purpose, reason(why).outcome, why, actor=ACTOR, now=at)
    elif found.right in WEIGHED:
        decisions.confirm_all(found, actor=ACTOR, now=at)


def _refuse(found: RightsRequest, step: Row, at: datetime) -> None:
    refusing.prepare(found, reason=step["reason"], explanation=step["explanation"], actor=ACTOR, now=at)
    refusing.refuse(found, actor=DIRECTOR, now=at)


def _withhold(found: RightsRequest, step: Row, at: datetime) -> None:
    """Somebody of the crowd may have nothing for this purpose."""
    why = leaving_out.Why(step["reason"], step["why"])
    held = PersonalDataItem.objects.filter(subject=found.case.subject, needs__purpose__slug=step["purpose"])
    for item in held.order_by("pk").distinct():
        made = leaving_out.record_out(found, item.uuid, why, actor=ACTOR, now=at)
        leaving_out.approve(made, actor=DIRECTOR, now=at)


def _repeat(found: RightsRequest, step: Row, at: datetime) -> None:
    """Close it for the one that the same address sent before. Somebody of the crowd may have sent none."""
    same = RightsRequest.objects.filter(case__claim_blind=found.case.claim_blind, right=found.right)
    if before := same.filter(pk__lt=found.pk).order_by("pk").first():
        duplicates.mark(found, before, actor=ACTOR, now=at)


def _note(found: RightsRequest, **facts: Any) -> None:
    deadlines.store(found, replace(Facts.from_json(found.facts), **facts))


def _day(at: datetime) -> Any:
    return at.astimezone(Controller.current().zone).date()


STEPS: dict[str, Callable[[RightsRequest, Row, datetime], object]] = {
    "confirm": _confirm,
    "begin": lambda found, step, at: moves.step(found, State.IN_PROGRESS, actor=ACTOR, now=at),
    "ask-identity": lambda found, step, at: _note(found, id_asked=_day(at)),
    "ask-question": lambda found, step, at: _note(found, clarifications=((_day(at), None),)),
    "extend": lambda found, step, at: _note(found, extended_on=_day(at)),
    "answer-systems": _answer_systems,
    "copy": lambda found, step, at: answer.prepare_access(found, actor=ACTOR, now=at),
    "answer": _answer,
    "refuse": _refuse,
    "withhold": _withhold,
    "repeat": _repeat,
    "send": lambda found, step, at: answer.release_access(found, actor=DIRECTOR, now=at),
}
