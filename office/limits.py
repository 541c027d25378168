"""What stops the deletion of a person's data, and what of it may only be stored: said of each item and purpose."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from django.db.models import Model, QuerySet

from subjects import blocks
from subjects.models import DataSubject, ErasureBlock, ItemPurpose, PersonalDataItem, Restriction
from subjects.models_limits import NEVER_RESTRICTED

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Limits:
    """Those in force, all of them, and those that are over. `waits`: a scheduled deletion waits for a copy."""

    restrictions: Sequence[Restriction] = ()
    blocks: Sequence[ErasureBlock] = ()
    released: Sequence[ErasureBlock] = ()
    more_released: int = 0
    waits: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.restrictions or self.blocks or self.released or self.waits)

    @property
    def kinds(self) -> list[str]:
        """What stands in the head of the page, each once."""
        return list(dict.fromkeys(block.get_kind_display() for block in self.blocks))

    def holds(self, need: ItemPurpose) -> bool:
        """A hold by rule is over some items of a purpose and not over others: `is_ruled` was asked with the need."""
        over = (block for block in self.blocks if block.subject_id)
        return getattr(need, "is_ruled", False) or any(
            block.item_id in (None, need.item_id) and block.purpose_id in (None, need.purpose_id) for block in over
        )

    def restricts(self, item: PersonalDataItem, need: ItemPurpose) -> bool:
        """Whether this item may only be stored as far as this purpose goes (as `usable_for` has it)."""
        over = (one for one in self._over(item) if one.purpose_id in (None, need.purpose_id))
        return need.purpose.slug not in NEVER_RESTRICTED and any(over)

    def restricts_all(self, item: PersonalDataItem) -> bool:
        return any(one.purpose_id is None for one in self._over(item))

    def _over(self, item: PersonalDataItem) -> Iterable[Restriction]:
        return (one for one in self.restrictions if one.lifted_at is None and one.item_id in (None, item.pk))


def some(rows: QuerySet[M], size: int) -> tuple[list[M], int]:
    """The first rows, and how many more there are."""
    found = list(rows[: size + 1])
    return found[:size], rows.count() - size if len(found) > size else 0


def of(subject: DataSubject, *, size: int, now: datetime) -> Limits:
    """All that is in force; of what is over, so many."""
    ours = ErasureBlock.objects.filter(subject=subject).exclude(released_at=None).select_related("purpose")
    released, more = some(ours.order_by("-released_at", "-pk"), size)
    return Limits(
        restrictions=list(Restriction.objects.filter(subject=subject).select_related("purpose").order_by("-since")),
        blocks=list(blocks.active(subject).select_related("purpose", "system", "organisation")),
        released=released,
        more_released=more,
        waits=ItemPurpose.objects.filter(blocks.frozen(now), subject=subject).exists(),
    )
