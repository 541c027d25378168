"""What proves a consent that was not given on a page of ours: the paper, a note of the call, what a seller showed us.

Art 7(1): whoever relies on consent must be able to show it. Everything is sealed under the key of that consent.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _

from consents.models import ConsentEvent, ConsentEvidence
from core import files
from core.errors import NotFound
from core.files import File
from core.models import Owner
from core.vault import ensure_key, key_of, keys_of
from ledger import entries
from subjects.models import DataSubject


@dataclass(frozen=True)
class Shown:
    """One piece of evidence, opened."""

    uuid: UUID
    consent: UUID
    kind: str
    name: str
    note: dict[str, str]
    added_at: datetime


@transaction.atomic
def add(
    consent: UUID, *, kind: str, note: Mapping[str, str], file: File | None, subject: UUID, actor: str, now: datetime
) -> ConsentEvidence:
    """Seal what shows this consent. The file is judged by what is in it (core/files.py); raises Invalid."""
    media_type = files.check([file])[0] if file else ""
    key = ensure_key(Owner.CONSENT, consent)
    row = ConsentEvidence(consent=consent, kind=kind, media_type=media_type, added_at=now, added_by=actor)
    row.note = key.seal(f"evidence-note:{row.uuid}", json.dumps(dict(note)).encode())
    if file:
        row.name = key.seal(f"evidence-name:{row.uuid}", files.tidy(file.name).encode())
        row.sealed, row.size = key.seal(f"evidence:{row.uuid}", file.content), len(file.content)
    row.entry = entries.record(
        kind="consent.evidenced",
        at=now,
        actor=actor,
        subject=subject,
        object=consent,
        data={"evidence": str(row.uuid), "kind": kind, "type": media_type, "size": row.size},
    )
    row.save(force_insert=True)
    return row


def listed(subject: DataSubject) -> list[ConsentEvidence]:
    """What is held of this person, unopened: kind, day and size."""
    consents = ConsentEvent.objects.filter(subject=subject.uuid).values("consent")
    rows = ConsentEvidence.objects.filter(consent__in=consents).defer("sealed", "note", "name")
    return list(rows.order_by("added_at", "id"))


def of(subject: DataSubject) -> list[Shown]:
    """What is held of this person, opened. What lost its key is left out."""
    consents = ConsentEvent.objects.filter(subject=subject.uuid).values("consent")
    rows = list(ConsentEvidence.objects.filter(consent__in=consents).defer("sealed").order_by("added_at", "id"))
    keys = keys_of(Owner.CONSENT, {row.consent for row in rows})
    return [
        Shown(
            uuid=row.uuid,
            consent=row.consent,
            kind=row.kind,
            name=key.open(f"evidence-name:{row.uuid}", bytes(row.name)).decode() if row.name else "",
            note=json.loads(key.open(f"evidence-note:{row.uuid}", bytes(row.note))),
            added_at=row.added_at,
        )
        for row in rows
        if (key := keys.get(row.consent))
    ]


@transaction.atomic
def download(uuid: UUID, *, actor: str, now: datetime) -> HttpResponse:
    """The file as it came. Looking is an event. Raises NotFound."""
    row = ConsentEvidence.objects.filter(uuid=uuid, sealed__isnull=False).first()
    if row is None or row.sealed is None or row.name is None:
        raise NotFound(_("There is no file here."))
    key = key_of(Owner.CONSENT, row.consent)
    entries.record(kind="consent.evidence-viewed", at=now, actor=actor, object=row.uuid)
    name = key.open(f"evidence-name:{row.uuid}", bytes(row.name)).decode()
    return files.download(key.open(f"evidence:{row.uuid}", bytes(row.sealed)), name)
