"""Collecting what we wrote: the link alone opens nothing, it takes a fresh code from the mailbox of the case.

A link leads to a package, which is a copy of data with its letter, or to a letter alone. Whoever holds the code has
that mailbox, and may read every letter that was given in the case.
"""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import codes
from core.errors import NotFound
from core.keys import token_hash
from ledger.entries import record
from requests import letters, package, posting
from requests.models import CaseFile, Letter, Package
from requests.notice import send_code, tell

Found = Package | Letter


class LinkOver(NotFound):
    code = "link-over"
    message = _("This link does not work any more.")


def find(token: str, *, now: datetime) -> Found:
    """What is behind a link. Raises LinkOver for a link that is unknown, expired or emptied: the same for all."""
    found = _behind(token)
    if found is None or found.expires_at is None or found.expires_at <= now:
        raise LinkOver
    return found


def _behind(token: str) -> Found | None:
    digest = token_hash(token)
    packages = Package.objects.kept().filter(token_hash=digest).select_related("request__case")
    written = Letter.objects.filter(token_hash=digest).select_related("case", "request", "complaint")
    return packages.first() or written.defer("sealed").first()


@transaction.atomic
def issue_code(found: Found, *, now: datetime) -> bool:
    """Mail a fresh code; the one before stops working. False when too many were asked for lately."""
    type(found)._default_manager.select_for_update().only("pk").get(pk=found.pk)  # type: ignore[attr-defined]
    code = codes.issue(found.codes, found.uuid, now=now)
    return bool(code) and send_code(found.case, found.reference, code, now=now)


def check_code(found: Found, code: str, *, now: datetime) -> None:
    """Raises WrongCode unless this is the code in force. No transaction around it: see codes.check."""
    codes.check(found.codes, found.uuid, code, now=now)


@transaction.atomic
def collect(found: Package, *, now: datetime) -> Iterator[bytes]:
    """The ZIP in pieces, with the evidence that it was handed over."""
    content = package.contents(Package.objects.select_related("request__case").get(pk=found.pk))
    Package.objects.filter(pk=found.pk, first_collected_at=None).update(first_collected_at=now)
    _note("package.collected", found, now=now, sha256=found.sha256)
    return content


def given(case: CaseFile) -> list[Letter]:
    """The letters of the case that went out, newest first: for whoever showed control of its mailbox just now."""
    sent = case.letters.exclude(given_by="").select_related("case", "request", "complaint").defer("sealed")
    return list(sent.order_by("-pk"))


@transaction.atomic
def open_given(case: CaseFile, uuid: UUID, *, now: datetime) -> Letter:
    """One of them, with the evidence that it was opened. Raises LinkOver when it is none of them."""
    letter = next((letter for letter in given(case) if letter.uuid == uuid), None)
    if letter is None:
        raise LinkOver
    about = letter.request or letter.complaint or case
    data = {"letter": letter.uuid}
    record(kind="letter.collected", at=now, actor=f"case:{case.uuid}", object=about.uuid, data=data)
    return letter


def letters_for(found: Found) -> list[Letter]:
    """The letters of the case that the holder of the code may read, newest first; first the one the link is about."""
    about = found if isinstance(found, Letter) else letters.latest(found.request)
    others = [letter for letter in given(found.case) if letter != about]
    return [about, *others] if about else others


@transaction.atomic
def open_letter(found: Found, uuid: UUID | None, *, now: datetime) -> Letter:
    """One of these letters, with the evidence that it was opened. Raises LinkOver when it is none of them."""
    letter = next((letter for letter in letters_for(found) if uuid in (None, letter.uuid)), None)
    if letter is None:
        raise LinkOver
    _note("letter.collected", found, now=now, letter=str(letter.uuid))
    return letter


@transaction.atomic
def reissue(token: str, *, now: datetime) -> None:
    """Mail a new link to the address of the case, as long as what it opens is kept. Says nothing either way."""
    found = _behind(token)
    if found is None or found.expires_at is None or found.expires_at > now:
        return
    # Of two at once, the second finds that the link has changed.
    if not type(found)._default_manager.select_for_update().filter(pk=found.pk, token_hash=token_hash(token)):  # type: ignore[attr-defined]
        return
    if isinstance(found, Letter):
        tell(found, posting.new_link(found, now=now), is_answer=False, now=now)
        _note("letter.link-renewed", found, now=now, letter=str(found.uuid))
    elif found.made_at > now - package.KEPT and (letter := letters.latest(found.request)):
        tell(letter, package.new_link(found, now=now), is_answer=True, now=now)
        _note("package.link-renewed", found, now=now)


def _note(kind: str, found: Found, *, now: datetime, **data: str) -> None:
    """Evidence about the collector: whoever held the link and the code. Their actor id is the case."""
    if isinstance(found, Package):
        data = {"package": str(found.uuid), **data}
    about = found.request or getattr(found, "complaint", None) or found.case
    record(kind=kind, at=now, actor=f"case:{found.case.uuid}", object=about.uuid, data=data)
