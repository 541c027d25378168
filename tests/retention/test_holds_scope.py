"""What a hold may be about: looked at before it is placed, held as it was seen, and told in words."""

import json
from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.models import Controller
from ledger.models import Entry
from processing.models import System
from retention import holds, holds_scope
from retention.models import LegalHold
from retention.purge import purge
from subjects import organisations
from subjects.models import DataSubject, ErasureBlock, ItemPurpose, PersonalDataItem
from tests import make_office
from tests.make_register import category, system
from tests.make_retention import NOW, TODAY, item, live, person, rule

pytestmark = pytest.mark.django_db
OLD = date(2025, 1, 1)


@pytest.fixture
def world():
    """Three people: one in the United Kingdom who is a customer, one elsewhere, one who applied through a friend."""
    Controller.objects.get_or_create(pk=1)
    system("crm", "manual")
    item(person(1), ["newsletter"], OLD)
    item(person(1), ["newsletter", "surveys"], TODAY, category="phone", system="crm")
    item(person(2), ["newsletter"], OLD, source="phone")
    item(person(3), ["surveys"], OLD, role="applicant", source="correspondence")
    DataSubject.objects.filter(pk=person(2).pk).update(jurisdiction="EU")
    organisations.represent(person(3), name="Acme", now=NOW, actor="user:1")
    organisations.represent(person(4), name="Acme", now=NOW, actor="user:1")


SCOPES = [
    (lambda: {"categories": [category("phone")]}, 1, 1),
    (lambda: {"categories": [category("phone"), category("email")], "purposes": [live()]}, 2, 3),
    (lambda: {"roles": ["applicant"]}, 1, 1),
    (lambda: {"roles": ["customer_contact"], "purposes": [live("surveys")]}, 1, 1),
    (lambda: {"sources": ["phone", "correspondence"]}, 2, 2),
    (lambda: {"jurisdictions": ["EU"]}, 1, 1),
    (lambda: {"jurisdictions": ["UK"], "systems": [System.objects.get(slug="crm")]}, 1, 1),
    (lambda: {"jurisdictions": ["UK"], "collected_to": OLD}, 2, 2),
    (lambda: {"organisation": person(3).organisation, "roles": ["applicant"]}, 1, 1),
    (lambda: {"organisation": person(3).organisation}, 1, 1),
]


@pytest.mark.parametrize(("scope", "people", "items"), SCOPES)
def test_what_is_seen_before_is_what_is_held(world, scope, people, items):
    about = holds_scope.Scope(**scope())
    seen = set(holds_scope.people(about)), set(holds_scope.needs(about))
    until = TODAY + timedelta(days=30)
    hold = holds.place(**scope(), matter="1", reason="claim", review_due=until, actor="user:1", now=NOW)
    assert seen == (set(holds.people_held(hold)), set(holds.needs_held(hold)))
    assert (len(seen[0]), len({need.item_id for need in seen[1]})) == (people, items)
    assert holds_scope.told(holds_scope.described_by(hold)) == holds_scope.told(about)
    gone = ItemPurpose.objects.filter(purpose=live(), collected_on=OLD).exclude(pk__in=[need.pk for need in seen[1]])
    report = purge(rule(live()), as_of=TODAY, commit=True, now=NOW)
    assert report.held == len([need for need in seen[1] if need.purpose == live() and need.collected_on == OLD])
    assert not gone.exists()
    assert json.loads(Entry.objects.get(kind="hold.placed").body)["data"]["scope"] == holds_scope.told(about)


@pytest.fixture
def officer(client, world):
    client.force_login(make_office.staff("dana"))
    return client


def asked(**about):
    return {"matter": "2026-17", "reason": "claim", "review_due": timezone.localdate() + timedelta(days=30), **about}


def words(response):
    return " ".join(response.content.decode().split())


def test_somebody_looks_before_they_place_it(officer):
    given = asked(categories=[category("email").pk], roles=["applicant"], jurisdictions="uk, EU", sources=["phone"])
    seen = words(officer.post(reverse("admin:hold-add"), given | {"look": ""}))
    for told in ("0 people, 0 records", "Your email", "Job applicant", "EU, UK", "From you, by phone"):
        assert told in seen
    assert not LegalHold.objects.exists()
    given["sources"] = []
    assert "1 person, 1 record" in words(officer.post(reverse("admin:hold-add"), given | {"look": ""}))
    placed = words(officer.post(reverse("admin:hold-add"), given, follow=True))
    for told in ("Your email", "Job applicant", "EU, UK", "1 person, 1 record"):
        assert told in placed
    block = ErasureBlock.objects.get()
    assert (block.categories, block.roles, block.sources) == ([category("email").pk], ["applicant"], None)
    assert block.jurisdictions == ["EU", "UK"]


def test_a_change_is_looked_at_and_takes_effect(officer):
    officer.post(reverse("admin:hold-add"), asked(categories=[category("email").pk]))
    hold = LegalHold.objects.get()
    change = reverse("admin:hold-change", args=[hold.uuid])
    assert officer.get(change).context["form"].initial["categories"] == [category("email").pk]
    who = {"why": "less", "custodian": hold.custodian, "categories": [category("email").pk], "roles": ["applicant"]}
    assert "1 person, 1 record" in words(officer.post(change, who | {"look": ""}))
    assert ErasureBlock.objects.get(released_at=None).roles is None
    officer.post(change, who)
    assert ErasureBlock.objects.get(released_at=None).roles == ["applicant"]
    assert json.loads(Entry.objects.get(kind="hold.changed").body)["data"]["scope"]["roles"] == ["applicant"]
    assert purge(rule(live()), as_of=TODAY, commit=True, now=NOW).held == 0
    assert PersonalDataItem.objects.filter(subject=person(3)).exists()


@pytest.mark.parametrize(
    ("about", "sentence"),
    [
        ({"jurisdictions": "Britain"}, "Give codes of two capital letters"),
        ({"collected_from": OLD}, "describe more than the days of collection"),
        ({"roles": ["applicant"], "people": "x"}, "Line 1: nobody here has this"),
        ({"roles": ["friend"]}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_meant_is_refused_when_looking_too(officer, about, sentence):
    for more in ({}, {"look": ""}):
        assert sentence in words(officer.post(reverse("admin:hold-add"), asked(**about) | more))
    assert not LegalHold.objects.exists()
