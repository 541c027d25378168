"""One-click unsubscribe (RFC 8058 with RFC 2369) and the links that open a person's choices.

A link names recipient and list, and nobody else can read or make one: both are sealed in it (consents/sealed_links.py).
Nothing is stored for it. It therefore works as long as the mail it stands in is kept, also after an erasure, and a
hundred thousand of them cost no query.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from consents import sealed_links, suppression
from consents.models import ConsentState, Suppression
from consents.pending import waiting_for
from consents.withdraw import ALL_MARKETING, IN_FORCE, withdraw
from core.errors import Invalid
from core.keys import keyring
from core.models import Controller
from ledger.models import Entry
from processing.models import Basis, Purpose, PurposeVersion, Status
from subjects import people
from subjects.identifiers import Claim, normalise
from subjects.models import Identifier

USE = b"kraken-privacy/unsubscribe/1"
# What a mailbox provider sends (RFC 8058 section 3.1), and the subject of the message that does the same.
ONE_CLICK = "One-Click"
SUBJECT = "unsub-"
# How the ledger has it.
BY_CLICK = "one_click"
MOST_VALUES = 100_000
# Mailbox providers send the same click more than once. Later it is another "no", for a "yes" of the time between may
# still be on its way.
SAME_CLICK = timedelta(minutes=5)
VIEWS, HERE = ("unsubscribe", "preferences"), "TOKEN"


@dataclass(frozen=True)
class Recipient:
    """Who a link was made for: an e-mail address, and the list. No list: the link only opens the choices.

    A mail of ours may be about several; they stand with commas between.
    """

    email: str
    list: str

    @property
    def lists(self) -> Sequence[str]:
        return self.list.split(",") if self.list else ()

    @property
    def claim(self) -> Claim:
        return Claim(Identifier.Type.EMAIL, self.email)


@dataclass(frozen=True)
class Link:
    """What a sending system puts into one mail. Empty when the value is no e-mail address."""

    url: str = ""
    preferences: str = ""
    headers: tuple[tuple[str, str], ...] = ()


def links(purpose: str, values: Sequence[str]) -> list[Link]:
    """A link for each address, in order. Raises Invalid for a purpose that nobody can unsubscribe from."""
    version = PurposeVersion.objects.filter(purpose__slug=purpose).order_by("-number").first()
    if version is None or not _is_list(version):
        raise Invalid(fields={"purpose": _("Name a purpose that rests on consent or is direct marketing.")})
    if len(values) > MOST_VALUES:
        raise Invalid(fields={"values": _("Send no more than 100,000 values at once.")})
    key, mailbox = keyring("SUPPRESSION_KEYS").current, _mailbox()
    # Looked up once: a hundred thousand times it takes longer than the sealing. No token needs quoting.
    stop, see = (f"{settings.BASE_URL}{reverse(f'consents:{view}', args=[HERE])}" for view in VIEWS)
    made = []
    for value in values:
        try:
            token = _sealed(Recipient(normalise(Identifier.Type.EMAIL, value), purpose), key, USE)
        except Invalid:
            made.append(Link())
        else:
            made.append(_link(token, stop.replace(HERE, token), see.replace(HERE, token), mailbox))
    return made


def for_mail(email: str, purposes: Collection[str]) -> Link:
    """The same for one mail of ours about several consents: every message has a way out (PECR reg 23)."""
    token = seal(Recipient(email, ",".join(sorted(purposes))))
    stop, see = (f"{settings.BASE_URL}{reverse(f'consents:{view}', args=[token])}" for view in VIEWS)
    return _link(token, stop, see, _mailbox())


def _mailbox() -> str:
    """Who unsubscribes by mail must be heard: an address that nobody reads here is not offered (RFC 2369 section 2)."""
    return Controller.current().dpo_contact if settings.MAILBOX_URL else ""


def _is_list(version: PurposeVersion) -> bool:
    return version.basis == Basis.CONSENT or version.direct_marketing


def _link(token: str, url: str, preferences: str, mailbox: str) -> Link:
    by_mail = f", <mailto:{mailbox}?subject={SUBJECT}{token}>" if mailbox else ""
    headers = (
        ("List-Unsubscribe", f"<{url}>{by_mail}"),
        ("List-Unsubscribe-Post", f"List-Unsubscribe={ONE_CLICK}"),
    )
    return Link(url, preferences, headers)


def seal(recipient: Recipient, *, use: bytes = USE) -> str:
    """The opaque part of a link. What is sealed for one use opens nothing of another."""
    return _sealed(recipient, keyring("SUPPRESSION_KEYS").current, use)


def _sealed(recipient: Recipient, key: str, use: bytes) -> str:
    return sealed_links.seal(f"{recipient.list}\n{recipient.email}", use=use, key=key)


def read(token: str, *, use: bytes = USE) -> Recipient | None:
    """Whom a link was made for; None for anything that we did not make."""
    plain = sealed_links.opened(token, use=use)
    if plain is None:
        return None
    slug, _newline, email = plain.partition("\n")
    return Recipient(email, slug)


@transaction.atomic
def stop(recipient: Recipient, *, everything: bool = False, now: datetime) -> bool:
    """End this list, or all marketing, for this address at once. False when it ended just now: nothing new is said.

    An address that nobody has is suppressed all the same (UK GDPR Arts 7(3) and 21(2); PECR reg 22). Raises Invalid
    for a list that is none any more.
    """
    purposes = ALL_MARKETING if everything else _still_lists(recipient)
    # Said after an answer that waits, it stands against the button of that as well.
    if _just_ended(recipient, purposes, now=now) and not waiting_for([recipient.claim]):
        return False
    withdraw([recipient.claim], purposes=purposes, now=now, actor="public", collected_by=BY_CLICK)
    return True


def _still_lists(recipient: Recipient) -> Sequence[str]:
    """One of several that is none any more keeps nobody from ending the others."""
    versions = PurposeVersion.objects.filter(purpose__slug__in=recipient.lists).order_by("number")
    latest = {version.purpose.slug: version for version in versions.select_related("purpose")}
    return [slug for slug in recipient.lists if slug in latest and _is_list(latest[slug])] or recipient.lists


def _just_ended(recipient: Recipient, lists: Sequence[str], *, now: datetime) -> bool:
    """A click said "no" to all of this just now, on every channel, and nobody who has the address a "yes" since.

    What anybody else said, staff or a parent, is another act: this one is its own, and later.
    """
    said = Suppression.objects.filter(hash__in=suppression.hashes_of([recipient.claim]), channel="", lifted_at=None)
    latest = {no.purpose_id: no for no in said.filter(since__gt=now - SAME_CLICK)}
    if lists == ALL_MARKETING:
        marketing = PurposeVersion.objects.filter(status=Status.LIVE, direct_marketing=True)
        purposes, noes = set(marketing.values_list("purpose", flat=True)), [latest.get(None)]
    else:
        purposes = set(Purpose.objects.filter(slug__in=lists).values_list("pk", flat=True))
        noes = [latest.get(purpose) for purpose in purposes]
    ended = [no for no in noes if no]
    if not ended or len(ended) < len(noes):
        return False
    holders = [subject.uuid for subject in people.holders([recipient.claim])]
    since = {"effective_at__gte": min(no.since for no in ended)}
    states = ConsentState.objects.filter(subject__in=holders, purpose__in=purposes, status__in=IN_FORCE, **since)
    return _are_clicks({no.entry for no in ended}) and not states.exists()


def _are_clicks(noes: Collection[UUID]) -> bool:
    bodies = Entry.objects.filter(uuid__in=noes).values_list("body", flat=True)
    return [json.loads(body)["data"].get("by") for body in bodies] == [BY_CLICK] * len(noes)
