"""The package a person collects: a ZIP with a page to read, data for machines, and a signed list of what is in it.

CSV follows RFC 4180. A spreadsheet would run a value that begins like a formula, so such values get a leading
apostrophe, in the CSV only; the JSON holds exactly what we hold. The page and the manifest say so.
"""

import csv
import io
import json
import secrets
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import IO, Any, cast

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.translation import gettext as _

from core import vault
from core.keys import token_hash
from core.models import Controller, Owner
from ledger import signing
from ledger.entries import record
from requests import chunks, found, letters, reading, report
from requests.access import Section, Snapshot
from requests.models import FoundDocument, Letter, Package, PackageChunk, RightsRequest

SCHEMA = "kraken-privacy/package/1"
LIVES = timedelta(days=30)
KEPT = report.COPY_KEPT
PART = 64 * 1024
Stamp = tuple[int, int, int, int, int, int]
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class File:
    """One file of a package. Its content may come in parts; it is read once."""

    path: str
    media_type: str
    description: str
    content: bytes | Iterable[bytes]


def build(rights_request: RightsRequest, snapshot: Snapshot) -> Iterator[File]:
    """The files of an access answer."""
    documents = found.going_out(rights_request)
    page = _page(rights_request, snapshot, documents)
    yield File("index.html", "text/html", _("Everything, to read or print"), page)
    for section in snapshot.sections:
        yield File(f"data/{section.slug}.json", "application/json", section.label, _as_json(section))
        yield File(f"data/{section.slug}.csv", "text/csv", section.label, _as_csv(section))
    for number, document in enumerate(documents, 1):
        told = _("Document %(n)d, found in %(system)s") % {"n": number, "system": document.system.name}
        # The name of the file is not told: it may name somebody.
        yield File(f"documents/document-{number}.pdf", "application/pdf", told, found.outgoing(document))


def pack(into: IO[bytes], rights_request: RightsRequest, files: Iterable[File], *, now: datetime) -> None:
    """Write a ZIP of these files with a manifest of their hashes and its signature (JWS over the manifest's bytes)."""
    stamp = now.timetuple()[:6]
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        listed = [_add(archive, file, stamp) for file in files]
        manifest = json.dumps(_manifest(rights_request, listed, now), indent=2, ensure_ascii=False).encode()
        signature = signing.sign(manifest, typ="package-manifest+jws").encode()
        _add(archive, File("manifest.json", "application/json", "", manifest), stamp)
        _add(archive, File("manifest.json.jws", "application/jose", "", signature), stamp)


def _add(archive: zipfile.ZipFile, file: File, stamp: Stamp) -> dict[str, Any]:
    """Add a file; what the manifest says about it."""
    info = zipfile.ZipInfo(file.path, stamp)
    info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
    size, digest = 0, sha256()
    with archive.open(info, "w") as member:
        for part in [file.content] if isinstance(file.content, bytes) else file.content:
            member.write(part)
            digest.update(part)
            size += len(part)
    told = {"path": file.path, "media_type": file.media_type, "description": file.description}
    return {**told, "bytes": size, "sha256": digest.hexdigest()}


def store_letter(rights_request: RightsRequest, letter: Letter, *, actor: str, now: datetime) -> Package:
    """An answer without a copy of data: the package holds the letter, to keep."""
    files = [
        File("letter.html", "text/html", _("Our letter, to read or print"), letters.document(letter).encode()),
        File("letter.txt", "text/plain", _("Our letter as plain text"), letters.read(letter)["text"].encode()),
    ]
    return store(rights_request, files, actor=actor, now=now)


@transaction.atomic
def store(rights_request: RightsRequest, files: Iterable[File], *, actor: str, now: datetime) -> Package:
    """Pack these files, sealed in the case. A package made anew replaces the one before, with its codes and its link.

    Nothing of it is ever whole in memory: files come one by one, the ZIP goes into the database in pieces.
    """
    Package.objects.filter(request=rights_request).delete()
    package = Package.objects.create(
        request=rights_request,
        sha256="",
        size=0,
        # Nobody knows this token: the link is made when the answer is released.
        token_hash=token_hash(secrets.token_urlsafe(32)),
        made_at=now,
        expires_at=now + LIVES,
    )
    writer = chunks.Writer(package, vault.ensure_key(Owner.CASE, rights_request.case.uuid))
    pack(cast(IO[bytes], writer), rights_request, files, now=now)
    writer.finish()
    package.sha256, package.size = writer.sha256, writer.size
    package.save(update_fields=["sha256", "size"])
    subject = rights_request.case.subject
    record(
        kind="package.made",
        at=now,
        actor=actor,
        subject=subject.uuid if subject else None,
        object=rights_request.uuid,
        data={"package": package.uuid, "sha256": package.sha256, "size": package.size},
    )
    return package


def contents(package: Package) -> Iterator[bytes]:
    """The ZIP, opened piece by piece. Raises Unreadable, before the first, when it is gone."""
    reader = chunks.Reader(package)
    reader.piece(0)
    return reader.pieces()


def page_of(package: Package, path: str = "index.html") -> Iterator[bytes]:
    """One page of the package, for the preview, in parts."""
    reader = chunks.Reader(package)
    reader.piece(0)
    return _parts(reader, path)


def _parts(reader: chunks.Reader, path: str) -> Iterator[bytes]:
    with zipfile.ZipFile(cast(IO[bytes], reader)) as archive, archive.open(path) as member:
        while part := member.read(chunks.SIZE):
            yield part


def new_link(package: Package, *, now: datetime) -> str:
    """A fresh token for the link; the one before stops working. Lives 30 days, never longer than the copy is kept."""
    token = secrets.token_urlsafe(32)
    package.token_hash = token_hash(token)
    package.expires_at = min(now + LIVES, package.made_at + KEPT)
    package.save(update_fields=["token_hash", "expires_at"])
    return token


def drop_old(*, now: datetime) -> int:
    """Empty the packages whose time is over; the row stays as the record that there was one."""
    old = Package.objects.kept().filter(made_at__lt=now - KEPT)
    number = old.count()
    PackageChunk.objects.filter(package__made_at__lt=now - KEPT).delete()
    return number


def csv_safe(value: Any) -> str:
    """One CSV value as text, harmless in a spreadsheet."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False).strip('"')


def _page(rights_request: RightsRequest, snapshot: Snapshot, documents: list[FoundDocument]) -> Iterator[bytes]:
    """The page to read: what stands before the rows, the rows one by one, and what stands after them."""
    controller = Controller.current()
    context = {"snapshot": snapshot, "controller": controller, "rights_request": rights_request, "schema": SCHEMA}
    context |= {"tasks": report.searches(rights_request), "withheld": report.withheld(rights_request)}
    context |= {"documents": documents, "is_union": rights_request.case.rule_set.jurisdiction != "UK"}
    yield render_to_string("requests/package/_before.html", context).encode()
    for section in snapshot.sections:
        yield format_html('<section id="{}">\n<h2>{}</h2>\n', section.slug, section.label).encode()
        for row in section.rows:
            yield reading.record(row, controller.zone).encode()
        yield b"</section>\n"
    yield render_to_string("requests/package/_after.html", context).encode()


def _as_json(section: Section) -> Iterator[bytes]:
    """An array with one object on each line."""
    before = "[\n"
    for row in section.rows:
        yield f"{before}{json.dumps(row, ensure_ascii=False)}".encode()
        before = ",\n"
    yield b"\n]\n"


def _as_csv(section: Section) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([csv_safe(column) for column in section.rows.columns])
    for row in section.rows:
        writer.writerow([csv_safe(row.get(column)) for column in section.rows.columns])
        if buffer.tell() >= PART:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _manifest(rights_request: RightsRequest, files: list[dict[str, Any]], now: datetime) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "reference": rights_request.reference,
        "controller": Controller.current().name,
        "made_at": now.isoformat(),
        "csv": "RFC 4180; a value beginning with = + - @ tab or return has a leading apostrophe. JSON is unchanged.",
        "signature": "manifest.json.jws, a JWS (RFC 7515) over the bytes of this file; keys at /.well-known/jwks.json",
        "files": files,
    }
