"""The end of consent: the day from which forgetting is counted, and consents whose time has run out."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID, uuid4

from django.db import transaction

from consents import projection
from consents.models import ConsentEvent, ConsentState, Status
from consents.states import YES
from core.models import Controller
from ledger import entries
from processing.models import Purpose
from subjects.models import DataSubject, Relationship
from subjects.people import hold

ACTOR = "system:expiry"


def note(subject: UUID, purposes: Iterable[int], *, at: datetime) -> None:
    """Set the day on which consent ended for those of these purposes (primary keys) for which no "yes" is left."""
    wanted = set(purposes)
    left = ConsentState.objects.filter(subject=subject, purpose__in=wanted, status__in=YES)
    ended = wanted - set(left.values_list("purpose_id", flat=True))
    day = at.astimezone(Controller.current().zone).date()
    Relationship.objects.filter(subject__uuid=subject, purpose__in=ended, consent_ended_on=None).update(
        consent_ended_on=day
    )


def stands_again(subject: UUID, purposes: Iterable[int], *, on: date | None = None) -> None:
    """Take that day back (or this one only) where a "yes" to these purposes stands: it came of making records one."""
    given = ConsentState.objects.filter(subject=subject, purpose__in=purposes, status__in=YES).values("purpose")
    ties = Relationship.objects.filter(subject__uuid=subject, purpose__in=given)
    (ties.filter(consent_ended_on=on) if on else ties).update(consent_ended_on=None)


def expire_due(*, now: datetime, limit: int = 500) -> int:
    """Record the expiry of consents whose time has run out, one person at a time; returns of how many people.

    Verdicts do not wait for this: they compare the date themselves. It is for the record and for retention.
    """
    due = ConsentState.objects.filter(status__in=YES, valid_until__lte=now)
    people = list(due.order_by("valid_until").values_list("subject", flat=True)[:limit])
    return sum(_expire(subject, now=now) for subject in dict.fromkeys(people))


@transaction.atomic
def _expire(subject: UUID, *, now: datetime) -> bool:
    person = DataSubject.objects.filter(uuid=subject).first()
    if person is None or not hold(person):
        return False
    states = ConsentState.objects.filter(subject=subject, status__in=YES, valid_until__lte=now)
    by_purpose: dict[Purpose, list[ConsentState]] = defaultdict(list)
    for state in states.select_related("purpose"):
        by_purpose[state.purpose].append(state)
    for purpose, expired in by_purpose.items():
        close(subject, purpose, expired, kind="consent.expired", actor=ACTOR, now=now)
    return bool(by_purpose)


def close(
    subject: UUID,
    purpose: Purpose,
    states: Iterable[ConsentState],
    *,
    kind: str,
    actor: str,
    now: datetime,
    status: str = Status.EXPIRED,
    why: str = "",
    at: datetime | None = None,
) -> UUID:
    """End these consents of one person and purpose: on the day they ran out, or now if they had not; returns the entry.

    `at` is when they were ended, where that is only written down again now.
    """
    is_test = DataSubject.objects.filter(uuid=subject, is_test=True).exists()
    data = {"why": why} if why else {}
    entry = entries.record(
        kind=kind, at=now, actor=actor, subject=subject, purpose=purpose.slug, data=data, test=is_test
    )
    consent = uuid4()
    events = [
        ConsentEvent(
            consent=consent,
            subject=subject,
            purpose=purpose.uuid,
            channel=state.channel,
            status=status,
            effective_at=min(state.valid_until or now, at or now),
            recorded_at=now,
            origin="direct",
            collected_by="system",
            actor=actor,
            entry=entry,
        )
        for state in states
    ]
    projection.append(events)
    note(subject, [purpose.pk], at=max(event.effective_at for event in events))
    return entry
