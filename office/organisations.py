"""The companies our contacts speak for, in pages. What we know of them changes in subjects/organisations.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, Q

from subjects.models import DataSubject, Organisation

PAGE = 50


@dataclass(frozen=True)
class Page:
    """Organisations, each with the number of its contacts."""

    rows: Sequence[tuple[Organisation, int]]
    after: str


def listed(*, after: str = "", size: int = PAGE) -> Page:
    """By name and key. A key nobody issued starts at the beginning."""
    rows = Organisation.objects.order_by("name", "pk")
    key = _uuid(after)
    last = Organisation.objects.filter(uuid=key).first() if key else None
    if last:
        rows = rows.filter(Q(name__gt=last.name) | Q(name=last.name, pk__gt=last.pk))
    found = list(rows[: size + 1])
    contacts = DataSubject.objects.filter(organisation__in=found).order_by().values_list("organisation")
    counts = dict(contacts.annotate(n=Count("pk")))
    shown = [(row, counts.get(row.pk, 0)) for row in found[:size]]
    return Page(shown, str(found[size - 1].uuid) if len(found) > size else "")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def contacts(organisation: Organisation, *, after: str = "", size: int = PAGE) -> tuple[list[DataSubject], str]:
    """A page of the people who speak for it, by key."""
    rows = organisation.contacts.prefetch_related("identifiers").order_by("pk")
    key = _uuid(after)
    last = DataSubject.objects.filter(uuid=key).first() if key else None
    if last:
        rows = rows.filter(pk__gt=last.pk)
    found = list(rows[: size + 1])
    return found[:size], str(found[size - 1].uuid) if len(found) > size else ""
