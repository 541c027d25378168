"""The work on a file, in bounded batches: check every row by trying it, then take in what is ready.

A row is checked by doing everything that taking it in would do, in a savepoint that is then undone: what the preview
calls ready is what the domain accepts. The rows are the truth about how far the work has come, so it may be stopped
at any moment, started twice or lose its message; a row that was taken in is known by its keyed hash and never again.
"""

import json
import time
from collections.abc import Mapping
from datetime import datetime

from django.db import DatabaseError, OperationalError, transaction
from django.utils.translation import gettext as _

from core.errors import DomainError, Text
from core.hints import hint
from core.keys import keyring
from core.models import Owner
from core.vault import Key, key_of
from imports import staging
from imports.fields import Kind
from imports.kinds import KINDS
from imports.models import Import, Row, Seen
from ledger.entries import record

BATCH = 50
WORKING = (Import.State.CHECKING, Import.State.IMPORTING)
Errors = Mapping[str, Text]


class _Undo(Exception):
    """Ends the savepoint of a trial."""


def advance(job: Import, *, now: datetime, seconds: float = 30.0) -> bool:
    """Work on a file for about so long; returns whether anything is left to do. Any number may call it at once."""
    started = time.monotonic()
    while _batch(job, now=now):
        if time.monotonic() - started > seconds:
            transaction.on_commit(lambda: hint("imports.tasks.advance", job.pk), robust=True)
            return True
    job.refresh_from_db()
    return False


def waiting() -> list[Import]:
    """The files on which work is to be done."""
    return list(Import.objects.filter(state__in=WORKING).order_by("pk"))


@transaction.atomic
def _batch(job: Import, *, now: datetime) -> bool:
    """One batch under the lock of the file. Returns whether there may be more: False while another has the lock."""
    held = Import.objects.select_for_update(skip_locked=True).filter(pk=job.pk, state__in=WORKING).first()
    if held is None:
        return False
    is_trial = held.state == Import.State.CHECKING
    wanted = Row.State.WAITING if is_trial else Row.State.READY
    rows = list(held.rows.filter(state=wanted).order_by("line")[:BATCH])
    if not rows:
        _finish(held, now=now)
        return False
    # As a file is read from the top, an erased key means that the file was erased meanwhile.
    work = _Work(held, key_of(Owner.IMPORT, held.uuid), staging.layout_of(held), now)
    for row in rows:
        work.check(row) if is_trial else work.take(row)
    return True


def _finish(job: Import, *, now: datetime) -> None:
    if job.state == Import.State.CHECKING:
        job.state = Import.State.CHECKED
        job.save(update_fields=["state"])
        return
    job.state, job.finished_at = Import.State.FINISHED, now
    job.save(update_fields=["state", "finished_at"])
    counts = staging.counts_of(job)
    data = {"kind": job.kind, "rows": counts}
    record(kind="import.finished", at=now, actor=job.committed_by, object=job.uuid, data=data)
    if not counts[Row.State.WRONG]:
        staging.erase(job, actor=job.committed_by, now=now)


class _Work:
    """What one batch needs to know."""

    def __init__(self, job: Import, key: Key, layout: staging.Layout, now: datetime):
        self.job, self.key, self.layout, self.now = job, key, layout, now
        self.kind: Kind = KINDS[job.kind]

    def check(self, row: Row) -> None:
        """Find out whether this row could be taken in."""
        cells = staging.cells_of(self.key, row)
        if len(cells) > len(self.layout["headers"]):
            self._save(row, Row.State.WRONG, {"": _("The row has more cells than there are headings.")})
            return
        values = staging.values_of(self.layout, cells)
        row.fingerprint = _mac(self.job.kind, json.dumps(sorted(values.items()), ensure_ascii=False))
        about = self.kind.about(values)
        row.about = _mac(self.job.kind, about) if about else None
        if (twin := self._twin(row)) is not None:
            self._save(row, *twin)
            return
        errors = self._try(values, actor=self.job.created_by)
        self._save(row, Row.State.WRONG if errors else Row.State.READY, errors)

    def take(self, row: Row) -> None:
        """Take this row in, together with the hash that keeps it from being taken in again."""
        values = staging.values_of(self.layout, staging.cells_of(self.key, row))
        try:
            with transaction.atomic():
                _seen, is_new = Seen.objects.get_or_create(
                    kind=self.job.kind, fingerprint=row.fingerprint, defaults={"at": self.now}
                )
                if is_new:
                    read = self.kind.read(values, now=self.now)
                    self.kind.store(read, actor=self.job.committed_by, now=self.now)
        except OperationalError:
            # A deadlock or a lost connection says nothing about the row: the batch is done again.
            raise
        except (DomainError, DatabaseError) as error:
            self._save(row, Row.State.WRONG, _errors(error))
        else:
            row.sealed = None
            self._save(row, Row.State.DONE if is_new else Row.State.KNOWN, {})

    def _twin(self, row: Row) -> tuple[Row.State, Errors] | None:
        """Whether the same row was taken in before, or stands above in this file; or another about the same."""
        if Seen.objects.filter(kind=self.job.kind, fingerprint=row.fingerprint).exists():
            return Row.State.KNOWN, {"": _("This row was taken in before.")}
        above = self.job.rows.filter(line__lt=row.line)
        same = above.filter(fingerprint=row.fingerprint).order_by("line").first()
        if same:
            return Row.State.KNOWN, {"": _("This row says the same as line %(line)d.") % {"line": same.line}}
        other = above.filter(about=row.about).order_by("line").first() if row.about else None
        if other:
            return Row.State.WRONG, {"": _("Line %(line)d is about the same already.") % {"line": other.line}}
        return None

    def _try(self, values: Mapping[str, str], *, actor: str) -> Errors:
        try:
            with transaction.atomic():
                self.kind.store(self.kind.read(values, now=self.now), actor=actor, now=self.now)
                raise _Undo
        except _Undo:
            return {}
        except OperationalError:
            raise
        except (DomainError, DatabaseError) as error:
            return _errors(error)

    def _save(self, row: Row, state: Row.State, errors: Errors) -> None:
        row.state = state
        row.errors = staging.seal_errors(self.key, row, errors) if errors else None
        row.save(update_fields=["state", "sealed", "errors", "fingerprint", "about"])


def _errors(error: DomainError | DatabaseError) -> Errors:
    """Which fields are at fault; and an erased record that came back is noted for staff, also by a trial.

    What the database refuses is named as such: its own words may quote the row.
    """
    if isinstance(error, DomainError):
        error.note()
        return error.fields or {"": error.message}
    return {"": _("The database cannot hold this row. Look for values that are too long.")}


def _mac(kind: str, text: str) -> bytes:
    return keyring("SUPPRESSION_KEYS").mac(f"import|{kind}|{text}".encode())
