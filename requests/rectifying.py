"""Correcting what is wrong (UK GDPR Art 16): carried out with the answer, told to whoever received it.

What would change is proposed and decided in requests/proposing.py.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from consents import carrying
from core.errors import DomainError
from core.models import Controller
from ledger.entries import record
from processing.models import DataCategory, Recipient
from requests import exempting, recipients, report, systems, two_people
from requests.clock import in_words
from requests.decisions import NotOpen
from requests.intake import claim_of
from requests.models import Correction, RecipientNotice, Right, RightsRequest
from requests.proposing import OTHER, Line, Outcome, Target, item_of, known_subject, labels_of, lines, opened
from requests.reasons import reason
from requests.sending import close, confirmed, is_waiting, lock, nothing_found, send, to_ready
from requests.untold import is_as_if_gone
from subjects import corrections, restrictions
from subjects.identifiers import Claim, reveal
from subjects.models import DataSubject, Identifier, PersonalDataItem

KIND = "rectification_answer"


class Undecided(DomainError):
    code = "undecided"
    message = _("Say first what would change, and decide about each of it.")


class ExemptAndAccepted(DomainError):
    code = "exempt-and-accepted"
    message = _("A correction was accepted of something that an exemption leaves as it is. Take one of them back.")


@transaction.atomic
def restrict(rights_request: RightsRequest, *, actor: str, now: datetime) -> int:
    """Store only what is contested until it has been checked (Art 18(1)(a)), and tell who received it.

    The items that were named; all of the person's data while nothing is named, or when an address is contested.
    """
    lock(rights_request, Right.RECTIFICATION)
    if not rights_request.is_open:
        raise NotOpen
    subject = known_subject(rights_request)
    rows = list(rights_request.corrections.exclude(what=OTHER))
    named = PersonalDataItem.objects.filter(uuid__in=[row.about for row in rows], subject=subject)
    whole = not rows or any(row.target == Target.IDENTIFIER for row in rows)
    kept = exempting.spared(rights_request)
    if whole and kept:
        # Everything but what is exempt has to be named.
        whole, named = False, PersonalDataItem.objects.filter(subject=subject)
    named = named.exclude(uuid__in=kept)
    targets: list[PersonalDataItem | None] = [None] if whole else list(named)
    for item in targets:
        restrictions.restrict(
            subject, ground="accuracy", item=item, placed_for=rights_request.uuid, actor=actor, now=now
        )
    known, action = recipients.known_by(rights_request), RecipientNotice.Action.RESTRICTED
    categories = None if whole else [item.category for item in named]
    found = recipients.concerned(subject, categories=categories)
    recipients.tell(rights_request, found, action, known=known, actor=actor, now=now)
    return len(targets)


def recipients_to_tell(rights_request: RightsRequest, *, now: datetime) -> list[Recipient]:
    """Who received what is about to be corrected."""
    waiting = rights_request.corrections.filter(outcome=Outcome.ACCEPT, applied_at=None)
    categories = DataCategory.objects.filter(slug__in=waiting.values("what"))
    return recipients.concerned(rights_request.case.subject, categories=categories)


def draft(rights_request: RightsRequest, *, now: datetime) -> tuple[str, dict[str, Any]]:
    """The answer as it would go out now. Raises what stands in its way; changes nothing."""
    confirmed(rights_request)
    rows = list(rights_request.corrections.all())
    is_begun = any(row.applied_at for row in rows)
    if (rights_request.case.subject is None and not rows) or (not is_begun and is_as_if_gone(rights_request)):
        return "nothing_found", report.of_nothing(rights_request)
    exempting.ready(rights_request)
    kept = exempting.spared(rights_request)
    if any(row.outcome == Outcome.ACCEPT for row in rows if row.about in kept):
        raise ExemptAndAccepted
    if not rows or not all(row.outcome for row in rows if row.about not in kept):
        raise Undecided
    return KIND, _report(rights_request, now=now)


@transaction.atomic
def release(rights_request: RightsRequest, *, actor: str, now: datetime, exception: str = "") -> RightsRequest:
    """Correct what was accepted, tell who received it, and answer. Releasing what was released changes nothing."""
    lock(rights_request, Right.RECTIFICATION)
    if not rights_request.is_open or is_waiting(rights_request):
        return rights_request
    kind, _context = draft(rights_request, now=now)
    two_people.check(rights_request, actor=actor, reason=exception, now=now)
    if kind == "nothing_found":
        return nothing_found(rights_request, actor=actor, now=now)
    found, known = recipients_to_tell(rights_request, now=now), recipients.known_by(rights_request)
    done = _apply(rights_request, actor=actor, now=now)
    systems.answer_builtin(rights_request, count=len(done), actor=actor, now=now)
    recipients.tell(
        rights_request, found, RecipientNotice.Action.CORRECTED, known=known, changes=done, actor=actor, now=now
    )
    to_ready(rights_request, reason="corrected", actor=actor, now=now)
    context = _report(rights_request, now=now)
    send(rights_request, kind, context, None, actor=actor, now=now)
    close(rights_request, context, actor=actor, now=now)
    return rights_request


def _apply(rights_request: RightsRequest, *, actor: str, now: datetime) -> list[str]:
    """Carry out what was accepted and not yet done; returns what is right now, for those who are told."""
    waiting = list(rights_request.corrections.filter(outcome=Outcome.ACCEPT, applied_at=None))
    labels, done = labels_of(waiting), []
    for row in waiting:
        words = opened(row)
        _carry_out(rights_request, row, words, actor=actor, now=now)
        row.applied_at = now
        row.save(update_fields=["applied_at"])
        done.append(f"{labels[row.what]}: {words['new']}")
    return list(dict.fromkeys(done))


def _carry_out(
    rights_request: RightsRequest, row: Correction, words: dict[str, str], *, actor: str, now: datetime
) -> None:
    subject, request, new = known_subject(rights_request), rights_request.uuid, words["new"]
    if row.target == Target.IDENTIFIER:
        _swap(rights_request, subject, row, new, actor=actor, now=now)
    elif row.target == Target.STATEMENT:
        day = now.astimezone(Controller.current().zone).date()
        corrections.add_statement(item_of(subject, row.about), new, on=day, request=request, actor=actor, now=now)
    else:
        item = item_of(subject, row.about)
        corrections.correct_item(item, words["part"], new, request=request, actor=actor, now=now)


def _swap(
    rights_request: RightsRequest, subject: DataSubject, row: Correction, new: str, *, actor: str, now: datetime
) -> None:
    """The right address in place of the wrong one. Whoever wrote from it in this case has shown that it is theirs."""
    case = rights_request.case
    old = Identifier.objects.get(uuid=row.about)
    before, after = Claim(old.type, reveal([old])[old.pk], old.system), Claim(old.type, new, old.system)
    email = claim_of(case).get("email", "")
    proof = "confirmation-link" if case.confirmed_at and _is(after, email) else ""
    corrections.replace_identifier(
        subject, row.about, new, proof=proof, request=rights_request.uuid, actor=actor, now=now
    )
    if case.confirmed_at and _is(before, email) and case.identified_at is None:
        # Who asks was shown by the address that has just gone.
        case.identified_at, case.identified_how = now, "corrected"
        case.save(update_fields=["identified_at", "identified_how"])
    entry = record(kind=carrying.CARRIED, at=now, actor=actor, subject=subject.uuid, object=rights_request.uuid)
    carrying.carry(before, after, entry=entry, now=now)
    carrying.together(subject, now=now, actor=actor)


def _is(claim: Claim, email: str) -> bool:
    return claim.type == "email" and bool(email) and claim.normalised == Claim("email", email).normalised


def _report(rights_request: RightsRequest, *, now: datetime) -> dict[str, Any]:
    controller = Controller.current()
    kept = exempting.spared(rights_request)
    rows = [line for line in lines(rights_request, is_shown=True) if line.row.about not in kept]
    expected = recipients_to_tell(rights_request, now=now)
    accepted = [line for line in rows if line.row.outcome == Outcome.ACCEPT]
    found, others = (
        report.systems_of(rights_request),
        recipients.report(rights_request, expected, RecipientNotice.Action.CORRECTED),
    )
    # Where nothing is corrected here, nothing is owed by other systems either.
    gaps = [*found["gaps"], *others["owed"]] if accepted else others["owed"]
    day = min((line.row.applied_at for line in accepted if line.row.applied_at), default=now)
    done = day.astimezone(controller.zone).date()
    return {
        **found,
        **others,
        "gaps": gaps,
        "corrected": _told(line for line in accepted if line.row.target != Target.STATEMENT),
        "supplemented": _told(line for line in accepted if line.row.target == Target.STATEMENT),
        "denied": [
            *_told(line for line in rows if line.row.outcome == Outcome.REFUSE),
            *exempting.told(rights_request),
        ],
        "is_address": any(line.row.target == Target.IDENTIFIER for line in accepted),
        "still_restricted": restrictions.placed_for(rights_request.uuid).exists(),
        "corrected_on": in_words(done),
        "backups_until": in_words(until) if (until := controller.backups_until(done)) else "",
    }


def _told(rows: Iterable[Line]) -> list[dict[str, str]]:
    """Each once: the same in several items is one thing to the person."""
    told: dict[tuple[str, str], dict[str, str]] = {}
    for line in rows:
        chosen = reason(line.row.reason)
        told.setdefault(
            (line.title, line.new),
            {
                "title": line.title,
                "new": line.new,
                "sentence": str(chosen.sentence),
                "article": chosen.article,
                "note": line.note,
            },
        )
    return list(told.values())
