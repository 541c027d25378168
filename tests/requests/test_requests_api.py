"""POST requests/ and GET requests/{reference}/: who may, what comes back, what is refused, what is remembered."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from core import apikeys
from core.errors import Invalid
from core.models import ApiKey, Outbox
from ledger.models import Entry
from requests import answer, representing, ways
from requests.deadlines import store
from requests.facts import Facts
from requests.intake import claim_of, confirm
from requests.models import CaseFile, RightsRequest
from requests.workflow import State
from subjects.identifiers import Claim
from subjects.people import find_or_create
from tests import make_requests
from tests.make_requests import EMAIL, NOW

pytestmark = pytest.mark.django_db
URL = "/api/v1/requests/"
BODY = {
    "rights": ["access", "erasure"],
    "requester": {"name": "Grace Hopper", "email": EMAIL},
    "details": "everything",
    "channel": "letter",
}


def caller(*scopes):
    _key, secret = apikeys.create("test", list(scopes))
    return Client(headers={"Authorization": f"Api-Key {secret}"})


@pytest.fixture
def api():
    return caller("requests:write", "requests:read")


def post(api, body=BODY, **headers):
    return api.post(URL, json.dumps(body), content_type="application/json", headers=headers)


def test_a_request_is_taken_in_and_can_be_followed(api):
    today = timezone.localdate()
    response = post(api)
    assert response.status_code == 202
    body = response.json()
    case = CaseFile.objects.get(uuid=body["case"])
    assert (case.channel, case.subject) == ("letter", None)
    assert [row["right"] for row in body["requests"]] == ["access", "erasure"]
    shown = api.get(f"{URL}{body['requests'][0]['reference'].lower()}/")
    assert shown.status_code == 200
    shown = shown.json()
    row = RightsRequest.objects.get(reference=shown["reference"])
    assert list(shown) == [
        "reference",
        "right",
        "state",
        "received_on",
        "due",
        "clock",
        "elsewhere",
        "allowed_moves",
        "duplicate_of",
    ]
    assert (shown["right"], shown["state"], shown["received_on"]) == (
        "access",
        "received",
        case.received_on.isoformat(),
    )
    assert shown["due"] == row.due_on.isoformat() == body["requests"][0]["due"]
    assert shown["clock"]["status"] == "running"
    assert shown["allowed_moves"] == ["in_progress", "refused", "withdrawn", "duplicate"]
    assert abs((case.received_on - today).days) <= 1


def test_allowed_moves_follow_the_state(api):
    made = make_requests.request(state=State.FULFILLED)
    shown = api.get(f"{URL}{made.reference}/").json()
    assert (shown["state"], shown["allowed_moves"]) == ("fulfilled", ["in_progress"])


def test_a_letter_of_last_week_is_due_from_its_arrival(api):
    arrived = timezone.localdate() - timedelta(days=7)
    answer = post(api, {**BODY, "received_on": arrived.isoformat()})
    assert [error["field"] for error in answer.json()["errors"]] == ["late"]
    assert not CaseFile.objects.exists()
    body = post(api, {**BODY, "received_on": arrived.isoformat(), "late": "forwarded"}).json()
    noted = json.loads(Entry.objects.get(kind="request.entered-late", object=body["case"]).body)
    assert noted["data"] == {"reason": "forwarded", "days": 7}
    shown = api.get(f"{URL}{body['requests'][0]['reference']}/").json()
    assert shown["received_on"] == shown["clock"]["start"] == arrived.isoformat()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rights": []}, "rights"),
        ({"rights": ["everything"]}, "rights.0"),
        ({"rights": "access"}, "rights"),
        ({"requester": {}}, "requester"),
        ({"requester": {"email": "nonsense"}}, "requester.email"),
        ({"requester": "Grace"}, "requester"),
        ({"channel": "pigeon"}, "channel"),
        ({"received_on": "2999-01-01"}, "received_on"),
        ({"received_on": "2001-01-01"}, "received_on"),
        ({"received_on": "soon"}, "received_on"),
        ({"locale": "<b>"}, "locale"),
        ({"details": "x" * 5001}, "details"),
        ({"late": "I forgot, sorry: Grace rang on Monday"}, "late"),
        ({"capacity": "friend"}, "capacity"),
        ({"capacity": "solicitor"}, "requester.representative"),
        ({"is_child": True}, "capacity"),
        ({"requester": {"name": "Grace Hopper", "representative": "Vinton Cerf"}}, "capacity"),
        ({"requester": {"name": "Grace Hopper", "representative": "x" * 201}}, "requester.representative"),
    ],
)
def test_what_cannot_be_is_named(api, change, field):
    response = post(api, {**BODY, **change})
    assert response.status_code == 400
    assert response["Content-Type"] == "application/problem+json"
    assert field in [error["field"] for error in response.json()["errors"]]
    assert not CaseFile.objects.exists()


def test_a_complaint_says_who_complains_for_whom(api):
    requester = {**BODY["requester"], "representative": "Vinton Cerf, 1 Law Street"}
    body = {"requester": requester, "complaint": "Nobody answered her."}
    for wrong, field in (({}, "capacity"), ({"capacity": "solicitor", "requester": BODY["requester"]}, "requester.r")):
        errors = api.post("/api/v1/complaints/", {**body, **wrong}, content_type="application/json").json()["errors"]
        assert [error["field"].startswith(field) for error in errors] == [True]
    made = api.post("/api/v1/complaints/", {**body, "capacity": "solicitor"}, content_type="application/json")
    assert made.status_code == 202
    case = CaseFile.objects.get(complaints__reference=made.json()["reference"])
    assert (case.representation.capacity, case.representation.competence) == ("solicitor", "adult")
    assert representing.is_missing(case)


def test_an_agent_gets_nothing_before_they_show_that_they_may(api, mailoutbox):
    """legal-rules: evidence of authority is the agent's burden; nothing is disclosed to their word."""
    make_requests.system()
    find_or_create([Claim("email", EMAIL)], now=NOW, actor="test")
    requester = {**BODY["requester"], "representative": "Vinton Cerf, 1 Law Street"}
    body = post(api, {**BODY, "requester": requester, "capacity": "parent", "is_child": True}).json()
    case = CaseFile.objects.get(uuid=body["case"])
    assert (case.representation.capacity, case.representation.competence) == ("parent", "unknown")
    assert claim_of(case)["representative"] == "Vinton Cerf, 1 Law Street"
    entry = Entry.objects.get(kind="case.represented", object=case.uuid)
    assert "Vinton" not in entry.body
    case = confirm(make_requests.token_in(mailoutbox, now=timezone.now()), now=timezone.now())
    assert case.subject
    with pytest.raises(representing.NotLookedInto):
        ways.draft(case.requests.get(right="access"), now=timezone.now())
    representing.show(case, authority="parental", competence="too-young", note="Birth certificate.", **by())
    answer.prepare_access(case.requests.get(right="access"), **by())


def by():
    return {"actor": "user:00000000-0000-4000-8000-000000000001", "now": timezone.now()}


def test_keys_and_scopes():
    assert post(Client()).status_code == 401
    assert post(caller("requests:read")).status_code == 403
    made = make_requests.request()
    assert caller("requests:write").get(f"{URL}{made.reference}/").status_code == 403
    assert Client().get(f"{URL}{made.reference}/").status_code == 401


@pytest.mark.parametrize("reference", ["KP-2222-2222", "nonsense", "%00"])
def test_unknown_references(api, reference):
    response = api.get(f"{URL}{reference}/")
    assert response.status_code == 404
    assert response["Content-Type"] == "application/problem+json"


def test_the_same_key_makes_one_case(api):
    first, second = (post(api, **{"Idempotency-Key": "letter-17"}) for _ in range(2))
    assert first.json() == second.json()
    assert CaseFile.objects.count() == 1
    assert Outbox.objects.count() == 1
    assert post(api, {**BODY, "details": "other"}, **{"Idempotency-Key": "letter-17"}).status_code == 422


def test_known_and_unknown_get_the_same_answer(api):
    find_or_create([Claim("email", EMAIL)], now=NOW, actor="test")
    known = post(api)
    unknown = post(api, {**BODY, "requester": {"name": "N", "email": "nobody@example.com"}})
    assert known.status_code == unknown.status_code
    assert list(known.json()) == list(unknown.json())
    assert [row["due"] for row in known.json()["requests"]] == [row["due"] for row in unknown.json()["requests"]]


def test_asking_changes_nothing_and_the_ledger_names_nobody(api):
    reference = post(api).json()["requests"][0]["reference"]
    entries = list(Entry.objects.values_list("body", flat=True))
    api.get(f"{URL}{reference}/")
    assert list(Entry.objects.values_list("body", flat=True)) == entries
    assert not any("Grace" in body or "example" in body or "everything" in body for body in entries)


def test_a_paused_clock_is_shown_with_its_reason(api):
    made = make_requests.request()
    facts = Facts.from_json({**made.facts, "clarifications": [["2026-11-09", None]]})
    assert store(made, facts).status == "paused"
    shown = api.get(f"{URL}{made.reference}/").json()
    assert (shown["due"], shown["clock"]["status"]) == (None, "paused")
    assert any("Monday 9 November 2026" in sentence for sentence in shown["clock"]["explanation"])
    with pytest.raises(Invalid):
        store(made, Facts.from_json({**made.facts, "clarifications": [], "extended_on": "2027-01-05"}))


@pytest.mark.parametrize("body", [BODY, {}])
@pytest.mark.parametrize("change", [{"revoked_at": NOW}, {"expires_at": NOW}, {"digest": b"x" * 32}])
def test_a_key_that_this_process_recalls_opens_nothing_once_it_is_not_valid(api, change, body):
    assert post(api).status_code == post(api).status_code == 202
    ApiKey.objects.update(**change)
    assert post(api, body).status_code == 401
    assert CaseFile.objects.count() == 2
