"""What is stopped from deletion when two records are parted again: what either was kept for goes on being kept.

Nobody can say any more of which of the two something is that came while they were one. It stays where it came, under
the holds of both.
"""

from datetime import datetime
from typing import Any

from django.db.models import Max

from subjects import blocks
from subjects.leaving import stay_held
from subjects.models import DataSubject, ErasureBlock, PersonalDataItem


def newest() -> int:
    """What is of a later number came after this."""
    return PersonalDataItem.objects.aggregate(most=Max("pk"))["most"] or 0


def part(
    kept: DataSubject, gone: DataSubject, moved: dict[str, Any], *, merged_at: datetime, now: datetime, actor: str
) -> None:
    """Once items and blocks have gone back, and before `kept` leaves a company that was the other's."""
    by: dict[str, Any] = {"now": now, "actor": actor}
    active = ErasureBlock.objects.filter(released_at=None).select_related("purpose", "item").order_by("pk")
    since = list(PersonalDataItem.objects.filter(subject=kept, pk__gt=moved.get("newest", 0)).order_by("pk"))
    for block in active.filter(subject=gone, pk__in=moved["blocks"], item=None):
        for item in since:
            blocks.place(kept, kind=block.kind, placed_for=block.placed_for, purpose=block.purpose, item=item, **by)
    for block in active.filter(subject=kept, placed_at__gte=merged_at).exclude(item__in=since):
        if block.item is None:
            blocks.place(gone, kind=block.kind, placed_for=block.placed_for, purpose=block.purpose, **by)
        elif block.item.subject_id == gone.pk:
            ErasureBlock.objects.filter(pk=block.pk).update(subject=gone)
    if moved["organisation"] and moved["organisation"] == kept.organisation_id:
        stay_held(kept, kept.organisation_id, items=[item.pk for item in since], **by)
