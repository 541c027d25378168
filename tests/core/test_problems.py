"""Every error under /api/ is problem details (RFC 9457); a refusal to a person is a page."""

import json
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import Throttled
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIClient

from core import apikeys
from core.api import ApiView
from core.errors import DomainError, Invalid
from core.models import ApiKey

RAISED = {
    "refused": DomainError,
    "invalid": lambda: Invalid(fields={"email": "Not an address."}),
    "missing": Http404,
    "forbidden": PermissionDenied,
    "suspicious": SuspiciousOperation,
    "throttled": lambda: Throttled(wait=7),
    "crash": ZeroDivisionError,
    "nested": lambda: serializers.ValidationError(
        {"items": [{}, {"content": ["Too long."]}], "non_field_errors": ["No."]}
    ),
}


class Echo(ApiView):
    required_scope = {"GET": "read", "POST": "write"}

    def get(self, request: Request) -> Response:
        return Response({"key": str(request.auth.uuid), "user": request.user is None})

    def post(self, request: Request) -> Response:
        return Response({"data": request.data})


class Raises(ApiView):
    authentication_classes = []
    permission_classes = []

    def get(self, request: Request, what: str) -> Response:
        raise RAISED[what]()


class Unnamed(ApiView):
    def get(self, request: Request) -> Response:
        return Response({})


def page(request: HttpRequest) -> HttpResponse:
    raise Invalid(fields={"email": "Not an address."})


def plain_view(request: HttpRequest) -> HttpResponse:
    raise DomainError


urlpatterns = [
    path("api/v1/test/", Echo.as_view()),
    path("api/v1/test/unnamed/", Unnamed.as_view()),
    path("api/v1/test/plain/", plain_view),
    path("api/v1/test/raises/<what>/", Raises.as_view()),
    path("page/", page),
    path("", include("kraken_privacy.urls")),
]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
URL = "/api/v1/test/"


def key(*scopes: str, **options) -> str:
    return apikeys.create("test", scopes or ("read", "write"), **options)[1]


def client(text: str | None = None, **headers: str) -> APIClient:
    return APIClient(headers={"Authorization": f"Api-Key {text or key()}", **headers}, raise_request_exception=False)


def problem(answer, status: int) -> dict:
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = json.loads(answer.content)
    assert {"type", "title", "status"} <= set(body)
    assert body["status"] == status
    return body


@pytest.mark.parametrize(
    ("sent", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff\xfe", "application/json", 400),
        (b'{"a": NaN}', "application/json", 400),
        (b'{"a": 1e999}', "application/json", 400),
        (b'{"a": "\\u0000"}', "application/json", 400),
        (b'{"a": "\\ud800"}', "application/json", 400),
        (b'{"a": ' + b"9" * 5000 + b"}", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"a=1", "application/x-www-form-urlencoded", 415),
        (b"<a/>", "text/xml", 415),
    ],
)
def test_bad_bodies(sent: bytes, kind: str, status: int) -> None:
    problem(client().generic("POST", URL, sent, content_type=kind), status)


def test_body_is_not_repeated_in_the_answer() -> None:
    answer = client().generic("POST", URL, b'{"name": "Ada Lovelace"', content_type="application/json")
    assert "Ada" not in json.dumps(problem(answer, 400))


def test_oversize_by_declared_length(settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = client().post(URL, {"a": "x" * 200}, format="json")
    assert problem(answer, 413)["code"] == "too-large"


def test_oversize_without_a_declared_length(settings) -> None:
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    answer = client().generic(
        "POST", URL, b'{"a": "' + b"x" * 200 + b'"}', content_type="application/json", CONTENT_LENGTH="90"
    )
    assert answer.status_code in (400, 413)
    problem(answer, answer.status_code)


@pytest.mark.parametrize("address", ["/api/v1/nothing-here/", "/api/v9/"])
def test_unrouted(address: str) -> None:
    problem(client().delete(address), 404)


def test_wrong_method_names_the_right_ones() -> None:
    for answer in (client().delete(URL), client(key("read")).put(URL), APIClient().patch(URL)):
        assert problem(answer, 405)["code"] == "method-not-allowed"
        assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_wrong_host() -> None:
    problem(client().get(URL, headers={"host": "evil.example"}), 400)


@pytest.mark.parametrize(
    ("what", "status"),
    [("refused", 409), ("invalid", 400), ("missing", 404), ("forbidden", 403), ("suspicious", 400), ("crash", 500)],
)
def test_whatever_a_view_raises(what: str, status: int) -> None:
    problem(APIClient(raise_request_exception=False).get(f"{URL}raises/{what}/"), status)


def test_refusal_carries_code_sentence_and_fields() -> None:
    body = problem(APIClient().get(f"{URL}raises/invalid/"), 400)
    assert (body["code"], body["type"]) == ("invalid", "urn:problem-type:kraken-privacy:invalid")
    assert body["errors"] == [{"field": "email", "message": "Not an address."}]


def test_validation_names_each_field() -> None:
    errors = problem(APIClient().get(f"{URL}raises/nested/"), 400)["errors"]
    assert errors == [{"field": "items.1.content", "message": "Too long."}, {"field": "", "message": "No."}]


def test_throttled_says_when() -> None:
    answer = APIClient().get(f"{URL}raises/throttled/")
    problem(answer, 429)
    assert answer.headers["Retry-After"] == "7"


def test_refusal_in_a_plain_view_below_api() -> None:
    assert problem(APIClient().get(f"{URL}plain/"), 409)["code"] == "refused"


def test_refusal_to_a_person_is_a_page() -> None:
    answer = Client().get("/page/")
    assert answer.status_code == 400
    assert answer.headers["Content-Type"].startswith("text/html")
    page = answer.content.decode()
    assert "Not an address." in page
    assert "Some of the information" not in page


def test_a_refusal_says_what_is_wrong_and_not_only_that_something_is() -> None:
    assert Invalid(fields={"email": "Not an address.", "day": "No day."}).sentence == "Not an address. No day."
    assert Invalid("Not now.", fields={"day": "No day."}).sentence == "Not now. No day."
    assert "cannot be accepted" in Invalid().sentence
    answer = problem(APIClient().get(f"{URL}raises/nested/"), 400)
    assert answer["detail"] == "items.1.content: Too long. No."


def test_other_pages_keep_their_errors() -> None:
    assert Client().get("/nothing-here/").headers["Content-Type"].startswith("text/html")


# --- Keys ---------------------------------------------------------------------------------------------------------


def test_key_opens_and_is_told_apart_from_a_user() -> None:
    row, text = apikeys.create("test", ["read"])
    assert client(text).get(URL).json() == {"key": str(row.uuid), "user": True}


def dead_keys() -> dict[str, str]:
    now = timezone.now()
    row, revoked = apikeys.create("revoked", ["read"])
    apikeys.revoke(row, now=now)
    good = key("read")
    return {
        "revoked": revoked,
        "expired": key("read", expires_at=now - timedelta(seconds=1)),
        "unknown": "kp_unknown_" + "x" * 43,
        "wrong secret": good[:-1] + ("x" if good[-1] != "x" else "y"),
        "no key": "nonsense",
        "nul": "kp_a\x00b_c",
    }


@pytest.mark.parametrize("which", ["revoked", "expired", "unknown", "wrong secret", "no key", "nul"])
def test_dead_key(which: str) -> None:
    answer = client(dead_keys()[which]).get(URL)
    assert problem(answer, 401)["code"] == "authentication-failed"
    assert answer.headers["WWW-Authenticate"] == "Api-Key"


def test_no_key() -> None:
    answer = APIClient().get(URL)
    assert problem(answer, 401)["code"] == "not-authenticated"
    assert answer.headers["WWW-Authenticate"] == "Api-Key"


def test_scope_is_per_method_and_none_means_no() -> None:
    reader = client(key("read"))
    assert reader.get(URL).status_code == 200
    problem(reader.post(URL, {}), 403)
    problem(reader.get(f"{URL}unnamed/"), 403)


def test_last_use_is_written_rarely() -> None:
    row, text = apikeys.create("test", ["read"])
    client(text).get(URL)
    row.refresh_from_db()
    first = row.last_used_at
    client(text).get(URL)
    row.refresh_from_db()
    assert first is not None
    assert row.last_used_at == first
    apikeys.used(row, now=first + apikeys.LAST_USED_EVERY + timedelta(seconds=1))
    row.refresh_from_db()
    assert row.last_used_at > first


def test_publishable_key_needs_its_origin_and_reads_nothing_else() -> None:
    text = key("forms:read", kind=ApiKey.Kind.PUBLISHABLE, origins=["https://shop.example"])
    problem(client(text).get(URL), 401)
    problem(client(text, Origin="https://evil.example").get(URL), 401)
    problem(client(text, Origin="https://shop.example").get(URL), 403)
    for bad in ({"scopes": ["permissions:read"], "origins": ["https://a.example"]}, {"scopes": [], "origins": []}):
        with pytest.raises(Invalid):
            apikeys.create("x", kind=ApiKey.Kind.PUBLISHABLE, **bad)


@pytest.mark.parametrize("text", ["x", "kp_", "kp__secret", "kp_abc", "kp_abcdefghijklm_secret", "sk_abc_secret"])
def test_fixed_key_must_have_the_form(text: str) -> None:
    with pytest.raises(Invalid):
        apikeys.create("x", [], key=text)
