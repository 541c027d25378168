"""Complaints to the controller (DPA 2018 s.164A): taken in, acknowledged, looked into, and closed with an outcome.

A complaint is no rights request: it has its own reference and its own clock. It is not tied to another case by the
reference that somebody typed into it; staff read that and decide. The duty to look into it begins on receipt.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from consents import assessments
from consents.models import AssessmentReview
from core.errors import DomainError, Invalid, Text
from core.models import Controller, Owner
from core.rules import rule_set
from core.vault import create_key, ensure_key, keys_of
from ledger.entries import record
from processing.models import Purpose
from requests import acknowledging, letters, posting, references, representing
from requests.clock import acknowledge_by
from requests.deadlines import holidays_of, regime_of
from requests.facts import read_date
from requests.intake import claim_from, claim_of, fresh_link, may_write
from requests.messages import tell_staff
from requests.models import CaseFile, Complaint, ComplaintStep, Letter, RightsRequest
from requests.models_complaints import Cause, Issue, Outcome, Remedy
from requests.post import acknowledge_complaint

__all__ = ["Cause", "Issue", "Outcome", "Remedy"]

# What the outcome letter says, in words of staff: on each issue in turn, and what has changed.
TEXTS = ("findings", "changes")
LENGTH = 10_000
CHOOSE = _("Choose from the list.")


class HasOutcome(DomainError):
    code = "complaint-closed"
    message = _("This complaint has its outcome already.")


@transaction.atomic
def open_complaint(
    *,
    requester: Mapping[str, Any],
    answers: Mapping[str, str],
    channel: str,
    received_at: datetime,
    locale: str,
    actor: str,
    now: datetime,
    received_on: date | None = None,
    is_test: bool = False,
    case_uuid: UUID | None = None,
) -> Complaint:
    """Take in a complaint, acknowledge it by e-mail if there is an address, and tell the staff. Twice is once.

    `received_on` is the day it came where it is entered later. The 30 days run from it.
    """
    claim, email = claim_from(requester, "", answers)
    controller = Controller.current()
    day = _day(received_on or received_at.astimezone(controller.zone).date(), controller, now=now)
    case, is_new = CaseFile.objects.get_or_create(
        uuid=case_uuid or uuid.uuid4(),
        defaults={
            "channel": channel,
            "locale": locale,
            "rule_set": rule_set(regime_of(controller), day),
            "received_at": received_at,
            "received_on": day,
            "is_test": is_test,
        },
    )
    if not is_new:
        return case.complaints.get()
    case.claim = create_key(Owner.CASE, case.uuid).seal("claim", json.dumps(claim).encode())
    case.claim_blind = email.blind if email else None
    case.save(update_fields=["claim", "claim_blind"])
    return add_to(case, received_on=day, actor=actor, now=now)


@transaction.atomic
def add_to(case: CaseFile, *, received_on: date, actor: str, now: datetime) -> Complaint:
    """A complaint in a case file that exists, where its words are: the same letter may ask for something, too."""
    rules = rule_set(case.rule_set.jurisdiction, received_on)
    by = acknowledge_by(received_on, params=rules.params, holidays=holidays_of(Controller.current().division))
    complaint = Complaint.objects.create(
        case=case, reference=references.fresh(), received_on=received_on, acknowledge_by=by
    )
    case.settle(now=now)
    data = {"channel": case.channel, "received": received_on.isoformat(), "acknowledge_by": by.isoformat()}
    record(kind="complaint.received", at=now, actor=actor, object=complaint.uuid, data=data, test=case.is_test)
    email = claim_of(case).get("email", "")
    if email and not case.by_post and may_write(case):
        token = fresh_link(case, now=now)
        case.save(update_fields=["confirm_hash", "confirm_expires_at"])
        told = acknowledge_complaint(complaint, to=email, token=token, now=now)
        acknowledging.note(complaint, how="email", at=now, message=told, actor="system:requests", now=now)
    if not case.is_test:
        tell_staff("complaint_received", complaint.reference, complaint.page, case, now=now)
    return complaint


@transaction.atomic
def view(complaint: Complaint, *, actor: str, now: datetime) -> dict[str, str]:
    """What the person wrote, opened for a member of staff; that it was opened is an event (`case.viewed`)."""
    record(kind="case.viewed", at=now, actor=actor, object=complaint.case.uuid, data={"what": "complaint"})
    return claim_of(complaint.case)


@transaction.atomic
def describe(
    complaint: Complaint,
    *,
    issues: Sequence[str],
    about: str = "",
    regulator_reference: str = "",
    purposes: Sequence[Purpose] = (),
    actor: str,
    now: datetime,
) -> None:
    """Say what it is about: issues to count it by, the request complained of, and the Commissioner's reference.

    The interests by which its `purposes` are pursued are weighed again.
    """
    locked = _open(complaint)
    if not set(issues) <= set(Issue.values):
        raise Invalid(fields={"issues": CHOOSE})
    locked.issues = list(dict.fromkeys(issues))
    locked.about = _request_of(about)
    locked.regulator_reference = regulator_reference.strip()
    locked.save(update_fields=["issues", "about", "regulator_reference"])
    about_uuid = locked.about.uuid if locked.about else None
    _note("described", locked, actor=actor, now=now, issues=locked.issues, about=about_uuid)
    if not locked.case.is_test:
        cause = AssessmentReview.Cause.COMPLAINT
        assessments.touched(purposes, caused_by=locked.uuid, cause=cause, now=now, actor=actor)


@transaction.atomic
def acknowledge(complaint: Complaint, *, actor: str, now: datetime) -> None:
    """Note that staff acknowledged it in another way, on the telephone for instance. Twice changes nothing."""
    locked = Complaint.objects.select_for_update(of=("self",)).get(pk=complaint.pk)
    if locked.acknowledged_at is None:
        acknowledging.note(locked, how="by-hand", at=now, actor=actor, now=now)


@transaction.atomic
def acknowledge_by_letter(complaint: Complaint, *, actor: str, now: datetime) -> Letter:
    """Write that it was received and is looked into: by e-mail, or to be posted (s.164A(3)).

    It is acknowledged once that is given (requests/acknowledging.py).
    """
    return _write(acknowledging.LETTER, _open(complaint), {}, actor=actor, now=now)


@transaction.atomic
def enquire(complaint: Complaint, text: str, *, actor: str, now: datetime) -> ComplaintStep:
    """Write down an enquiry: whom we asked, and what they said (s.164A(5))."""
    return _step(_open(complaint), ComplaintStep.Kind.ENQUIRY, text, actor=actor, now=now)


@transaction.atomic
def tell_progress(
    complaint: Complaint, text: str, *, outcome_by: date | None = None, actor: str, now: datetime
) -> Letter:
    """Tell the person how far we are (s.164A(5)). The letter is kept, and to be posted where there is no e-mail."""
    locked = _open(complaint)
    _step(locked, ComplaintStep.Kind.PROGRESS, text, actor=actor, now=now)
    return _write(
        "complaint_progress", locked, {"progress": text.strip(), "outcome_by": outcome_by}, actor=actor, now=now
    )


@transaction.atomic
def close(
    complaint: Complaint,
    outcome: str,
    *,
    findings: str,
    changes: str,
    remedies: Sequence[str] = (),
    cause: str = "",
    actor: str,
    now: datetime,
) -> Letter:
    """Give the outcome (s.164A(4)(b)): the letter that says it is written first, so that none ends in silence.

    Once it is given it acknowledges the complaint too, if nothing did before (requests/acknowledging.py).
    """
    locked = _open(complaint)
    # What was found is about the person, so nobody hears it on their own word alone.
    representing.check(locked.case)
    _check_outcome(outcome, findings, changes, remedies, cause)
    texts = {"findings": findings.strip(), "changes": changes.strip()}
    key = ensure_key(Owner.CASE, locked.case.uuid)
    locked.findings = key.seal(f"findings:{locked.uuid}", json.dumps(texts).encode())
    locked.outcome, locked.outcome_at = Outcome(outcome).value, now
    locked.remedies, locked.cause = list(dict.fromkeys(remedies)), cause
    locked.save(update_fields=["outcome", "outcome_at", "remedies", "cause", "findings"])
    context = {"outcome": str(Outcome(outcome).label), "outcome_code": locked.outcome, **texts}
    letter = _write("complaint_outcome", locked, context, actor=actor, now=now)
    locked.case.settle(now=now)
    codes = {"outcome": locked.outcome, "remedies": locked.remedies, "cause": cause}
    _note("closed", locked, actor=actor, now=now, **codes)
    return letter


def steps_of(complaint: Complaint) -> list[tuple[ComplaintStep, str]]:
    """What was done on the way, with its words; call it where that they were read is recorded."""
    keys = keys_of(Owner.CASE, [complaint.case.uuid])
    key = keys.get(complaint.case.uuid)
    return [
        (step, key.open(f"step:{step.uuid}", bytes(step.sealed)).decode() if key else "")
        for step in complaint.steps.order_by("pk")
    ]


def findings_of(complaint: Complaint) -> dict[str, str]:
    """What we found and changed, as the outcome letter says it; empty before, and once it is forgotten."""
    key = keys_of(Owner.CASE, [complaint.case.uuid]).get(complaint.case.uuid)
    if key is None or complaint.findings is None:
        return {}
    opened: dict[str, str] = json.loads(key.open(f"findings:{complaint.uuid}", bytes(complaint.findings)))
    return opened


def _day(given: date, controller: Controller, *, now: datetime) -> date:
    """The local date of arrival: no later than today, and in a year whose holidays are known."""
    if given > now.astimezone(controller.zone).date():
        raise Invalid(fields={"received_on": _("A complaint cannot have been received in the future.")})
    return read_date("received_on", given.isoformat())


def _open(complaint: Complaint) -> Complaint:
    """Hold the row and read it afresh."""
    locked = Complaint.objects.select_for_update(of=("self",)).select_related("case").get(pk=complaint.pk)
    if not locked.is_open:
        raise HasOutcome
    return locked


def _request_of(reference: str) -> RightsRequest | None:
    if not reference.strip():
        return None
    found = RightsRequest.objects.filter(reference=references.tidy(reference)).first()
    if found is None:
        raise Invalid(fields={"about": _("No request has this reference.")})
    return found


def _check_outcome(outcome: str, findings: str, changes: str, remedies: Sequence[str], cause: str) -> None:
    errors: dict[str, Text] = {}
    if outcome not in Outcome.values:
        errors["outcome"] = _("Choose the outcome.")
    for name, text in (("findings", findings), ("changes", changes)):
        if not _is_text(text):
            errors[name] = _("Write this for the letter, in up to 10,000 characters.")
    if not set(remedies) <= set(Remedy.values):
        errors["remedies"] = CHOOSE
    if cause and cause not in Cause.values:
        errors["cause"] = CHOOSE
    if errors:
        raise Invalid(fields=errors)


def _is_text(text: str) -> bool:
    return 0 < len(text.strip()) <= LENGTH and "\x00" not in text


def _step(complaint: Complaint, kind: ComplaintStep.Kind, text: str, *, actor: str, now: datetime) -> ComplaintStep:
    if not _is_text(text):
        raise Invalid(fields={"text": _("Write it down, in up to 10,000 characters.")})
    step = ComplaintStep(complaint=complaint, kind=kind, actor=actor, at=now)
    step.sealed = ensure_key(Owner.CASE, complaint.case.uuid).seal(f"step:{step.uuid}", text.strip().encode())
    step.save(force_insert=True)
    _note(kind.value, complaint, actor=actor, now=now, step=step.uuid)
    return step


def _write(kind: str, complaint: Complaint, context: Mapping[str, Any], *, actor: str, now: datetime) -> Letter:
    """Write a letter and give it; without an address that is theirs it waits on our pages to be posted."""
    letter = letters.write(kind, None, context, now=now, complaint=complaint)
    posting.send(letter, actor=actor, now=now)
    return letter


def _note(kind: str, complaint: Complaint, *, actor: str, now: datetime, **data: Any) -> None:
    is_test = complaint.case.is_test
    record(kind=f"complaint.{kind}", at=now, actor=actor, object=complaint.uuid, data=data, test=is_test)
