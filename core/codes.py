"""A fresh code from a mailbox: eight digits, a quarter of an hour, five tries, one use.

Attempts are counted in PostgreSQL before the code is compared, so that many tries at once count as many.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F
from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError

LENGTH = 8
LIVES = timedelta(minutes=15)
ATTEMPTS = 5
# So many codes for one answer in an hour and in a day: at most 50 guesses a day at one in a hundred million.
PER_HOUR, PER_DAY = 4, 10


class WrongCode(DomainError):
    code = "wrong-code"
    message = _("That code is not right, or it has been used or has expired. Check it, or ask for a new one.")
    status = 400


def issue(codes: Any, name: object, *, now: datetime) -> str:
    """A new code among `codes`, the related manager of what it opens; empty when too many were asked for lately.

    The one before stops working. `name` is the public id of what it opens. Call it with that row locked.
    """
    if codes.filter(issued_at__gt=now - timedelta(hours=1)).count() >= PER_HOUR:
        return ""
    if codes.filter(issued_at__gt=now - timedelta(days=1)).count() >= PER_DAY:
        return ""
    codes.filter(expires_at__gt=now).update(expires_at=now)
    code = "".join(secrets.choice("0123456789") for _digit in range(LENGTH))
    codes.create(code_mac=_mac(name, code), issued_at=now, expires_at=now + LIVES)
    return code


def check(codes: Any, name: object, code: str, *, now: datetime) -> None:
    """Raises WrongCode unless this is the code in force.

    No transaction around it: the count must stand even though the answer is an error.
    """
    latest = codes.filter(used_at=None, expires_at__gt=now).order_by("-pk").first()
    if latest is None:
        raise WrongCode
    here = codes.filter(pk=latest.pk, used_at=None, expires_at__gt=now, attempts__lt=ATTEMPTS)
    if not here.update(attempts=F("attempts") + 1):
        raise WrongCode
    if not constant_time_compare(_mac(name, _digits(code)), bytes(latest.code_mac)):
        raise WrongCode
    if not codes.filter(pk=latest.pk, used_at=None).update(used_at=now):
        raise WrongCode


def _digits(code: str) -> str:
    """What was typed, without the spaces people put in."""
    return "".join(character for character in code if character.isascii() and character.isdigit())


def _mac(name: object, code: str) -> bytes:
    return salted_hmac("requests.collection", f"{name}:{code}", algorithm="sha256").digest()
