"""Many at once: as many queries as for one, the same answers, and one choice of several as the database orders them."""

from datetime import UTC, date, datetime, timedelta
from itertools import product
from uuid import UUID

import pytest
from django.db import connection

from consents import permission_sql
from consents.models import Status
from consents.permission import check, may_process
from consents.projection import ORDER, stands
from consents.withdraw import withdraw
from core import prepared
from subjects import people, relationships
from subjects.identifiers import Claim
from tests import make_consents as make

pytestmark = pytest.mark.django_db


def test_many_values_in_their_order_cost_as_many_queries_as_one(monkeypatch, django_assert_num_queries):
    make.published()
    for number in range(0, 40, 2):
        make.captured(f"p{number}@example.com")
    asked = counted(monkeypatch)
    values = [f"p{number}@example.com" for number in range(40)] * 2
    for batch in (values[:1], values):
        asked.clear()
        with django_assert_num_queries(0):
            verdicts = check("newsletter", "email", "email", batch, now=make.NOW)
        assert len(asked) == 3
    assert [verdict.allowed for verdict in verdicts] == [number % 2 == 0 for number in range(40)] * 2
    asked.clear()
    assert may_process(Claim("email", "p2@example.com"), "newsletter", now=make.NOW).allowed
    assert len(asked) == 3


def counted(monkeypatch):
    """What is asked of the database past Django's own cursor."""
    seen = []

    def told(fetch):
        return lambda sql, params: seen.append(sql) or fetch(sql, params)

    one, many = told(prepared.fetch_all), prepared.looked_up
    monkeypatch.setattr(prepared, "fetch_all", one)
    monkeypatch.setattr(prepared, "looked_up", lambda: told(many()))
    return seen


@pytest.mark.parametrize(("many", "portion"), [(False, 100), (True, 100), (True, 4), (True, 1)])
def test_few_and_many_get_the_same_answers(monkeypatch, many, portion):
    """What is asked about a few is planned once, what is asked about many for each portion of them."""
    monkeypatch.setattr(permission_sql, "PORTION", portion)
    make.published(controls=[make.control(), make.control("by-sms", channel="sms")])
    make.captured("both@example.com", choices={"newsletter-email": True, "by-sms": False})
    make.captured("no@example.com", choices={"newsletter-email": False})
    withdraw([Claim("email", "gone@example.com")], purposes=["newsletter"], now=make.NOW, actor=make.ACTOR)
    values = ["both@example.com", "no@example.com", "gone@example.com", "nobody@example.com", "no address"]
    values += [f"nobody{number}@example.com" for number in range(permission_sql.FEW)] * many
    found = check("newsletter", "email", "email", values, now=make.NOW)
    assert [verdict.reason for verdict in found[:5]] == [
        *("consent-given", "consent-refused", "suppressed", "unknown-person", "unknown-person")
    ]


def test_of_several_choices_the_one_that_stands_is_told_as_the_database_tells_it():
    ids = [UUID(int=1), UUID(int=2)]
    told = list(product(Status.values, [make.NOW, make.days(1)], ids))
    order = ORDER.format("state")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT status, effective_at, event FROM unnest(%s::text[], %s::timestamptz[], %s::uuid[])"
            f" AS state (status, effective_at, event) ORDER BY {order}",
            [list(column) for column in zip(*told, strict=True)],
        )
        assert [stands(*one) for one in cursor.fetchall()] == sorted(stands(*one) for one in told)


def test_without_a_channel_the_last_of_several_choices_counts():
    make.live("surveys", "a", direct_marketing=False, channels=[])
    make.published(controls=[make.control("post", "surveys", "post"), make.control("sms", "surveys", "sms")])
    make.captured(choices={"post": True, "sms": False}, now=make.days(-2))
    make.captured(choices={"post": False, "sms": True}, now=make.days(-1))
    assert make.reason(purpose="surveys", channel="post") == "consent-refused"
    assert make.reason(purpose="surveys", channel="") == "consent-refused"
    make.captured(choices={"post": True, "sms": True})
    assert make.reason(purpose="surveys", channel="") == "+consent-given"


def test_a_day_ends_where_the_controller_is():
    """In June the last half hour of the day in UTC is tomorrow in London (ADR 0008)."""
    purpose = make.live("contact-enquiries", "f")
    subject = people.find_or_create([Claim("email", "ada@example.com")], now=make.NOW, actor=make.ACTOR)
    ground = {"role": "prospect", "ground": "mutual-interest"}
    relationships.establish(subject, purpose, **ground, now=make.NOW, actor=make.ACTOR)
    make.assessment(purpose, due=date(2026, 6, 30))
    ends = datetime(2026, 6, 30, 23, tzinfo=UTC)
    verdict = check("contact-enquiries", "", "email", ["ada@example.com"], now=ends - timedelta(seconds=1))[0]
    assert (verdict.reason, verdict.valid_until) == ("legitimate-interest", ends)
    assert make.reason(purpose="contact-enquiries", now=ends) == "+assessment-overdue-escalated"


@pytest.mark.django_db(transaction=True)
def test_many_are_looked_up_on_two_connections_with_the_same_answers(monkeypatch):
    monkeypatch.setattr(permission_sql, "PORTION", 7)
    make.published()
    for number in range(0, 60, 3):
        make.captured(f"p{number}@example.com")
    withdraw([Claim("email", "p1@example.com")], purposes=["newsletter"], now=make.NOW, actor=make.ACTOR)
    connections, many = set(), prepared.looked_up

    def looked_up():
        fetch = many()
        return lambda sql, params: connections.add(fetch("SELECT pg_backend_pid()", [])[0]) or fetch(sql, params)

    monkeypatch.setattr(prepared, "looked_up", looked_up)
    found = check("newsletter", "email", "email", [f"p{number}@example.com" for number in range(60)], now=make.NOW)
    expected = ["consent-given", "unknown-person", "unknown-person"] * 20
    assert [verdict.reason for verdict in found] == [expected[0], "suppressed", *expected[2:]]
    assert len(connections) >= 2
