"""Builders of people and what we hold about them, for any test."""

import json
from datetime import UTC, datetime

from subjects import items, people
from subjects.identifiers import Claim
from tests import make_register

NOW = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
ACTOR = "test:subjects"


def email(value="ada@example.com"):
    return Claim("email", value)


def number(value="C-1"):
    return Claim("customer_number", value)


def person(*claims, verified=False, is_test=False, now=NOW):
    """A person known by these claims (an e-mail address if none)."""
    claims = claims or (email(),)
    subject = people.find_or_create(claims, now=now, actor=ACTOR, is_test=is_test)
    for claim in claims if verified else ():
        people.verify_identifier(subject, claim, how="mail", now=now, actor=ACTOR)
    return subject


def purposes(*slugs, basis="b", categories=("email", "name")):
    """Live purposes that declare the categories."""
    make_register.system()
    return [make_register.purpose(slug, basis, categories=categories) for slug in slugs]


def item(subject, *slugs, content="ada", category="email", now=NOW, **fields):
    """One item for live purposes, in the way every door takes it in."""
    fields = {"source": "website", "nature": "provided", "collected_at": now, **fields}
    return items.collect(
        subject, category=category, purposes=slugs, content=json.dumps(content), now=now, actor=ACTOR, **fields
    )
