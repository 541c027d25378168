"""Builders for forgetting: people with items through the real doors, and rules in force."""

from datetime import UTC, date, datetime, time

from processing.models import Purpose
from retention import guard
from retention.models import AnonymousRow, RetentionRule, Run
from retention.rules import activate
from subjects import items, people
from subjects.identifiers import Claim
from subjects.models import Relationship
from tests.make_register import purpose

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TODAY = NOW.date()


def noon(day: date) -> datetime:
    return datetime.combine(day, time(12), UTC)


def live(slug="newsletter", basis="a", **fields):
    """The live purpose of this name, made if there is none."""
    known = Purpose.objects.live().filter(slug=slug).first()
    return known or purpose(slug, basis, **{"categories": ("email", "phone"), **fields})


def person(number: int = 1):
    return people.find_or_create([Claim("email", f"person{number}@example.org")], now=NOW, actor="test")


def item(subject, purposes, on: date, *, category="email", **fields):
    """One item of this person, collected on that day for these purposes (slugs), which must be live."""
    for slug in purposes:
        live(slug)
    fields = {"source": "website", "nature": "provided", "content": '"something"', "now": NOW, "actor": "test"} | fields
    return items.collect(subject, category=category, purposes=purposes, collected_at=noon(on), **fields)


def dates(subject, purpose_, **columns):
    Relationship.objects.filter(subject=subject, purpose=purpose_).update(**columns)


def rule(purpose_=None, *, period="P12M", trigger="collection", slug=None, **fields):
    """A rule in force, for everything of the purpose unless a category is given."""
    purpose_ = purpose_ or live()
    fields = {"slug": slug or f"{purpose_.slug}-{trigger}", "legal_reason": "Test.", **fields}
    made = RetentionRule.objects.create(purpose=purpose_, period=period, trigger=trigger, **fields)
    activate(made, approved_by="user:tester", now=NOW)
    return made


def applied(one, now):
    """The rule is applied on this day, after somebody approved what it would take if that has to be."""
    day = now.date()
    planned = guard.plan(one, as_of=day, now=now)
    if planned.why:
        guard.approve(one, as_of=day, fingerprint=planned.fingerprint, by="user:approver", now=now)
    return guard.apply(one, as_of=day, now=now)


def anonymous_rows(*kinds):
    """A run that left these rows: when born, what score, how many."""
    fields = {"feedback.born": {"strategy": "keep"}, "feedback.score": {"strategy": "keep"}}
    recipe = {"fields": fields, "quasi": ["feedback.born"], "sensitive": ["feedback.score"]}
    made = rule(live("surveys", "a"), action="anonymise", recipe=recipe | {"thresholds": {"k": 5, "l": 2, "t": 0.9}})
    measured = {"status": "anonymous", "rows": sum(kind[2] for kind in kinds), "k": 20, "l": 3, "t": 0.1}
    at = {"as_of": TODAY, "started_at": NOW, "heartbeat_at": NOW, "finished_at": NOW}
    run = Run.objects.create(rule=made, status=Run.Status.FINISHED, measured=measured, **at)
    for born, score, times in kinds:
        AnonymousRow.objects.create(run=run, values={"feedback.born": born, "feedback.score": score}, times=times)
    return run
