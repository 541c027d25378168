"""An employment ends when somebody says so: from then on its time counts, and erasure is decided by it."""

from datetime import date

import pytest
from django.urls import reverse

from ledger.models import Entry
from requests import decisions
from retention.purge import purge
from subjects import people
from subjects.identifiers import Claim
from subjects.models import PersonalDataItem, Relationship
from tests import make_api, make_office, make_register, make_requests, make_retention, make_subjects
from tests.make_retention import item

pytestmark = pytest.mark.django_db
END, RESUME = "/api/v1/employments/end/", "/api/v1/employments/resume/"
THIS = {"identity": {"email": make_requests.EMAIL}, "purpose": "employment"}


@pytest.fixture
def employment():
    make_office.controller()
    return make_register.purpose("employment", "b", categories=("name", "email"), subject_categories=["employee"])


@pytest.fixture
def grace(employment):
    """Who has worked for us since 2015."""
    found = people.find_or_create([Claim("email", make_requests.EMAIL)], now=make_retention.NOW, actor="test")
    item(found, ["employment"], date(2015, 3, 2), category="name", role="employee")
    return found


@pytest.fixture
def officer(client):
    client.force_login(make_office.staff())
    return client


def tie(subject):
    return Relationship.objects.get(subject=subject, purpose__slug="employment")


def page(officer, subject):
    return " ".join(officer.get(reverse("admin:person", args=[subject.uuid])).content.decode().split())


def leaves(officer, subject, on="2019-06-28"):
    address = reverse("admin:employment-end", args=[subject.uuid, tie(subject).uuid])
    return officer.post(address, {"on": on}, follow=True).content.decode()


def stays(officer, subject):
    return officer.post(reverse("admin:employment-resume", args=[subject.uuid, tie(subject).uuid]), follow=True)


def six_years_later(employment):
    one = make_retention.rule(employment, trigger="contract_end", period="P6Y")
    return purge(one, as_of=make_retention.TODAY, commit=True, now=make_retention.NOW)


def proposed(subject):
    rights_request = make_requests.case("erasure").requests.get()
    rights_request.case.subject = subject
    rights_request.case.save(update_fields=["subject"])
    [line] = decisions.lines(rights_request, now=make_requests.NOW)
    return line.proposal.reason


def test_what_is_kept_of_somebody_who_left_goes_when_its_time_is_over(officer, grace, employment):
    assert "The employment ended" in page(officer, grace)
    assert "Its time is counted from the day you gave." in leaves(officer, grace)
    assert "contract ended Friday 28 June 2019" in page(officer, grace)
    entry = Entry.objects.get(kind="relationship.ended")
    assert (entry.subject, entry.purpose) == (grace.uuid, "employment")
    assert six_years_later(employment).items == 1
    assert not PersonalDataItem.objects.exists()


def test_erasure_is_decided_by_the_end(officer, grace):
    while_it_runs = proposed(grace)
    leaves(officer, grace)
    after = proposed(grace)
    assert (while_it_runs, after) == ("contract-running", "no-longer-needed")


def test_whoever_did_not_leave_stays(officer, grace, employment):
    leaves(officer, grace)
    assert "Undo: the employment goes on" in page(officer, grace)
    assert "The employment goes on." in stays(officer, grace).content.decode()
    assert tie(grace).contract_ended_on is None
    assert Entry.objects.filter(kind="relationship.resumed", purpose="employment").count() == 1
    assert six_years_later(employment).items == 0
    assert "This employment has not ended." in stays(officer, grace).content.decode()


@pytest.mark.parametrize(
    ("on", "sentence"),
    [
        ("2999-01-01", "This lies in the future."),
        ("2015-03-01", "It began on 2 March 2015, as we know it"),
        ("", "This field is required."),
    ],
)
def test_a_day_that_cannot_be_is_refused(officer, grace, on, sentence):
    assert sentence in leaves(officer, grace, on)
    assert tie(grace).contract_ended_on is None


def test_an_end_that_stands_is_not_moved(officer, grace):
    leaves(officer, grace)
    assert "This employment has ended already." in leaves(officer, grace, "2026-10-30")
    assert tie(grace).contract_ended_on == date(2019, 6, 28)


def test_only_an_employment_ends_here(officer, grace):
    make_register.purpose("support", "b", categories=("name",), subject_categories=["customer-contact"])
    make_subjects.item(grace, "support", category="name")
    other = Relationship.objects.get(subject=grace, purpose__slug="support")
    assert officer.get(reverse("admin:employment-end", args=[grace.uuid, other.uuid])).status_code == 404
    assert page(officer, grace).count("The employment ended") == 1


def test_a_system_ends_one_and_has_it_go_on(grace):
    api = make_api.client("subjects:write")
    body = {**THIS, "on": "2019-06-28"}
    done = api.post(END, body, format="json", headers={"Idempotency-Key": "k1"})
    assert (done.status_code, done.json()["ended_on"]) == (201, "2019-06-28")
    assert api.post(END, body, format="json", headers={"Idempotency-Key": "k1"}).json() == done.json()
    assert api.post(END, body, format="json").json()["code"] == "already-ended"
    assert api.post(RESUME, THIS, format="json").json()["ended_on"] is None
    assert api.post(RESUME, THIS, format="json").json()["code"] == "not-ended"


def test_a_system_is_refused_in_the_same_words_about_anybody_else(grace):
    api = make_api.client("subjects:write")
    body = {**THIS, "on": "2019-06-28"}
    stranger = api.post(END, {**body, "identity": {"email": "nobody@example.org"}}, format="json")
    other = api.post(END, {**body, "purpose": "newsletter"}, format="json")
    assert stranger.status_code == other.status_code == 404
    assert stranger.json() == other.json()
