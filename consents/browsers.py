"""What a person ends about their browser (cookies) must reach that browser: an upper app registers how."""

from collections.abc import Callable, Collection
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from subjects.identifiers import Claim

# func(request, response, claim, ended, now): `ended` are slugs of purposes.
Keeper = Callable[[HttpRequest, HttpResponse, Claim, Collection[str], datetime], None]
_keepers: list[Keeper] = []
_purposes: list[Callable[[], set[str]]] = []


def register(keeper: Keeper, purposes: Callable[[], set[str]]) -> None:
    """`purposes()` are those that are chosen in each browser by itself."""
    _keepers.append(keeper)
    _purposes.append(purposes)


def purposes() -> set[str]:
    return {slug for found in _purposes for slug in found()}


def end(request: HttpRequest, response: HttpResponse, claim: Claim, ended: Collection[str], now: datetime) -> None:
    """Let what this person ended take effect in the browser that asks, and be recorded for others of theirs."""
    if ended:
        for keeper in _keepers:
            keeper(request, response, claim, ended, now)


def hint() -> str:
    return _(
        "Given in a browser. Ended here, it ends in this browser at once, and in your others when you next visit the"
        " website there. To allow it again, choose there."
    )
