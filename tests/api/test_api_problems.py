"""Every fault at every call: a precise problem (RFC 9457), and nothing half-written."""

import json

import pytest
from django.db import connection
from rest_framework.test import APIClient

from tests import make_api as make
from tests.make_api import CALLS, POSTS, client, send
from tests.make_demo import undone

pytestmark = pytest.mark.django_db
PUBLIC = {"notice"}


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """Made once: each test works in a savepoint of its own."""
    with django_db_blocker.unblock(), undone():
        yield make.world()


@pytest.fixture
def refers(world):
    return world


@pytest.fixture
def unchanged(refers):
    """Whatever the test sends, no row may come of it."""
    before = make.rows()
    yield
    assert {label: count for label, count in make.rows().items() if before[label] != count} == {}


def problem(response, status, *fields, code=""):
    assert response.status_code == status, response.content
    assert response.headers["Content-Type"] == "application/problem+json"
    told = json.loads(response.content)
    assert {"type", "title", "status"} <= set(told)
    assert told["status"] == status
    assert not code or told["code"] == code
    named = {error["field"] for error in told.get("errors", [])}
    for field in fields:
        assert any(name == field or name.startswith((f"{field}.", f"{field}[")) for name in named), (field, named)
    return told


def raw(call, body, kind="application/json", **headers):
    return client().generic("POST", f"/api/v1/{call.path}", body, content_type=kind, headers=headers)


@pytest.mark.parametrize("name", CALLS)
def test_without_a_key(refers, unchanged, name):
    if name not in PUBLIC:
        answer = send(APIClient(), CALLS[name], refers)
        problem(answer, 401)
        assert answer.headers["WWW-Authenticate"] == "Api-Key"
        problem(send(APIClient(headers={"Authorization": "Api-Key kp_no_such"}), CALLS[name], refers), 401)


@pytest.mark.parametrize("name", CALLS)
def test_without_the_scope(refers, unchanged, name):
    if name not in PUBLIC:
        others = {call.scope for call in CALLS.values()} - {CALLS[name].scope, ""}
        problem(send(client(*others), CALLS[name], refers), 403, code="permission-denied")


@pytest.mark.parametrize("name", CALLS)
def test_with_the_wrong_method(refers, unchanged, name):
    path = "/api/v1/" + CALLS[name].path.format(**refers)
    meant = {call.method for call in CALLS.values() if call.path == CALLS[name].path}
    for method in {"PUT", "PATCH", "DELETE", "GET", "POST"} - meant:
        answer = client().generic(method, path, "{}", content_type="application/json")
        problem(answer, 405, code="method-not-allowed")
        assert CALLS[name].method in answer.headers["Allow"]


@pytest.mark.parametrize("name", POSTS)
def test_a_malformed_body(unchanged, name):
    for body in (b"{", b"", b"\xff", b'{"a": NaN}', b'{"a": "\\u0000"}', b"[" * 9999, b"nonsense"):
        problem(raw(POSTS[name], body), 400)


@pytest.mark.parametrize("name", POSTS)
def test_a_body_of_the_wrong_kind(unchanged, name):
    for body in (b"[]", b'"text"', b"7", b"null", b"{}"):
        problem(raw(POSTS[name], body), 400)


@pytest.mark.parametrize("name", POSTS)
def test_a_wrong_content_type(unchanged, name):
    body = json.dumps(POSTS[name].body).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml", "multipart/form-data"):
        problem(raw(POSTS[name], body, kind), 415, code="unsupported-media-type")


@pytest.mark.parametrize("name", POSTS)
def test_an_oversize_body(unchanged, name, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1000
    problem(raw(POSTS[name], json.dumps({"a": "x" * 2000}).encode()), 413, code="too-large")


WRONG = (7, "\u2603 nonsense", [], ["x", {}], {"x": 1}, True, None, 1e300)
MEMBERS = [(name, member) for name, call in POSTS.items() for member in call.body]
MISSING = [(name, member) for name, call in POSTS.items() for member in sorted(call.required)]


def is_fine(name, member, value):
    """What is not wrong after all: an empty list where lists may be empty, text where text is free, null as absent."""
    sent = POSTS[name].body[member]
    free = {("requests", "details"), ("collect", "items"), ("permissions", "channel"), ("requests", "received_on")}
    if isinstance(value, type(sent)) and not isinstance(value, (list, dict)) and not isinstance(sent, str):
        return True
    if member in ("details", "complaint", "wish") and isinstance(value, (str, int, float)):
        return True
    if value == [] and (name, member) in {
        ("collect", "items"),
        ("collect", "consents"),
        ("permissions", "values"),
        ("disclosure", "values"),
    }:
        return True
    return value is None and ((name, member) in free or member not in POSTS[name].required)


@pytest.mark.parametrize(("name", "member"), MEMBERS)
def test_a_member_of_the_wrong_type(refers, name, member):
    api, before = client(), make.rows()
    for value in WRONG:
        answer = send(api, POSTS[name], refers, {**POSTS[name].body, member: value})
        if is_fine(name, member, value) and answer.status_code < 300:
            before = make.rows()
        elif name in ("permissions", "disclosure") and member in ("purpose", "recipient") and isinstance(value, str):
            problem(answer, 404, code=f"unknown-{member}")
        else:
            problem(answer, 400, member)
            assert make.rows() == before, value


@pytest.mark.parametrize(("name", "member"), MISSING)
def test_a_missing_member(refers, unchanged, name, member):
    body = {other: part for other, part in POSTS[name].body.items() if other != member}
    problem(send(client(), POSTS[name], refers, body), 400, member)


@pytest.mark.parametrize("name", POSTS)
def test_an_unknown_member(refers, unchanged, name):
    problem(send(client(), POSTS[name], refers, {**POSTS[name].body, "tset": True}), 400, "tset")


@pytest.mark.parametrize(
    ("name", "change", "status", "field"),
    [
        ("consents", {"form": "no-such"}, 400, "form"),
        ("consents", {"version": 9}, 400, "version"),
        ("consents", {"locale": "tlh"}, 400, "version"),
        ("consents", {"choices": {"no-such": True}}, 400, "choices"),
        ("consents", {"identity": {"email": "nobody"}}, 400, "identity"),
        ("consents", {"identity": {"shoe_size": "9"}}, 400, "identity"),
        ("consents", {"given_at": "2999-01-01T00:00:00Z"}, 400, "given_at"),
        ("withdraw", {"purposes": ["no-such"]}, 400, "purposes"),
        ("withdraw", {"purposes": ["newsletter", "no-such"]}, 400, "purposes"),
        ("withdraw", {"purposes": ["customer-support"]}, 400, "purposes"),
        ("permissions", {"purpose": "no-such"}, 404, None),
        ("permissions", {"values": ["x"] * 100_001}, 400, "values"),
        ("collect", {"items": [{**make.ITEM, "purposes": ["no-such"]}]}, 400, "items"),
        ("collect", {"items": [{**make.ITEM, "colour": "red"}]}, 400, "items"),
        ("collect", {"items": [make.ITEM] * 1001}, 400, "items"),
        ("collect", {"consents": [{"form": "no-such"}]}, 400, "consents"),
        ("collect", {"relationship": {"role": "prospect", "purpose": "no-such"}}, 400, "relationship"),
        ("interactions", {"purpose": "no-such"}, 400, "purpose"),
        ("interactions", {"channel": "newsletter"}, 400, "channel"),
        ("requests", {"rights": ["no-such"]}, 400, "rights"),
        ("requests", {"rights": []}, 400, "rights"),
        ("requests", {"received_on": "2999-01-01"}, 400, "received_on"),
        ("requests", {"requester": {}}, 400, "requester"),
        ("requests", {"requester": {"email": "nobody"}}, 400, "requester"),
        ("requests", {"requester": {"name": "Ada", "password": "x"}}, 400, "requester"),
    ],
)
def test_what_does_not_exist_or_cannot_be(refers, unchanged, name, change, status, field):
    answer = send(client(), POSTS[name], refers, {**POSTS[name].body, **change})
    problem(answer, status, *filter(None, [field]))


@pytest.mark.parametrize(
    "path", ["forms/no-such/", "requests/KP-0000-0000/", "ledger/entries/00000000-0000-4000-8000-000000000000/proof/"]
)
def test_unknown_things_are_404(path):
    problem(client().get(f"/api/v1/{path}"), 404)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("notices/privacy-policy/?on=yesterday", "on"),
        ("events/?after=nonsense", "after"),
        ("events/?limit=0", "limit"),
    ],
)
def test_queries_that_make_no_sense(path, field):
    problem(client().get(f"/api/v1/{path}"), 400, field)


REPLAYS = [name for name, call in POSTS.items() if call.replays]


@pytest.mark.parametrize("name", REPLAYS)
def test_a_replayed_key_with_another_body(refers, name):
    api, call = client(), POSTS[name]
    first = send(api, call, refers, **{"Idempotency-Key": "k"})
    assert first.status_code == call.status
    before = make.rows()
    other = {**call.body, "identity": {"email": "bob@example.com"}} if "identity" in call.body else {
        **call.body, "rights": ["access"]
    }  # fmt: skip
    problem(send(api, call, refers, other, **{"Idempotency-Key": "k"}), 422, code="idempotency-mismatch")
    again = send(api, call, refers, **{"Idempotency-Key": "k"})
    assert (again.status_code, again.json().keys()) == (call.status, first.json().keys())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert make.rows() == before


@pytest.mark.parametrize("name", REPLAYS)
def test_a_key_for_replays_that_is_none(refers, unchanged, name):
    for key in ("", "x" * 256, "caf\u00e9"):
        problem(send(client(), POSTS[name], refers, **{"Idempotency-Key": key}), 400, "Idempotency-Key")


@pytest.mark.parametrize("name", CALLS)
def test_too_many_calls(refers, unchanged, name, settings):
    settings.API_CALLS_PER_KEY = settings.API_CALLS_PER_CLIENT = 0
    answer = send(client(), CALLS[name], refers)
    problem(answer, 429, code="throttled")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize("name", POSTS)
def test_a_crash_is_a_problem_and_leaves_nothing(refers, name, monkeypatch):
    """The last statement of the call fails as if the database had gone away."""
    before = make.rows()

    def fail(execute, sql, params, many, context):
        if "ledger_entry" in sql and sql.lstrip().startswith("INSERT"):
            raise RuntimeError("ada@example.com")
        return execute(sql, params, many, context)

    api = client()
    api.raise_request_exception = False
    with connection.execute_wrapper(fail):
        answer = send(api, POSTS[name], refers)
    if name == "consents" or answer.status_code < 300:
        return  # one prepared statement, whole or not at all; a check writes nothing
    told = problem(answer, 500)
    assert "ada@" not in json.dumps(told)
    assert make.rows() == before
