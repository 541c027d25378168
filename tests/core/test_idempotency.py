"""The Idempotency-Key header: once made, never made again."""

import json
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import include, path
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient

from core import apikeys, idempotency
from core.api import ApiView
from core.errors import DomainError
from core.models import Idempotency
from ledger.entries import record
from ledger.models import Entry

entered, leave = threading.Event(), threading.Event()


class Make(ApiView):
    required_scope = "write"

    def post(self, request: Request) -> Response:
        def make():
            if request.data.get("slow"):
                entered.set()
                assert leave.wait(20)
            made = record(kind="test.made", at=timezone.now(), actor=request.auth.actor)
            if request.data.get("refuse"):
                raise DomainError
            return made

        return idempotency.replayable(request, make=make, load=lambda made: {"made": str(made)}, status=201)


urlpatterns = [
    path("api/v1/make/", Make.as_view()),
    path("api/v1/other/", Make.as_view()),
    path("", include("kraken_privacy.urls")),
]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.urls(__name__)]


@pytest.fixture
def api() -> APIClient:
    return APIClient(headers={"Authorization": f"Api-Key {apikeys.create('test', ['write'])[1]}"})


def post(api: APIClient, data: dict | None = None, *, key: str | None = "k1", url: str = "/api/v1/make/"):
    return api.post(url, data or {}, format="json", headers={} if key is None else {"Idempotency-Key": key})


def test_again_is_replayed(api: APIClient) -> None:
    first, second = post(api, {"a": 1, "b": 2}), post(api, {"b": 2, "a": 1})
    assert first.json() == second.json()
    assert (first.status_code, second.status_code) == (201, 201)
    assert second.headers["Idempotency-Replayed"] == "true"
    assert Entry.objects.count() == 1


def test_other_body_is_422(api: APIClient) -> None:
    post(api, {"a": 1})
    answer = post(api, {"a": 2})
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency-mismatch")
    assert Entry.objects.count() == 1


def test_other_path_other_caller_and_no_key_are_apart(api: APIClient) -> None:
    other = APIClient(headers={"Authorization": f"Api-Key {apikeys.create('other', ['write'])[1]}"})
    answers = [post(api), post(api, url="/api/v1/other/"), post(other), post(api, key=None), post(api, key=None)]
    assert len({answer.json()["made"] for answer in answers}) == 5


def test_refusal_leaves_no_trace(api: APIClient) -> None:
    assert post(api, {"refuse": True}).status_code == 409
    assert not Entry.objects.exists()
    assert post(api, {"a": 1}).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 256, "tab\tbed", "é"])
def test_bad_key_names_the_header(api: APIClient, key: str) -> None:
    answer = post(api, key=key)
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


def test_body_is_kept_as_a_keyed_hash_only(api: APIClient) -> None:
    post(api, {"email": "ada@example.org"})
    row = Idempotency.objects.get()
    assert len(bytes(row.body_mac)) == 32
    assert b"ada" not in bytes(row.body_mac)


def test_same_key_at_once_makes_one_and_answers_409(api: APIClient) -> None:
    entered.clear()
    leave.clear()
    answers = []

    def slow() -> None:
        answers.append(post(api, {"slow": True}))
        connection.close()

    thread = threading.Thread(target=slow)
    thread.start()
    assert entered.wait(20)
    meanwhile = post(api, {"slow": True})
    leave.set()
    thread.join()
    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "idempotency-in-flight")
    assert answers[0].status_code == 201
    assert post(api, {"slow": True}).json() == answers[0].json()
    assert Entry.objects.count() == 1


def test_a_day_later_the_key_is_free(api: APIClient) -> None:
    first = post(api).json()
    Idempotency.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert post(api).json() != first
    assert idempotency.sweep(now=timezone.now()) == 0
    assert idempotency.sweep(now=timezone.now() + timedelta(hours=25)) == 1


def test_answer_is_what_the_object_is_now(api: APIClient) -> None:
    """Nothing of the answer is stored: only the object's id."""
    post(api)
    stored = {field.name for field in Idempotency._meta.get_fields()}
    assert stored == {"id", "api_key", "method", "path", "key", "body_mac", "object_id", "created_at"}
    assert json.loads(post(api).content)["made"] == str(Idempotency.objects.get().object_id)
