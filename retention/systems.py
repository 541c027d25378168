"""Other systems get their share of what a rule ended: told by id in the change feed, and each asked by a task.

Silence never counts as done. A task is open until somebody wrote down what the system answered; the ledger's entry of
that is the receipt, and the certificate of the run says it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from json import loads
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.query import QuerySet
from django.utils.translation import gettext_lazy as _

from core.arrays import Among
from core.errors import DomainError, Invalid
from core.models import Controller
from ledger.entries import Pattern, record, store
from ledger.models import Entry
from processing.models import Purpose, Status, System
from retention import shares
from retention.models import Run, SystemTask
from subjects.erasure import Erased, Left
from subjects.models import DataSubject, PersonalDataItem

ACTOR = "system:retention"
ANSWERED, ASKED_FOR_A_PERSON = "retention.answered", "task.answered"
Outcome = SystemTask.Outcome
# What still needs an answer: "it failed" is one, and none that anything could end with.
OPEN = (Outcome.PENDING, Outcome.FAILED)
REASONS = {
    "legal-obligation": _("The law requires it to be kept there."),
    "legal-claims": _("It is needed there for a legal claim."),
    "contract-running": _("It is still needed there for a contract that is running."),
    "backup-only": _("It is only in a backup that expires on its own and is not used."),
    "system-unavailable": _("The system could not be reached."),
}


class Answered(DomainError):
    code = "answered"
    message = _(
        "The task has ended: an answer is written down, and the list of what to erase went with it. Another answer may"
        " correct it, but not open it again."
    )


@dataclass(frozen=True)
class Receipt:
    """The latest answer of one system, as the ledger has it."""

    outcome: str
    reason: str
    at: str
    entry: str


def elsewhere(purposes: Iterable[Purpose]) -> QuerySet[System]:
    """The other systems that these purposes use now: the register may say something else when somebody asks."""
    used = System.objects.filter(purpose_versions__purpose__in=list(purposes), purpose_versions__status=Status.LIVE)
    return used.exclude(connector=System.Connector.BUILTIN).order_by("slug").distinct()


def concerned(run: Run, purposes: Iterable[Purpose]) -> list[str]:
    """The short names of the systems that have to do with this run: by its purposes now, or by what was noted for them
    when it went.
    """
    used = elsewhere([run.rule.purpose] if run.rule else purposes)
    asked = System.objects.filter(pk__in=run.system_tasks.values("system"))
    return sorted({system.slug for rows in (used, shares.systems_of(run), asked) for system in rows})


def tell(run: Run, erased: Erased, *, now: datetime) -> None:
    """In the feed, what ended of people who stay, where another system has it too. Of others `subject.erased` tells."""
    if not erased.left:
        return
    people = DataSubject.objects.filter(Among("uuid", {one.subject for one in erased.left}, kind="uuid"), is_test=True)
    invented = set(people.values_list("uuid", flat=True))
    others = System.objects.exclude(connector=System.Connector.BUILTIN)
    concerned = Purpose.objects.filter(
        pk__in={one.purpose_id for one in erased.left},
        versions__status=Status.LIVE,
        versions__systems__in=others,
    )
    for pk, slug in concerned.distinct().values_list("pk", "slug"):
        pairs = _named([one for one in erased.left if one.purpose_id == pk])
        for is_test in (False, True):
            same: dict[str, Any] = {"at": now, "actor": ACTOR, "purpose": slug, "data": {"run": run.uuid}}
            pattern = Pattern(kind="item.erased", test=is_test, ids=["subject", "object"], **same)
            store(pattern.body(entry=uuid4(), subject=a, object=b) for a, b in pairs if (a in invented) == is_test)


def _named(left: list[Left]) -> list[tuple[UUID, UUID]]:
    """Person and item by their public ids. What another purpose still needs is there to be asked for its own."""
    kept = PersonalDataItem.objects.filter(Among("pk", [one.item_id for one in left if one.item is None]))
    known = dict(kept.values_list("pk", "uuid"))
    return [(one.subject, one.item or known[one.item_id]) for one in left]


def ask(run: Run, *, needs: int, people: int, now: datetime) -> None:
    """A task for each system for which a batch noted something, in the transaction that closes the run.

    Whatever the register says by then: a system that left the purpose meanwhile still holds what it was told to erase.
    """
    if run.rule is None or not (needs or people):
        return
    today = now.astimezone(Controller.current().zone).date()
    due_on = today + timedelta(days=settings.RETENTION_ANSWER_DAYS)
    for system in shares.systems_of(run):
        task = SystemTask.objects.create(
            uuid=shares.task_of(run, system),
            run=run,
            system=system,
            needs=needs,
            people=people,
            raised_at=now,
            due_on=due_on,
        )
        record(
            kind="retention.asked",
            at=now,
            actor=ACTOR,
            object=run.uuid,
            purpose=run.rule.purpose.slug,
            data={"task": task.uuid, "system": system.slug, "due": due_on.isoformat()},
        )


def ask_again(run: Run, erased: Erased, *, asked_by: UUID, purposes: Collection[int], now: datetime) -> None:
    """After a restore, in the transaction that erased again: of the other systems, those whose confirmation of then is
    not in this database. `asked_by`: the run of then, or the request that it carried out.

    The task names no purpose, for it is about all that was erased again. A record that another purpose still needs
    names its own.
    """
    confirmed = {slug for slug, one in _said(asked_by).items() if one.outcome not in OPEN}
    due_on = now.astimezone(Controller.current().zone).date() + timedelta(days=settings.RETENTION_ANSWER_DAYS)
    for system in shares.note(run, erased, purposes=purposes, but_for=confirmed):
        defaults = {"uuid": shares.task_of(run, system), "needs": 0, "people": 0, "raised_at": now, "due_on": due_on}
        task, is_new = SystemTask.objects.get_or_create(run=run, system=system, defaults=defaults)
        # One task for the whole replay, which counts up line by line; nobody whom a trial call invented.
        more = {"needs": F("needs") + erased.needs, "people": F("people") + erased.subjects - len(erased.invented)}
        SystemTask.objects.filter(pk=task.pk).update(**more)
        if is_new:
            data = {"task": task.uuid, "system": system.slug, "due": due_on.isoformat()}
            record(kind="retention.asked", at=now, actor=ACTOR, object=run.uuid, data=data)


@transaction.atomic
def answer(task: SystemTask, *, outcome: str, reason: str = "", actor: str, now: datetime) -> SystemTask:
    """Write down what a system answered, with the ledger's entry as its receipt. Another answer is a new receipt.

    What it had to erase is no longer listed then, unless it failed; so it cannot fail after another answer.
    """
    if outcome not in Outcome.values or outcome == Outcome.PENDING:
        raise Invalid(fields={"outcome": _("Choose what the system answered.")})
    needs_reason = outcome in (Outcome.RETAINED, Outcome.FAILED)
    if needs_reason and reason not in REASONS:
        raise Invalid(fields={"reason": _("Say why: choose a reason from the list.")})
    locked = SystemTask.objects.select_for_update(of=("self",)).select_related("system", "run").get(pk=task.pk)
    same = (outcome, reason if needs_reason else "", actor)
    if (locked.outcome, locked.reason, locked.answered_by) == same:
        # Sent twice: the receipt is the one that is there.
        return locked
    if outcome in OPEN and locked.outcome not in OPEN:
        raise Answered
    locked.outcome, locked.reason, _actor = same
    locked.answered_by, locked.answered_at = actor, now
    locked.entry = record(
        kind=ANSWERED,
        at=now,
        actor=actor,
        object=locked.run.uuid,
        data={"task": locked.uuid, "system": locked.system.slug, "outcome": outcome, "reason": locked.reason},
    )
    locked.save(update_fields=["outcome", "reason", "answered_by", "answered_at", "entry"])
    if outcome not in OPEN:
        shares.forget(locked)
    return locked


def unanswered() -> QuerySet[SystemTask]:
    """What is still owed, the oldest first."""
    rows = SystemTask.objects.filter(outcome__in=OPEN).select_related("system", "run__rule__purpose")
    return rows.order_by("due_on", "pk")


def overdue(on: date) -> QuerySet[SystemTask]:
    return unanswered().filter(due_on__lt=on)


def receipts(run: Run) -> dict[str, Receipt]:
    """The latest answer of each system, from the ledger: to a rule's run, or to the request that asked for this one."""
    of_request = _said(run.request) if run.request else {}
    return {**of_request, **_said(run.uuid)}


def _said(about: UUID) -> dict[str, Receipt]:
    found: dict[str, Receipt] = {}
    entries = Entry.objects.filter(object=about, kind__in=[ANSWERED, ASKED_FOR_A_PERSON]).order_by("pk")
    for body in entries.values_list("body", flat=True):
        entry = loads(body)
        data = entry["data"]
        found[data["system"]] = Receipt(data["outcome"], data["reason"], entry["at"], entry["id"])
    return found
