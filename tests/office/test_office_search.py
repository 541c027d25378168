"""Search: by everything staff may have in their hands, exact, masked, and never in an address."""

import pytest
from django.urls import reverse

from subjects import people
from subjects.identifiers import Claim
from tests import make_office, make_requests, make_subjects
from tests import make_people as make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def purposes():
    make_requests.system("crm", "manual")
    return make_office.register()


@pytest.fixture
def officer(client):
    client.force_login(make_office.staff())
    return client


def search(client, words):
    return client.post(reverse("admin:people"), {"text": words})


@pytest.fixture
def grace():
    subject = make.person()
    claims = [("phone", "020 7946 0001"), ("customer_number", "K-77"), ("external_id", "4711", "crm")]
    for claim in claims:
        people.verify_identifier(subject, Claim(*claim), how="test", now=make.NOW, actor=make.ACTOR)
    return subject


@pytest.mark.parametrize(
    "words",
    [
        "grace@example.com", " GRACE@EXAMPLE.COM ", "+44 20 7946 0001", "02079460001", "k-77", "4711", "crm:4711",
        "hopper", "Hopper, Grace",
    ],
)  # fmt: skip
def test_one_hit_leads_to_the_person(officer, grace, words):
    response = search(officer, words)
    assert response.status_code == 302
    assert response["Location"] == reverse("admin:person", args=[grace.uuid])


def test_by_public_id(officer, grace):
    assert search(officer, str(grace.uuid))["Location"] == reverse("admin:person", args=[grace.uuid])


def test_a_reference_leads_to_the_request(officer):
    case = make_requests.case("access")
    request = case.requests.get()
    found = search(officer, request.reference.lower().replace("-", " "))
    assert found["Location"] == reverse("admin:rights-request", args=[request.uuid])


def test_several_hits_are_masked(officer, grace):
    make.person("g.hopper@example.org", "Gerd Hopper")
    page = search(officer, "hopper").content.decode()
    assert "2 people may be meant" in page
    assert "g•••@e•••.org" in page
    assert "g.hopper@example.org" not in page


def test_nobody_is_a_page_that_helps(officer):
    page = search(officer, "hop").content.decode()
    assert "Nobody is known by this" in page
    assert "whole words" in page


@pytest.mark.parametrize("words", ["", "   ", "\x00", "%", "a" * 9000, "<script>", "4711:"])
def test_nonsense_is_no_error(officer, words):
    assert search(officer, words).status_code == 200


def test_the_form_teaches_first(officer):
    page = officer.get(reverse("admin:people")).content.decode()
    assert "What you find here" in page
    assert officer.get(reverse("admin:people"), {"text": "hopper"}).content.decode().count("may be meant") == 0


def test_many_hits_are_cut(officer):
    for number in range(27):
        subject = make_subjects.person(make_subjects.email(f"p{number}@example.com"))
        make_subjects.item(subject, "newsletter", content="Smith", category="name")
    page = search(officer, "smith").content.decode()
    assert "There are more" in page


def test_an_outsider_finds_nothing(client):
    client.force_login(make_office.staff("plain", group=""))
    assert search(client, "grace@example.com").status_code == 404
