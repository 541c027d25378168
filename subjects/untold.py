"""What the law lets us not tell a person, and what would give it away (DPA 2018 Sch 2).

A limit, or a use of what is limited, can be there only because something was left out in silence. The app that decides
so registers how to find them, and the person's copy goes without: it is as it would be if nothing had been left out.
"""

from collections.abc import Callable, Collection
from uuid import UUID

from subjects.models import DataSubject

# Given the person: the ids of restrictions, and of their uses, that are not told.
Finder = Callable[[DataSubject], Collection[UUID]]
_finders: list[Finder] = []


def register(finder: Finder) -> Finder:
    if finder not in _finders:
        _finders.append(finder)
    return finder


def of(subject: DataSubject) -> set[UUID]:
    return {uuid for finder in _finders for uuid in finder(subject)}
