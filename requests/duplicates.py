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
from core.models import User
from ledger.entries import record
from requests import deadlines, letters, messages, posting
from requests.clock import in_words
from requests.facts import Facts
from requests.intake import claim_of
from requests.models import CaseFile, Letter, Package, Right, RightsRequest
from requests.workflow import State
from subjects import blocks, restrictions
from subjects.models import ErasureBlock, Restriction

_ = gettext_lazy
KIND, ACTOR = "duplicate", "system:requests"
# So long staff can take it back before the person hears of it.
UNDO = timedelta(minutes=30)
MOST = 5
_UNTOUCHED = (State.RECEIVED, State.IN_PROGRESS)
_WORK = ("corrections", "reviews", "decisions", "documents", "exemptions", "transfers", "scopes", "recipient_notices")


class NotTheSame(DomainError):
    code = "not-the-same"
    message = _("The other request is closed, or is about another right, or of somebody else. Answer each of them.")


class ForSomebodyElse(DomainError):
    code = "somebody-else-asks"
    message = _("In one of the two somebody asks for the person, so two people wait for an answer. Answer both.")


class WorkDone(DomainError):
    code = "work-done"
    message = _("Work was done on this request, or a question to the person is open. Close the other one for it.")


class AnsweredBefore(DomainError):
    code = "answered-before"
    message = _(
        "The other request was answered in part, or what goes out for it was made before this one came. Make it anew"
        " there, or answer each of them."
    )


class AsksForMore(DomainError):
    code = "asks-for-more"
    message = _("This one objects to more uses of the data than the other does. Answer each of them.")


class DueEarlier(DomainError):
    code = "due-earlier"
    message = _("The other request is due later than this one, or waits for the person. Answer this one by its day.")


class Told(DomainError):
    code = "duplicate-told"
    message = _("The person has been told already. Take the request up again instead.")


def candidates(rights_request: RightsRequest, user: User | AnonymousUser) -> list[RightsRequest]:
    """Open requests, as far as this user may see them, that this one may repeat. Whether it does, staff judge."""
    if rights_request.state not in _UNTOUCHED:
        return []
    case = rights_request.case
    found = (
        RightsRequest.objects.visible_to(user)
        .open()
        .filter(_same_person(case), right=rights_request.right, case__is_test=case.is_test)
    )
    rows = found.exclude(case=case.pk).select_related("case").order_by("pk")
    return [one for one in rows[:MOST] if one.case.is_confirmed]


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
    _check(rights_request, of)
    before = _count_from_the_earlier_day(rights_request, of, actor=actor, now=now)
    _check_day(rights_request, of)
    _keep_what_was_said(rights_request, of, actor=actor, now=now)
    blocks.release(rights_request.uuid, now=now, actor=actor)
    rights_request.result = {**rights_request.result, KIND: {"before": before}}
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
    before = rights_request.result.pop(KIND, {}).get("before")
    if before and of.is_open and of.received_on == rights_request.received_on:
        _count_from(of, date.fromisoformat(before), actor=actor, now=now)
    rights_request.save(update_fields=["result"])
    rights_request.move(State.IN_PROGRESS, actor=actor, reason="duplicate-undone", now=now)
    subject = rights_request.case.subject
    if subject and rights_request.right == Right.ACCESS:
        blocks.place(subject, kind=ErasureBlock.Kind.ACCESS, placed_for=rights_request.uuid, now=now, actor=actor)
    _note("request.duplicate-undone", rights_request, of, actor=actor, now=now)


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
    found = RightsRequest.objects.get(pk=pk)
    CaseFile.objects.select_for_update(of=("self",)).get(pk=found.case_id)
    one = due.select_related("case", "duplicate_of").filter(pk=pk).first()
    if one is None:
        return 0
    assert one.duplicate_of is not None  # noqa: S101 - narrows the type; the query has looked
    of = one.duplicate_of
    context = {"other": of.reference, "counted_from": of.received_on, "answer_by": of.due_on}
    posting.send(letters.write(KIND, one, context, now=now), actor=ACTOR, now=now)
    return 1


def _told() -> Exists:
    rows = Letter.objects.filter(request=OuterRef("pk"), kind=KIND, created_at__gte=OuterRef("answered_at"))
    return Exists(rows)


def _same_person(case: CaseFile) -> Q:
    """The person, or the address that was given: nobody is known before they showed who they are."""
    same = Q(case__subject=case.subject_id) if case.subject_id else Q(pk__in=[])
    if case.claim_blind is not None and not case.by_post:
        nobody_else = Q(case__subject=None) if case.subject_id else Q()
        same |= Q(nobody_else, case__claim_blind=case.claim_blind, case__by_post=False)
    return same


def _lock(*both: RightsRequest) -> None:
    """Both cases in one order, so that two who mark the two for each other wait for each other."""
    for pk in sorted(one.case_id for one in both):
        CaseFile.objects.select_for_update(of=("self",)).get(pk=pk)
    for one in both:
        one.refresh_from_db()


def _check(rights_request: RightsRequest, of: RightsRequest) -> None:
    case = rights_request.case
    is_same = RightsRequest.objects.filter(_same_person(case), pk=of.pk).exists()
    fits = of.is_open and of.case.is_confirmed and of.right == rights_request.right and of.case_id != case.pk
    if not (is_same and fits and of.case.is_test == case.is_test and rights_request.is_open):
        raise NotTheSame
    if any(hasattr(one, "representation") for one in (case, of.case)):
        raise ForSomebodyElse
    if _is_worked_on(rights_request):
        raise WorkDone
    if _is_older(of, rights_request):
        raise AnsweredBefore
    named, there = (set(one.result.get("objected", [])) for one in (rights_request, of))
    if rights_request.right == Right.OBJECTION and there and not (named and named <= there):
        raise AsksForMore


def _is_older(of: RightsRequest, rights_request: RightsRequest) -> bool:
    """Whether its answer would leave out what came to us between the two."""
    made = Package.objects.filter(request=of)
    if made.exists():
        return of.state == State.PARTLY_ANSWERED or made.filter(made_at__lt=rights_request.case.received_at).exists()
    return of.state not in _UNTOUCHED


def _is_worked_on(rights_request: RightsRequest) -> bool:
    if rights_request.state not in _UNTOUCHED or Package.objects.filter(request=rights_request).exists():
        return True
    placed = restrictions.placed_for(rights_request.uuid).exclude(ground=Restriction.Ground.OBJECTION)
    is_asked = rights_request.case.askings.in_force().filter(Q(request=rights_request) | Q(kind="identity"))
    return placed.exists() or is_asked.exists() or any(getattr(rights_request, name).exists() for name in _WORK)


def _count_from_the_earlier_day(
    rights_request: RightsRequest, of: RightsRequest, *, actor: str, now: datetime
) -> str | None:
    """Returns the day from which the other one counted before, if that changed."""
    before = of.received_on
    if before <= rights_request.received_on:
        return None
    _count_from(of, rights_request.received_on, actor=actor, now=now)
    return before.isoformat()


def _count_from(of: RightsRequest, day: date, *, actor: str, now: datetime) -> None:
    before = of.due_on
    clock = deadlines.store(of, replace(Facts.from_json(of.facts), received=day))
    days = {"from": before and before.isoformat(), "to": of.due_on and of.due_on.isoformat()}
    data = {"because": KIND, "status": clock.status, **days}
    record(kind="request.clock-set", at=now, actor=actor, object=of.uuid, data=data, test=of.case.is_test)


def _check_day(rights_request: RightsRequest, of: RightsRequest) -> None:
    if rights_request.due_on and (of.due_on is None or of.due_on > rights_request.due_on):
        raise DueEarlier


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
