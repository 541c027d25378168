"""Ending consents ourselves (DPV ConsentRevoked): their purpose is pursued no more, or staff stop relying on one.

The person has said nothing: nothing is suppressed, and they may be asked or say yes again. Nobody is told, for less is
done than they agreed to. What a changed form outgrew is Invalidated (consents/renewals.py).
"""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet, TextChoices
from django.utils.translation import gettext_lazy as _

from consents import endings
from consents.models import ConsentState, Status
from consents.states import YES
from core import outbox
from core.errors import Invalid, NotFound
from core.models import Outbox
from ledger import entries
from processing.models import Purpose
from processing.models import Status as PurposeStatus
from subjects import one_person
from subjects.models import DataSubject
from subjects.people import hold

ACTOR = "system:register"
KIND = "consent.revoked"
PURPOSE_RETIRED = "purpose-retired"


class Why(TextChoices):
    """Why staff end the consent of one person."""

    NOT_PURSUED = "not-pursued", _("We do not do this for them any more")
    DOUBTFUL = "doubtful", _("We doubt that it was freely given, informed and theirs")
    UNREACHABLE = "unreachable", _("They cannot be reached there any more")


@transaction.atomic
def revoke(subject: DataSubject, event: UUID, *, why: str, actor: str, now: datetime) -> None:
    """End the consent that stands by this event. Raises Invalid, or NotFound when it does not stand any more."""
    if why not in Why.values:
        raise Invalid(fields={"why": _("Say why it ends.")})
    if not hold(subject):
        raise NotFound
    standing = ConsentState.objects.filter(subject=subject.uuid, event=event, status__in=YES)
    states = list(standing.select_related("purpose"))
    if not states:
        raise NotFound(_("This consent does not stand any more."))
    entry = _close(subject.uuid, states[0].purpose, states, why=why, actor=actor, now=now)
    if not subject.is_test:
        line = {"action": KIND, "entry": str(entry), "event": str(event), "why": why, "at": entries.instant(now)}
        # A backup from before would have it stand again.
        outbox.post(Outbox.Kind.JOURNAL, line | _of_parts(subject, states[0]), about=None, now=now)


def _of_parts(subject: DataSubject, state: ConsentState) -> dict[str, Any]:
    """What ended for records that were made one: a backup may have them apart, each with a "yes" of its own."""
    records = one_person.ids_of([subject.uuid])
    if len(records) == 1:
        return {}
    return {"people": sorted(map(str, records)), "purpose": state.purpose.slug, "channel": state.channel}


@transaction.atomic
def again(data: Mapping[str, Any], *, now: datetime, actor: str) -> bool:
    """End what the journal says staff ended after the backup. False where it does not stand: a later answer does."""
    at, ended = datetime.fromisoformat(data["at"]), Q(event=data["event"])
    if records := data.get("people"):
        same = Q(subject__in=records, purpose__slug=data["purpose"], channel=data["channel"])
        ended |= same & Q(effective_at__lte=at)
    standing = ConsentState.objects.filter(ended, status__in=YES).select_related("purpose").order_by("pk")
    done = False
    for state in standing:
        person = DataSubject.objects.filter(uuid=state.subject).first()
        if person and hold(person):
            _close(state.subject, state.purpose, [state], why=data["why"], actor=actor, now=now, at=at)
            done = True
    return done


def revoke_retired(*, now: datetime, limit: int = 500) -> int:
    """End what was agreed to for purposes that are pursued no more, a person at a time; returns of how many people.

    Verdicts do not wait for this: they look at the purpose. In a sweep, so that a purpose may be taken up again on the
    day it was retired by mistake.
    """
    retired = list(_retired().values_list("pk", flat=True))
    standing = (
        ConsentState.objects.filter(purpose__in=retired, status__in=YES) if retired else ConsentState.objects.none()
    )
    people = dict.fromkeys(standing.order_by("subject").values_list("subject", flat=True)[:limit])
    return sum(_revoke_retired(subject, retired, now=now) for subject in people)


def _retired() -> QuerySet[Purpose]:
    held = [PurposeStatus.LIVE, PurposeStatus.SUSPENDED]
    known = Purpose.objects.filter(versions__status=PurposeStatus.RETIRED).exclude(versions__status__in=held)
    return known.distinct()


@transaction.atomic
def _revoke_retired(subject: UUID, retired: list[int], *, now: datetime) -> bool:
    person = DataSubject.objects.filter(uuid=subject).first()
    if person is None or not hold(person):
        return False
    by_purpose: dict[Purpose, list[ConsentState]] = defaultdict(list)
    # Looked at again, while nobody publishes them: a purpose may have been taken up while others were done.
    list(Purpose.objects.filter(pk__in=retired).order_by("pk").select_for_update(no_key=True))
    standing = ConsentState.objects.filter(
        subject=subject, purpose__in=_retired().filter(pk__in=retired), status__in=YES
    )
    for state in standing.select_related("purpose"):
        by_purpose[state.purpose].append(state)
    for purpose, states in by_purpose.items():
        _close(subject, purpose, states, why=PURPOSE_RETIRED, actor=ACTOR, now=now)
    return bool(by_purpose)


def _close(
    subject: UUID,
    purpose: Purpose,
    states: list[ConsentState],
    *,
    why: str,
    actor: str,
    now: datetime,
    at: datetime | None = None,
) -> UUID:
    same = {"kind": KIND, "status": Status.REVOKED.value}
    return endings.close(subject, purpose, states, **same, actor=actor, now=now, why=why, at=at)
