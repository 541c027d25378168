"""What is closed has lists of its own: requests, complaints and breaches, page by page, the newest first."""

from datetime import timedelta

import pytest
from django.urls import reverse

from breaches import log
from breaches.models import Breach
from core import keyset
from requests import complaint_lists, queue
from requests.models import CaseFile, Complaint, RightsRequest
from tests import make_office, make_requests
from tests.make_complaints import complain
from tests.make_requests import NOW

pytestmark = pytest.mark.django_db
LISTS = ["rights-queue", "complaints", "breaches"]


@pytest.fixture
def officer(client):
    make_office.register()
    client.force_login(make_office.staff())
    return client


def requests_closed(days):
    """Two answered requests on each day, so that a page may end between equals."""
    return [
        make_requests.request(state=state, email=f"{state}{day}@example.com", now=NOW + timedelta(days=day)).reference
        for day in days
        for state in ("fulfilled", "refused")
    ]


def complaints_closed(days):
    found = [complain(email=f"c{number}@example.com") for number in range(2 * len(days))]
    for number, complaint in enumerate(found):
        at = NOW + timedelta(days=days[number // 2])
        Complaint.objects.filter(pk=complaint.pk).update(outcome="upheld", outcome_at=at)
        complaint.case.settle(now=at)
    return [complaint.reference for complaint in found]


def breaches_closed(days):
    found = [log.log(aware_at=NOW, texts={"summary": "x"}, actor="user:test", now=NOW) for _n in range(2 * len(days))]
    for number, breach in enumerate(found):
        at = NOW + timedelta(days=days[number // 2])
        Breach.objects.filter(pk=breach.pk).update(
            risk="none", is_notifiable=False, decided_at=NOW, decided_by="user:test", closed_at=at
        )
    return [breach.reference for breach in found]


@pytest.mark.parametrize(
    ("name", "make"),
    [("rights-queue", requests_closed), ("complaints", complaints_closed), ("breaches", breaches_closed)],
)
def test_every_closed_one_is_reached_by_links(officer, monkeypatch, name, make):
    for func in (keyset.page, queue.closed_requests, complaint_lists.closed):
        monkeypatch.setitem(func.__kwdefaults__, "size", 2)
    made, seen = make([1, 2, 3]), []
    here = reverse(f"admin:{name}")
    first = officer.get(here).text
    assert not any(reference in first for reference in made)
    assert f'href="{here}?state=closed"' in first
    link = "?state=closed"
    while link:
        page = officer.get(f"{here}{link}").text
        seen.append([reference for reference in reversed(made) if reference in page])
        link = page.partition(f"{here}?state=closed&amp;after=")[2].partition('"')[0]
        link = link and f"?state=closed&after={link}"
    assert [reference for page in seen for reference in page] == list(reversed(made))
    assert "Back to the newest" in page


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("after", ["", "x", "2026-11-01_1", "2026-11-01T00:00:00Z_-1", "_"])
def test_an_empty_list_says_what_belongs_there(officer, name, after):
    page = officer.get(reverse(f"admin:{name}"), {"state": "closed", "after": after}).text
    assert "is closed yet" in page


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"state": "closed"}, "fulfilled refused"),
        ({"state": "refused"}, "refused"),
        ({"state": "withdrawn"}, ""),
        ({"state": "closed", "overdue": "1", "within": "3"}, "fulfilled refused"),
        ({"state": "closed", "right": "erasure"}, ""),
        ({"state": "closed", "owner": "nobody"}, "fulfilled refused"),
        ({}, "received"),
    ],
)
def test_closed_states_are_filters(officer, given, shown):
    rows = {
        state: make_requests.request(state=state, email=f"{state}@example.com").reference
        for state in ("fulfilled", "refused", "received")
    }
    page = officer.get(reverse("admin:rights-queue"), given).text
    assert {state for state, reference in rows.items() if reference in page} == set(shown.split())
    assert ("No closed request is like that" in page) is (not shown)


@pytest.mark.parametrize("name", ["rights-queue", "complaints"])
def test_what_is_a_colleagues_is_in_no_list(client, name):
    make_office.register()
    worker, colleague = (make_office.staff(who, group="caseworker") for who in ("worker", "colleague"))
    made = requests_closed([1]) if name == "rights-queue" else complaints_closed([1])
    here = reverse(f"admin:{name}")
    client.force_login(worker)
    assert made[0] in client.get(here, {"state": "closed"}).text
    CaseFile.objects.update(owner=colleague)
    assert not any(reference in client.get(here, {"state": "closed"}).text for reference in made)


def test_a_reference_finds_complaints_and_what_is_closed(client):
    make_office.register()
    worker, colleague = (make_office.staff(who, group="caseworker") for who in ("worker", "colleague"))
    client.force_login(worker)
    closed, complaint = make_requests.request(state="refused", email="a@example.com"), complain()
    RightsRequest.objects.filter(pk=closed.pk).update(external_reference="OLD-7")
    doors = [("people", "text"), ("rights-find", "reference")]
    asked = [(closed, closed.reference), (closed, "OLD-7"), (complaint, complaint.reference.lower().replace("-", " "))]
    for name, field in doors:
        for found, text in asked:
            assert client.post(reverse(f"admin:{name}"), {field: text}).headers.get("Location") == found.page
    CaseFile.objects.update(owner=colleague)
    for name, field in doors:
        for found, text in asked:
            assert client.post(reverse(f"admin:{name}"), {field: text}).headers.get("Location") != found.page


def test_other_cases_of_the_address_are_named_as_far_as_they_may_be_seen(client):
    make_office.register()
    worker, colleague = (make_office.staff(who, group="caseworker") for who in ("worker", "colleague"))
    client.force_login(worker)
    first, second = make_requests.case("access").requests.get(), make_requests.case("erasure").requests.get()
    stranger = make_requests.case("access", email="other@example.com").requests.get()
    complaint = complain()
    for here, others in ((first, [second, complaint]), (complaint, [first, second])):
        page = client.get(here.page).text
        assert "Other cases of this address" in page
        assert "whether it is the same person is not known" in page
        assert all(f'href="{other.page}"' in page for other in others)
        assert stranger.reference not in page
    assert "Other cases of this address" not in client.get(stranger.page).text
    CaseFile.objects.filter(pk__in=[second.case_id, complaint.case_id]).update(owner=colleague)
    assert "Other cases of this address" not in client.get(first.page).text


def test_without_an_address_there_is_no_other_case(officer):
    one, _two = complain(email=""), complain(email="")
    assert "Other cases of this address" not in officer.get(one.page).text


def test_a_persons_cases_are_theirs_and_what_was_closed_is_named(officer):
    subject = make_office.person()
    closed = make_requests.request(state="refused")
    here, other = make_requests.case("access").requests.get(), make_requests.case("erasure", email="b@example.com")
    CaseFile.objects.update(subject=subject)
    page = officer.get(here.page).text
    assert "the same person" in page
    assert other.requests.get().reference in page
    assert "Asked before by this person" in page
    assert closed.reference in page
