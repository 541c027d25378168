"""Files that wait: taken apart, sealed row by row, their columns named, looked at, and erased again."""

import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.db import transaction
from django.db.models import Count
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid, Text
from core.keys import keyring
from core.models import Owner
from core.vault import Key, create_key, destroy_keys, key_of
from imports import reading
from imports.fields import Field, Kind, tidy
from imports.kinds import KINDS
from imports.models import Heading, Import, Row, Seen
from ledger.entries import record

KEPT = timedelta(days=30)
SEEN_KEPT = timedelta(days=730)
State = Import.State
Layout = dict[str, Any]


class WrongState(DomainError):
    code = "import-state"
    message = _("This import is not at a point where that can be done.")


@transaction.atomic
def take_in(kind: str, content: bytes, *, actor: str, now: datetime) -> Import:
    """Seal every row of a file and guess what its columns mean. Raises Invalid when it cannot be read."""
    table = reading.read(content)
    job = Import(uuid=uuid4(), kind=kind, created_at=now, created_by=actor)
    job.encoding, job.delimiter = table.encoding, table.delimiter
    key = create_key(Owner.IMPORT, job.uuid)
    columns = _guess(KINDS[kind], table.headers)
    job.sealed = _seal(key, "layout", {"headers": table.headers, "columns": columns, "fixed": {}})
    job.save(force_insert=True)
    Row.objects.bulk_create(
        (Row(job=job, line=line, sealed=_seal(key, f"row:{line}", cells)) for line, cells in table.rows),
        batch_size=1000,
    )
    record(kind="import.staged", at=now, actor=actor, object=job.uuid, data={"kind": kind, "rows": len(table.rows)})
    return job


@transaction.atomic
def choose(job: Import, columns: Sequence[str], fixed: Mapping[str, str], *, now: datetime) -> None:
    """Say what each column means, and what holds for every row. Everything is checked anew. Raises Invalid."""
    held = _held(job, State.MAPPING, State.CHECKING, State.CHECKED)
    fields = {field.name: field for field in KINDS[job.kind].fields()}
    layout = layout_of(job)
    errors: dict[str, Text] = {}
    if len(columns) != len(layout["headers"]) or not set(columns) <= {"", *fields} or not set(fixed) <= set(fields):
        raise Invalid
    filled = {name: text.strip() for name, text in fixed.items() if text.strip()}
    for field in fields.values():
        if field.is_needed and field.name not in columns and field.name not in filled:
            errors[field.name] = _("Choose the column that holds this, or give one value for every row.")
    if errors:
        raise Invalid(fields=errors)
    held.sealed = _seal(key_of(Owner.IMPORT, job.uuid), "layout", {**layout, "columns": list(columns), "fixed": filled})
    held.state = State.CHECKING
    held.save(update_fields=["sealed", "state"])
    held.rows.exclude(state=Row.State.DONE).update(state=Row.State.WAITING, errors=None, fingerprint=None, about=None)
    _remember(job.kind, layout["headers"], columns)
    job.refresh_from_db()


@transaction.atomic
def commit(job: Import, *, actor: str, now: datetime) -> None:
    """Have what is ready taken in. The rows that are not stay where they are."""
    held = _held(job, State.CHECKED)
    counts = counts_of(held)
    if not counts[Row.State.READY]:
        raise WrongState(_("No row is ready to be taken in."))
    held.state, held.committed_by = State.IMPORTING, actor
    held.save(update_fields=["state", "committed_by"])
    record(kind="import.committed", at=now, actor=actor, object=job.uuid, data={"kind": job.kind, "rows": counts})
    job.refresh_from_db()


@transaction.atomic
def erase(job: Import, *, actor: str, now: datetime) -> None:
    """Forget every row that is left, and destroy the key. Only the counts stay."""
    held = Import.objects.select_for_update().get(pk=job.pk)
    if held.state == State.ERASED:
        return
    held.counts = counts_of(held)
    held.rows.all().delete()
    destroy_keys(Owner.IMPORT, [held.uuid])
    held.state, held.sealed = State.ERASED, None
    held.save(update_fields=["counts", "state", "sealed"])
    record(kind="import.erased", at=now, actor=actor, object=held.uuid, data={"kind": held.kind, "rows": held.counts})
    job.refresh_from_db()


def sweep(*, now: datetime) -> int:
    """Erase what has waited for 30 days, and forget hashes of rows taken in two years ago; returns how many files."""
    old = list(Import.objects.filter(created_at__lt=now - KEPT).exclude(state=State.ERASED)[:100])
    for job in old:
        erase(job, actor="system:imports", now=now)
    Seen.objects.filter(at__lt=now - SEEN_KEPT).delete()
    return len(old)


def counts_of(job: Import) -> dict[str, int]:
    """How many rows are in each state. Together they are the rows of the file."""
    if job.state == State.ERASED:
        return {str(state): job.counts.get(state, 0) for state in Row.State.values}
    found = dict(job.rows.order_by().values_list("state").annotate(n=Count("pk")))
    return {str(state): found.get(state, 0) for state in Row.State.values}


def layout_of(job: Import) -> Layout:
    """Headings, what each column means, and what holds for every row; empty once erased."""
    if job.sealed is None:
        return {"headers": [], "columns": [], "fixed": {}}
    return dict(_open(key_of(Owner.IMPORT, job.uuid), "layout", job.sealed))


def values_of(layout: Layout, cells: Sequence[str]) -> dict[str, str]:
    """The values of a row by field. Several columns that mean the same are joined with spaces."""
    values = dict(layout["fixed"])
    found: dict[str, list[str]] = {}
    for column, cell in zip(layout["columns"], cells, strict=False):
        if column and cell.strip():
            found.setdefault(column, []).append(cell.strip())
    return values | {name: " ".join(parts) for name, parts in found.items()}


def headings_of(layout: Layout, field: str) -> str:
    """The columns that hold a field, by their headings."""
    pairs = zip(layout["headers"], layout["columns"], strict=True)
    return " + ".join(header for header, column in pairs if column == field and field)


def cells_of(key: Key, row: Row) -> list[str]:
    return list(_open(key, f"row:{row.line}", row.sealed)) if row.sealed is not None else []


def errors_of(key: Key, row: Row) -> list[tuple[str, str]]:
    """[(field, sentence)] of a row; the field is empty where the whole row is meant."""
    if row.errors is None:
        return []
    return [(field, sentence) for field, sentence in _open(key, f"errors:{row.line}", row.errors)]


def seal_errors(key: Key, row: Row, errors: Mapping[str, Text]) -> bytes:
    return _seal(key, f"errors:{row.line}", [[name, str(text)] for name, text in errors.items()])


def described(job: Import, row: Row, key: Key, layout: Layout) -> list[dict[str, str]]:
    """The errors of a row as people read them: the heading of the column, or the field, and the sentence."""
    fields = {field.name: field for field in KINDS[job.kind].fields()}
    found = []
    for name, sentence in errors_of(key, row):
        label = str(fields[name].label) if name in fields else ""
        found.append({"column": headings_of(layout, name) or label, "sentence": sentence})
    return found


def bad_rows(job: Import) -> Iterator[str]:
    """The rows with errors as CSV text, each with its errors, so that they can be put right and sent again."""
    layout, key = layout_of(job), key_of(Owner.IMPORT, job.uuid)
    writer = csv.writer(Echo())
    yield "\ufeff" + writer.writerow([*map(reading.write_cell, layout["headers"]), reading.ERROR_HEADING])
    for row in job.rows.filter(state=Row.State.WRONG).order_by("line").iterator(chunk_size=500):
        cells = cells_of(key, row)
        cells += [""] * (len(layout["headers"]) - len(cells))
        errors = described(job, row, key, layout)
        said = " ".join(f"{one['column']}: {one['sentence']}" if one["column"] else one["sentence"] for one in errors)
        yield writer.writerow([reading.write_cell(cell) for cell in [*cells, said]])


class Echo:
    """A file that hands back what is written to it (Django's way of streaming CSV)."""

    def write(self, text: str) -> str:
        return text


def _held(job: Import, *states: str) -> Import:
    held = Import.objects.select_for_update().get(pk=job.pk)
    if held.state not in states:
        raise WrongState
    return held


def _guess(kind: Kind, headers: Sequence[str]) -> list[str]:
    """The field that each heading meant last time, or goes by."""
    by_name: dict[str, Field] = {}
    for field in kind.fields():
        for word in (field.name, str(field.label), *field.guesses):
            by_name.setdefault(tidy(word), field)
    hashes = {header: _hash(header) for header in headers}
    known = Heading.objects.filter(kind=kind.slug, heading__in=list(hashes.values()))
    remembered = {bytes(row.heading): row.field for row in known}
    names = {field.name for field in by_name.values()}
    taken: set[str] = set()
    columns = []
    for header in headers:
        guess = by_name.get(tidy(header))
        name = remembered.get(hashes[header], guess.name if guess else "")
        # First and last name are one name; otherwise two columns of one meaning are for a person to see.
        name = name if name in names and (name not in taken or name.startswith("item:")) else ""
        taken.add(name)
        columns.append(name)
    return columns


def _remember(kind: str, headers: Sequence[str], columns: Sequence[str]) -> None:
    rows = {_hash(header): column for header, column in zip(headers, columns, strict=True) if header}
    Heading.objects.bulk_create(
        [Heading(kind=kind, heading=heading, field=field) for heading, field in rows.items()],
        update_conflicts=True,
        unique_fields=["heading", "kind"],
        update_fields=["field"],
    )


def _hash(header: str) -> bytes:
    return keyring("SUPPRESSION_KEYS").mac(f"heading|{tidy(header)}".encode())


def _seal(key: Key, field: str, what: Any) -> bytes:
    return key.seal(field, json.dumps(what, ensure_ascii=False).encode())


def _open(key: Key, field: str, sealed: Any) -> Any:
    return json.loads(key.open(field, bytes(sealed)))
