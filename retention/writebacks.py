"""Old records that come back after their erasure: refused by their tombstone, listed, and decided by staff.

An import, a sync or a connector sends the same source record with a date before the erasure. It is refused; a row says
that it came, by the record's keyed hash, and nothing of what it held is kept. Staff may let a record come back, if its
erasure was the mistake: then its next delivery is taken in. What a person newly gives has a later date and never meets
this.
"""

from collections.abc import Collection
from datetime import date, datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.models import Controller
from ledger.entries import record
from retention import tombstones
from retention.models import Tombstone, WriteBack
from subjects.items import Late

Decision = WriteBack.Decision


def is_refused(source_hash: bytes, collected_at: datetime) -> bool:
    """The guard of subjects.items.collect: erased after the data in it was collected, and not let back since."""
    return _stays_erased(Tombstone.Scope.RECORD, [source_hash], collected_at, [source_hash])


def is_gone(identifiers: Collection[bytes], records: Collection[bytes], at: datetime) -> bool:
    """The guard of subjects.late: a person of these identifiers was erased after this, and none of these was let back.

    All are keyed hashes.
    """
    return _stays_erased(Tombstone.Scope.IDENTIFIER, identifiers, at, records)


def _stays_erased(
    scope: Tombstone.Scope, hashes: Collection[bytes], since: datetime, records: Collection[bytes]
) -> bool:
    """Erased after this moment, and none of these records let back after that: what is erased again is gone again."""
    erased_at = tombstones.last_erased(scope, hashes, since)
    if erased_at is None:
        return False
    let_back = WriteBack.objects.filter(hash__in=records, decision=Decision.ADMITTED, decided_at__gte=erased_at)
    return not let_back.exists()


@transaction.atomic
def keep(late: Late) -> None:
    """Note a refusal; the same record again is counted on its row. One that was let back before is to decide again."""
    stone = Tombstone.objects.filter(hash=late.hash, scope=Tombstone.Scope.RECORD).order_by("-erased_at").first()
    if stone is None:
        return
    known = WriteBack.objects.filter(hash=late.hash)
    gone_again = known.filter(decision=Decision.ADMITTED, decided_at__lt=stone.erased_at)
    gone_again.update(decision=Decision.OPEN, decided_by="", decided_at=None)
    erased = {"erased_at": stone.erased_at, "expires_on": stone.expires_on}
    if known.update(times=F("times") + 1, last_at=late.now, **erased):
        return
    made = WriteBack(
        hash=late.hash,
        system=late.system,
        category=late.category,
        collected_on=late.collected_at.astimezone(Controller.current().zone).date(),
        first_at=late.now,
        last_at=late.now,
        **erased,
    )
    # Two deliveries at once make one row.
    WriteBack.objects.bulk_create([made], ignore_conflicts=True)
    record(
        kind="retention.written-back",
        at=late.now,
        actor="system:retention",
        object=made.uuid,
        data={"system": late.system, "category": late.category},
    )


@transaction.atomic
def decide(row: WriteBack, decision: str, *, actor: str, now: datetime) -> None:
    """Keep it erased, or let the next delivery of the record in."""
    if decision not in (Decision.REFUSED, Decision.ADMITTED):
        raise DomainError(_("Choose whether the record stays erased or may come back."), code="no-decision")
    WriteBack.objects.filter(pk=row.pk).update(decision=decision, decided_by=actor, decided_at=now)
    record(
        kind="retention.written-back-decided", at=now, actor=actor, object=row.uuid, data={"decision": str(decision)}
    )


def expire(*, today: date) -> int:
    """With its tombstone: after that nothing old can come back."""
    return WriteBack.objects.filter(expires_on__lt=today).delete()[0]
