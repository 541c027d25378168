"""The four calls over HTTP: keys and scopes, answers, refusals as problems, and replays."""

import pytest

from consents.models import ConsentEvent, ConsentState, Suppression
from core import apikeys
from ledger.models import Entry
from subjects.models import DataSubject
from tests import make_consents as make

pytestmark = pytest.mark.django_db
URL = "/api/v1"
CALLS = {
    "/forms/join/": ("forms:read", None),
    "/consents/": ("consents:write", {}),
    "/consents/withdraw/": ("consents:withdraw", {}),
    "/permissions/check/": ("permissions:read", {}),
}


def call(client, path, body=None, *, key=None, **headers):
    key = key or make.key()
    options = {"headers": {**key["headers"], **headers}}
    if body is None:
        return client.get(URL + path, **options)
    return client.post(URL + path, body, content_type="application/json", **options)


def is_problem(response, status, *fields):
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    named = {error["field"] for error in response.json().get("errors", [])}
    assert set(fields) <= named
    return True


@pytest.mark.parametrize("path", CALLS)
def test_every_call_needs_a_key_with_its_scope(client, path):
    _scope, body = CALLS[path]
    assert is_problem(call(client, path, body, key={"headers": {}}), 401)
    assert is_problem(call(client, path, body, key=make.key("nothing:read")), 403)


@pytest.mark.parametrize("path", ["/consents/", "/consents/withdraw/", "/permissions/check/"])
@pytest.mark.parametrize("body", ["[]", '"text"', "null", "{", '{"surprise": 1}', '{"identity": []}', "\x00"])
def test_a_body_that_makes_no_sense_is_a_problem(client, path, body):
    assert is_problem(call(client, path, body), 400)
    assert not DataSubject.objects.exists()


def test_a_form_as_it_is_shown(client):
    version = make.published()
    make.published(locale="de-DE", title="Bleiben wir in Verbindung", now=make.NOW)
    answer = call(client, "/forms/join/?locale=en-GB").json()
    assert answer == {
        "slug": "join",
        "version": 1,
        "locale": "en-GB",
        "sha256": version.sha256,
        "title": "Stay in touch",
        "intro": "Choose.",
        "controls": [make.control()],
        "controllers": ["Example Ltd"],
        "notice": {"version": "1", "url": "http://testserver/policy/"},
        "double_opt_in": False,
        "withdrawal": {"text": version.withdrawal, "url": "http://testserver/preferences/"},
        "minimum_age": None,
        "network_reason": "",
    }
    assert version.withdrawal
    assert call(client, "/forms/join/?locale=de-DE").json()["title"].startswith("Bleiben")
    assert call(client, "/forms/join/?locale=fr-FR").json()["locale"] == "en-GB"
    assert is_problem(call(client, "/forms/nonsense/"), 404)


def test_capture_answers_what_now_stands(client):
    make.published()
    response = call(client, "/consents/", make.body())
    assert response.status_code == 201
    answer = response.json()
    assert set(answer) == {"consent", "subject", "pending", "states", "receipt"}
    assert answer["states"] == {"newsletter": "given"}
    assert answer["pending"] is False
    assert answer["receipt"].count(".") == 2
    event = ConsentEvent.objects.get()
    assert str(event.consent) == answer["consent"]
    assert event.actor.startswith("api:")


def test_faults_are_named_by_field_and_leave_nothing(client):
    make.published()
    body = make.body(identity={"email": "x"}, choices={"other": True}, version=7)
    assert is_problem(call(client, "/consents/", body), 400, "version", "identity.email")
    body = make.body(choices={"other": True}, given_at="2999-01-01T00:00:00Z")
    assert is_problem(call(client, "/consents/", body), 400, "choices.other", "given_at")
    assert not DataSubject.objects.exists()


def test_a_capture_sent_again_makes_nothing_again(client):
    make.published()
    key = make.key()
    first, again = (call(client, "/consents/", make.body(), key=key, **{"Idempotency-Key": "a"}) for _ in "12")
    assert first.json() == again.json()
    assert (again.status_code, ConsentEvent.objects.count()) == (201, 1)
    other = call(client, "/consents/", make.body("bob@example.com"), key=key, **{"Idempotency-Key": "a"})
    assert is_problem(other, 422)
    assert call(client, "/consents/", make.body(), key=make.key(), **{"Idempotency-Key": "a"}).json() != first.json()


def test_a_refused_capture_may_be_corrected_under_the_same_key(client):
    make.published()
    key, header = make.key(), {"Idempotency-Key": "a"}
    assert is_problem(call(client, "/consents/", make.body(version=9), key=key, **header), 400)
    assert call(client, "/consents/", make.body(), key=key, **header).status_code == 201


def test_a_known_person_over_a_replay_key_is_captured_too(client):
    make.published()
    for name in ("a", "b"):
        assert call(client, "/consents/", make.body(), **{"Idempotency-Key": name}).status_code == 201
    assert (DataSubject.objects.count(), ConsentEvent.objects.count()) == (1, 2)


def test_withdrawing_answers_the_same_for_everybody_and_replays(client):
    make.published()
    call(client, "/consents/", make.body())
    key = make.key()
    answers = []
    for number, email in enumerate(("ada@example.com", "nobody@example.com")):
        body = {"identity": {"email": email}, "purposes": ["newsletter"]}
        header = {"Idempotency-Key": f"w{number}"}
        response = call(client, "/consents/withdraw/", body, key=key, **header)
        assert response.status_code == 200
        assert response.json() == call(client, "/consents/withdraw/", body, key=key, **header).json()
        answers.append(response.json())
    assert answers[0].keys() == answers[1].keys() == {"states", "receipt"}
    assert answers[0]["states"] == answers[1]["states"] == {"newsletter": "withdrawn"}
    assert len(answers[0]["receipt"]) == len(answers[1]["receipt"])
    assert Suppression.objects.count() == 2
    assert Entry.objects.filter(kind="consent.withdrawn").count() == 2


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("identity", {"identity": {}}),
        ("identity.email", {"identity": {"email": "x"}}),
        ("purposes", {"purposes": "everything"}),
        ("purposes", {"purposes": []}),
        ("purposes", {"purposes": [1]}),
        ("purposes", {"purposes": ["nonsense"]}),
    ],
)
def test_a_withdrawal_names_its_faults(client, field, change):
    make.published()
    body = {"identity": {"email": "ada@example.com"}, "purposes": ["newsletter"]} | change
    assert is_problem(call(client, "/consents/withdraw/", body), 400, field)
    assert not Suppression.objects.exists()


def test_a_check_answers_in_order_with_evidence_and_changes_nothing(client):
    make.published()
    call(client, "/consents/", make.body())
    body = {"purpose": "newsletter", "channel": "email", "type": "email"}
    values = ["nobody@example.com", "ADA@example.com", "no address"]
    before = Entry.objects.count()
    answer = call(client, "/permissions/check/", {**body, "values": values}).json()
    assert set(answer) == {"purpose", "as_of", "results"}
    assert [result["allowed"] for result in answer["results"]] == [False, True, False]
    assert set(answer["results"][1]) == {"allowed", "reason", "evidence", "valid_until"}
    assert answer["results"][1]["evidence"] == str(ConsentState.objects.get().entry)
    assert Entry.objects.count() == before


@pytest.mark.parametrize(
    ("status", "change"),
    [
        (404, {"purpose": "nonsense"}),
        (400, {"purpose": 7}),
        (400, {"channel": "pigeon"}),
        (400, {"type": "shoe size"}),
        (400, {"values": "ada@example.com"}),
        (400, {"values": [None]}),
        (400, {"values": ["x"] * 100_001}),
    ],
)
def test_a_check_names_its_faults(client, status, change):
    make.live()
    body = {"purpose": "newsletter", "type": "email", "values": ["ada@example.com"]} | change
    assert is_problem(call(client, "/permissions/check/", body), status)


def test_a_key_for_browsers_posts_choices_and_asks_nothing(client):
    make.published()
    scopes = ["forms:read", "consents:write"]
    _row, text = apikeys.create("site", scopes, kind="publishable", origins=["https://example.com"])
    key = {"headers": {"Authorization": f"Api-Key {text}", "Origin": "https://example.com"}}
    assert call(client, "/consents/", make.body(), key=key).status_code == 201
    assert call(client, "/permissions/check/", {}, key=key).status_code == 403


def test_the_openapi_document_describes_the_calls(client):
    paths = client.get(f"{URL}/schema/", headers={"Accept": "application/json"}).content.decode()
    for path in ("forms/{slug}/", "consents/withdraw/", "permissions/check/", "given_at", "Idempotency-Key"):
        assert path in paths


def test_a_key_that_anyone_can_read_tells_nobodys_standing(client):
    """A late answer is told what stands instead. From a page, that would tell a stranger what somebody has chosen."""
    make.published()
    make.captured("ada@example.com", choices={"newsletter-email": False})
    key = make.key("consents:write", kind="publishable", origins=["https://example.com"])
    late = make.body("ada@example.com", given_at=make.PUBLISHED.isoformat())
    assert is_problem(call(client, "/consents/", late, key=key, Origin="https://example.com"), 400, "given_at")
    now = make.body("ada@example.com")
    assert call(client, "/consents/", now, key=key, Origin="https://example.com").json()["states"] == {
        "newsletter": "given"
    }
