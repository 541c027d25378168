"""Using what may only be stored, in the four cases that the law names (UK GDPR Art 18(2)), and only as recorded.

A use is for one purpose, for all or some of its items, and for a limited time. Whoever relies on it names it:
`PersonalDataItem.objects.usable_for(purpose, use=…, now=…)` and `consents.permission.may_process(…, use=…)`. Everybody
else is still refused. What else the law asks of the purpose is asked as ever.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from core import outbox
from core.errors import NotFound
from core.models import Outbox
from ledger.entries import record as evidence
from processing.models import Purpose
from subjects.models import DataSubject, PersonalDataItem, RestrictedUse, Restriction
from subjects.people import hold

ENDED = "restriction.use-ended"


@transaction.atomic
def record(
    subject: DataSubject,
    *,
    uuid: UUID,
    purpose: Purpose,
    items: Sequence[UUID],
    ground: str,
    placed_for: UUID,
    until: datetime,
    sealed: bytes,
    now: datetime,
    actor: str,
) -> RestrictedUse:
    """Record a use before it is made. `sealed`: what is done and why, under the key of its case."""
    if not hold(subject):
        raise NotFound
    use = RestrictedUse.objects.create(
        uuid=uuid,
        subject=subject,
        purpose=purpose,
        items=list(items),
        ground=ground,
        placed_for=placed_for,
        sealed=sealed,
        since=now,
        until=until,
    )
    told: dict[str, str | int] = {"ground": ground, "items": len(use.items), "until": until.isoformat()}
    _note("restriction.use-allowed", use, now=now, actor=actor, request=str(placed_for), **told)
    return use


@transaction.atomic
def end(use: RestrictedUse, *, now: datetime, actor: str) -> bool:
    """It may be made no more. False if it had ended."""
    if not RestrictedUse.objects.filter(pk=use.pk, ended_at=None).update(ended_at=now):
        return False
    _note(ENDED, use, now=now, actor=actor)
    if not use.subject.is_test:
        # A restored backup must not allow again what was ended, so it is also written outside PostgreSQL: ids only.
        data = {"action": ENDED, "use": str(use.uuid), "subject": str(use.subject.uuid)}
        outbox.post(Outbox.Kind.JOURNAL, data, about=None, now=now)
    return True


@transaction.atomic
def narrow(subject: DataSubject, *, now: datetime, actor: str) -> list[int]:
    """Hold each use of all of a purpose to what there is of it now, before somebody else's data are added to it.

    Returns the primary keys of those that were narrowed. Where there is nothing, there is no use: it ends.
    """
    narrowed: list[int] = []
    for use in RestrictedUse.objects.filter(subject=subject, items=[], ended_at=None).order_by("pk"):
        needed = PersonalDataItem.objects.filter(needs__subject=subject, needs__purpose=use.purpose_id)
        use.items = list(needed.order_by("pk").values_list("uuid", flat=True))
        if use.items:
            use.save(update_fields=["items"])
            narrowed.append(use.pk)
        else:
            end(use, now=now, actor=actor)
    return narrowed


@transaction.atomic
def end_again(data: Mapping[str, Any], *, now: datetime, actor: str) -> bool:
    """End what the journal says was ended after the backup."""
    use = RestrictedUse.objects.filter(uuid=data["use"], ended_at=None).select_related("purpose", "subject").first()
    if use is None:
        return False
    RestrictedUse.objects.filter(pk=use.pk).update(ended_at=now)
    _note(ENDED, use, now=now, actor=actor)
    return True


def find(uuid: UUID, *, now: datetime) -> RestrictedUse | None:
    """The use with this number, while it may be made."""
    return RestrictedUse.objects.in_force(now).filter(uuid=uuid).select_related("purpose", "subject").first()


def outlives_objection(use: RestrictedUse) -> bool:
    """Whether it is of what an exemption spared when an objection was upheld: that objection does not reach it."""
    stopped = Restriction.objects.filter(ground=Restriction.Ground.OBJECTED, placed_for=use.placed_for, lifted_at=None)
    return stopped.filter(subject=use.subject_id, purpose=use.purpose_id).exists()


def has_ended(uuid: str) -> bool:
    """Whether there is nothing to end: it has ended, or this database does not know it."""
    return not RestrictedUse.objects.filter(uuid=uuid, ended_at=None).exists()


def _note(kind: str, use: RestrictedUse, *, now: datetime, actor: str, **data: str | int) -> None:
    evidence(
        kind=kind,
        at=now,
        actor=actor,
        subject=use.subject.uuid,
        object=use.uuid,
        purpose=use.purpose.slug,
        data=data,
        test=use.subject.is_test,
    )
