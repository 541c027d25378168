"""The other public ids under which somebody was noted: of records that were found to be theirs and made part of one.

Apps above this one make records one, and say here what became of them.
"""

from collections.abc import Callable, Iterable
from uuid import UUID

from subjects.models import DataSubject

# Given a public id: those of the records that were made part of it.
Parts = Callable[[UUID], Iterable[UUID]]
_sources: list[Parts] = []


def register(parts: Parts) -> Parts:
    if parts not in _sources:
        _sources.append(parts)
    return parts


def ids_of(person: DataSubject) -> set[UUID]:
    """Theirs, and of everything that was made part of it, of whatever that had taken in before too."""
    found, new = {person.uuid}, [person.uuid]
    while new:
        uuid = new.pop()
        more = {part for parts in _sources for part in parts(uuid)} - found
        found |= more
        new.extend(more)
    return found
