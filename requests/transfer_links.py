"""Handing somebody's data over by a link that works once, at their word (UK GDPR Art 20(2)).

Whoever holds the link gets the set and nothing else; it is shown once, and closes by itself.
"""

import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy

from core.errors import DomainError, NotFound
from core.keys import token_hash
from requests import package
from requests.models import Package, Right, RightsRequest, Transfer
from requests.sending import lock
from requests.transfers import NothingToHandOver, State, Told, Way, check_lengths, note, seal

LINK_LIVES = timedelta(hours=72)
# Open links at a time, so that nobody papers the world with them.
LINKS = 5


class NotHere(NotFound):
    code = "transfer-link-over"
    message = gettext_lazy("This link does not work any more.")


class TooManyLinks(DomainError):
    code = "too-many-links"
    message = gettext_lazy("Several links are open already. They close after three days, or when they are used.")


@transaction.atomic
def offer(made: Package, *, name: str, now: datetime) -> str:
    """Make a link for somebody else, at the person's word; returns its address, which is shown once and never again."""
    rights_request = made.request
    lock(rights_request, Right.PORTABILITY)
    if "purposes" not in rights_request.result:
        raise NothingToHandOver
    given = {"name": name.strip(), "address": "", "words": ""}
    check_lengths(given)
    if _open_links(rights_request, now=now).count() >= LINKS:
        raise TooManyLinks
    token = secrets.token_urlsafe(32)
    actor = f"case:{rights_request.case.uuid}"
    transfer = Transfer(
        request=rights_request,
        way=Way.LINK,
        told=Told.PAGE,
        instructed_at=now,
        recorded_by=actor,
        token_hash=token_hash(token),
        expires_at=min(now + LINK_LIVES, made.expires_at),
        sha256=made.sha256,
    )
    seal(transfer, given)
    transfer.save(force_insert=True)
    note("transfer.instructed", transfer, actor=actor, now=now, told=Told.PAGE)
    return f"{settings.BASE_URL}{reverse('requests:hand-over', args=[token])}"


def behind(token: str, *, now: datetime) -> Transfer:
    """The hand-over behind a link. Raises NotHere for one that is unknown, used, closed or too old, all alike."""
    links = Transfer.objects.filter(token_hash=token_hash(token), way=Way.LINK, state=State.WAITING, expires_at__gt=now)
    found = links.select_related("request__case").first()
    if found is None or not Package.objects.kept().filter(request=found.request, sha256=found.sha256).exists():
        raise NotHere
    return found


@transaction.atomic
def hand_over(token: str, *, now: datetime) -> tuple[Transfer, Package, Iterator[bytes]]:
    """The set of data for whoever holds the link, once: the link is used from here on, whatever becomes of it."""
    found = behind(token, now=now)
    Transfer.objects.select_for_update().get(pk=found.pk)
    # Asked again with the row in hand: of two who come at once, one gets it.
    found = behind(token, now=now)
    made = Package.objects.select_related("request__case").get(request=found.request)
    content = package.contents(made)
    found.state, found.finished_at = State.DELIVERED, now
    found.entry = note("transfer.delivered", found, actor="public", now=now, sha256=found.sha256)
    found.save(update_fields=["state", "finished_at", "entry"])
    return found, made, content


def _open_links(rights_request: RightsRequest, *, now: datetime) -> QuerySet[Transfer]:
    return rights_request.transfers.filter(way=Way.LINK, state=State.WAITING, expires_at__gt=now)
