"""Consents from another tool, as NDJSON or CSV: line by line, batch by batch (consents/importing_store.py).

One row is one answer of one person: who (`email`, `phone` or `customer_number`), `purpose`, `channel`, `status` (given,
refused or withdrawn), `at`, and for a "yes" the `evidence`: what the other tool has that shows it. Without evidence a
"yes" counts for nothing (UK GDPR Art 7(1)), so such a row is refused and named. An import never undoes a "no": where
somebody is suppressed, or has withdrawn later, that stands.

A batch is one transaction with the place it reached, so a run may be stopped at any moment and started again; a row
that was taken in is known by the keyed hash that is its event's id, from whatever file it comes.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from consents import importing_store
from consents.importing_store import Row
from consents.models import ConsentImport, ImportFault
from core.errors import Invalid, Text
from core.parsers import read as read_json
from ledger import entries
from processing.models import Basis, Channel, Purpose, PurposeVersion
from subjects.identifiers import normalise

BATCH = 5_000
LONGEST_LINE = 64 * 1024
WHO = ("email", "phone", "customer_number")
MEMBERS = {*WHO, "purpose", "channel", "status", "at", "evidence"}
STATUSES = ("given", "refused", "withdrawn")
Line = tuple[int, int, Mapping[str, Any] | None]


@dataclass
class Report:
    """What became of the rows: taken in, known before, outdone by a "no", or wrong; each fault with its line."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[tuple[int, str, str]] = field(default_factory=list)
    job: ConsentImport | None = None

    @property
    def wrong(self) -> int:
        return self.counts["wrong"]


def take(path: Path, *, actor: str, now: datetime, dry_run: bool = False) -> Report:
    """Take a file in, from where an earlier run of the same file stopped. With `dry_run` nothing is kept."""
    with path.open("rb") as file:
        digest = sha256()
        while block := file.read(1 << 20):
            digest.update(block)
        file.seek(0)
        rows = lines(file, is_csv=path.suffix.lower() == ".csv")
        if dry_run:
            return _tried(rows, actor=actor, now=now)
        job, _is_new = ConsentImport.objects.get_or_create(
            sha256=digest.hexdigest(), defaults={"actor": actor, "started_at": now}
        )
        # What is done is passed over by its place, and read again only as far as the headings.
        for batch in _batches(row for row in rows if row[1] > job.offset):
            _kept(job, batch, actor=actor, now=now)
    if job.finished_at is None:
        _finish(job, actor=actor, now=now)
    return Report(Counter(job.counts), list(job.faults.order_by("line").values_list("line", "field", "reason")), job)


def take_rows(file: IO[bytes], *, is_csv: bool, actor: str, now: datetime, dry_run: bool = False) -> Report:
    """The same for what a caller sends: no place is kept, a repetition is known by its rows."""
    rows = lines(file, is_csv=is_csv)
    if dry_run:
        return _tried(rows, actor=actor, now=now)
    report = Report()
    for batch in _batches(rows):
        with transaction.atomic():
            _batch(report, batch, actor=actor, now=now)
    return report


def _tried(rows: Iterable[Line], *, actor: str, now: datetime) -> Report:
    report = Report()
    for batch in _batches(rows):
        with transaction.atomic():
            _batch(report, batch, actor=actor, now=now)
            transaction.set_rollback(True)
    return report


@transaction.atomic
def _kept(job: ConsentImport, batch: list[Line], *, actor: str, now: datetime) -> None:
    """One batch and the place behind it together. Of two runs of one file, the second waits and finds it done."""
    held = ConsentImport.objects.select_for_update().get(pk=job.pk)
    batch = [row for row in batch if row[1] > held.offset]
    if batch:
        report = Report(Counter(held.counts))
        _batch(report, batch, actor=actor, now=now)
        ImportFault.objects.bulk_create(
            ImportFault(job=held, line=line, field=name[:40], reason=reason[:200])
            for line, name, reason in report.faults
        )
        held.line, held.offset, held.counts = batch[-1][0], batch[-1][1], dict(report.counts)
        held.save(update_fields=["line", "offset", "counts"])
    job.offset, job.counts = held.offset, held.counts


@transaction.atomic
def _finish(job: ConsentImport, *, actor: str, now: datetime) -> None:
    ConsentImport.objects.filter(pk=job.pk, finished_at=None).update(finished_at=now)
    data = {"sha256": job.sha256, "rows": dict(job.counts)}
    entries.record(kind="consents.imported", at=now, actor=actor, object=job.uuid, data=data)


def _batch(report: Report, batch: list[Line], *, actor: str, now: datetime) -> None:
    known = _purposes()
    rows = []
    for line, _offset, values in batch:
        try:
            rows.append(_row(line, values, known, now=now))
        except Invalid as error:
            report.counts["wrong"] += 1
            report.faults += [(line, name, str(text)) for name, text in error.fields.items()]
    done = importing_store.store(rows, actor=actor, now=now)
    report.counts.update(done.counts)
    report.faults += [(line, "", str(reason)) for line, reason in done.faults]


def lines(file: IO[bytes], *, is_csv: bool) -> Iterator[Line]:
    """(line, place behind it, values): one row at a time. Values are None for what cannot be read as a row."""
    headings: list[str] = []
    number = place = 0
    while raw := file.readline(LONGEST_LINE + 1):
        number, place = number + 1, place + len(raw)
        if len(raw) > LONGEST_LINE:
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(LONGEST_LINE)
                place += len(raw)
            yield number, place, None
            continue
        text = raw.strip(b"\xef\xbb\xbf\r\n ") if number == 1 else raw.strip()
        if not text:
            continue
        if is_csv and not headings:
            headings = [heading.strip().casefold() for heading in _cells(text) or []]
            continue
        yield number, place, _named(headings, text) if is_csv else _object(text)


def _object(text: bytes) -> Mapping[str, Any] | None:
    try:
        value = read_json(text.decode())
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _named(headings: list[str], text: bytes) -> Mapping[str, Any] | None:
    """A row of CSV. One row is one line: what another tool exports of consents has no text of several lines."""
    cells = _cells(text)
    if cells is None or len(cells) != len(headings):
        return None
    return {heading: cell.strip() for heading, cell in zip(headings, cells, strict=True) if cell.strip()}


def _cells(text: bytes) -> list[str] | None:
    try:
        return next(csv.reader(io.StringIO(text.decode()), strict=True))
    except (ValueError, csv.Error, StopIteration):
        return None


def _batches(rows: Iterable[Line]) -> Iterator[list[Line]]:
    batch: list[Line] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _purposes() -> dict[str, tuple[Purpose, bool]]:
    """Every purpose that a choice can be about, and whether it is marketing."""
    versions = PurposeVersion.objects.exclude(status="draft").select_related("purpose").order_by("number")
    latest = {version.purpose.slug: version for version in versions}
    return {
        slug: (version.purpose, version.direct_marketing)
        for slug, version in latest.items()
        if version.basis == Basis.CONSENT or version.direct_marketing
    }


def _row(
    line: int, values: Mapping[str, Any] | None, known: Mapping[str, tuple[Purpose, bool]], *, now: datetime
) -> Row:
    """Raises Invalid naming every member at fault, never what it says."""
    if values is None:
        raise Invalid(fields={"": _("This line cannot be read.")})
    errors: dict[str, Text] = {name[:40]: _("This member is unknown.") for name in values if name not in MEMBERS}
    texts = {name: values[name] for name in MEMBERS if values.get(name) is not None}
    errors |= {name: _("Give this as text.") for name, value in texts.items() if not isinstance(value, str)}
    if errors:
        raise Invalid(fields=errors)
    type, value = _who(texts, errors)
    purpose, is_marketing = known.get(texts.get("purpose", ""), (None, False))
    channel, status, at = texts.get("channel", ""), texts.get("status", ""), _at(texts.get("at", ""), now)
    if purpose is None:
        errors["purpose"] = _("Name a purpose that rests on consent or is direct marketing.")
    if (channel and channel not in Channel.values) or (is_marketing and not channel and status != "withdrawn"):
        errors["channel"] = _("Name the channel: email, phone, sms or post.")
    if status not in STATUSES:
        errors["status"] = _("Say given, refused or withdrawn.")
    if at is None:
        errors["at"] = _("Give date, time and time zone as in 2026-11-22T09:00:00Z, not in the future.")
    if status == "given" and not texts.get("evidence", "").strip():
        errors["evidence"] = _("Say what shows this consent. Without evidence it counts for nothing.")
    if errors or purpose is None or at is None:
        raise Invalid(fields=errors)
    return Row(line, type, value, texts[type], purpose, channel, status, at, texts.get("evidence", "")[:500])


def _who(texts: Mapping[str, str], errors: dict[str, Text]) -> tuple[str, str]:
    named = [name for name in WHO if texts.get(name)]
    if len(named) != 1:
        errors["email"] = _("Give exactly one of email, phone and customer_number.")
        return "", ""
    try:
        return named[0], normalise(named[0], texts[named[0]])
    except Invalid as error:
        errors[named[0]] = next(iter(error.fields.values()))
        return "", ""


def _at(text: str, now: datetime) -> datetime | None:
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    return at if at and at.tzinfo and at <= now else None


def as_json(report: Report) -> dict[str, Any]:
    """For machines: counts, and each fault with its line."""
    names = ("stored", "known", "outdone", "wrong")
    return {
        "rows": {name: report.counts[name] for name in names},
        "errors": [{"line": line, "field": name, "message": reason} for line, name, reason in report.faults],
    }


def as_text(report: Report) -> Iterator[str]:
    for line, name, reason in report.faults:
        yield f"line {line}: {name + ': ' if name else ''}{reason}"
    yield json.dumps(as_json(report)["rows"])
