"""Somebody asks for the same thing twice: one of the two requests closes and points at the other, which answers both.

Each request has a clock of its own (UK GDPR Art 12A), so nothing may be lost by it: the one that stays open counts from
the earlier day, is due no later than the other was, and has its words as a note. Whatever is asked for beside it, such
as another right, stays open. The person is told once, a while later; until then it can be undone as if it had not been.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext, gettext_lazy

from core.errors import DomainError
from core.models import Controller, User
from ledger.entries import record
from requests import deadlines, freeze, letters, messages, posting
from requests.clock import in_words
from requests.facts import Facts
from requests.intake import claim_of
from requests.models import CaseFile, Letter, RightsRequest
from requests.repetition import UNTOUCHED, check, check_day, same_person
from requests.stopping import hold_still
from requests.workflow import State
from subjects import blocks

_ = gettext_lazy
KIND, ACTOR = "duplicate", "system:requests"
# The reason of a move by an answer on the merits (requests/sending.py).
ANSWERED = "answered"
# So long staff can take it back before the person hears of it.
UNDO = timedelta(minutes=30)
MOST = 5


class Told(DomainError):
    code = "duplicate-told"
    message = _("The person has been told already. Take the request up again instead.")


def candidates(rights_request: RightsRequest, user: User | AnonymousUser) -> list[RightsRequest]:
    """Open requests, as far as this user may see them, that this one may repeat. Whether it does, staff judge."""
    if rights_request.state not in UNTOUCHED:
        return []
    case = rights_request.case
    is_confirmed = Q(case__confirmed_at__isnull=False) | Q(case__identified_at__isnull=False)
    found = (
        RightsRequest.objects.visible_to(user)
        .open()
        .filter(is_confirmed, same_person(case), right=rights_request.right, case__is_test=case.is_test)
    )
    return list(found.exclude(case=case.pk).select_related("case").order_by("pk")[:MOST])


@dataclass(frozen=True)
class Twice:
    """What the page of a request says about repetitions: which it may be one of, and which it answers."""

    candidates: list[RightsRequest]
    undo_until: datetime | None
    answers: list[RightsRequest]


def shown(rights_request: RightsRequest, user: User | AnonymousUser) -> Twice:
    answers = RightsRequest.objects.visible_to(user).filter(duplicate_of=rights_request).order_by("pk")
    return Twice(candidates(rights_request, user), undo_until(rights_request), list(answers))


@transaction.atomic
def mark(rights_request: RightsRequest, of: RightsRequest, *, actor: str, now: datetime) -> None:
    """Close it as a repetition of `of`. Raises what would lose something by that; then nothing changed."""
    _lock(rights_request, of)
    check(rights_request, of)
    own = _own_day(of)
    if rights_request.received_on < of.received_on:
        _count_from(of, rights_request.received_on, actor=actor, now=now)
    check_day(rights_request, of)
    _keep_what_was_said(rights_request, of, actor=actor, now=now)
    blocks.release(rights_request.uuid, now=now, actor=actor)
    rights_request.result = {**rights_request.result, KIND: {"own": own.isoformat()}}
    rights_request.save(update_fields=["result"])
    rights_request.duplicate_of = of
    rights_request.move(State.DUPLICATE, actor=actor, reason=KIND, now=now)
    _note("request.duplicate-marked", rights_request, of, actor=actor, now=now)


@transaction.atomic
def undo(rights_request: RightsRequest, *, actor: str, now: datetime) -> None:
    """As if it had not been marked; the note in the other case stays. Raises Told once the person knows."""
    of = rights_request.duplicate_of
    if of is None:
        raise Told
    _lock(rights_request, of)
    if rights_request.duplicate_of != of or is_told(rights_request):
        raise Told
    own = rights_request.result.get(KIND, {}).get("own")
    _open_again(rights_request, because="duplicate-undone", actor=actor, now=now)
    if own and of.is_open and of.received_on == rights_request.received_on:
        remaining = [one.received_on for one in of.duplicates.select_related("case")]
        _count_from(of, min([date.fromisoformat(own), *remaining]), actor=actor, now=now)
    _note("request.duplicate-undone", rights_request, of, actor=actor, now=now)


@transaction.atomic
def open_unanswered(of: RightsRequest, *, actor: str, now: datetime) -> None:
    """Open again what `of` was to answer, if it has ended without an answer. Whoever takes one back keeps the other."""
    if not _is_unanswered(of):
        return
    words = gettext("%(reference)s was to answer this request, too, and has ended without an answer. It is open again.")
    waiting = of.duplicates.filter(case__claim__isnull=False).select_related("case__subject", "case__rule_set")
    for one in waiting.order_by("pk"):
        _open_again(one, because="other-unanswered", actor=actor, now=now)
        messages.comment(one.case, words % {"reference": of.reference}, actor=actor, now=now)
        _note("request.duplicate-reopened", one, of, actor=actor, now=now)


def is_told(rights_request: RightsRequest) -> bool:
    """Whether the letter about it was written since it was marked."""
    return RightsRequest.objects.filter(_told(), pk=rights_request.pk).exists()


def undo_until(rights_request: RightsRequest) -> datetime | None:
    """When the person hears of it; None once they have, or when there is nothing to undo."""
    if rights_request.answered_at is None or rights_request.duplicate_of_id is None or is_told(rights_request):
        return None
    return rights_request.answered_at + UNDO


def tell_due(*, now: datetime) -> int:
    """Write to everybody whose request was closed for another one a while ago. Returns how many."""
    marked = RightsRequest.objects.filter(duplicate_of__isnull=False, state=State.DUPLICATE)
    due = marked.filter(~_told(), answered_at__lte=now - UNDO, case__claim__isnull=False)
    return sum(_tell(pk, due, now=now) for pk in list(due.order_by("pk").values_list("pk", flat=True)))


@transaction.atomic
def _tell(pk: int, due: QuerySet[RightsRequest], *, now: datetime) -> int:
    one = RightsRequest.objects.select_related("duplicate_of").get(pk=pk)
    of = one.duplicate_of
    if of is None:
        return 0
    _lock(one, of)
    if one.duplicate_of != of or not due.filter(pk=pk).exists():
        return 0
    if _is_unanswered(of):
        open_unanswered(of, actor=ACTOR, now=now)
        return 0
    answered_on = of.answered_at.astimezone(Controller.current().zone).date() if of.answered_at else None
    told = {"other": of.reference, "is_late": deadlines.has_passed(of.due_on, now=now)}
    days = {"counted_from": of.received_on, "answer_by": of.due_on, "answered_on": answered_on}
    posting.send(letters.write(KIND, one, {**told, **days}, now=now), actor=ACTOR, now=now)
    return 1


def _told() -> Exists:
    rows = Letter.objects.filter(request=OuterRef("pk"), kind=KIND, created_at__gte=OuterRef("answered_at"))
    return Exists(rows)


def _lock(*both: RightsRequest) -> None:
    """Both requests, then both cases, as whoever answers takes them; each in one order, so that two who mark the two
    for each other wait for each other. Then read them afresh.
    """
    for pk in sorted(one.pk for one in both):
        RightsRequest.objects.select_for_update().get(pk=pk)
    for pk in sorted(one.case_id for one in both):
        CaseFile.objects.select_for_update(of=("self",)).get(pk=pk)
    for one in both:
        one.refresh_from_db()


def _is_unanswered(of: RightsRequest) -> bool:
    """Whether it was taken back, or refused as a request; an answer that says no to everything is one."""
    if of.state not in (State.WITHDRAWN, State.REFUSED):
        return False
    last = of.events.order_by("-pk").first()
    return last is None or last.reason != ANSWERED


def _open_again(rights_request: RightsRequest, *, because: str, actor: str, now: datetime) -> None:
    """With its own day, which may have moved since, and with what protects the person while it is open."""
    rights_request.result = {name: value for name, value in rights_request.result.items() if name != KIND}
    rights_request.save(update_fields=["result"])
    rights_request.move(State.IN_PROGRESS, actor=actor, reason=because, now=now)
    deadlines.store(rights_request, Facts.from_json(rights_request.facts))
    freeze.until_given([rights_request], rights_request.case.subject, now=now, actor=actor)
    hold_still(rights_request.case, now=now, actor=actor)


def _own_day(of: RightsRequest) -> date:
    """The day from which it counted before it answered for others. Each of them has it, so that any can be undone."""
    noted = (
        of.duplicates.filter(result__duplicate__has_key="own").order_by("pk").values_list("result", flat=True).first()
    )
    return date.fromisoformat(noted[KIND]["own"]) if noted else of.received_on


def _count_from(of: RightsRequest, day: date, *, actor: str, now: datetime) -> None:
    if day == of.received_on:
        return
    before = of.due_on
    clock = deadlines.store(of, replace(Facts.from_json(of.facts), received=day))
    days = {"from": before and before.isoformat(), "to": of.due_on and of.due_on.isoformat()}
    data = {"because": KIND, "status": clock.status, **days}
    record(kind="request.clock-set", at=now, actor=actor, object=of.uuid, data=data, test=of.case.is_test)


def _keep_what_was_said(rights_request: RightsRequest, of: RightsRequest, *, actor: str, now: datetime) -> None:
    """Its words as a note in the other case; and what was stopped when it was said, so that the answer tells of it."""
    claim = claim_of(rights_request.case)
    asked = gettext("%(reference)s asked for the same on %(day)s. It is answered with this request.") % {
        "reference": rights_request.reference,
        "day": in_words(rights_request.received_on),
    }
    messages.comment(of.case, f"{asked}\n\n{claim.get('details', '')}", actor=actor, now=now)
    if answers := claim.get(rights_request.right):
        messages.comment(of.case, answers, actor=actor, now=now)
    both = {name: _both(of, rights_request, name) for name in ("stopped", "proofs")}
    if any(both.values()):
        of.result = {**of.result, **{name: found for name, found in both.items() if found}}
        of.save(update_fields=["result"])


def _both(of: RightsRequest, rights_request: RightsRequest, name: str) -> list[str]:
    found: Iterable[str] = [*of.result.get(name, []), *rights_request.result.get(name, [])]
    return list(dict.fromkeys(found))


def _note(kind: str, rights_request: RightsRequest, of: RightsRequest, *, actor: str, now: datetime) -> None:
    data = {"of": of.uuid, "counts_from": of.received_on.isoformat()}
    record(kind=kind, at=now, actor=actor, object=rights_request.uuid, data=data, test=rights_request.case.is_test)
