"""The page of one person: masked until asked for, the asking on record, terms in words, and never more queries."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from consents import pausing
from ledger.models import Entry
from requests.templatetags.requests_office import in_words
from subjects import blocks, people, relationships, restrictions
from subjects.identifiers import Claim
from tests import make_office, make_staff, make_subjects
from tests import make_people as make

pytestmark = pytest.mark.django_db


@pytest.fixture
def purposes():
    return make_office.register()


@pytest.fixture
def officer(client):
    client.force_login(make_office.staff())
    return client


def address(name, subject):
    return reverse(f"admin:{name}", args=[subject.uuid])


def text(response):
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_values_are_masked(officer, purposes):
    page = text(officer.get(address("person", make.full(purposes))))
    for word in ("grace@example.com", "Grace Hopper", "SECRET-NOTE"):
        assert word not in page
    assert "g•••@e•••.com" in page
    assert "Hopper Ltd" in page
    assert "Met-at-fair" in page


def test_showing_needs_a_purpose_and_is_recorded(officer, purposes):
    subject = make.full(purposes)
    refused = officer.post(address("person-show", subject), {"purpose": "curiosity"}, follow=True)
    assert "Choose what you need it for." in text(refused)
    assert not Entry.objects.filter(kind="person.viewed").exists()
    page = text(officer.post(address("person-show", subject), {"purpose": "rights-requests"}))
    for word in ("grace@example.com", "Grace Hopper", "SECRET-NOTE"):
        assert word in page
    entry = Entry.objects.get(kind="person.viewed", subject=subject.uuid)
    assert entry.purpose == "rights-requests"
    assert "grace@example.com" not in text(officer.get(address("person", subject)))


def test_a_purpose_shows_what_it_needs_and_may_use(officer, purposes):
    subject = make.full(purposes)
    make_subjects.item(subject, "contract-administration", content="CONTRACT", category="invoice", now=make.NOW)
    page = text(officer.post(address("person-show", subject), {"purpose": "contract-administration"}))
    assert "CONTRACT" in page
    assert "Grace Hopper" not in page
    assert "SECRET-NOTE" not in page
    # Restricted for this purpose (Art 18).
    assert "Grace Hopper" not in text(officer.post(address("person-show", subject), {"purpose": "direct-sales"}))


def test_until_when_in_words(officer, purposes):
    make.rule(purposes["contract-administration"], "contract_end", "P6Y")
    subject = make.person()
    page = text(officer.get(address("person", subject)))
    assert "no date yet: indeterminate, because the contract has not ended" in page
    ended = {"what": "contract_ended_on", "on": date(2026, 3, 31), "now": make.NOW, "actor": make.ACTOR}
    relationships.end(subject, purposes["contract-administration"], **ended)
    assert "until Wednesday 31 March 2032 (6 years from end of contract" in text(
        officer.get(address("person", subject))
    )


def test_a_pause_is_said_aloud_until_it_is_over(officer, purposes):
    now = timezone.now()
    subject, claims = make.full(purposes), [Claim("email", "grace@example.com"), Claim("phone", "+447700900123")]
    people.verify_identifier(subject, claims[1], how="mail", now=now, actor=make.ACTOR)
    until = now + timedelta(days=10)
    for purpose in (None, purposes["newsletter"]):
        pausing.begin(claims, purposes=[purpose], until=until, now=now, actor="public")
    seller = make_staff.client_of(make_staff.account("sally", "sales"))
    for client in (officer, seller):
        page = text(client.get(address("person", subject)))
        assert page.count(f"nothing until {in_words(until)}") == 2
        assert "All marketing: nothing until" in page
    pausing.resume(claims, purposes=[None, purposes["newsletter"]], now=now, actor="public")
    assert "nothing until" not in text(officer.get(address("person", subject)))


def test_no_rule_is_said_aloud(officer, purposes):
    assert "nothing will ever delete it" in text(officer.get(address("person", make.person())))


def test_more_data_costs_no_more_queries(officer, purposes):
    make.rule(purposes["newsletter"])
    few, many = make.full(purposes), make.full(purposes, items=20, email="many@example.com")
    officer.get(address("person", few))
    counts = []
    for subject in (few, many):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            officer.get(address("person", subject))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 45


def test_long_lists_have_pages(officer, purposes):
    subject = make.full(purposes, items=28)
    page = officer.get(address("person", subject)).content.decode()
    after = page.partition("?after=")[2].partition('"')[0]
    assert page.count("of-item") >= 50
    second = officer.get(address("person", subject) + f"?after={after}").content.decode()
    assert "Back to the first items" in second
    for nonsense in ("x", "1", "9" * 60, "1.", ".1"):
        assert officer.get(address("person", subject), {"after": nonsense, "before": nonsense}).status_code == 200


def test_a_hold_by_rule_and_a_limit_of_one_purpose_stand_where_they_count(officer, purposes):
    subject = make.person("grace@example.com", "Grace Hopper", "newsletter", "direct-sales")
    nothing = "nothing stops a deletion that is due"
    assert nothing in text(officer.get(address("person", subject)))
    blocks.place_rule(placed_for=uuid4(), purpose=purposes["newsletter"], now=make.NOW, actor=make.ACTOR)
    restrictions.restrict(subject, ground="hold", purpose=purposes["direct-sales"], now=make.NOW, actor=make.ACTOR)
    page = text(officer.get(address("person", subject)))
    assert nothing not in page
    assert "No deletion: Legal hold" in page
    assert page.count("held: deletion is stopped") == 1
    assert page.count("restricted: stored only") == 1
    assert page.count('of-tag">restricted<') == 0
    restrictions.restrict(subject, ground="unlawful", now=make.NOW, actor=make.ACTOR)
    assert text(officer.get(address("person", subject))).count('of-tag">restricted<') == 2


def test_an_old_hold_counts_however_many_came_after_it(officer, purposes):
    subject = make.person()
    by = {"kind": "claim", "actor": make.ACTOR}
    blocks.place(subject, placed_for=uuid4(), now=make.NOW - timedelta(days=9), **by)
    for _number in range(22):
        late = uuid4()
        blocks.place(subject, placed_for=late, now=make.NOW, **by)
        blocks.release(late, now=make.NOW, actor=make.ACTOR)
        make_office.disclosed(subject)
    page = text(officer.get(address("person", subject)))
    assert "held: deletion is stopped" in page
    assert page.count(">and 2 more</a>") == 2
    whole = text(officer.get(address("person", subject), {"every": "1"}))
    assert "2 more" not in whole
    assert whole.count("Printer Ltd") == 22


def test_get_records_nothing(officer, purposes):
    subject = make.full(purposes)
    before = Entry.objects.count()
    officer.get(address("person", subject))
    assert officer.get(address("person-show", subject)).status_code == 405
    assert Entry.objects.count() == before


def test_who_may_look(client, purposes):
    subject = make.full(purposes)
    assert client.get(address("person", subject)).status_code == 302
    client.force_login(make_office.staff("plain", group=""))
    assert client.get(address("person", subject)).status_code == 404
    client.force_login(make_office.staff("auditor", group="auditor"))
    assert client.get(address("person", subject)).status_code == 200
    assert client.post(address("person-show", subject), {"purpose": "rights-requests"}).status_code == 404
