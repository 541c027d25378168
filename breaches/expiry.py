"""Forgetting what was written about a breach, six years after it was closed (storage limitation, Art 5(1)(e)).

So long a claim can be brought (Limitation Act 1980 s.5). Dates, numbers, risk and decision stay: they name nobody.
"""

from datetime import datetime

from dateutil.relativedelta import relativedelta
from django.db import transaction

from breaches.models import Breach
from core.models import Owner
from core.vault import destroy_keys
from ledger.entries import record

TERM = relativedelta(years=6)


@transaction.atomic
def expire(*, now: datetime, limit: int = 500) -> int:
    """Destroy the keys and the texts of breaches that are old enough; returns how many."""
    old = Breach.objects.filter(closed_at__lt=now - TERM, sealed__isnull=False).order_by("closed_at")[:limit]
    uuids = list(old.values_list("uuid", flat=True))
    destroy_keys(Owner.BREACH, uuids)
    Breach.objects.filter(uuid__in=uuids).update(sealed=None)
    for uuid in uuids:
        record(kind="breach.forgotten", at=now, actor="system:breaches", object=uuid)
    return len(uuids)
