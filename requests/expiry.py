"""Forgetting a case: it proves how a right was answered for as long as a claim can be brought, then it goes.

As long after it was closed as the retention rule in force says, and six years where none does (Limitation Act 1980 s.5;
storage limitation, UK GDPR Art 5(1)(e)). What stays is what a statistic needs: reference, right, dates, states and
reason codes of somebody who can no longer be named.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

from dateutil.relativedelta import relativedelta
from django.db import transaction
from django.db.models import BooleanField, DateField, ExpressionWrapper, F, Q
from django.db.models.functions import TruncDate
from django.db.models.query import QuerySet
from django.utils.translation import gettext_lazy as _

from core import outbox
from core.errors import DomainError, Text
from core.models import Controller, Outbox, Owner
from core.vault import destroy_keys
from ledger.entries import record
from requests.models import (
    Asking,
    CaseFile,
    Comment,
    Complaint,
    ComplaintStep,
    Correction,
    Decision,
    DecisionReview,
    DecisionScope,
    Evidence,
    Exemption,
    FoundDocument,
    Letter,
    LetterDraft,
    Message,
    Package,
    RecipientNotice,
    Representation,
    Search,
    Task,
    Transfer,
    VisitCode,
)
from requests.package import KEPT
from subjects import blocks
from subjects.deletes import lock_people

TERM = relativedelta(years=6)
PURPOSE = "rights-requests"
# What the retention rule in force says, with its grace; None without one. Retention may not be imported from here.
Term = Callable[[], relativedelta | None]
_terms: list[Term] = []
# Conditions on cases that are to stay for what apps above keep in them.
Held = Callable[[], Q]
_held: list[Held] = []


def register_term(func: Term) -> None:
    _terms[:] = [func]


def register_held(func: Held) -> None:
    if func not in _held:
        _held.append(func)


def ruled() -> relativedelta | None:
    return next((length for length in (term() for term in _terms) if length), None)


class CaseHeld(DomainError):
    code = "case-held"
    message = _("A hold or a pending request keeps this case.")


class CaseOpen(DomainError):
    code = "case-open"
    message = _("A case with an open request or complaint cannot be forgotten.")


class CaseMoved(DomainError):
    code = "case-moved"
    message = _("This case was given to another record of a person at this moment. Try again.")


@transaction.atomic
def expire_case(case: CaseFile, *, now: datetime, actor: str = "system:requests") -> bool:
    """Destroy the case's key and everything it sealed, and what would recognise the person; False if it was before."""
    locked = _locked(case)
    if locked.requests.open().exists() or locked.complaints.filter(outcome="").exists():
        raise CaseOpen
    if locked.claim is None:
        return False
    if kept_cases().filter(Q(is_held=True) | blocks.frozen(now), pk=locked.pk).exists():
        raise CaseHeld
    _forget(locked, now=now, actor=actor)
    line = {"action": "case.expired", "purpose": PURPOSE, "file": str(locked.uuid)}
    outbox.post(Outbox.Kind.JOURNAL, line, about=None, now=now)
    return True


@transaction.atomic
def expire_again(uuid: UUID, now: datetime) -> bool:
    """Forget what a backup has brought back of a case that was forgotten, whatever kept it when that was made."""
    case = CaseFile.objects.filter(uuid=uuid).first()
    if case is None or (locked := _locked(case)).claim is None:
        return False
    _forget(locked, now=now, actor="system:restore")
    return True


def _forget(locked: CaseFile, *, now: datetime, actor: str) -> None:
    destroy_keys(Owner.CASE, [locked.uuid])
    # Long gone, if all went well: it goes when the identity is decided.
    evidence = Evidence.objects.filter(case=locked)
    destroy_keys(Owner.IDENTITY, evidence.values_list("uuid", flat=True))
    evidence.delete()
    Asking.objects.filter(case=locked).update(sealed=None, answer=None, token_hash=None)
    LetterDraft.objects.filter(case=locked).delete()
    letters, _letters = Letter.objects.filter(case=locked).delete()
    packages = Package.objects.filter(request__case=locked)
    package_count = packages.count()
    packages.delete()
    Decision.objects.filter(request__case=locked).update(note=None)
    Search.objects.filter(task__request__case=locked).update(sealed=None)
    Task.objects.filter(request__case=locked).update(known_as=None)
    Exemption.objects.filter(request__case=locked).update(sealed=None)
    FoundDocument.objects.filter(request__case=locked).delete()
    RecipientNotice.objects.filter(request__case=locked).update(note=None)
    for model in (Correction, DecisionReview, DecisionScope, Transfer):
        model._default_manager.filter(request__case=locked).delete()
    _forget_what_was_said(locked)
    outbox.forget(locked.uuid)
    locked.subject = locked.claim = locked.claim_blind = locked.confirm_hash = locked.confirm_expires_at = None
    locked.identity_note = None
    locked.save(
        update_fields=["subject", "claim", "claim_blind", "confirm_hash", "confirm_expires_at", "identity_note"]
    )
    record(
        kind="case.expired",
        at=now,
        actor=actor,
        object=locked.uuid,
        data={"letters": letters, "packages": package_count},
    )


def _locked(case: CaseFile) -> CaseFile:
    """The person first and then the case, as whoever erases or merges people does. Raises CaseMoved.

    As with every delete, a block that is being placed is seen from here on, or waits.
    """
    subject = CaseFile.objects.values_list("subject", flat=True).get(pk=case.pk)
    lock_people([], [subject] if subject else [])
    locked = CaseFile.objects.select_for_update().get(pk=case.pk)
    if locked.subject_id not in (None, subject):
        raise CaseMoved
    return locked


def _forget_what_was_said(case: CaseFile) -> None:
    """Words of both sides. That there were complaints, and how they ended, stays for the count."""
    for model in (Comment, Message, VisitCode):
        model._default_manager.filter(case=case).delete()
    ComplaintStep.objects.filter(complaint__case=case).delete()
    Complaint.objects.filter(case=case).update(findings=None)
    Representation.objects.filter(case=case).update(note=None)


@dataclass(frozen=True)
class Kept:
    """Something of a case, and the day on which it is destroyed; None when that day is not known yet."""

    what: Text
    until: date | None


def kept(case: CaseFile) -> list[Kept]:
    """What is kept of a case and until when, for the page that says so."""
    if case.claim is None:
        return []
    zone = Controller.current().zone
    found = [Kept(_("The case file, with letters, messages and notes"), _day(case.closed_at, ruled() or TERM, zone))]
    made = Package.objects.kept().filter(request__case=case).values_list("made_at", flat=True)
    found += [Kept(_("A copy of the person's data, ready to be collected"), _day(at, KEPT, zone)) for at in made]
    if Evidence.objects.filter(case=case, destroyed_at=None).exists():
        found.append(Kept(_("Evidence of identity, as soon as it is decided"), None))
    return found


def _day(at: datetime | None, term: relativedelta | timedelta, zone: tzinfo) -> date | None:
    return (at + term).astimezone(zone).date() if at else None


def expire_closed(*, now: datetime) -> int:
    """Forget every case whose term is over, where no retention rule says when. Returns how many."""
    if ruled():
        return 0
    return expire_these(kept_cases().filter(closed_at__lt=now - TERM, is_held=False), now)


def expire_these(cases: QuerySet[Any], now: datetime) -> int:
    """Each in its own transaction. One that is taken up again or held meanwhile stays."""
    done = 0
    for case in list(cases.order_by("pk")):
        try:
            done += expire_case(case, now=now)
        except (CaseOpen, CaseHeld, CaseMoved):
            continue
    return done


def kept_cases() -> QuerySet[Any]:
    """Cases with something in them: `since` is the local date of closing, `is_held` whether a block keeps them."""
    held = blocks.over_files(PURPOSE, day="received_on", subject="subject")
    for others in _held:
        held |= others()
    is_held = ExpressionWrapper(held, output_field=BooleanField())
    rows: QuerySet[Any] = CaseFile.objects.filter(claim__isnull=False).annotate(since=closed_on(), is_held=is_held)
    return rows


def closed_on() -> TruncDate:
    return TruncDate(F("closed_at"), tzinfo=Controller.current().zone, output_field=DateField())
