"""What goes into a copy beside the records: to whom data went, what was written about a case.

Each such thing has an id in what it exports, and can be left out of a copy as a record is.
"""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from subjects import registry
from subjects.models import DataSubject
from subjects.personal import Held


def beside(subject: DataSubject) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each with what its kind is called, in the order of the copy."""
    for category in registry.categories():
        if isinstance(category, Held):
            continue
        for row in category.export(subject):
            if "id" in row:
                yield str(category.label), row


def has(subject: DataSubject, uuid: UUID) -> bool:
    return any(row["id"] == str(uuid) for _label, row in beside(subject))
