"""Storing and not using (UK GDPR Art 18): decided per purpose or item, placed with the answer, ended after a notice.

What is restricted is refused by consents.permission.may_process and left out by PersonalDataItem.objects.usable_for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid
from core.models import Controller
from ledger.entries import record
from processing.models import Purpose, Recipient
from requests import exempting, letters, posting, recipients, report, restricted_use, systems, two_people
from requests.decisions import Line, NotOpen, lines, versions_of
from requests.models import DecisionScope, Letter, RecipientNotice, Right, RightsRequest
from requests.restriction_grounds import GROUND_OF
from requests.sending import close, confirmed, is_waiting, lock, nothing_found, send, to_ready
from requests.untold import is_as_if_gone
from requests.workflow import State
from subjects import restrictions
from subjects.models import DataSubject, ItemPurpose, PersonalDataItem

KIND, LIFTING = "restriction_answer", "restriction_lifting"
LENGTH = 2000
# So many items of a purpose are offered one by one.
SHOWN = 100


class Undecided(DomainError):
    code = "undecided"
    message = _("Decide about every purpose first.")


class NotTold(DomainError):
    code = "lifting-not-told"
    message = _(
        "Tell the person first that it is going to end (Art 18(3)). It ends no earlier than the day that you name."
    )


class NothingRestricted(DomainError):
    code = "nothing-restricted"
    message = _("Nothing is restricted because of this request.")


@dataclass(frozen=True)
class Choice:
    """An item that a restriction may be limited to. What is in it is not shown."""

    item: PersonalDataItem
    is_chosen: bool


def choices(rights_request: RightsRequest, purpose: Purpose) -> list[Choice]:
    """The items of a purpose, to restrict only some of them."""
    subject = rights_request.case.subject
    rows = PersonalDataItem.objects.filter(subject=subject, needs__purpose=purpose)
    chosen = _scopes(rights_request).get(purpose.pk, set())
    rows = rows.select_related("category", "system").order_by("category__label", "collected_at", "pk")
    return [Choice(item, item.uuid in chosen) for item in rows[:SHOWN]]


@transaction.atomic
def limit_to(
    rights_request: RightsRequest, purpose: Purpose, items: Sequence[UUID], *, actor: str, now: datetime
) -> None:
    """Only these items of the purpose are meant. None chosen means all of them."""
    lock(rights_request, Right.RESTRICTION)
    if not rights_request.is_open or "restricted" in rights_request.result:
        raise NotOpen
    known = {choice.item.uuid for choice in choices(rights_request, purpose)}
    wanted = sorted(known & set(items))
    rights_request.scopes.filter(purpose=purpose).delete()
    if wanted:
        DecisionScope.objects.create(request=rights_request, purpose=purpose, items=wanted)
    data = {"items": len(wanted)}
    record(kind="restriction.scoped", at=now, actor=actor, object=rights_request.uuid, purpose=purpose.slug, data=data)


def recipients_to_tell(rights_request: RightsRequest, *, now: datetime) -> list[Recipient]:
    """Who received what is about to be restricted. Nobody any more once it has been."""
    if "restricted" in rights_request.result:
        return []
    purposes = [line.purpose for line in _reached(rights_request, now=now)]
    return recipients.concerned(rights_request.case.subject, purposes=purposes) if purposes else []


def draft(rights_request: RightsRequest, *, now: datetime) -> tuple[str, dict[str, Any]]:
    """The answer as it would go out now. Raises what stands in its way; changes nothing."""
    confirmed(rights_request)
    is_placed = "restricted" in rights_request.result
    if rights_request.case.subject is None or (not is_placed and is_as_if_gone(rights_request)):
        return "nothing_found", report.of_nothing(rights_request)
    if not all(line.is_decided for line in lines(rights_request, now=now)):
        raise Undecided
    exempting.ready(rights_request)
    return KIND, _report(rights_request, now=now)


@transaction.atomic
def release(rights_request: RightsRequest, *, actor: str, now: datetime, exception: str = "") -> RightsRequest:
    """Restrict what was granted, tell who received it, and answer. Releasing what was released changes nothing."""
    lock(rights_request, Right.RESTRICTION)
    if not rights_request.is_open or is_waiting(rights_request):
        return rights_request
    kind, _context = draft(rights_request, now=now)
    two_people.check(rights_request, actor=actor, reason=exception, now=now)
    subject = rights_request.case.subject
    if kind == "nothing_found" or subject is None:
        return nothing_found(rights_request, actor=actor, now=now)
    granted = _reached(rights_request, now=now)
    if "restricted" not in rights_request.result:
        found, known = recipients_to_tell(rights_request, now=now), recipients.known_by(rights_request)
        _place(rights_request, subject, granted, actor=actor, now=now)
        action = RecipientNotice.Action.RESTRICTED
        recipients.tell(rights_request, found, action, known=known, actor=actor, now=now)
    systems.answer_builtin(rights_request, count=len(granted), actor=actor, now=now)
    to_ready(rights_request, reason="restricted", actor=actor, now=now)
    context = _report(rights_request, now=now)
    send(rights_request, kind, context, None, actor=actor, now=now)
    close(rights_request, context, actor=actor, now=now)
    return rights_request


@transaction.atomic
def announce(rights_request: RightsRequest, *, on: date, why: str, actor: str, now: datetime) -> Letter:
    """Tell the person that the restriction is going to end, when and why (Art 18(3)). It does not end by this."""
    RightsRequest.objects.select_for_update().get(pk=rights_request.pk)
    rights_request.refresh_from_db()
    found, why = list(restrictions.placed_for(rights_request.uuid)), why.strip()
    if not found:
        raise NothingRestricted
    if on < _day(now):
        raise Invalid(fields={"on": _("Name today or a later day.")})
    if not why or len(why) > LENGTH or "\x00" in why:
        raise Invalid(fields={"why": _("Say why, in up to 2,000 characters.")})
    purposes = [one.purpose_id for one in found if one.purpose_id]
    uses = [version.title for version in versions_of(purposes)]
    letter = letters.write(LIFTING, rights_request, {"lifted_on": on, "reason": why, "uses": uses}, now=now)
    posting.send(letter, actor=actor, now=now)
    rights_request.result = {**rights_request.result, "lifting_on": on.isoformat()}
    rights_request.save(update_fields=["result"])
    record(kind="restriction.announced", at=now, actor=actor, object=rights_request.uuid, data={"on": on.isoformat()})
    return letter


@transaction.atomic
def lift(rights_request: RightsRequest, *, actor: str, now: datetime) -> int:
    """End the restrictions of this request; returns how many. Refused until the person has been told."""
    RightsRequest.objects.select_for_update().get(pk=rights_request.pk)
    rights_request.refresh_from_db()
    found = list(restrictions.placed_for(rights_request.uuid))
    if not found:
        raise NothingRestricted
    if not is_told(rights_request, now=now):
        raise NotTold
    for restriction in found:
        restrictions.lift(restriction, now=now, actor=actor)
    restricted_use.end_all(rights_request, now=now, actor=actor)
    # No system shall limit any more what is used again here.
    if rights_request.result.pop("asked_of", None):
        rights_request.save(update_fields=["result"])
    return len(found)


def is_told(rights_request: RightsRequest, *, now: datetime) -> bool:
    """Whether the person has the notice that all of it ends, and the day that it names has come.

    Somebody who took the request back needs no letter: they said so.
    """
    if rights_request.state == State.WITHDRAWN:
        return True
    found = restrictions.placed_for(rights_request.uuid)
    last = max((one.since for one in found), default=now)
    told = rights_request.letters.filter(kind=LIFTING, created_at__gte=last)
    day = rights_request.result.get("lifting_on")
    has_come = day is None or date.fromisoformat(day) <= _day(now)
    return has_come and any(posting.has_left(letter) for letter in told)


def _place(
    rights_request: RightsRequest, subject: DataSubject, granted: Sequence[Line], *, actor: str, now: datetime
) -> None:
    meant, placed = _meant(rights_request), 0
    for line in granted:
        assert line.decision is not None  # noqa: S101 - narrows the type; it is granted
        ground = GROUND_OF.get(line.decision.reason, GROUND_OF["accuracy-contested"])
        some = PersonalDataItem.objects.filter(subject=subject, uuid__in=meant.get(line.purpose.slug, ()))
        targets: list[PersonalDataItem | None] = [*some.order_by("pk")] or [None]
        for item in targets:
            restrictions.restrict(
                subject,
                ground=ground,
                purpose=line.purpose,
                item=item,
                placed_for=rights_request.uuid,
                actor=actor,
                now=now,
            )
        placed += len(targets)
    rights_request.result = {
        **rights_request.result,
        "restricted": placed,
        "sizes": _sizes(rights_request),
        "asked_of": systems.asked_of(granted, partly=meant),
    }
    rights_request.save(update_fields=["result"])


def _report(rights_request: RightsRequest, *, now: datetime) -> dict[str, Any]:
    expected = recipients_to_tell(rights_request, now=now)
    noted = rights_request.result.get("sizes")
    sizes = _sizes(rights_request) if noted is None else noted
    return report.of_restriction(rights_request, expected=expected, sizes=sizes)


def _reached(rights_request: RightsRequest, *, now: datetime) -> list[Line]:
    """The purposes that were granted and of which something is left to restrict."""
    meant = _meant(rights_request)
    granted = (line for line in lines(rights_request, now=now) if line.is_granted)
    return [line for line in granted if meant.get(line.purpose.slug) != set()]


def _sizes(rights_request: RightsRequest) -> dict[str, int]:
    """By purpose, how many items the letter names where not all are restricted; none where nothing is reached.

    A number that is there because of a silent exemption would give it away.
    """
    named = {slug: len(items) for slug, items in _meant(rights_request, told_only=True).items()}
    return named | {slug: 0 for slug, items in _meant(rights_request).items() if not items}


def _meant(rights_request: RightsRequest, *, told_only: bool = False) -> dict[str, set[UUID]]:
    """By purpose, the items that are restricted where not all are: those that were chosen, without what is exempt.

    `told_only`: as if what is exempt in silence were not.
    """
    slugs = dict(rights_request.scopes.values_list("purpose_id", "purpose__slug"))
    meant = {slugs[purpose]: items for purpose, items in _scopes(rights_request).items()}
    kept = exempting.spared(rights_request, told_only=told_only)
    needs = ItemPurpose.objects.filter(subject=rights_request.case.subject)
    for slug in exempting.counts(rights_request, told_only=told_only):
        if slug not in meant:
            meant[slug] = set(needs.filter(purpose__slug=slug).values_list("item__uuid", flat=True))
    return {slug: items - kept for slug, items in meant.items()}


def _scopes(rights_request: RightsRequest) -> dict[int, set[UUID]]:
    return {scope.purpose_id: set(scope.items) for scope in rights_request.scopes.all()}


def _day(now: datetime) -> date:
    return now.astimezone(Controller.current().zone).date()
