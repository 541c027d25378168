"""Correcting, restricting and reviewing over the API, from an open case to its answer, with the refusals."""

import json
from uuid import uuid4

import pytest
from django.utils import timezone

from processing.models import DecisionSystem, Purpose
from requests import reviewing
from subjects import items
from subjects.models import PersonalDataItem, Restriction
from tests import make_office as make
from tests.requests.test_work_api import Api

pytestmark = pytest.mark.django_db


@pytest.fixture
def subject():
    make.register()
    return make.person("newsletter", "contract-administration", token="Grase")


@pytest.fixture
def asked(subject, mailoutbox):
    def ask(right):
        return Api(make.confirmed(right, mailbox=mailoutbox, now=timezone.now()).requests.get())

    return ask


def test_a_correction_is_proposed_decided_and_carried_out(asked):
    api, item = asked("rectification"), PersonalDataItem.objects.get(needs__purpose__slug="newsletter")
    assert api.post("release/").json()["type"].endswith("undecided")
    key = {"Idempotency-Key": "one"}
    made = api.post("corrections/", kind="item", about=str(item.uuid), new="Grace", headers=key)
    assert made.status_code == 201
    assert api.post("corrections/", kind="item", about=str(item.uuid), new="Grace", headers=key).json() == made.json()
    [correction] = made.json()["corrections"]
    assert api.post(f"corrections/{correction}/", reason="document-stays").status_code == 400
    assert api.post(f"corrections/{uuid4()}/", reason="inaccurate").status_code == 404
    assert api.post(f"corrections/{correction}/", reason="inaccurate").json()["state"] == "in_progress"
    assert api.post("release/").json()["state"] == "fulfilled"
    item.refresh_from_db()
    assert json.loads(items.contents([item])[item.pk]) == "Grace"
    assert api.post("corrections/", kind="other", new="x").status_code == 409


def test_what_is_not_this_persons_is_not_there(asked):
    api = asked("rectification")
    assert api.post("corrections/", kind="item", about=str(uuid4()), new="x").status_code == 404
    assert api.post("corrections/", kind="identifier", about=str(uuid4()), new="x").status_code == 404
    assert api.post("corrections/", kind="thing", new="x").status_code == 400


def test_a_restriction_is_decided_and_placed(asked):
    api = asked("restriction")
    assert {line["proposed_reason"] for line in api.get("work/").json()["decisions"]} == {"no-ground"}
    assert api.post("decisions/", purpose="newsletter", reason="unlawful-kept").status_code == 200
    assert api.post("decisions/", purpose="contract-administration", reason="no-ground").status_code == 200
    assert api.post("release/").json()["state"] == "partly_fulfilled"
    assert [row.purpose.slug for row in Restriction.objects.all()] == ["newsletter"]
    assert [letter["kind"] for letter in api.get("work/").json()["letters"]] == ["restriction_answer"]


def test_a_decision_is_reviewed(asked):
    DecisionSystem.objects.create(
        slug="offers",
        purpose=Purpose.objects.get(slug="direct-sales"),
        name="Offers",
        logic="x",
        consequences="y",
        by_computer_alone=True,
    )
    api = asked("adm_review")
    key = {"Idempotency-Key": "one"}
    made = api.post("reviews/", system="offers", asked=["contest"], decision="No discount.", headers=key)
    assert made.status_code == 201
    again = api.post("reviews/", system="offers", asked=["contest"], decision="No discount.", headers=key)
    assert again.json() == made.json()
    review = made.json()["review"]
    assert api.post(f"reviews/{review}/", outcome="changed", reasons="Right.").status_code == 400
    everything = list(reviewing.MEANINGFUL)
    assert api.post(f"reviews/{review}/", outcome="changed", reasons="Right.", meant=everything).status_code == 200
    assert api.post("release/").json()["state"] == "fulfilled"
