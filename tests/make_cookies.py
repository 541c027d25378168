"""Builders of cookie registers and choices, for any test."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from cookies import choices, publishing
from cookies.choices import Proof
from cookies.models import Cookie, Site
from processing.models import Purpose
from tests import make_consents, make_register

SHOWN = datetime(2026, 1, 5, 9, tzinfo=UTC)
NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
ACTOR = "test:cookies"


def days(number):
    return NOW + timedelta(days=number)


def purpose(slug, basis):
    known = Purpose.objects.filter(slug=slug).first()
    return known or make_register.purpose(slug, basis)


def site(slug="shop", **fields):
    """A site with its own cookie, one that measures by consent and one that remembers the look (opt-out)."""
    made = Site.objects.create(
        slug=slug, name="shop.example.com", **{"origins": ["https://shop.example.com"], **fields}
    )
    line(made, f"kp_cookies_{slug}", "evidence-ledger", "c", "4")
    line(made, "_seen*", "website-analytics", "a", "2", google=["analytics_storage"])
    line(made, "theme", "site-appearance", "f", "6")
    return made


def line(site, pattern, slug="website-analytics", basis="a", paragraph="2", **fields):
    fields = {"what_for": "Does it.", "provider": "Example Ltd", "duration": "12 months", **fields}
    return Cookie.objects.create(
        site=site, pattern=pattern, purpose=purpose(slug, basis), paragraph=paragraph, **fields
    )


def published(slug="shop", *, now=SHOWN, **fields):
    made = Site.objects.filter(slug=slug).first() or site(slug, **fields)
    return publishing.publish(made, now=now, actor=ACTOR)


def proof(*, yes=True, look=True, how="choose", browser=None, gpc=False, at=NOW, choice=None):
    wanted = {"website-analytics": yes, "site-appearance": look}
    return Proof(choice or uuid4(), browser or uuid4(), wanted, how, gpc, at)


def chosen(version, *, now=None, **fields):
    made = proof(**fields)
    return choices.record(version, made, now=now or made.chosen_at, actor=ACTOR)


def body(version, **fields):
    return {
        "choice": str(uuid4()),
        "consent_id": str(uuid4()),
        "version": version.number,
        "choices": {"website-analytics": True, "site-appearance": True},
        "how": "choose",
        **fields,
    }


key = make_consents.key
