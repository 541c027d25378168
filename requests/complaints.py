"""Complaints to the controller (DPA 2018 s.164A): taken in, acknowledged, and closed with an outcome.

A complaint is no rights request: it has its own reference and its own clock. It is not tied to another case by the
reference that somebody typed into it; staff read that and decide.
"""

import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import models, transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.models import Controller, Owner
from core.rules import rule_set
from core.vault import create_key
from ledger.entries import record
from requests import references
from requests.clock import acknowledge_by
from requests.deadlines import holidays_of, regime_of
from requests.intake import claim_from, claim_of, may_write
from requests.messages import tell_staff
from requests.models import CaseFile, Complaint
from requests.post import acknowledge_complaint


class Outcome(models.TextChoices):
    UPHELD = "upheld", _("Upheld")
    PARTLY = "partly", _("Partly upheld")
    NOT_UPHELD = "not_upheld", _("Not upheld")
    RESOLVED = "resolved", _("Resolved otherwise")


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
    case_uuid: UUID | None = None,
) -> Complaint:
    """Take in a complaint, acknowledge it by e-mail if there is an address, and tell the staff. Twice is once."""
    claim, email = claim_from(requester, "", answers)
    controller = Controller.current()
    day = received_at.astimezone(controller.zone).date()
    rules = rule_set(regime_of(controller), day)
    case, is_new = CaseFile.objects.get_or_create(
        uuid=case_uuid or uuid.uuid4(),
        defaults={
            "channel": channel,
            "locale": locale,
            "rule_set": rules,
            "received_at": received_at,
            "received_on": day,
        },
    )
    if not is_new:
        return case.complaints.get()
    case.claim = create_key(Owner.CASE, case.uuid).seal("claim", json.dumps(claim).encode())
    case.claim_blind = email.blind if email else None
    case.save(update_fields=["claim", "claim_blind"])
    by = acknowledge_by(day, params=rules.params, holidays=holidays_of(controller.division))
    complaint = Complaint.objects.create(case=case, reference=references.fresh(), received_on=day, acknowledge_by=by)
    data = {"channel": channel, "received": day.isoformat(), "acknowledge_by": by.isoformat()}
    record(kind="complaint.received", at=now, actor=actor, object=complaint.uuid, data=data)
    if email and may_write(case):
        acknowledge_complaint(complaint, to=claim["email"], now=now)
        _acknowledged(complaint, how="email", actor="system:requests", now=now)
    page = reverse("admin:requests_complaint_change", args=[complaint.pk])
    tell_staff("complaint_received", complaint.reference, page, case, now=now)
    return complaint


@transaction.atomic
def view(complaint: Complaint, *, actor: str, now: datetime) -> dict[str, str]:
    """What the person wrote, opened for a member of staff; that it was opened is an event (`case.viewed`)."""
    record(kind="case.viewed", at=now, actor=actor, object=complaint.case.uuid, data={"what": "complaint"})
    return claim_of(complaint.case)


@transaction.atomic
def acknowledge(complaint: Complaint, *, actor: str, now: datetime) -> None:
    """Note that staff acknowledged it in another way, by letter for instance. A second call changes nothing."""
    locked = Complaint.objects.select_for_update().get(pk=complaint.pk)
    if locked.acknowledged_at is None:
        _acknowledged(locked, how="by-hand", actor=actor, now=now)


@transaction.atomic
def close(complaint: Complaint, outcome: str, *, actor: str, now: datetime) -> None:
    """Record the outcome the person was told of. An outcome within the period is an acknowledgement too."""
    locked = Complaint.objects.select_for_update(of=("self",)).select_related("case").get(pk=complaint.pk)
    if locked.outcome:
        raise HasOutcome
    if locked.acknowledged_at is None:
        _acknowledged(locked, how="outcome", actor=actor, now=now)
    locked.outcome, locked.outcome_at = Outcome(outcome).value, now
    locked.save(update_fields=["outcome", "outcome_at"])
    locked.case.settle(now=now)
    record(kind="complaint.closed", at=now, actor=actor, object=locked.uuid, data={"outcome": locked.outcome})


def _acknowledged(complaint: Complaint, *, how: str, actor: str, now: datetime) -> None:
    complaint.acknowledged_at = now
    complaint.save(update_fields=["acknowledged_at"])
    record(kind="complaint.acknowledged", at=now, actor=actor, object=complaint.uuid, data={"how": how})
