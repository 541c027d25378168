"""Which of this app's data is personal, and what goes with a person who is erased."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from consents import forget
from core import prepared
from core.arrays import Among, array
from office.models import Merge
from subjects import one_person
from subjects.erasure import Gone, register_cleaner, register_subject_guard
from subjects.models import DataSubject
from subjects.registry import register

# Asked of every batch of an erasure, where nearly nobody is part of somebody else.
STILL_MERGED = """
SELECT person.id FROM subjects_datasubject AS person
JOIN office_merge AS merged ON merged.gone = person.uuid
WHERE person.id = ANY(%s::bigint[]) AND merged.moved <> '{}'::jsonb
"""


def fields_of(model: str, names: str) -> list[str]:
    return [f"office.{model}.{name}" for name in names.split()]


@register
class Merges:
    label: str | Promise = _("Records of you that were made one")
    fields = fields_of("Merge", "uuid kept gone moved merged_at")

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        rows = Merge.objects.filter(kept=subject.uuid).order_by("merged_at")
        return [{"merged": row.merged_at.isoformat(), "record": str(row.gone)} for row in rows]

    def erase(self, subject: DataSubject) -> int:
        return 0


NOT_PERSONAL = {
    # Staff, and what they look for in the queue: codes.
    *fields_of("SavedView", "id uuid owner name filters"),
    *fields_of("Merge", "id merged_by entry"),
}


@one_person.register
def parts_of(kept: Collection[UUID]) -> list[UUID]:
    return list(Merge.objects.filter(Among("kept", kept, "uuid")).values_list("gone", flat=True))


def forget_merged(kept: Iterable[UUID], gone: Gone) -> None:
    """The empty record that was kept for the case of an error goes with the person it was made part of."""
    people = array(kept)
    uuids = [
        row[0] for row in prepared.fetch_all("SELECT gone FROM office_merge WHERE kept = ANY(%s::uuid[])", [people])
    ]
    if not uuids:
        return
    empty = DataSubject.objects.filter(uuid__in=uuids)
    forget.clean(Gone(list(empty.values_list("pk", flat=True)), uuids, [], gone.now))
    gone.other_ids.extend(uuids)
    forget_merged(uuids, gone)
    empty.delete()
    Merge.objects.filter(gone__in=uuids).delete()


def _can_be_parted(people: Sequence[int]) -> Iterable[int]:
    """The empty records of merges that can still be undone: they go when the time for it is over (merging.expire)."""
    rows = prepared.fetch_all(STILL_MERGED, [array(people)])
    return [row[0] for row in rows]


def _partable(now: datetime) -> QuerySet[Any]:
    return Merge.objects.filter(gone=OuterRef("uuid")).exclude(moved={})


def _clean(gone: Gone) -> None:
    forget_merged(gone.subjects, gone)


register_cleaner(_clean)
register_subject_guard(_can_be_parted, _partable)
