"""What is kept of a former customer for claims and tax does not exist for whoever sells."""

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse
from rest_framework.test import APIClient

from core import apikeys
from ledger.models import Entry
from processing.models import Purpose
from subjects import organisations, people, relationships
from subjects.identifiers import Claim
from tests import make_office, make_staff

pytestmark = pytest.mark.django_db
YESTERDAY = datetime.now(UTC).date() - timedelta(days=1)


@pytest.fixture
def seller(db):
    make_office.register()
    return make_staff.client_of(make_staff.account("sally", "sales"))


def customer(*slugs, email=make_office.EMAIL):
    subject = make_office.person(*slugs, email=email)
    for slug in slugs:
        if slug != "newsletter":
            purpose = Purpose.objects.get(slug=slug)
            relationships.end(
                subject, purpose, what="contract_ended_on", on=YESTERDAY, now=make_office.NOW, actor="test"
            )
    return subject


def look(client, subject):
    return client.get(reverse("admin:person", args=[subject.uuid]))


def find(client, text):
    return client.post(reverse("admin:people"), {"text": text})


def test_a_former_customer_is_not_found_and_not_seen(seller, admin_client):
    subject = customer("contract-administration", "statutory-accounts")
    assert look(seller, subject).status_code == 404
    for text in (make_office.EMAIL, str(subject.uuid), "Grace"):
        assert "Nobody is known by this" in find(seller, text).text
    shown = seller.post(reverse("admin:person-show", args=[subject.uuid]), {"purpose": "contract-administration"})
    assert shown.status_code == 404
    assert look(admin_client, subject).status_code == 200


def test_who_is_still_a_subscriber_is_seen_as_that_and_nothing_else(seller):
    subject = customer("newsletter", "contract-administration", "statutory-accounts")
    page = look(seller, subject)
    held = page.context["person"]
    assert [need.purpose.slug for one in held.held for need in one.reasons] == ["newsletter"]
    assert [tie.purpose.slug for tie, _version in held.ties] == ["newsletter"]
    for word in ("contract-administration", "statutory-accounts", "Invoice", "What happened"):
        assert word not in page.text
    show = reverse("admin:person-show", args=[subject.uuid])
    assert seller.post(show, {"purpose": "newsletter"}).context["person"].held[0].content
    assert Entry.objects.filter(kind="person.viewed", purpose="newsletter").count() == 1
    # Nor by naming a purpose that sees more.
    for purpose in ("contract-administration", "rights-requests"):
        assert seller.post(show, {"purpose": purpose}).status_code == 302
    assert Entry.objects.filter(kind="person.viewed").count() == 1


@pytest.mark.parametrize("role", ["auditor", "approver"])
def test_selling_besides_opens_nothing_to_whoever_reads_everything_and_writes_nothing(seller, role):
    subject = make_office.person("newsletter", "contract-administration")
    both = make_staff.client_of(make_staff.account("robin", role, "sales"))
    show = reverse("admin:person-show", args=[subject.uuid])
    assert show not in look(both, subject).text
    for purpose in ("rights-requests", "newsletter"):
        assert both.post(show, {"purpose": purpose}).status_code == 404
    assert not Entry.objects.filter(kind="person.viewed").exists()


def test_neither_customer_numbers_nor_the_dates_of_contracts_are_shown(seller, admin_client):
    subject = customer("newsletter")
    people.link(subject, Claim("customer_number", "KRK-4711"))
    by = {"now": make_office.NOW, "actor": "test"}
    company = organisations.represent(subject, name="Hopper Ltd", legal_type="company", **by)
    organisations.amend(company, contract_started_on=YESTERDAY, contract_ended_on=YESTERDAY, **by)
    show = reverse("admin:person-show", args=[subject.uuid])
    pages = [look(seller, subject), seller.post(show, {"purpose": "newsletter"}), find(seller, "Grace")]
    for word in ("contract since", "Customer number", "4711", "•••11"):
        assert not any(word in page.text for page in pages)
    assert "Hopper Ltd" in pages[0].text
    assert "contract since" in look(admin_client, subject).text
    assert "Customer number" in look(admin_client, subject).text


@pytest.mark.parametrize("name", ["rights-queue", "organisations", "forgetting", "breaches"])
def test_the_rest_of_the_office_is_not_there(seller, name):
    assert seller.get(reverse(f"admin:{name}")).status_code == 404


def test_the_permission_check_says_no_once_the_contract_is_over(seller):
    client = APIClient(HTTP_AUTHORIZATION=f"Api-Key {apikeys.create('crm', ['permissions:read'])[1]}")
    make_office.person("contract-administration", email="runs@example.com")
    customer("contract-administration", email="over@example.com")
    question = {"purpose": "contract-administration", "type": "email"}
    question["values"] = ["runs@example.com", "over@example.com"]
    answers = client.post("/api/v1/permissions/check/", question, format="json").json()["results"]
    assert [(one["allowed"], one["reason"]) for one in answers] == [
        (True, "contract"),
        (False, "no-established-interest"),
    ]
