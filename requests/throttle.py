"""A brake on robots. Kept in the cache of each process: losing it costs nothing, and it never names an address."""

from django.core.cache import cache
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from core.network import network_of

# High, because a whole office or a proxy can stand behind one address and a right may be exercised at any time.
AN_HOUR = 120


class TooMany(DomainError):
    code = "too-many"
    message = _("Too many forms were sent from your network in the last hour. Wait a while, or write to us instead.")
    status = 429


def brake(request: HttpRequest, action: str) -> None:
    """Count one more; raises TooMany beyond the limit."""
    name = salted_hmac("requests.throttle", f"{action}|{network_of(request)}", algorithm="sha256")
    key = f"throttle:{name.hexdigest()}"
    cache.add(key, 0, timeout=3600)
    try:
        count = cache.incr(key)
    except ValueError:  # it expired in between
        return
    if count > AN_HOUR:
        raise TooMany
