"""Staff record who asks, and say whose case it is: by buttons, with the right to, and leaving no trace in a URL."""

import pytest
from django.urls import reverse

from requests.models import CaseFile
from tests import make_office as make
from tests import make_requests

pytestmark = pytest.mark.django_db
HOW = {"how": "questions", "note": "Knew the invoice of May <script>alert(1)</script>"}


@pytest.fixture
def officer(client):
    client.force_login(make.staff())
    return client


@pytest.fixture
def letter():
    make.register()
    return make_requests.case("access", email="", channel="letter", now=make.NOW).requests.get()


def address(name, rights_request):
    return reverse(f"admin:rights-{name}", args=[rights_request.uuid])


def test_from_a_letter_to_the_person(officer, letter):
    grace = make.person("newsletter")
    assert "Identity shown by other means" in officer.get(address("request", letter)).content.decode()
    refused = officer.post(address("tie", letter), {"kind": "email", "value": make.EMAIL}, follow=True)
    assert "Record first" in refused.content.decode()
    page = officer.post(address("identify", letter), HOW, follow=True).content.decode()
    assert "The answer goes by post." in page
    assert "Whose case it is" in page
    assert "<script>alert" not in page
    page = officer.post(address("tie", letter), {"kind": "email", "value": make.EMAIL.upper()}, follow=True)
    assert "We know this person." in page.content.decode()
    assert CaseFile.objects.get().subject == grace


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"kind": "person", "value": "no id"}, "names nobody"),
        ({"kind": "email", "value": "nobody@example.com"}, "names nobody"),
        ({"kind": "email", "value": "x\x00"}, "too long or not text"),
        ({"kind": "name", "value": "Grace"}, "Say what this is"),
    ],
)
def test_only_an_exact_match_is_taken(officer, letter, given, sentence):
    make.person("newsletter")
    officer.post(address("identify", letter), HOW)
    assert sentence in officer.post(address("tie", letter), given, follow=True).content.decode()
    assert CaseFile.objects.get().subject is None


def test_by_the_id_of_the_person(officer, letter):
    grace = make.person("newsletter")
    officer.post(address("identify", letter), HOW)
    officer.post(address("tie", letter), {"kind": "person", "value": str(grace.uuid)})
    assert CaseFile.objects.get().subject == grace


def test_an_auditor_may_not_and_a_link_does_nothing(client, letter):
    client.force_login(make.staff("auditor", group="auditor"))
    for name in ("identify", "tie"):
        assert client.post(address(name, letter), HOW).status_code == 404
        assert client.get(address(name, letter)).status_code == 405
    assert CaseFile.objects.get().identified_at is None
