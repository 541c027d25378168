"""Working a request over the API: from an open case to its answer, with the refusals of the domain."""

import json
from uuid import uuid4

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from core import apikeys
from core.outbox import deliver_due
from ledger.models import Entry
from requests.models import Message, Right, RightsRequest
from tests import make_office as make
from tests import make_requests

pytestmark = pytest.mark.django_db


SEARCHED = {"terms": "grace@example.com", "places": "Contacts"}


class Api:
    def __init__(self, request, *scopes):
        _row, secret = apikeys.create("worker", scopes or ("requests:work", "requests:read"))
        self.client = Client(headers={"Authorization": f"Api-Key {secret}"})
        self.here = f"/api/v1/requests/{request.reference}/"

    def get(self, path=""):
        return self.client.get(self.here + path)

    def post(self, path, **headers_and_body):
        headers = headers_and_body.pop("headers", None)
        body = json.dumps(headers_and_body)
        return self.client.post(self.here + path, body, content_type="application/json", headers=headers)


@pytest.fixture
def known(mailoutbox):
    """Somebody whom we know, in a system that a person must still ask."""
    make.register(manual=True)
    make.person("newsletter", "statutory-accounts")

    def ask(*rights):
        return make.confirmed(*rights, mailbox=mailoutbox, now=timezone.now())

    return ask


def test_an_access_request_is_answered(known, mailoutbox):
    request = known("access").requests.get()
    api = Api(request)
    work = api.get("work/").json()
    assert (work["confirmed"], work["person_known"], work["prepared_at"]) == (True, True, None)
    assert api.post("tasks/crm/", outcome="nothing_found").json()["type"].endswith("not-searched")
    assert {task["system"]: task["outcome"] for task in work["tasks"]}["crm"] == "pending"
    assert {line["purpose"] for line in work["decisions"]} == {"newsletter", "statutory-accounts"}
    assert api.post("tasks/crm/", outcome="nothing_found", searched=SEARCHED).status_code == 200
    assert api.post("prepare/").json()["state"] == "ready"
    answered = api.post("release/")
    assert (answered.status_code, answered.json()["state"]) == (200, "fulfilled")
    assert api.post("release/").json()["state"] == "fulfilled"
    assert [letter["kind"] for letter in api.get("work/").json()["letters"]] == ["access_response"]
    assert make_requests.written().get().is_given
    actors = {
        json.loads(body)["actor"] for body in Entry.objects.filter(kind="task.answered").values_list("body", flat=True)
    }
    assert all(actor.startswith("api:") for actor in actors)


def test_an_erasure_is_decided_and_released(known):
    request = known("erasure").requests.get()
    api = Api(request)
    api.post("tasks/crm/", outcome="retained", reason="legal-obligation")
    for line in api.get("work/").json()["decisions"]:
        decided = api.post("decisions/", purpose=line["purpose"], reason=line["proposed_reason"])
        assert decided.status_code == 200
    assert all(line["outcome"] for line in api.get("work/").json()["decisions"])
    assert api.post("release/").status_code == 200
    request.refresh_from_db()
    assert "executed_at" in request.result


def test_moves_are_those_of_the_table(known):
    request = known("rectification", "access").requests.get(right="access")
    api = Api(request)
    assert api.post("moves/", to="in_progress").json()["state"] == "in_progress"
    refused = api.post("moves/", to="fulfilled")
    assert (refused.status_code, refused["Content-Type"]) == (409, "application/problem+json")
    assert refused.json()["type"].endswith("transition-not-allowed")
    assert api.post("moves/", to="sideways").status_code == 400


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("tasks/crm/", {"outcome": "pending"}, 400, "outcome"),
        ("tasks/crm/", {"outcome": "failed"}, 400, "reason"),
        ("tasks/nowhere/", {"outcome": "done"}, 404, None),
        ("decisions/", {"purpose": "nothing", "reason": "x"}, 400, "purpose"),
        ("decisions/", {"purpose": "newsletter", "reason": "x"}, 400, "reason"),
        ("release/", {"colour": "red"}, 400, "colour"),
        ("messages/", {"text": ""}, 400, "text"),
    ],
)
def test_what_is_wrong_is_named(known, path, body, status, field):
    answer = Api(known("access").requests.get()).post(path, **body)
    assert answer.status_code == status
    assert [error["field"] for error in answer.json().get("errors", [])] == ([field] if field else [])


def test_an_unconfirmed_person_gets_nothing():
    make.register()
    request = make_requests.case("access").requests.get()
    refused = Api(request).post("release/")
    assert (refused.status_code, refused.json()["type"].rpartition("/")[2].rpartition(":")[2]) == (409, "unconfirmed")


@override_settings(TWO_PERSON_RELEASE=True)
def test_two_people_are_two_keys(known):
    request = known("access").requests.get()
    one, other = Api(request), Api(request)
    one.post("tasks/crm/", outcome="nothing_found", searched=SEARCHED)
    one.post("prepare/")
    assert one.post("release/").status_code == 409
    assert other.post("release/").status_code == 200


def test_a_message_is_sent_once(known, mailoutbox):
    request = known("access").requests.get()
    api, key = Api(request), {"Idempotency-Key": str(uuid4())}
    first = api.post("messages/", text="Which account do you mean?", headers=key)
    again = api.post("messages/", text="Which account do you mean?", headers=key)
    assert (first.status_code, first.json()) == (201, again.json())
    assert Message.objects.get().direction == "out"
    mailoutbox.clear()
    deliver_due(now=timezone.now())
    assert "account" not in mailoutbox[-1].body
    assert "/rights/messages/" in mailoutbox[-1].body


def test_the_scope_is_its_own(known):
    request = known("access").requests.get()
    api = Api(request, "requests:read", "requests:write")
    assert api.get("work/").status_code == 403
    assert api.post("release/").status_code == 403
    assert RightsRequest.objects.get().state == "received"


@pytest.mark.parametrize("right", [right for right in Right.values if right not in ("withdrawal", "general")])
def test_each_right_of_somebody_unknown_is_answered(right, mailoutbox):
    """From intake to the closed case by calls alone, but for the link that only the person can follow."""
    make.register(manual=True)
    now = timezone.now()
    request = make.confirmed(right, email="unknown@example.com", mailbox=mailoutbox, now=now).requests.get()
    api = Api(request)
    for task in api.get("work/").json()["tasks"]:
        if task["system"] != "kraken-privacy":
            done = api.post(f"tasks/{task['system']}/", outcome="nothing_found", searched=SEARCHED)
            assert done.status_code == 200
    if right != "objection":
        assert api.post("release/").json()["code"] == "ask-where-first"
        assert api.post("where/", complete=True).status_code == 200
    answered = api.post("release/")
    assert answered.status_code == 200, answered.content
    assert answered.json()["state"] in ("fulfilled", "partly_fulfilled", "refused")
    assert all(letter["given_on"] for letter in api.get("work/").json()["letters"])
    request.case.refresh_from_db()
    assert request.case.closed_at


def test_a_withdrawal_is_answered_when_it_is_said(mailoutbox):
    make.register()
    request = make_requests.case("withdrawal", now=timezone.now()).requests.get()
    assert Api(request).get().json()["state"] == "fulfilled"


def test_a_message_is_closed_only_with_an_answer(mailoutbox):
    make.register()
    request = make.confirmed("general", mailbox=mailoutbox, now=timezone.now()).requests.get()
    api = Api(request)
    assert api.post("moves/", to="in_progress").status_code == 200
    refused = api.post("moves/", to="fulfilled")
    assert refused.status_code == 409
    assert refused.json()["type"].endswith("nothing-written")
    assert api.post("messages/", text="We are open from nine.").status_code == 201
    assert api.post("moves/", to="fulfilled").json()["state"] == "fulfilled"
