"""The package a person collects: a ZIP with a page to read, data for machines, and a signed list of what is in it.

CSV follows RFC 4180. A spreadsheet would run a value that begins like a formula, so such values get a leading
apostrophe, in the CSV only; the JSON holds exactly what we hold. The page and the manifest say so.
"""

import csv
import io
import json
import secrets
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import gettext as _

from core import vault
from core.keys import token_hash
from core.models import Controller, Owner
from ledger import signing
from ledger.entries import record
from requests import letters
from requests.access import Section, Snapshot
from requests.models import Letter, Package, RightsRequest

SCHEMA = "kraken-privacy/package/1"
LIVES = timedelta(days=30)
# A link can be issued anew until then; afterwards the copy is gone and a new request makes a new one.
KEPT = timedelta(days=90)
FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class File:
    path: str
    media_type: str
    description: str
    content: bytes


def build(rights_request: RightsRequest, snapshot: Snapshot) -> bytes:
    """The ZIP of an access answer."""
    controller = Controller.current()
    page = render_to_string(
        "requests/package/index.html",
        {"snapshot": snapshot, "controller": controller, "rights_request": rights_request, "schema": SCHEMA},
    )
    files = [File("index.html", "text/html", _("Everything, to read or print"), page.encode())]
    for section in snapshot.sections:
        files.append(_json_file(section))
        files.append(_csv_file(section))
    return pack(rights_request, files, now=snapshot.taken_at)


def pack(rights_request: RightsRequest, files: list[File], *, now: datetime) -> bytes:
    """A ZIP of these files with a manifest of their hashes and its signature (JWS over the manifest's bytes)."""
    manifest = json.dumps(_manifest(rights_request, files, now), indent=2, ensure_ascii=False).encode()
    signature = signing.sign(manifest, typ="package-manifest+jws").encode()
    buffer = io.BytesIO()
    stamp = now.timetuple()[:6]
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in [
            *((file.path, file.content) for file in files),
            ("manifest.json", manifest),
            ("manifest.json.jws", signature),
        ]:
            info = zipfile.ZipInfo(path, stamp)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, content)
    return buffer.getvalue()


def store_letter(rights_request: RightsRequest, letter: Letter, *, actor: str, now: datetime) -> Package:
    """An answer without a copy of data: the package holds the letter, to keep."""
    files = [
        File("letter.html", "text/html", _("Our letter, to read or print"), letters.document(letter).encode()),
        File("letter.txt", "text/plain", _("Our letter as plain text"), letters.read(letter)["text"].encode()),
    ]
    return store(rights_request, pack(rights_request, files, now=now), actor=actor, now=now)


@transaction.atomic
def store(rights_request: RightsRequest, content: bytes, *, actor: str, now: datetime) -> Package:
    """Keep the package sealed in the case. One made anew replaces the one before, with its codes and its link."""
    Package.objects.filter(request=rights_request).delete()
    package = Package(
        request=rights_request,
        sha256=sha256(content).hexdigest(),
        size=len(content),
        # Nobody knows this token: the link is made when the answer is released.
        token_hash=token_hash(secrets.token_urlsafe(32)),
        made_at=now,
        expires_at=now + LIVES,
    )
    key = vault.ensure_key(Owner.CASE, rights_request.case.uuid)
    package.sealed = key.seal(_field(package), content)
    package.save(force_insert=True)
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


def contents(package: Package) -> bytes:
    """The ZIP, opened. Raises Unreadable when it is gone."""
    if package.sealed is None:
        raise vault.Unreadable
    return vault.key_of(Owner.CASE, package.request.case.uuid).open(_field(package), bytes(package.sealed))


def page_of(package: Package, path: str = "index.html") -> str:
    """One page of the package, for the preview."""
    with zipfile.ZipFile(io.BytesIO(contents(package))) as archive:
        return archive.read(path).decode()


def new_link(package: Package, *, now: datetime) -> str:
    """A fresh token for the link; the one before stops working. Lives 30 days, never longer than the copy is kept."""
    token = secrets.token_urlsafe(32)
    package.token_hash = token_hash(token)
    package.expires_at = min(now + LIVES, package.made_at + KEPT)
    package.save(update_fields=["token_hash", "expires_at"])
    return token


def drop_old(*, now: datetime) -> int:
    """Empty the packages whose time is over; the row stays as the record that there was one."""
    return Package.objects.filter(made_at__lt=now - KEPT, sealed__isnull=False).update(sealed=None)


def csv_safe(value: Any) -> str:
    """One CSV value as text, harmless in a spreadsheet."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False).strip('"')


def _field(package: Package) -> str:
    return f"package:{package.uuid}"


def _json_file(section: Section) -> File:
    content = json.dumps(section.rows, cls=DjangoJSONEncoder, indent=2, ensure_ascii=False).encode()
    return File(f"data/{section.slug}.json", "application/json", section.label, content)


def _csv_file(section: Section) -> File:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([csv_safe(column) for column in section.columns])
    writer.writerows([csv_safe(value) for value in row] for row in section.table)
    return File(f"data/{section.slug}.csv", "text/csv", section.label, buffer.getvalue().encode())


def _manifest(rights_request: RightsRequest, files: list[File], now: datetime) -> Mapping[str, Any]:
    return {
        "schema": SCHEMA,
        "reference": rights_request.reference,
        "controller": Controller.current().name,
        "made_at": now.isoformat(),
        "csv": "RFC 4180; a value beginning with = + - @ tab or return has a leading apostrophe. JSON is unchanged.",
        "signature": "manifest.json.jws, a JWS (RFC 7515) over the bytes of this file; keys at /.well-known/jwks.json",
        "files": [
            {
                "path": file.path,
                "media_type": file.media_type,
                "description": file.description,
                "bytes": len(file.content),
                "sha256": sha256(file.content).hexdigest(),
            }
            for file in files
        ],
    }
