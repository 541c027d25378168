"""How many choices one client may post on the cookie page in a minute: each is a row that stays for years."""

import time

from django.conf import settings
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from core import throttle
from core.errors import DomainError
from core.network import network_of


class TooMany(DomainError):
    code = "too-many"
    message = _("That was too often. Wait a minute, then choose again.")
    status = 429


def brake(request: HttpRequest) -> None:
    """Count one more; raises TooMany. No address stands in the count."""
    name = salted_hmac("cookies.braking", network_of(request), algorithm="sha256").hexdigest()[:32]
    if not throttle.take(f"throttle:cookies:{name}", settings.FORM_POSTS_PER_CLIENT, now=time.time()):
        raise TooMany
