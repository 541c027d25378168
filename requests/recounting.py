"""Public holidays change: one is proclaimed, or was entered wrongly. Then every open date is computed again.

Dates are stored, not computed on read, so that nobody is told another one by chance. Here they move on purpose, with
evidence of each move (Reg 1182/71 Art 3(4), UK GDPR Art 4A).
"""

from collections.abc import Callable, Container, Iterator
from datetime import date, datetime

from django.db import transaction

from core import hints, holidays
from core.models import Controller, RuleSet
from core.rules import rule_set
from ledger.entries import record
from requests import deadlines, locks
from requests.clock import acknowledge_by, compute
from requests.facts import Facts
from requests.models import Complaint, RightsRequest

Holidays = Callable[[str], Container[date]]
TASK = "requests.tasks.recount"
BECAUSE = "holidays"


def recount(*, now: datetime, actor: str = "system:requests") -> int:
    """Compute every open date again under the rule set of its case. Returns how many moved. Twice changes nothing."""
    public, _rules = deadlines.cached()
    moved = sum(_again(pk, public, now=now, actor=actor) for pk in _stale(public))
    moved += sum(_complaint_again(pk, public, now=now, actor=actor) for pk in _stale_complaints(public))
    return moved


@transaction.atomic
def changed(division: str, day: date, what: str, *, now: datetime, actor: str) -> None:
    """Somebody entered, changed or removed a public holiday. Registered with core; the worker does the rest."""
    data = {"division": division, "day": day.isoformat(), "what": what}
    record(kind="holidays.changed", at=now, actor=actor, data=data)
    transaction.on_commit(lambda: hints.hint(TASK))


def _stale(public: Holidays) -> Iterator[int]:
    """Open requests whose stored dates are not those of today's holidays. Looked at without a lock."""
    rules = {one.pk: one for one in RuleSet.objects.all()}
    fields = ("pk", "facts", "case__rule_set_id", "due_on", "extension_notice_by", "target_on")
    for pk, facts, rule_set_id, *stored in RightsRequest.objects.open().values_list(*fields).order_by("pk").iterator():
        if stored != _dates(facts, rules[rule_set_id], public):
            yield pk


def _dates(stored: dict[str, object], rules: RuleSet, public: Holidays) -> list[date | None]:
    facts = Facts.from_json(stored)
    clock = compute(facts, params=rules.params, holidays=public(facts.division))
    return [clock.due, clock.extension_notice_by, clock.target]


@transaction.atomic
def _again(pk: int, public: Holidays, *, now: datetime, actor: str) -> bool:
    one = RightsRequest.objects.open().select_related("case__rule_set").get(pk=pk)
    locks.take(one.case_id)
    one.refresh_from_db(fields=["facts", "due_on", "state"])
    due, notice_by, target = _dates(one.facts, one.case.rule_set, public)
    before = one.due_on
    one.keep_clock(one.facts, due=due, notice_by=notice_by, target=target)
    data = {"because": BECAUSE, "status": "running" if due else "waiting", "from": _iso(before), "to": _iso(due)}
    record(kind="request.clock-set", at=now, actor=actor, object=one.uuid, data=data, test=one.case.is_test)
    return before != due


def _stale_complaints(public: Holidays) -> Iterator[int]:
    waiting = Complaint.objects.filter(acknowledged_at=None, outcome="").select_related("case__rule_set")
    for complaint in waiting.order_by("pk").iterator():
        if complaint.acknowledge_by != _acknowledge_by(complaint, public):
            yield complaint.pk


def _acknowledge_by(complaint: Complaint, public: Holidays) -> date:
    rules = rule_set(complaint.case.rule_set.jurisdiction, complaint.received_on)
    return acknowledge_by(complaint.received_on, params=rules.params, holidays=public(Controller.current().division))


@transaction.atomic
def _complaint_again(pk: int, public: Holidays, *, now: datetime, actor: str) -> bool:
    complaint = Complaint.objects.select_for_update(of=("self",)).select_related("case__rule_set").get(pk=pk)
    before, complaint.acknowledge_by = complaint.acknowledge_by, _acknowledge_by(complaint, public)
    complaint.save(update_fields=["acknowledge_by"])
    data = {"because": BECAUSE, "from": _iso(before), "to": _iso(complaint.acknowledge_by)}
    record(kind="complaint.clock-set", at=now, actor=actor, object=complaint.uuid, data=data)
    return True


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


holidays.on_change(changed, recount)
