"""Every category of personal data, said once: what it is called, where it stands, how it is exported and erased.

Each app's `personal.py` registers its categories and says which of its fields ("app.Model.field") are not personal.
Apps below this one know no registry, so theirs is plain data: `NOT_PERSONAL`, `PERSONAL`.
"""

from collections.abc import Iterable
from importlib import import_module
from typing import Any, Protocol

from django.utils.functional import Promise

from subjects.models import DataSubject

APPS = (
    "core",
    "ledger",
    "staff",
    "processing",
    "subjects",
    "consents",
    "requests",
    "retention",
    "notices",
    "breaches",
    "inbox",
    "office",
    "imports",
    "cookies",
)


class Category(Protocol):
    """One category of personal data. `label` is in the person's words, `fields` are "app.Model.field"."""

    @property
    def label(self) -> str | Promise: ...

    @property
    def fields(self) -> list[str]: ...

    def export(self, subject: DataSubject) -> Iterable[dict[str, Any]]:
        """Everything of this category about the person, readable. Read it once: it may come row by row."""
        ...

    def erase(self, subject: DataSubject) -> int:
        """Erase what may go; returns how many rows went. What is deleted with the person answers 0."""
        ...


_categories: dict[str, Category] = {}


def register(category: type[Category]) -> type[Category]:
    """Class decorator. Registering the same name again replaces it (a module imported twice)."""
    _categories[f"{category.__module__}.{category.__qualname__}"] = category()
    return category


def categories() -> list[Category]:
    """In the order of registration, which is the order of the apps."""
    return list(_categories.values())


def declared() -> tuple[set[str], set[str]]:
    """(personal, not personal): the fields that every app has declared."""
    personal = {field for category in categories() for field in category.fields}
    plain: set[str] = set()
    for app in APPS:
        module = import_module(f"{app}.personal")
        personal |= set(getattr(module, "PERSONAL", ()))
        plain |= set(module.NOT_PERSONAL)
    return personal, plain
