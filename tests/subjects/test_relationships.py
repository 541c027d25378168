"""Why we may deal with someone, what counts as an interaction, and what is told to whom."""

import json
from datetime import date, timedelta

import pytest

from core.errors import Invalid, NotFound
from core.models import DataKey, Owner
from ledger.models import Entry
from processing.models import Recipient
from subjects import applications, blocks, disclosures, intake, organisations, relationships, restrictions
from subjects.models import Disclosure, ErasureBlock, Organisation, PersonalDataItem, Relationship
from tests import make_office, make_register, make_retention
from tests import make_subjects as make

pytestmark = pytest.mark.django_db
BY = {"now": make.NOW, "actor": make.ACTOR}


@pytest.fixture
def support():
    return make.purposes("customer-support")[0]


def test_the_ground_says_who_recorded_it_when_and_its_words_are_sealed(support):
    ada = make.person()
    tie = relationships.establish(
        ada, support, role="prospect", ground="mutual-interest", note="canary-71", source="in_person", **BY
    )
    assert (tie.ground_recorded_by, tie.ground_recorded_at) == (make.ACTOR, make.NOW)
    assert b"canary" not in bytes(tie.ground_note)
    assert DataKey.objects.filter(owner=Owner.RELATIONSHIP, owner_id=tie.uuid).exists()
    again = relationships.establish(ada, support, role="customer_contact", ground="contract", **BY)
    assert (again.pk, again.role) == (tie.pk, "customer_contact")
    assert not Entry.objects.filter(body__contains="canary").exists()


@pytest.mark.parametrize(("change", "field"), [({"role": "friend"}, "role"), ({"ground": "met Ada there"}, "ground")])
def test_ground_and_role_are_codes(support, change, field):
    with pytest.raises(Invalid) as refusal:
        relationships.establish(make.person(), support, **{"role": "prospect", **change}, **BY)
    assert list(refusal.value.fields) == [field]


def test_only_a_later_interaction_moves_the_date(support):
    ada = make.person()
    relationships.touch(ada, support, at=make.NOW, channel="phone", **BY)
    relationships.touch(ada, support, at=make.NOW - timedelta(days=30), channel="email", **BY)
    assert Relationship.objects.get().last_interaction_on == make.NOW.date()


@pytest.mark.parametrize("channel", ["newsletter", "our_mail", "click", "unsubscribe", "rights_request", ""])
def test_our_mails_clicks_unsubscribes_and_requests_are_no_interactions(support, channel):
    with pytest.raises(Invalid) as refusal:
        relationships.touch(make.person(), support, at=make.NOW, channel=channel, **BY)
    assert list(refusal.value.fields) == ["channel"]


def test_an_interaction_lies_in_the_past(support):
    with pytest.raises(Invalid):
        relationships.touch(make.person(), support, at=make.NOW + timedelta(days=1), channel="phone", **BY)


def test_one_purpose_does_not_prolong_another():
    support, hiring = make.purposes("customer-support", "recruitment")
    ada = make.person()
    relationships.touch(ada, hiring, at=make.NOW - timedelta(days=90), channel="application", **BY)
    relationships.touch(ada, support, at=make.NOW, channel="phone", **BY)
    old = Relationship.objects.get(purpose=hiring)
    assert old.last_interaction_on == (make.NOW - timedelta(days=90)).date()


def test_a_date_in_the_evening_is_the_controllers_date(support):
    ada = make.person()
    late = make.NOW.replace(month=7, hour=23, minute=30)
    relationships.touch(ada, support, at=late, channel="phone", now=late, actor=make.ACTOR)
    assert Relationship.objects.get().last_interaction_on == date(2026, 7, 4)


def test_ending_sets_one_date(support):
    ada = make.person()
    with pytest.raises(NotFound):
        relationships.end(ada, support, what="contract_ended_on", on=make.NOW.date(), **BY)
    relationships.touch(ada, support, at=make.NOW, channel="phone", **BY)
    relationships.end(ada, support, what="contract_ended_on", on=make.NOW.date(), **BY)
    assert Relationship.objects.get().contract_ended_on == make.NOW.date()
    with pytest.raises(Invalid):
        relationships.end(ada, support, what="started_on", on=make.NOW.date(), **BY)


def turned_down(on=date(2025, 2, 20), outcome="unsuccessful"):
    """Somebody whose application was closed on that day."""
    make_office.controller()
    make_register.purpose("recruitment", "b", categories=("email", "application"), subject_categories=["applicant"])
    make_register.purpose("employment", "b", categories=("email",), subject_categories=["employee"])
    make.item(make.person(), "recruitment", category="application", now=make.NOW - timedelta(days=400))
    tie = Relationship.objects.get()
    applications.close(tie, outcome=outcome, on=on, employment="employment", **BY)
    return tie


def parcel(ago=2, source="website", **more):
    at = make.NOW - timedelta(days=ago)
    given = {"category": "application", "purposes": ["recruitment"], "content": '"second"', "nature": "provided"}
    given |= {"source": source, "source_evidence": make.person().uuid, "collected_at": at}
    return intake.Parcel(claims=[make.email()], notice="1", is_taken_over=True, **{"items": [given]} | more)


APPLIES = {"role": "applicant", "ground": "application"}


def applied(ago, channel="application"):
    return {"items": (), "interaction": {"purpose": "recruitment", "at": make.NOW - timedelta(ago), "channel": channel}}


@pytest.mark.parametrize(
    ("opens", "brings"),
    [
        (True, {"relationship": APPLIES}),
        (True, applied(2)),
        (True, {"items": (), "relationship": APPLIES | {"purpose": "recruitment"}}),
        (False, {"ago": 390, "relationship": APPLIES}),
        (False, {"source": "third_party", "relationship": APPLIES}),
        (False, applied(390)),
        (False, applied(2, channel="email")),
        (False, {"items": (), "relationship": APPLIES | {"purpose": "recruitment", "started_on": date(2025, 2, 20)}}),
    ],
)
def test_whoever_applies_again_has_an_open_application(opens, brings):
    tie = turned_down()
    intake.collect(parcel(**brings), **BY)
    tie.refresh_from_db()
    assert (tie.application_closed_on is None, tie.application_outcome == "") == (opens, opens)
    told = Entry.objects.filter(kind="relationship.resumed", object=tie.uuid)
    data = {"outcome": "unsuccessful", "what": "application_closed_on"}
    assert [json.loads(row.body)["data"] for row in told] == ([data] if opens else [])


def test_an_application_that_is_open_does_not_go_with_the_one_before():
    tie = turned_down(on=date(2025, 11, 20))
    now = make_retention.NOW
    intake.collect(parcel(ago=-260), now=now, actor=make.ACTOR)
    one = make_retention.rule(tie.purpose, trigger="application_closed", period="P12M")
    make_retention.applied(one, now)
    assert PersonalDataItem.objects.count() == 2
    tie.refresh_from_db()
    by = {"outcome": "withdrawn", "now": now, "actor": make.ACTOR}
    applications.reopen(applications.close(tie, on=now.date(), **by), now=now, actor=make.ACTOR)
    # What closed the one before, sent once more.
    with pytest.raises(Invalid) as refusal:
        applications.close(tie, on=date(2025, 11, 20), **by)
    assert (
        str(refusal.value.fields["on"]) == "It began on 18 November 2026, as we know it, so it was not closed before."
    )
    assert applications.close(tie, on=now.date(), **by).application_outcome == "withdrawn"


def test_whoever_was_hired_left_and_applies_again_is_hired_again():
    tie = turned_down(outcome="hired")
    employment = Relationship.objects.get(role="employee")
    relationships.end(employment.subject, employment.purpose, what="contract_ended_on", on=date(2026, 1, 31), **BY)
    intake.collect(parcel(), **BY)
    employment.refresh_from_db()
    assert employment.contract_ended_on == date(2026, 1, 31)
    tie.refresh_from_db()
    applications.close(tie, outcome="hired", on=make.NOW.date(), employment="employment", **BY)
    employment.refresh_from_db()
    assert employment.contract_ended_on is None


def test_blocks_are_placed_once_and_released_by_what_placed_them(support):
    ada = make.person()
    first = blocks.place(ada, kind="hold", placed_for=ada.uuid, **BY)
    assert blocks.place(ada, kind="hold", placed_for=ada.uuid, **BY) == first
    blocks.place(ada, kind="access_request", placed_for=first.uuid, purpose=support, **BY)
    assert blocks.active(ada).count() == 2
    assert blocks.release(ada.uuid, **BY) == 1
    assert blocks.release(ada.uuid, **BY) == 0
    assert [block.kind for block in blocks.active(ada, purpose=support)] == ["access_request"]
    assert Entry.objects.filter(kind="block.placed").count() == 2


@pytest.mark.parametrize(
    ("ground", "kept"),
    [("claims", True), ("unlawful", True), ("accuracy", True), ("objection", True), ("hold", False)],
)
def test_what_is_restricted_is_not_deleted_on_schedule(ground, kept):
    ada = make.person()
    restriction = restrictions.restrict(ada, ground=ground, **BY)
    assert blocks.active(ada).exists() is kept
    restrictions.lift(restriction, **BY)
    assert not blocks.active(ada).exists()
    assert ErasureBlock.objects.count() == kept


def test_a_disclosure_required_by_law_names_power_and_approver():
    ada, police = make.person(), Recipient.objects.create(slug="police", name="Police", role="authority")
    phone = make_register.category("phone")
    with pytest.raises(Invalid) as refusal:
        disclosures.record(ada, recipient=police, categories=[phone], ground="required_by_law", **BY)
    assert set(refusal.value.fields) == {"legal_power", "approved_by"}
    disclosures.record(
        ada,
        recipient=police,
        categories=[phone],
        ground="required_by_law",
        legal_power="DPA 2018 Sch 2 para 2",
        approved_by="user:1",
        **BY,
    )
    assert Disclosure.objects.get().categories.get() == phone
    assert Entry.objects.get(kind="data.disclosed").subject == ada.uuid


def test_the_same_organisation_is_found_again():
    ada, bob = make.person(make.email("ada@example.com")), make.person(make.email("bob@example.com"))
    first = organisations.represent(ada, name="Octopus  Ltd", legal_type="company", **BY)
    assert organisations.represent(bob, name="Octopus Ltd", legal_type="company", **BY) == first
    assert organisations.represent(bob, name="Octopus Ltd", legal_type="sole_trader", **BY) != first
    assert Organisation.objects.count() == 2
    with pytest.raises(Invalid):
        organisations.represent(ada, name=" ", legal_type="club", **BY)
