"""How often the public pages of choices may be posted to in a minute. No address and no link stands in a count."""

import time

from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from core import throttle
from core.errors import DomainError
from core.network import network_of


class TooMany(DomainError):
    code = "too-many"
    message = _("That was too often. Wait a minute, then try again.")
    status = 429


def is_too_often(use: str, who: str, limit: int) -> bool:
    """Count one more of this kind by this client or link."""
    name = salted_hmac(f"consents.{use}", who, algorithm="sha256").hexdigest()[:32]
    return not throttle.take(f"throttle:{use}:{name}", limit, now=time.time())


def brake_link(use: str, token: str, limit: int) -> None:
    """One link of ours, pressed again and again. Raises TooMany."""
    if is_too_often(f"{use}-link", token, limit):
        raise TooMany


def brake_guess(use: str, request: HttpRequest, limit: int) -> None:
    """One client that tries links which open nothing. Raises TooMany.

    Only those are counted by network: a mailbox provider presses the buttons of all its readers from a few addresses.
    """
    if is_too_often(f"{use}-guess", network_of(request), limit):
        raise TooMany
