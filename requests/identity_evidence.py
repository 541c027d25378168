"""Evidence of who somebody is: sealed under a key of its own, and destroyed as soon as the doubt is decided.

Its destruction is itself evidence (storage limitation, UK GDPR Art 5(1)(e)). No number of a document is kept whole.
"""

import base64
import json
import re
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, NotFound
from core.models import Owner
from core.vault import create_key, destroy_keys, key_of
from ledger.entries import record
from requests.models import CaseFile, Evidence

FIELD = "evidence"
LARGEST = 8 * 1024 * 1024
NOTE_LENGTH = 2000
# By what the file begins with, never by its name.
MEDIA = {b"%PDF-": "application/pdf", b"\x89PNG\r\n\x1a\n": "image/png", b"\xff\xd8\xff": "image/jpeg"}
# Five digits or more in one word, with the letters around them; spaces and dashes between do not hide it.
_NUMBER = re.compile(r"(?<![\w-])[A-Za-z]{0,6}\d(?:[A-Za-z]{0,3}[ -]?\d){4,}[A-Za-z]*")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
SHOWN = 3


def masked(text: str) -> str:
    """The text with numbers of documents and the like cut down to their last three characters."""

    def mask(found: re.Match[str]) -> str:
        number = re.sub(r"[ -]", "", found[0])
        return found[0] if _DAY.fullmatch(found[0]) else f"•••{number[-SHOWN:]}"

    return _NUMBER.sub(mask, text)


def kind_of(content: bytes) -> str:
    """The type of a file by its first bytes. Raises Invalid for anything that is no picture or PDF."""
    found = next((kind for start, kind in MEDIA.items() if content.startswith(start)), "")
    if not found or len(content) > LARGEST:
        raise Invalid(fields={"file": _("Take a PDF, PNG or JPEG file of up to 8 MB.")})
    return found


@transaction.atomic
def keep(
    case: CaseFile, *, kind: str, note: str, content: bytes = b"", arrived_on: date, actor: str, now: datetime
) -> Evidence:
    """Seal what came, until it is decided whether it is enough."""
    note = note.strip()
    if (not note and not content) or len(note) > NOTE_LENGTH or "\x00" in note:
        raise Invalid(fields={"note": _("Describe what came, in up to 2,000 characters.")})
    kept = Evidence(case=case, kind=kind, arrived_on=arrived_on, added_by=actor, added_at=now)
    kept.media_type = kind_of(content) if content else ""
    body = {"note": masked(note), "file": base64.b64encode(content).decode()}
    kept.sealed = create_key(Owner.IDENTITY, kept.uuid).seal(FIELD, json.dumps(body).encode())
    kept.save(force_insert=True)
    _note("identity.evidence-kept", case, actor=actor, now=now, evidence=str(kept.uuid), way=kind)
    return kept


def held(case: CaseFile) -> list[Evidence]:
    return list(Evidence.objects.filter(case=case, destroyed_at=None).order_by("pk"))


@transaction.atomic
def look(case: CaseFile, uuid: Any, *, actor: str, now: datetime) -> tuple[str, str, bytes]:
    """Note, media type and file of one piece. That somebody looked is an event."""
    found = Evidence.objects.filter(case=case, uuid=uuid, destroyed_at=None).first()
    if found is None or found.sealed is None:
        raise NotFound
    _note("case.viewed", case, actor=actor, now=now, what="identity-evidence")
    body = json.loads(key_of(Owner.IDENTITY, found.uuid).open(FIELD, bytes(found.sealed)))
    return body["note"], found.media_type, base64.b64decode(body["file"])


@transaction.atomic
def destroy(case: CaseFile, *, because: str, only: UUID | None = None, actor: str, now: datetime) -> int:
    """Destroy the keys and what they sealed; how many pieces, and why, stays in the ledger. `only`: this piece."""
    rows = Evidence.objects.select_for_update().filter(case=case, destroyed_at=None)
    rows = rows.filter(uuid=only) if only else rows
    uuids = list(rows.values_list("uuid", flat=True))
    if not uuids:
        return 0
    destroy_keys(Owner.IDENTITY, uuids)
    Evidence.objects.filter(uuid__in=uuids).update(sealed=None, destroyed_at=now)
    pieces = [str(uuid) for uuid in uuids]
    _note("identity.evidence-destroyed", case, actor=actor, now=now, because=because, pieces=pieces)
    return len(uuids)


def destroy_forgotten(*, now: datetime, actor: str = "system:requests") -> int:
    """What is left in cases that are closed, however they were closed. Returns how many pieces."""
    left = CaseFile.objects.filter(closed_at__isnull=False, evidence__destroyed_at=None, evidence__isnull=False)
    return sum(destroy(case, because="case-closed", actor=actor, now=now) for case in left.distinct())


def _note(kind: str, case: CaseFile, *, actor: str, now: datetime, **data: Any) -> None:
    record(kind=kind, at=now, actor=actor, object=case.uuid, data=data, test=case.is_test)
