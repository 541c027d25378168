"""The demo's website: its cookie register on show, and what some browsers chose about it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid5

from cookies import choices, linking, publishing
from cookies.choices import Proof
from cookies.models import Cookie, Site, SiteVersion
from kraken_privacy.demo import SITE_ORIGINS
from kraken_privacy.demo.files import ACTOR, NAMESPACE, read
from processing.models import Purpose
from subjects.identifiers import Claim

# A few hosts that nobody else has: the demo's own, and the machine on which it is tried out.
ORIGINS = ["https://www.kraken.im", *SITE_ORIGINS]
SHOWN_FOR = timedelta(days=60)
YES = ("accept", "embed")


def load(*, now: datetime) -> None:
    told = read("cookies")
    site = Site.objects.create(origins=ORIGINS, **told["site"])
    for line in told["lines"]:
        Cookie.objects.create(**{**line, "site": site, "purpose": Purpose.objects.get(slug=line["purpose"])})
    version = publishing.publish(site, now=now - SHOWN_FOR, actor=ACTOR)
    person = next(row["identity"]["email"] for row in read("people") if "email" in row["identity"])
    for number, row in enumerate(told["choices"]):
        _choose(version, row, number, person, now=now)


def _choose(version: SiteVersion, row: dict[str, Any], number: int, person: str, *, now: datetime) -> None:
    at, how = now - timedelta(days=row["days"]), row["how"]
    browser = uuid5(NAMESPACE, f"browser-{row['browser']}")
    wanted = {group["id"]: how in YES for group in choices.optional(version)}
    proof = Proof(uuid5(NAMESPACE, f"choice-{number}"), browser, wanted, how, how == "gpc", at)
    choices.record(version, proof, now=at, actor=ACTOR)
    if row.get("person"):
        linking.link(browser, [Claim("email", person)], now=at, actor=ACTOR)
