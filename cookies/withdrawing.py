"""What somebody ended on the page of their choices reaches the browser they do it in; of others it is recorded.

A site's cookie can be written by us where the site shares a domain with these pages. No server reaches into another
browser: its banner asks what has ended when its site is visited next (cookies/linking.py `ended_elsewhere`).
"""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse

from consents import suppression
from cookies import choices, linking, stored, telling
from cookies.choices import Proof
from cookies.models import CookieChoice, How, Need, SiteVersion
from cookies.stored import Stored
from subjects import people
from subjects.identifiers import Claim
from subjects.models import DataSubject


def purposes() -> set[str]:
    """What visitors are asked for in their browser."""
    return {
        group["id"]
        for version in SiteVersion.objects.filter(superseded_at=None)
        for group in version.content["purposes"]
        if group["need"] == Need.CONSENT
    }


@transaction.atomic
def end(request: HttpRequest, response: HttpResponse, claim: Claim, ended: Collection[str], now: datetime) -> None:
    """Registered with consents.browsers."""
    here = set()
    subject = people.find([claim])
    for version in SiteVersion.objects.filter(superseded_at=None).select_related("site"):
        kept = stored.read(request.COOKIES.get(version.site.cookie_name, ""))
        domain = stored.domain_for(version.site, request.get_host())
        if kept is None or domain is None or not kept.granted & set(ended):
            continue
        here.add(kept.consent_id)
        # A signal that this choice was not made in spite of goes on outweighing it.
        row, gone = choices.on_page(
            version,
            kept,
            wanted=_without(version, kept, ended, subject),
            is_gpc=kept.is_gpc,
            now=now,
            actor=linking.FOLLOWER,
        )
        # A "no" to everything is in force from now; what is left of a "yes" lasts no longer than it was given for.
        write(request, response, version, row, domain, gone, since=kept.at if row.granted else None)
    if subject:
        _elsewhere(subject, ended, here, now=now)


def write(
    request: HttpRequest,
    response: HttpResponse,
    version: SiteVersion,
    row: CookieChoice,
    domain: str,
    ended: list[str],
    *,
    since: datetime | None = None,
) -> None:
    """Put this choice into the browser's cookie, and delete the cookies of what ended.

    `since` is when somebody chose what is left: the cookie is then kept no longer than it was to be.
    """
    life = timedelta(days=version.content["valid_days"])
    left = life - (row.chosen_at - since) if since else life
    where: dict[str, Any] = {"domain": domain or None, "samesite": "Lax"}
    # Scripts of the site read it, so it is not hidden from them; it opens nothing.
    response.set_cookie(
        version.site.cookie_name, stored.of(row, since=since), max_age=left, secure=settings.SECURE_TLS, **where
    )
    for name in telling.deletable(version, ended, request.COOKIES):
        response.delete_cookie(name, **where)
        response.delete_cookie(name, samesite="Lax")


def _elsewhere(subject: DataSubject, ended: Collection[str], done: Collection[UUID], *, now: datetime) -> None:
    """The other browsers that are known to be this person's: recorded under their numbers."""
    numbers = linking.browsers_of(subject, suppression.claims_of(subject))
    rows = CookieChoice.objects.filter(consent_id__in=set(numbers) - set(done)).order_by("chosen_at", "id")
    last = {(row.consent_id, row.site): row for row in rows}
    versions = {version.site.uuid: version for version in _on_show(row.site for row in last.values())}
    for row in last.values():
        version = versions.get(row.site)
        if version and set(row.granted) & set(ended):
            wanted = _without(version, stored.read(stored.of(row)), ended, subject)
            proof = Proof(uuid4(), row.consent_id, wanted, How.PAGE, row.is_gpc, now)
            choices.record(version, proof, now=now, actor=linking.FOLLOWER)


def _on_show(sites: Iterable[UUID]) -> Iterable[SiteVersion]:
    return SiteVersion.objects.filter(superseded_at=None, site__uuid__in=set(sites)).select_related("site")


def _without(
    version: SiteVersion, kept: Stored | None, ended: Collection[str], subject: DataSubject | None
) -> dict[str, bool]:
    """What is left of a choice once this ended, and whatever this person ended before without the browser's knowing."""
    groups = choices.optional(version)
    off = set(ended)
    if kept and subject:
        off |= linking.ended_since(subject, kept.granted, kept.at)
    # As it was chosen; whether the browser's signal outweighs it is asked whenever it is read.
    return {one["id"]: choices.is_on(one, kept, is_gpc=False) and one["id"] not in off for one in groups}
