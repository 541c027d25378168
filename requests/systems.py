"""What each system answered. Silence is not an answer: a task is done only when an answer was written down."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import vault
from core.errors import DomainError, Invalid
from ledger.entries import record
from processing.models import System
from requests import sealed, searching
from requests.decisions import Line
from requests.models import RightsRequest, Task
from subjects import known_as
from subjects.models import DataSubject

# Why a system kept something or could not be searched; the sentences stand in the letter.
GAPS = {
    "legal-obligation": _("The law requires us to keep it there."),
    "legal-claims": _("It is needed there for a legal claim."),
    "contract-running": _("It is still needed there for a contract that is running."),
    "backup-only": _("It is only in a backup that expires on its own and is not used."),
    "system-unavailable": _("The system could not be searched in time."),
    "still-searching": _("The search is not finished yet."),
}
Outcome = Task.Outcome
# What a system still owes: "it failed" is an answer, and none that anything could end with.
OPEN = (Outcome.PENDING, Outcome.FAILED)


class Answered(DomainError):
    code = "task-closed"
    message = _("This request has been answered, so its systems can no longer be changed. Take it up again first.")


class Ended(DomainError):
    code = "task-answered"
    message = _("The system has answered already. Hand in what it holds before the answer that ends its task.")


@transaction.atomic
def answer(
    task: Task,
    *,
    outcome: str,
    reason: str = "",
    count: int | None = None,
    searched: searching.Log | None = None,
    actor: str,
    now: datetime,
) -> Task:
    """Write down what a system answered, with the ledger entry as its receipt. Another answer is a new receipt.

    `searched` says how it was searched; of an access request, neither done nor nothing found is an answer without.
    """
    _check(outcome, reason)
    same = (outcome, reason, count, actor)
    rights_request = RightsRequest.objects.select_for_update().get(pk=task.request_id)
    if not rights_request.is_open:
        raise Answered
    # With the ids: whoever loaded the task before the deletion sealed them would write them away.
    task.refresh_from_db(fields=["outcome", "reason", "count", "answered_by", "known_as"])
    if not searched and (task.outcome, task.reason, task.count, task.answered_by) == same:
        # Sent twice: the receipt is the one that is there.
        return task
    if searched and not searched.is_empty:
        searching.note(task, searched, actor=actor, now=now)
    searching.check(task, outcome)
    task.outcome, task.count, task.answered_by, task.answered_at = outcome, count, actor, now
    task.reason = reason if outcome in (Outcome.RETAINED, Outcome.FAILED) else ""
    task.entry = record(
        kind="task.answered",
        at=now,
        actor=actor,
        object=rights_request.uuid,
        data={"task": task.uuid, "system": task.system.slug, "outcome": outcome, "reason": task.reason, "count": count},
    )
    if outcome not in OPEN:
        task.known_as = None
    task.save(update_fields=["outcome", "reason", "count", "answered_by", "answered_at", "entry", "known_as"])
    return task


def still_open(task: Task) -> None:
    """Hold the request; raises Ended where the answer that ends the task has come in meanwhile."""
    RightsRequest.objects.select_for_update().get(pk=task.request_id)
    task.refresh_from_db(fields=["outcome"])
    if task.outcome not in OPEN:
        raise Ended


def asked_of(done: Iterable[Line], *, partly: Collection[str]) -> dict[str, list[str]]:
    """What each other system is asked by itself once it was done here: by its slug, the purposes that use it.

    None of a purpose (slug) that was reached only `partly`: it could not be told which records stay as they are, and
    its answer would end the task. Staff do all of it by hand there.
    """
    found: dict[str, list[str]] = {}
    for line in done:
        for system in line.version.systems.all():
            if system.connector != System.Connector.BUILTIN:
                found.setdefault(system.slug, []).append(line.purpose.slug)
    return {system: sorted(slugs) for system, slugs in found.items() if not set(slugs) & set(partly)}


def keep_ids(rights_request: RightsRequest, person: DataSubject) -> None:
    """Before the person goes: by which ids each system that has not answered yet finds its own record of them."""
    known = known_as.of([person.uuid])
    owed = rights_request.tasks.filter(outcome__in=OPEN).exclude(system__connector=System.Connector.BUILTIN)
    for task in owed.select_related("system"):
        found = {"subject": str(person.uuid), "ids": known_as.called(task.system, known).get(person.uuid, [])}
        task.known_as = sealed.put(rights_request.case, _field(task), found)
        task.save(update_fields=["known_as"])


def whom(task: Task) -> tuple[UUID, list[str]] | None:
    """Whom a task is about, and by which ids the system knows them: also when nothing is left of them here."""
    person = task.request.case.subject
    if person:
        return person.uuid, known_as.called(task.system, known_as.of([person.uuid])).get(person.uuid, [])
    try:
        found = sealed.get(task.request.case, _field(task), task.known_as)
    except vault.Unreadable:
        return None
    return UUID(found["subject"]), found["ids"]


def _field(task: Task) -> str:
    return f"known-as:{task.uuid}"


def answer_builtin(rights_request: RightsRequest, *, count: int, actor: str, now: datetime) -> None:
    """This database answers for itself, with the count of the transaction that did the work."""
    builtin = rights_request.tasks.filter(system__connector=System.Connector.BUILTIN).select_related("system")
    for task in builtin:
        outcome = Outcome.DONE if count else Outcome.NOTHING_FOUND
        answer(task, outcome=outcome, count=count, actor=actor, now=now)


def gaps(tasks: Sequence[Task]) -> list[Task]:
    """The systems that have not answered or could not be searched: an answer must name them."""
    return [task for task in tasks if task.outcome in OPEN]


def kept(tasks: Sequence[Task]) -> list[Task]:
    """The systems that keep something, with their reason."""
    return [task for task in tasks if task.outcome == Outcome.RETAINED]


def sentence(task: Task) -> str:
    """What a letter says about this system's gap or its reason to keep."""
    if task.outcome == Outcome.PENDING:
        return str(_("We have not had its answer yet."))
    return str(GAPS.get(task.reason, ""))


def _check(outcome: str, reason: str) -> None:
    if outcome not in Outcome.values or outcome == Outcome.PENDING:
        raise Invalid(fields={"outcome": _("Choose what the system answered.")})
    if outcome in (Outcome.RETAINED, Outcome.FAILED) and reason not in GAPS:
        raise Invalid(fields={"reason": _("Say why: choose a reason from the list.")})
