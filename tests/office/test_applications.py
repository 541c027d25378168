"""An application is closed with an outcome; whoever is hired is handed over; a purge takes what nothing else needs."""

from datetime import date
from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger.models import Entry
from retention.purge import purge
from subjects import blocks, employments, organisations, people, relationships, restrictions
from subjects.identifiers import Claim
from subjects.models import ItemPurpose, PersonalDataItem, Relationship
from tests import make_api, make_office, make_register, make_retention, make_subjects
from tests.make_retention import dates, item

pytestmark = pytest.mark.django_db
HELD = ("name", "email", "application")
LONG_AGO = date(2024, 1, 10)


@pytest.fixture
def hiring():
    make_office.controller()
    return make_register.purpose("recruitment", "b", categories=HELD, subject_categories=["applicant"])


@pytest.fixture
def employment():
    return make_register.purpose("employment", "b", categories=("name", "email"), subject_categories=["employee"])


@pytest.fixture
def ada(hiring):
    subject = people.find_or_create([Claim("email", "ada@example.org")], now=make_retention.NOW, actor="test")
    for category in HELD:
        item(subject, ["recruitment"], LONG_AGO, category=category, role="applicant")
    return subject


@pytest.fixture
def officer(client):
    client.force_login(make_office.staff())
    return client


def tie(subject, slug="recruitment"):
    return Relationship.objects.get(subject=subject, purpose__slug=slug)


def page(officer, subject):
    return " ".join(officer.get(reverse("admin:person", args=[subject.uuid])).content.decode().split())


def close(officer, subject, outcome, **given):
    address = reverse("admin:application-close", args=[subject.uuid, tie(subject).uuid])
    return officer.post(address, {"outcome": outcome, "on": "2024-02-01", **given}, follow=True)


def hire(officer, subject, *categories):
    return close(officer, subject, "hired", employment="employment", categories=categories or ("name", "email"))


def undo(officer, subject):
    address = reverse("admin:application-reopen", args=[subject.uuid, tie(subject).uuid])
    return officer.post(address, follow=True).content.decode()


def needs(subject, slug):
    return sorted(ItemPurpose.objects.filter(subject=subject, purpose__slug=slug).values_list("category__slug", flat=1))


def after_a_year(purpose):
    one = make_retention.rule(purpose, trigger="application_closed", period="P12M")
    return purge(one, as_of=make_retention.TODAY, commit=True, now=make_retention.NOW)


def test_an_employment_does_not_end_before_they_were_hired(officer, ada, employment):
    # What was handed over is older: it came with the application.
    close(officer, ada, "hired", employment="employment", categories=("name", "email"), on="2024-06-01")
    one = tie(ada, "employment")
    address = reverse("admin:employment-end", args=[ada.uuid, one.uuid])
    said = officer.post(address, {"on": "2024-03-01"}, follow=True).content.decode()
    assert "It began on 1 June 2024, as we know it" in said
    assert tie(ada, "employment").contract_ended_on is None
    officer.post(address, {"on": "2024-06-01"})
    assert tie(ada, "employment").contract_ended_on == date(2024, 6, 1)


@pytest.mark.parametrize("outcome", ["unsuccessful", "withdrawn"])
def test_it_is_closed_and_goes_when_its_time_is_over(officer, ada, hiring, employment, outcome):
    assert "Close the application" in page(officer, ada)
    close(officer, ada, outcome)
    closed = tie(ada)
    assert (closed.application_closed_on, closed.application_outcome) == (date(2024, 2, 1), outcome)
    assert f"application closed Thursday 1 February 2024: {closed.get_application_outcome_display().lower()}" in page(
        officer, ada
    )
    assert not Relationship.objects.filter(purpose=employment).exists()
    entry = Entry.objects.get(kind="application.closed")
    assert (entry.subject, entry.purpose) == (ada.uuid, "recruitment")
    assert after_a_year(hiring).items == 3
    assert not PersonalDataItem.objects.exists()


def test_whoever_is_hired_is_handed_over(officer, ada, hiring, employment):
    done = hire(officer, ada, "name").content.decode()
    assert "the employment keeps 1 record of it" in done
    begun = tie(ada, "employment")
    assert (begun.role, begun.ground, begun.started_on) == ("employee", "hired", date(2024, 2, 1))
    assert needs(ada, "employment") == ["name"]
    assert needs(ada, "recruitment") == sorted(HELD)
    # Only what nobody else needs goes.
    report = after_a_year(hiring)
    assert (report.needs, report.items, report.subjects) == (3, 2, 0)
    assert [one.category.slug for one in PersonalDataItem.objects.all()] == ["name"]
    assert needs(ada, "employment") == ["name"]


def test_without_a_purpose_for_employees_nothing_is_closed(officer, ada):
    refused = close(officer, ada, "hired").content.decode()
    assert "The register has no live purpose about employees" in refused
    assert tie(ada).application_closed_on is None


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"outcome": "promoted"}, "Select a valid choice"),
        ({"on": "2999-01-01"}, "This lies in the future."),
        ({"on": "2023-12-31"}, "so it was not closed before"),
        ({"employment": ""}, "Choose the purpose of the register that the employment is for."),
        ({"categories": []}, "Choose what the employment needs of it."),
    ],
)
def test_bad_input_names_its_field_and_changes_nothing(officer, ada, employment, given, sentence):
    outcome = given.pop("outcome", "hired")
    refused = close(officer, ada, outcome, **{"employment": "employment", "categories": ["name"], **given})
    assert sentence in refused.content.decode()
    assert tie(ada).application_closed_on is None
    assert not Relationship.objects.filter(purpose=employment).exists()


def test_a_wrong_outcome_is_taken_back_with_what_was_handed_over(officer, ada, employment):
    hire(officer, ada)
    assert "Undo: it was another outcome" in page(officer, ada)
    assert "The application is open again." in undo(officer, ada)
    assert not Relationship.objects.filter(purpose=employment).exists()
    assert (tie(ada).application_closed_on, tie(ada).application_outcome, needs(ada, "employment")) == (None, "", [])
    assert PersonalDataItem.objects.count() == 3
    assert Entry.objects.filter(kind="application.reopened").count() == 1
    close(officer, ada, "unsuccessful")
    assert tie(ada).application_outcome == "unsuccessful"


def test_undoing_leaves_what_came_since(officer, ada, employment):
    hire(officer, ada, "name")
    make_subjects.item(ada, "employment", category="email")
    undo(officer, ada)
    assert needs(ada, "employment") == ["email"]
    assert tie(ada, "employment").role == "employee"


@pytest.mark.parametrize("what", ["a contract", "an interaction", "an end"])
def test_undoing_leaves_an_employment_of_which_more_is_known_since(officer, ada, employment, what):
    hire(officer, ada, "name")
    by = {"now": timezone.now(), "actor": "test"}
    if what == "a contract":
        relationships.establish(ada, employment, role="employee", ground="contract", note="Signed.", **by)
    elif what == "an interaction":
        relationships.touch(ada, employment, at=by["now"], channel="contract", **by)
    else:
        employments.end(tie(ada, "employment"), on=date(2026, 3, 31), **by)
    stood = tie(ada, "employment")
    undo(officer, ada)
    stands = tie(ada, "employment")
    assert (stands.uuid, stands.ground, relationships.note_of(stands)) == (
        stood.uuid,
        stood.ground,
        relationships.note_of(stood),
    )
    assert (stands.last_interaction_on, stands.contract_ended_on) == (
        stood.last_interaction_on,
        stood.contract_ended_on,
    )
    assert needs(ada, "employment") == []


def test_an_employment_of_before_is_as_it_was(officer, ada, employment):
    """Somebody who left applies again."""
    by = {"now": make_retention.NOW, "actor": "test"}
    relationships.establish(ada, employment, role="employee", ground="contract", started_on=date(2015, 1, 1), **by)
    dates(ada, employment, contract_ended_on=date(2020, 6, 30))
    before = Entry.objects.latest("id").pk

    def told():
        since = Entry.objects.filter(pk__gt=before, purpose="employment").order_by("pk")
        return list(since.values_list("kind", flat=True))

    hire(officer, ada, "name")
    assert tie(ada, "employment").contract_ended_on is None
    assert told() == ["relationship.established", "relationship.resumed"]
    undo(officer, ada)
    assert told()[2:] == ["relationship.established", "relationship.ended"]
    again = tie(ada, "employment")
    assert (again.ground, again.contract_ended_on, again.started_on) == (
        "contract",
        date(2020, 6, 30),
        date(2015, 1, 1),
    )


@pytest.fixture
def closed_before(ada, hiring):
    """With a day and no outcome, as applications were closed once."""
    dates(ada, hiring, application_closed_on=date(2024, 1, 31))
    return ada


def test_an_application_that_was_closed_before_is_not_closed_later(officer, closed_before):
    address = reverse("admin:application-close", args=[closed_before.uuid, tie(closed_before).uuid])
    assert 'value="2024-01-31"' in officer.get(address).content.decode()
    refused = close(officer, closed_before, "unsuccessful", on="2026-11-01").content.decode()
    assert "It was closed on 31 January 2024, and its time has counted since." in refused
    assert (tie(closed_before).application_closed_on, tie(closed_before).application_outcome) == (date(2024, 1, 31), "")


def test_undoing_its_outcome_leaves_the_day_on_which_it_was_closed_before(officer, closed_before):
    close(officer, closed_before, "withdrawn", on="2024-01-20")
    assert tie(closed_before).application_closed_on == date(2024, 1, 20)
    assert "from the day on which it was closed before" in undo(officer, closed_before)
    assert (tie(closed_before).application_closed_on, tie(closed_before).application_outcome) == (date(2024, 1, 31), "")
    close(officer, closed_before, "unsuccessful", on="2024-01-31")
    assert tie(closed_before).application_outcome == "unsuccessful"


def test_each_of_two_employments_takes_over_what_it_needs(officer, ada, employment):
    make_register.purpose("placement", "b", categories=("name", "application"), subject_categories=["employee"])
    address = reverse("admin:application-close", args=[ada.uuid, tie(ada).uuid])
    form = officer.get(address).context["form"]
    offered = form.fields["categories"].initial
    assert sorted(offered) == ["application", "email", "name"]
    # Sent as it was offered, but for the choice.
    close(officer, ada, "hired", employment="placement", categories=offered)
    assert (needs(ada, "placement"), needs(ada, "employment")) == (["application", "name"], [])
    undo(officer, ada)
    refused = close(officer, ada, "hired", employment="placement", categories=["email"]).content.decode()
    assert "Choose what the employment needs of it." in refused


def test_an_application_that_was_recorded_late_is_closed_on_its_day(officer, ada, hiring):
    dates(ada, hiring, started_on=date(2026, 11, 1))
    close(officer, ada, "unsuccessful")
    assert tie(ada).application_closed_on == date(2024, 2, 1)


def test_once_something_was_purged_there_is_no_way_back(officer, ada, hiring, employment):
    hire(officer, ada, "name")
    after_a_year(hiring)
    address = reverse("admin:person", args=[ada.uuid])
    assert "Undo" not in officer.get(address).content.decode()
    assert not Relationship.objects.filter(purpose=hiring).exists()


def test_part_of_it_purged_is_enough(officer, ada, hiring, employment):
    hire(officer, ada, "name")
    letters = make_register.category("application")
    one = make_retention.rule(hiring, trigger="application_closed", period="P12M", category=letters)
    purge(one, as_of=make_retention.TODAY, commit=True, now=make_retention.NOW)
    assert "Undo" not in page(officer, ada)
    assert "Something of this application has been deleted since" in undo(officer, ada)
    assert tie(ada).application_outcome == "hired"


def test_a_hold_on_the_employment_keeps_what_was_handed_over(officer, ada, employment):
    hire(officer, ada)
    now = timezone.now()
    blocks.place(ada, kind="hold", placed_for=uuid4(), purpose=employment, now=now, actor="test")
    assert "A hold or an open request keeps what was handed over" in undo(officer, ada)
    assert (tie(ada).application_outcome, needs(ada, "employment")) == ("hired", ["email", "name"])


def test_what_may_only_be_stored_is_not_handed_over(officer, ada, hiring, employment):
    kept = PersonalDataItem.objects.get(category__slug="name")
    now = timezone.now()
    restrictions.restrict(ada, ground="accuracy", item=kept, placed_for=uuid4(), now=now, actor="test")
    address = reverse("admin:application-close", args=[ada.uuid, tie(ada).uuid])
    assert "1 record of it may only be stored" in officer.get(address).content.decode()
    hire(officer, ada)
    assert needs(ada, "employment") == ["email"]


def test_an_employee_does_not_leave_with_the_customer_they_came_from(officer, ada, hiring, employment):
    by = {"now": make_retention.NOW, "actor": "test"}
    company = organisations.represent(ada, name="Example Ltd", legal_type="company", **by)
    hire(officer, ada)
    organisations.amend(company, contract_ended_on=date(2026, 1, 1), **by)
    assert tie(ada, "employment").contract_ended_on is None


def test_later_vacancies_are_no_application(officer, ada):
    make_register.purpose("talent-pool", "a", categories=HELD, subject_categories=["applicant"])
    item(ada, ["talent-pool"], LONG_AGO, category="application", role="applicant")
    address = reverse("admin:application-close", args=[ada.uuid, tie(ada, "talent-pool").uuid])
    assert officer.get(address).status_code == 404
    assert page(officer, ada).count("Close the application") == 1


CLOSE, REOPEN = "/api/v1/applications/close/", "/api/v1/applications/reopen/"
THIS = {"identity": {"email": "ada@example.org"}, "purpose": "recruitment"}


def test_a_system_closes_one_and_takes_it_back(ada, employment):
    api = make_api.client("subjects:write")
    body = {**THIS, "outcome": "hired", "on": "2024-02-01", "employment": "employment"}
    done = api.post(CLOSE, body, format="json", headers={"Idempotency-Key": "k1"})
    assert (done.status_code, done.json()["handed_over"]) == (201, 2)
    assert api.post(CLOSE, body, format="json", headers={"Idempotency-Key": "k1"}).json() == done.json()
    assert needs(ada, "employment") == ["email", "name"]
    assert api.post(CLOSE, body, format="json").json()["code"] == "already-closed"
    again = api.post(REOPEN, THIS, format="json")
    assert (again.json()["outcome"], again.json()["closed_on"]) == ("", None)
    assert needs(ada, "employment") == []


def test_a_system_is_refused_in_the_same_words_about_anybody_else(ada):
    api = make_api.client("subjects:write")
    body = {**THIS, "outcome": "unsuccessful", "on": "2024-02-01"}
    stranger = api.post(CLOSE, {**body, "identity": {"email": "nobody@example.org"}}, format="json")
    other = api.post(CLOSE, {**body, "purpose": "newsletter"}, format="json")
    assert stranger.status_code == other.status_code == 404
    assert stranger.json() == other.json()
    assert api.post(CLOSE, {**body, "outcome": "hired"}, format="json").json()["code"] == "no-employment"


def test_two_records_made_one_and_parted_again(officer, ada, employment):
    now = timezone.now()
    other = people.find_or_create([Claim("email", "ada@example.com")], now=now, actor="test")
    item(other, ["recruitment"], LONG_AGO, category="name", role="applicant")
    hire(officer, ada, "name")
    officer.post(reverse("admin:person-merge", args=[ada.uuid, other.uuid]))
    # One of the two is open, so both are.
    assert (tie(ada).application_closed_on, tie(ada).application_outcome) == (None, "")
    made = Entry.objects.get(kind="person.merged").subject
    assert made == ada.uuid
    shown = officer.get(reverse("admin:person", args=[ada.uuid])).context["merges"]
    officer.post(reverse("admin:person-part", args=[ada.uuid, shown[0][0].uuid]))
    assert (tie(ada).application_outcome, tie(other).application_outcome) == ("hired", "")
    assert "open again" in undo(officer, ada)
    assert needs(ada, "employment") == []


@pytest.mark.parametrize("is_other_closed", [True, False])
def test_who_applied_again_while_two_were_one_applies_still_once_they_are_parted(officer, ada, is_other_closed):
    now = timezone.now()
    other = people.find_or_create([Claim("email", "ada@example.com")], now=now, actor="test")
    item(other, ["recruitment"], LONG_AGO, category="name", role="applicant")
    for one in (ada, other) if is_other_closed else (ada,):
        close(officer, one, "unsuccessful")
    officer.post(reverse("admin:person-merge", args=[ada.uuid, other.uuid]))
    item(ada, ["recruitment"], date(2024, 3, 1), category="application")
    shown = officer.get(reverse("admin:person", args=[ada.uuid])).context["merges"]
    officer.post(reverse("admin:person-part", args=[ada.uuid, shown[0][0].uuid]))
    stands = tie(ada)
    assert (stands.application_closed_on, stands.application_outcome) == (None, "")
    assert stands.last_interaction_on == date(2024, 3, 1)
    assert bool(tie(other).application_closed_on) is is_other_closed


def test_a_hire_is_not_undone_while_its_employment_is_that_of_another_record_too(officer, ada, employment):
    now = timezone.now()
    other = people.find_or_create([Claim("email", "ada@example.com")], now=now, actor="test")
    since = {"role": "employee", "ground": "contract", "started_on": date(2015, 1, 1)}
    relationships.establish(other, employment, **since, note="Since long.", now=now, actor="test")
    hire(officer, ada, "name")
    officer.post(reverse("admin:person-merge", args=[ada.uuid, other.uuid]))
    assert "Two records were made one since." in undo(officer, ada)
    assert tie(ada, "employment").started_on == date(2015, 1, 1)
    assert relationships.note_of(tie(ada, "employment")) == "Since long."
    shown = officer.get(reverse("admin:person", args=[ada.uuid])).context["merges"]
    officer.post(reverse("admin:person-part", args=[ada.uuid, shown[0][0].uuid]))
    assert "open again" in undo(officer, ada)
    assert needs(ada, "employment") == []
    assert (tie(other, "employment").ground, tie(other, "employment").started_on) == ("contract", date(2015, 1, 1))


def test_the_employment_of_a_hire_goes_after_the_records_are_parted_too(officer, ada, employment):
    """The record that stays is the other one, so that parting makes the employment anew."""
    now = timezone.now()
    other = people.find_or_create([Claim("email", "ada@example.com")], now=now, actor="test")
    relationships.establish(other, employment, role="employee", ground="contract", now=now, actor="test")
    hire(officer, ada, "name")
    officer.post(reverse("admin:person-merge", args=[other.uuid, ada.uuid]))
    shown = officer.get(reverse("admin:person", args=[other.uuid])).context["merges"]
    officer.post(reverse("admin:person-part", args=[other.uuid, shown[0][0].uuid]))
    assert "open again" in undo(officer, ada)
    assert not Relationship.objects.filter(subject=ada, purpose=employment).exists()
    assert tie(other, "employment").ground == "contract"
