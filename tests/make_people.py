"""Builders for the office's pages about people: a register, people with everything, and staff at their desk."""

from datetime import timedelta

from retention.models import RetentionRule
from retention.rules import activate
from subjects import blocks, organisations, people, relationships, restrictions
from subjects.identifiers import Claim
from tests import make_office, make_subjects

NOW, OFFICER = make_office.NOW, make_office.OFFICER
ACTOR = "test:people"


def rule(purpose, trigger="last_interaction", period="P12M", **fields):
    made = RetentionRule.objects.create(
        slug=f"{purpose.slug}-{trigger}".replace("_", "-"),
        purpose=purpose,
        trigger=trigger,
        period=period,
        legal_reason="-",
        **fields,
    )
    activate(made, approved_by=ACTOR, now=NOW)
    return made


def person(email="grace@example.com", name="Grace Hopper", *slugs, now=NOW, **fields):
    """Somebody with a name for these purposes."""
    subject = people.find_or_create([Claim("email", email)], now=now, actor=ACTOR, **fields)
    for slug in slugs or ("contract-administration",):
        make_subjects.item(subject, slug, content=name, category="name", now=now - timedelta(days=40))
    return subject


def full(purposes, *, items=1, email="grace@example.com"):
    """Somebody with a bit of everything that a page can show."""
    subject = person(email, "Grace Hopper", *(["newsletter", "direct-sales"] * items)[: 2 * items])
    people.verify_identifier(subject, Claim("email", email), how="mail", now=NOW, actor=ACTOR)
    organisations.represent(subject, name="Hopper Ltd", legal_type="company", now=NOW, actor=ACTOR)
    relationships.establish(
        subject,
        purposes["direct-sales"],
        role="prospect",
        ground="met-at-fair",
        note="SECRET-NOTE",
        now=NOW,
        actor=ACTOR,
    )
    blocks.place(subject, kind="hold", placed_for=subject.uuid, purpose=purposes["newsletter"], now=NOW, actor=ACTOR)
    restrictions.restrict(subject, ground="accuracy", purpose=purposes["direct-sales"], now=NOW, actor=ACTOR)
    make_office.consent(subject)
    return subject
