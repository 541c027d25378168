"""Collecting an answer: the link alone opens nothing, it takes a fresh code from the mailbox of the case.

Attempts are counted in PostgreSQL before the code is compared, so that many tries at once count as many.
"""

import secrets
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, NotFound
from core.keys import token_hash
from ledger.entries import record
from requests import letters, package
from requests.models import CollectionCode, Package
from requests.notice import send_code, tell

CODE_LENGTH = 8
CODE_LIVES = timedelta(minutes=15)
ATTEMPTS = 5
# So many codes for one answer in an hour and in a day: at most 50 guesses a day at one in a hundred million.
PER_HOUR, PER_DAY = 4, 10


class LinkOver(NotFound):
    code = "link-over"
    message = _("This link does not work any more.")


class WrongCode(DomainError):
    code = "wrong-code"
    message = _("That code is not right, or it has been used or has expired. Check it, or ask for a new one.")
    status = 400


def find(token: str, *, now: datetime) -> Package:
    """The answer behind a link. Raises LinkOver for a link that is unknown, expired or emptied: the same for all."""
    found = (
        Package.objects.filter(token_hash=token_hash(token), expires_at__gt=now, sealed__isnull=False)
        .select_related("request__case")
        .defer("sealed")
        .first()
    )
    if found is None:
        raise LinkOver
    return found


@transaction.atomic
def issue_code(found: Package, *, now: datetime) -> bool:
    """Mail a fresh code; the one before stops working. False when too many were asked for lately."""
    Package.objects.select_for_update().only("pk").get(pk=found.pk)
    codes = CollectionCode.objects.filter(package=found)
    if codes.filter(issued_at__gt=now - timedelta(hours=1)).count() >= PER_HOUR:
        return False
    if codes.filter(issued_at__gt=now - timedelta(days=1)).count() >= PER_DAY:
        return False
    codes.filter(expires_at__gt=now).update(expires_at=now)
    code = "".join(secrets.choice("0123456789") for _digit in range(CODE_LENGTH))
    CollectionCode.objects.create(package=found, code_mac=_mac(found, code), issued_at=now, expires_at=now + CODE_LIVES)
    return send_code(found.request, code, now=now)


def check_code(found: Package, code: str, *, now: datetime) -> None:
    """Raises WrongCode unless this is the code in force. Five tries each, one use.

    No transaction around it: the count must stand even though the answer is an error.
    """
    latest = CollectionCode.objects.filter(package=found, used_at=None, expires_at__gt=now).order_by("-pk").first()
    if latest is None:
        raise WrongCode
    here = CollectionCode.objects.filter(pk=latest.pk, used_at=None, expires_at__gt=now, attempts__lt=ATTEMPTS)
    if not here.update(attempts=F("attempts") + 1):
        raise WrongCode
    if not constant_time_compare(_mac(found, _digits(code)), bytes(latest.code_mac)):
        raise WrongCode
    if not CollectionCode.objects.filter(pk=latest.pk, used_at=None).update(used_at=now):
        raise WrongCode


@transaction.atomic
def collect(found: Package, *, now: datetime) -> bytes:
    """The ZIP, with the evidence that it was handed over."""
    content = package.contents(Package.objects.select_related("request__case").get(pk=found.pk))
    Package.objects.filter(pk=found.pk, first_collected_at=None).update(first_collected_at=now)
    _note("package.collected", found, now=now, sha256=found.sha256)
    return content


@transaction.atomic
def read_letter(found: Package, *, now: datetime) -> str:
    """Our letter as HTML, with the evidence that it was opened. Raises LinkOver when there is none."""
    letter = letters.latest(found.request)
    if letter is None:
        raise LinkOver
    _note("letter.collected", found, now=now, letter=str(letter.uuid))
    return letters.read(letter)["html"]


@transaction.atomic
def reissue(token: str, *, now: datetime) -> None:
    """Mail a new link to the address of the case, as long as the answer is kept. Says nothing either way."""
    found = (
        Package.objects.select_for_update(of=("self",))
        .filter(token_hash=token_hash(token), made_at__gt=now - package.KEPT, sealed__isnull=False)
        .select_related("request__case")
        .defer("sealed")
        .first()
    )
    if found is None or found.expires_at > now:
        return
    fresh = package.new_link(found, now=now)
    tell(found.request, fresh, now=now)
    _note("package.link-renewed", found, now=now)


def _digits(code: str) -> str:
    """What was typed, without the spaces people put in."""
    return "".join(character for character in code if character.isascii() and character.isdigit())


def _mac(found: Package, code: str) -> bytes:
    return salted_hmac("requests.collection", f"{found.uuid}:{code}", algorithm="sha256").digest()


def _note(kind: str, found: Package, *, now: datetime, **data: str) -> None:
    """Evidence about the collector: whoever held the link and the code. Their actor id is the case."""
    case = found.request.case
    record(
        kind=kind,
        at=now,
        actor=f"case:{case.uuid}",
        object=found.request.uuid,
        data={"package": found.uuid, **data},
    )
