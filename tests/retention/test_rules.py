"""When a row is due: the day after its period's last day, whatever the calendar does."""

from datetime import UTC, date, datetime, timedelta

import pytest
from dateutil.relativedelta import relativedelta
from django.db import ProgrammingError, transaction
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DomainError, Invalid
from ledger.models import Entry
from processing.models import ProcessingActivity, Purpose
from retention.models import Approval, RetentionRule, WaitingSet
from retention.rules import activate, check, cutoff, period

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def rule(length: str, **changes: object) -> RetentionRule:
    return RetentionRule(slug="r", period=length, trigger="collection", legal_reason="Because.", **changes)


@pytest.mark.parametrize(
    ("length", "collected", "last_day"),
    [
        ("P12M", date(2025, 11, 22), date(2026, 11, 22)),
        ("P6Y", date(2020, 2, 29), date(2026, 2, 28)),
        ("P1M", date(2026, 1, 31), date(2026, 2, 28)),
        ("P1M", date(2026, 2, 28), date(2026, 3, 28)),
        ("P1Y1M1D", date(2024, 12, 31), date(2026, 2, 1)),
        ("P30D", date(2026, 3, 1), date(2026, 3, 31)),
    ],
)
def test_kept_for_all_of_the_last_day_and_due_on_the_next(length, collected, last_day):
    assert not collected < cutoff(rule(length), last_day - timedelta(days=1))
    assert not collected < cutoff(rule(length), last_day)
    assert collected < cutoff(rule(length), last_day + timedelta(days=1))


@given(
    as_of=st.dates(date(2000, 1, 1), date(2100, 1, 1)),
    back=st.integers(0, 3000),
    parts=st.tuples(st.integers(0, 7), st.integers(0, 30), st.integers(0, 60)).filter(any),
)
def test_cutoff_agrees_with_adding_the_period(as_of, back, parts):
    years, months, days = parts
    trigger = as_of - timedelta(days=back)
    expected = trigger + relativedelta(years=years, months=months, days=days) < as_of
    assert (trigger < cutoff(rule(f"P{years}Y{months}M{days}D"), as_of)) is expected


@pytest.mark.parametrize("text", ["", "P", "P0D", "12M", "P1W", "PT5H", "P-1Y", "P1.5Y", "P1Y ", "P12345Y"])
def test_a_period_that_is_none_is_refused(text):
    with pytest.raises(Invalid) as error:
        period(text)
    assert "period" in error.value.fields


def test_a_period_longer_than_the_calendar_makes_nothing_due():
    assert cutoff(rule("P999Y"), date(500, 1, 1)) == date.min


@pytest.fixture
def purpose(db) -> Purpose:
    activity = ProcessingActivity.objects.create(slug="hiring", title="Hiring", owner="HR", security="Locks.")
    return Purpose.objects.create(slug="recruitment", activity=activity)


def test_activating_retires_the_version_before_and_is_evidence(purpose):
    first, second = rule("P12M", purpose=purpose), rule("P6M", purpose=purpose, version=2)
    first.save()
    second.save()
    activate(first, approved_by="user:1", now=NOW)
    activate(second, approved_by="user:1", now=NOW)
    first.refresh_from_db()
    assert (first.status, second.status) == ("retired", "active")
    kinds = Entry.objects.filter(kind="retention.activated", purpose="recruitment")
    assert [entry.body.count('"period":"P6M"') for entry in kinds.order_by("id")] == [0, 1]


def test_what_was_approved_or_waits_under_a_version_ends_with_it(purpose):
    first, second = rule("P12M", purpose=purpose), rule("P6M", purpose=purpose, version=2)
    first.save()
    second.save()
    activate(first, approved_by="user:1", now=NOW)
    seen = {"rule": first, "as_of": NOW.date(), "rows": 3, "why": "many-rows", "fingerprint": "0" * 64}
    WaitingSet.objects.create(since=NOW, **seen)
    Approval.objects.create(approved_by="user:1", approved_at=NOW, expires_at=NOW + timedelta(days=1), **seen)
    activate(second, approved_by="user:1", now=NOW)
    assert not WaitingSet.objects.exists()
    assert Approval.objects.get().refused_at == NOW


def test_only_a_draft_is_activated(purpose):
    one = rule("P12M", purpose=purpose)
    one.save()
    activate(one, approved_by="user:1", now=NOW)
    with pytest.raises(DomainError) as error:
        activate(one, approved_by="user:1", now=NOW)
    assert error.value.code == "not-a-draft"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"trigger": "fixed_date"}, "fixed_on"),
        ({"fixed_on": date(2026, 1, 1)}, "fixed_on"),
        ({"trigger": "case_closed"}, "trigger"),
        ({"action": "anonymise"}, "recipe"),
        ({"action": "pseudonymise"}, "action"),
        ({"grace": "soon"}, "period"),
    ],
)
def test_a_rule_that_cannot_be_applied_names_the_field(purpose, changes, field):
    one = rule("P12M", purpose=purpose)
    for name, value in changes.items():
        setattr(one, name, value)
    with pytest.raises(Invalid) as error:
        check(one)
    assert field in error.value.fields


def test_what_was_approved_is_frozen(purpose):
    one = rule("P12M", purpose=purpose)
    one.save()
    activate(one, approved_by="user:1", now=NOW)
    with pytest.raises(ProgrammingError, match="Cannot update rows"), transaction.atomic():
        RetentionRule.objects.filter(pk=one.pk).update(period="P1D")
