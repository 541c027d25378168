"""The other public ids under which somebody was noted: of records that were found to be theirs and made part of one.

Apps above this one make records one, and say here what became of them.
"""

from collections.abc import Callable, Collection, Iterable
from uuid import UUID

from core.arrays import Among
from subjects.models import DataSubject

# Given public ids: those of the records that were made part of any of them.
Parts = Callable[[Collection[UUID]], Iterable[UUID]]
_sources: list[Parts] = []


def register(parts: Parts) -> Parts:
    if parts not in _sources:
        _sources.append(parts)
    return parts


def ids_of(people: Iterable[UUID]) -> set[UUID]:
    """Theirs, and of everything that was made part of them, of whatever that had taken in before too."""
    found = set(people)
    new = found
    while new:
        new = _parts(new) - found
        found |= new
    return found


def records(ids: Iterable[UUID]) -> list[DataSubject]:
    """Those of these records that are here. One that is part of another of them here as well has nothing of its own."""
    asked = set(ids)
    found = DataSubject.objects.filter(Among("uuid", asked - _parts(asked), "uuid"))
    return list(found.order_by("pk"))


def _parts(people: Collection[UUID]) -> set[UUID]:
    return {part for parts in _sources for part in parts(people)} if people else set()
