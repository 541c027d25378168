"""Documents in which a search found the person: taken in, made pages, looked through, handed over as pictures.

A document may be about several people. Each case has its own sealed pages of it, with its own redactions.
"""

import re
from datetime import datetime, timedelta
from hashlib import sha256

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core import vault
from core.errors import DomainError, Invalid
from core.keys import keyring
from core.models import Owner
from ledger.entries import record
from processing.models import System
from requests import apart, sealed
from requests.leaving_out import changed, locked
from requests.models import Exemption, FoundDocument, Right, RightsRequest

Kind = FoundDocument.Kind
LARGEST = 9 * 1024 * 1024
HEADER = re.compile(rb"([A-Za-z][A-Za-z0-9-]*):|[ \t]")
PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\x00", b"MM\x00*", b"BM")


class NotAccess(DomainError):
    code = "not-access"
    message = _("Found documents belong to a request for a copy.")


class Unchecked(DomainError):
    code = "found-unchecked"
    message = _("A found document has not been looked through to its last page yet.")


@transaction.atomic
def add(
    rights_request: RightsRequest, system: System, name: str, content: bytes, *, actor: str, now: datetime
) -> FoundDocument:
    """Make pages of a file and seal them. The file is not kept. Raises Unshowable or Invalid, keeping nothing."""
    _may_change(rights_request)
    if len(content) > LARGEST:
        raise Invalid(fields={"file": _("This file is larger than 9 MB. Divide it, then add the parts.")})
    fingerprint = keyring("SUPPRESSION_KEYS").mac(b"found|" + sha256(content).digest())
    if rights_request.documents.filter(fingerprint=fingerprint).exists():
        raise Invalid(fields={"file": _("This document is here already.")})
    kind = kind_of(content)
    pages, number = apart.to_pages(content, kind.value)
    document = FoundDocument(request=rights_request, system=system, kind=kind, fingerprint=fingerprint)
    return _kept(document, name, pages, number, actor=actor, now=now)


@transaction.atomic
def also_for(document: FoundDocument, other: RightsRequest, *, actor: str, now: datetime) -> FoundDocument:
    """The same document for somebody else it is about: own pages under their case's key, no redactions yet."""
    _may_change(other)
    if other.documents.filter(fingerprint=document.fingerprint).exists():
        raise Invalid(fields={"reference": _("The document is in that request already.")})
    copy = FoundDocument(
        request=other, system=document.system, kind=document.kind, fingerprint=bytes(document.fingerprint)
    )
    return _kept(copy, name_of(document), pages_of(document), document.pages, actor=actor, now=now)


@transaction.atomic
def looked_through(document: FoundDocument, *, actor: str, now: datetime) -> None:
    """Somebody has seen every page as it will go out."""
    locked(document.request)
    document.checked_by, document.checked_at = actor, now
    document.save(update_fields=["checked_by", "checked_at"])
    changed(document.request, now=now)
    _note("document.checked", document, actor=actor, now=now)


@transaction.atomic
def remove(document: FoundDocument, *, actor: str, now: datetime) -> None:
    """It does not belong here after all."""
    locked(document.request)
    changed(document.request, now=now)
    _note("document.removed", document, actor=actor, now=now)
    document.delete()


def ready(rights_request: RightsRequest) -> None:
    """Raises Unchecked while a document that would go out has not been looked through."""
    if rights_request.documents.filter(checked_at=None).exclude(_whole()).exists():
        raise Unchecked


def going_out(rights_request: RightsRequest) -> list[FoundDocument]:
    """The documents of the copy, in the order they were added. What is withheld as a whole is not among them."""
    return list(rights_request.documents.exclude(_whole()).select_related("request__case", "system").order_by("pk"))


def outgoing(document: FoundDocument) -> bytes:
    """The document as the person gets it: pictures of its pages, with everything marked in black."""
    return apart.black(pages_of(document), boxes_of(document))


def page_of(document: FoundDocument, page: int) -> bytes:
    """One page as a PNG for staff, with what is marked veiled."""
    return apart.show(pages_of(document), page, boxes_of(document).get(page, []))


def boxes_of(document: FoundDocument) -> dict[int, list[list[int]]]:
    """What is marked, by page."""
    boxes: dict[int, list[list[int]]] = {}
    made = document.exemptions.filter(scope=Exemption.Scope.PART)
    for row in made.values_list("boxes__page", "boxes__left", "boxes__top", "boxes__right", "boxes__bottom"):
        boxes.setdefault(row[0], []).append(list(row[1:]))
    return boxes


def pages_of(document: FoundDocument) -> bytes:
    """The pages, opened. Raises Unreadable once they are gone."""
    if document.sealed is None:
        raise vault.Unreadable
    key = vault.key_of(Owner.CASE, document.request.case.uuid)
    return key.open(_field(document, "pages"), bytes(document.sealed))


def name_of(document: FoundDocument) -> str:
    """What the file was called. It may name people, so it is shown to staff only when they ask."""
    return str(sealed.get(document.request.case, _field(document, "name"), document.name))


def elsewhere(document: FoundDocument) -> list[RightsRequest]:
    """Other requests in which the same document lies."""
    others = FoundDocument.objects.filter(fingerprint=document.fingerprint).exclude(pk=document.pk)
    return list(RightsRequest.objects.filter(documents__in=others).order_by("pk"))


def drop_old(*, older_than: timedelta, now: datetime) -> int:
    """Empty the documents of requests answered so long ago: the copy they were for is gone as well."""
    over = FoundDocument.objects.filter(request__answered_at__lt=now - older_than, sealed__isnull=False)
    return over.update(sealed=None, name=None)


def kind_of(content: bytes) -> Kind:
    """What a file is, by its content: names and declared types say anything. Raises Unshowable."""
    if b"%PDF-" in content[:1024]:
        return Kind.PDF
    if content.startswith(PICTURES) or (content[:4] == b"RIFF" and content[8:12] == b"WEBP"):
        return Kind.PICTURE
    if content.startswith(b"PK\x03\x04"):
        return Kind.WORD
    if b"\0" in content or not content.strip():
        raise apart.Unshowable("unknown" if content.strip() else "broken")
    return Kind.MAIL if _is_mail(content) else Kind.TEXT


def _is_mail(content: bytes) -> bool:
    """Whether it begins with headers, and with nothing else: what is no header would be lost among them."""
    head = content.replace(b"\r\n", b"\n").lstrip().partition(b"\n\n")[0]
    lines = [HEADER.match(line) for line in head.splitlines()]
    names = {line.group(1).lower() for line in lines if line and line.group(1)}
    return all(lines) and b"from" in names and bool(names & {b"date", b"subject", b"message-id", b"received"})


def _kept(document: FoundDocument, name: str, pages: bytes, number: int, *, actor: str, now: datetime) -> FoundDocument:
    case = document.request.case
    document.pages, document.size = number, len(pages)
    document.added_by, document.added_at = actor, now
    document.name = sealed.put(case, _field(document, "name"), name[:200])
    document.sealed = vault.ensure_key(Owner.CASE, case.uuid).seal(_field(document, "pages"), pages)
    document.save(force_insert=True)
    changed(document.request, now=now)
    _note("document.added", document, actor=actor, now=now)
    return document


def _may_change(rights_request: RightsRequest) -> None:
    if rights_request.right != Right.ACCESS:
        raise NotAccess
    locked(rights_request)


def _whole() -> Q:
    return Q(exemptions__scope=Exemption.Scope.DOCUMENT)


def _note(kind: str, document: FoundDocument, *, actor: str, now: datetime) -> None:
    record(
        kind=kind,
        at=now,
        actor=actor,
        object=document.request.uuid,
        data={
            "document": document.uuid,
            "system": document.system.slug,
            "type": document.kind,
            "pages": document.pages,
        },
        test=document.request.case.is_test,
    )


def _field(document: FoundDocument, part: str) -> str:
    return f"found:{document.uuid}:{part}"
