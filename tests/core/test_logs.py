"""Log lines: one for each request, with its id, and nothing about anybody in them."""

import json
import logging
import uuid

import pytest
from celery import current_app
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from core import logs
from core.accesslog import HEADER
from core.tasks import sweep_idempotency
from kraken_privacy.demo.entry import SCOPES
from tests import make_consents

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
CANARY = "canary.7731@example.com"


def crash(request: HttpRequest, token: str) -> HttpResponse:
    raise ValueError(f"no such mailbox: {CANARY}")


def broken(request: HttpRequest, token: str) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::integer", [CANARY])
    return HttpResponse()


urlpatterns = [
    path("crash/<str:token>/", crash),
    path("broken/<str:token>/", broken),
    path("api/v1/crash/<str:token>/", crash),
    path("", include("kraken_privacy.urls")),
]


@pytest.fixture
def lines():
    """What would stand on stderr, in both formats."""
    written = []

    class Catch(logging.Handler):
        def emit(self, record):
            written.append((logs.Line().format(record), logs.Json().format(record)))

    catch = Catch(level=logging.DEBUG)
    catch.addFilter(logs.NoPaths())
    root, level = logging.getLogger(), logging.getLogger().level
    root.addHandler(catch)
    root.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(catch)
    root.setLevel(level)


def access(lines):
    found = [json.loads(machine) for _people, machine in lines]
    return [line for line in found if line["logger"] == "kraken.access"]


def test_a_request_is_one_line(client, lines):
    answer = client.get("/policy/?email=" + CANARY)
    (line,) = access(lines)
    assert (line["method"], line["route"], line["status"]) == ("GET", "/policy/", answer.status_code)
    assert line["ms"] > 0
    assert line["id"] == answer.headers[HEADER]
    assert line["id"] in lines[-1][0]


def test_a_route_stands_for_the_address(client, lines):
    client.get("/rights/confirm/very-secret-token/")
    assert access(lines)[0]["route"] == "/rights/confirm/<str:token>/"
    client.get("/no/such/very-secret-token/")
    assert access(lines)[1]["route"] == "(none)"
    assert "very-secret-token" not in str(lines)


@pytest.mark.parametrize("given", ["0123abcd", "0f8fad5b-d9cb-469f-a165-70867728950e"])
def test_a_sane_request_id_is_kept(client, lines, given):
    assert client.get("/healthz", headers={HEADER: given}).headers[HEADER] == given
    assert access(lines)[0]["id"] == given


@pytest.mark.parametrize("given", [CANARY, "short", "x" * 65, "two words here", "a\nb" * 9])
def test_another_is_made_when_it_is_not(client, lines, given):
    made = client.get("/healthz", headers={HEADER: given}).headers[HEADER]
    assert uuid.UUID(made)
    assert given not in str(lines)


def test_probes_do_not_fill_the_log(client, lines):
    client.get("/healthz")
    client.get("/policy/")
    assert [line["level"] for line in access(lines)] == ["DEBUG", "INFO"]


@pytest.mark.parametrize("address", ["/crash/{}/", "/broken/{}/", "/api/v1/crash/{}/"])
def test_a_crash_names_its_kind_and_place_and_quotes_nothing(lines, address):
    client = Client(raise_request_exception=False)
    answer = client.get(address.format("very-secret-token"), {"email": CANARY})
    assert answer.status_code == 500
    text = str(lines)
    assert "test_logs.py" in text
    assert "ValueError" in text or "DataError" in text or "InvalidTextRepresentation" in text
    assert "canary" not in text.replace('f"no such mailbox: {CANARY}"', "").replace("[CANARY]", "")
    assert "very-secret-token" not in text
    assert access(lines)[0]["status"] == 500


def test_every_door_is_silent_about_who_came_through(client, lines):
    """An address in the path, the query, every field of every form and body, headers, broken bodies."""
    key = make_consents.key(*SCOPES)["headers"]
    body = dict.fromkeys(("email", "identity", "form", "purpose", "rights", "requester", "values", "details"), CANARY)
    paths = ["consents", "consents/withdraw", "collect", "interactions", "requests", "permissions/check", CANARY]
    for name in paths:
        for content in (json.dumps(body), f'{{"{CANARY}', CANARY):
            client.post(f"/api/v1/{name}/?a={CANARY}", content, content_type="application/json", headers=key)
    for name in ("requests/" + CANARY, "forms/" + CANARY, "events", "ledger/seals", "notices/privacy-policy"):
        client.get(f"/api/v1/{name}/", {"after": CANARY, "cursor": CANARY, "on": CANARY, "locale": CANARY}, headers=key)
    for name in ("rights", "rights/name", "rights/email", "rights/link", "accounts/login", "rights/confirm/" + CANARY):
        client.post(f"/{name}/?next={CANARY}", {**body, "username": CANARY, "password": CANARY, "login": CANARY})
        client.get(f"/{name}/", {"q": CANARY}, headers={"Referer": CANARY, "User-Agent": CANARY, HEADER: CANARY})
    client.get("/", headers={"Host": CANARY})
    client.generic("CANARY", "/" + CANARY)
    assert len(access(lines)) > 30
    assert "canary" not in str(lines).lower()


def test_a_chain_of_errors_is_told_from_the_first():
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            raise RuntimeError(CANARY) from error
    except RuntimeError as error:
        record = logging.LogRecord("x", logging.ERROR, __file__, 1, "failed", (), (type(error), error, None))
    for text in (logs.Line().format(record), logs.Json().format(record)):
        assert text.index("KeyError") < text.index("RuntimeError")
        assert CANARY not in text


@current_app.task(name="tests.fall")
def fall():
    raise ValueError(f"no such mailbox: {CANARY}")


def test_a_task_is_one_line_with_its_id(lines):
    done = sweep_idempotency.apply()
    (line,) = [json.loads(machine) for _people, machine in lines if '"kraken.task"' in machine]
    assert (line["id"], line["task"], line["level"]) == (done.id, "core.tasks.sweep_idempotency", "INFO")
    assert "SUCCESS" in line["message"]


def test_a_task_that_fails_quotes_nothing(lines):
    failed = fall.apply()
    assert failed.state == "FAILURE"
    text = str(lines)
    assert failed.id in text
    assert "ValueError" in text
    assert "canary" not in text.replace("{CANARY}", "")
    assert logs.current.get() == "-"
