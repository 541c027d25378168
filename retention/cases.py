"""Case files of other apps that a rule "after a case is closed" is about: requests, complaints, breaches.

Retention may not import these apps, so each registers what it keeps (kraken_privacy/joins.py). A case file is gone by
its owner's own function; when, and whether somebody has to look first, is said here as for everything else.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.query import QuerySet

from core.errors import Text
from retention.models import RetentionRule, Trigger
from subjects.blocks import frozen, rules_over_needs
from subjects.models import ErasureBlock, ItemPurpose

# In the journal, with the purpose and the file's public id.
EXPIRED = "case.expired"


@dataclass(frozen=True)
class CaseFiles:
    """`rows` are the files kept, with the local date of their closing as `since` (none while they are open) and whether
    a block is over them as `is_held`. `person` gives, inside a query of rows with a `subject`, the day on which the
    last case of that person was closed, and none while one is open. `waits` is a condition on rows that are not to go
    for now, though no block is over them.
    """

    purpose: str
    label: Text
    rows: Callable[[], QuerySet[Any]]
    expire: Callable[[QuerySet[Any], datetime], int]
    # By its public id, whatever keeps it: it went once, and a backup had it still. False if there is none.
    expire_again: Callable[[UUID, datetime], bool]
    person: Callable[[], Subquery | None] = lambda: None
    waits: Callable[[datetime], Q] = lambda _now: Q(pk__in=[])


@dataclass(frozen=True)
class Counted:
    """What a rule finds of one kind of case files."""

    label: Text
    due: int
    held: int
    open: int
    later: int


_files: dict[str, CaseFiles] = {}


def register(files: CaseFiles) -> None:
    _files[files.purpose] = files


def of(purpose: str) -> CaseFiles | None:
    return _files.get(purpose)


def purposes() -> list[str]:
    """The purposes for which case files are kept."""
    return sorted(_files)


def ruled_by(rule: RetentionRule) -> CaseFiles | None:
    """What the rule lets go of. A file has no category of data, so a rule about one is not about files."""
    return of(rule.purpose.slug) if rule.trigger == Trigger.CASE_CLOSED and not rule.category_id else None


def due(files: CaseFiles, cutoff: date, *, now: datetime) -> QuerySet[Any]:
    rows = files.rows().filter(~files.waits(now), since__lt=cutoff, is_held=False)
    return rows if files.person() is None else rows.filter(~_counted_from(files, now))


def _counted_from(files: CaseFiles, now: datetime) -> Exists:
    """Something of the file's person is kept for now, and its period counts from the file: it goes first."""
    blocks = ErasureBlock.objects.filter(
        Q(purpose=None) | Q(purpose=OuterRef("purpose")),
        Q(item=None) | Q(item=OuterRef("item")),
        subject=OuterRef("subject"),
        released_at=None,
    )
    needs = ItemPurpose.objects.filter(subject=OuterRef("subject"), purpose__slug=files.purpose)
    return Exists(needs.filter(Q(Exists(blocks)) | Q(rules_over_needs()) | frozen(now)))


def counted(files: CaseFiles, cutoff: date, *, now: datetime) -> Counted:
    rows = files.rows()
    n_over, n_due = rows.filter(since__lt=cutoff).count(), due(files, cutoff, now=now).count()
    return Counted(
        label=files.label,
        due=n_due,
        held=n_over - n_due,
        open=rows.filter(since=None).count(),
        later=rows.filter(since__gte=cutoff).count(),
    )


def is_gone(data: Mapping[str, Any]) -> bool:
    files = _files[data["purpose"]]
    return not files.rows().filter(uuid=data["file"]).exists()


def expire_again(data: Mapping[str, Any], *, now: datetime) -> bool:
    """Let go of what the journal says had gone, inside the caller's transaction."""
    return _files[data["purpose"]].expire_again(UUID(data["file"]), now)
