"""Consents from another tool, as NDJSON or CSV: line by line, batch by batch (consents/importing_store.py).

One row is one answer of one person: who (`email`, `phone` or `customer_number`), `purpose`, `channel`, `status` (given,
refused or withdrawn), `at`, and for a "yes" the `evidence`: what the other tool has that shows it. Without evidence a
"yes" counts for nothing (UK GDPR Art 7(1)), so such a row is refused and named. An import never undoes a "no": where
somebody is suppressed, or has withdrawn later, that stands.

A batch is one transaction with the place it reached, so a run may be stopped at any moment and started again; a row
that was taken in is known by the keyed hash that is its event's id, from whatever file it comes.
"""

import json
from collections import Counter
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from django.db import transaction

from consents import importing_store
from consents.importing_lines import Line, lines
from consents.importing_rows import Batch, Purposes, ready
from consents.models import ConsentImport, ImportFault
from ledger import entries
from processing.models import Basis, PurposeVersion

BATCH = 5_000


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
    """Take a file in, from where an earlier run of the same file stopped. With `dry_run` nothing is kept.

    One that is done, but for rows that were wrong, is gone through again: what was wrong may have been the register.
    """
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
        if job.finished_at and job.counts.get("wrong"):
            _begin_again(job)
        # What is done is passed over by its place, and read again only as far as the headings.
        left = (row for row in rows if row.place > job.offset)
        with closing(_ahead(left, actor=actor, now=now)) as batches:
            for batch in batches:
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
    for batch in _each(rows, actor=actor, now=now):
        with transaction.atomic():
            _batch(report, batch, actor=actor, now=now)
    return report


def _tried(rows: Iterable[Line], *, actor: str, now: datetime) -> Report:
    report = Report()
    for batch in _each(rows, actor=actor, now=now):
        with transaction.atomic():
            _batch(report, batch, actor=actor, now=now)
            transaction.set_rollback(True)
    return report


@transaction.atomic
def _begin_again(job: ConsentImport) -> None:
    """From the first row, and without the faults of before. What was taken in is known by its rows."""
    held = ConsentImport.objects.select_for_update().get(pk=job.pk)
    if held.finished_at:
        held.faults.all().delete()
        held.offset, held.line, held.counts, held.finished_at = 0, 0, {}, None
        held.save(update_fields=["offset", "line", "counts", "finished_at"])
    job.offset, job.counts, job.finished_at = held.offset, held.counts, held.finished_at


@transaction.atomic
def _kept(job: ConsentImport, batch: Batch, *, actor: str, now: datetime) -> None:
    """One batch and the place behind it together. Of two runs of one file, the second waits and finds it done."""
    held = ConsentImport.objects.select_for_update().get(pk=job.pk)
    left = [row for row in batch.lines if row.place > held.offset]
    if left:
        if len(left) < len(batch.lines):
            batch = ready(left, batch.purposes, actor=actor, now=now)
        report = Report(Counter(held.counts))
        _batch(report, batch, actor=actor, now=now)
        ImportFault.objects.bulk_create(
            ImportFault(job=held, line=line, field=name[:40], reason=reason[:200])
            for line, name, reason in report.faults
        )
        held.line, held.offset, held.counts = left[-1].number, left[-1].place, dict(report.counts)
        held.save(update_fields=["line", "offset", "counts"])
    job.offset, job.counts = held.offset, held.counts


@transaction.atomic
def _finish(job: ConsentImport, *, actor: str, now: datetime) -> None:
    ConsentImport.objects.filter(pk=job.pk, finished_at=None).update(finished_at=now)
    data = {"sha256": job.sha256, "rows": dict(job.counts)}
    entries.record(kind="consents.imported", at=now, actor=actor, object=job.uuid, data=data)


def _batch(report: Report, batch: Batch, *, actor: str, now: datetime) -> None:
    purposes = _purposes()
    if purposes != batch.purposes:
        # The register changed since it was made ready.
        batch = ready(batch.lines, purposes, actor=actor, now=now)
    for line, error in batch.faults:
        report.counts["wrong"] += 1
        report.faults += [(line, name, str(text)) for name, text in error.fields.items()]
    done = importing_store.store(batch.rows, actor=actor, now=now)
    report.counts.update(done.counts)
    report.faults += [(line, "", str(reason)) for line, reason in done.faults]


def _each(rows: Iterable[Line], *, actor: str, now: datetime) -> Iterator[Batch]:
    purposes = _purposes()
    return (ready(batch, purposes, actor=actor, now=now) for batch in _batches(rows))


def _ahead(rows: Iterable[Line], *, actor: str, now: datetime) -> Generator[Batch]:
    """The same, each made ready while the one before is stored: one and no more, so that memory stays the same.

    What goes wrong over there is raised here; closing this waits for the batch that is being made.
    """
    batches = _each(rows, actor=actor, now=now)
    with ThreadPoolExecutor(1, "import") as other:
        coming = other.submit(next, batches, None)
        while batch := coming.result():
            coming = other.submit(next, batches, None)
            yield batch


def _batches(rows: Iterable[Line]) -> Iterator[list[Line]]:
    batch: list[Line] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _purposes() -> Purposes:
    versions = PurposeVersion.objects.exclude(status="draft").select_related("purpose").order_by("number")
    latest = {version.purpose.slug: version for version in versions}
    return {
        slug: (version.purpose, version.direct_marketing)
        for slug, version in latest.items()
        if version.basis == Basis.CONSENT or version.direct_marketing
    }


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
