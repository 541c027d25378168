"""The table of interfaces that other programs rely on, row by row: exact members and status codes."""

import re
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from kraken_privacy import api_urls
from ledger.models import Entry
from subjects.models import PersonalDataItem
from tests import make_api as make
from tests import make_evidence
from tests.make_api import CALLS, ELSEWHERE, OF_SYSTEMS, POSTS, STEPS, client, send

pytestmark = pytest.mark.django_db
PROOF = {"entry", "body", "leaf", "index", "size", "path", "seal"}
SEAL = {"epoch", "xid_from", "xid_to", "count", "root", "prev", "at", "hash", "body", "jws"}


@pytest.fixture
def refers():
    return make.world()


def answer(name, refers, **body):
    call = CALLS[name]
    response = send(client(), call, refers, {**call.body, **body} if body else None)
    assert response.status_code == call.status, response.content
    return response.json()


@pytest.mark.parametrize("name", CALLS)
def test_each_call_answers_exactly_its_members(refers, name):
    call = CALLS[name]
    response = send(client(*filter(None, [call.scope])), call, refers)
    assert response.status_code == call.status, response.content
    assert response.headers["Content-Type"] == "application/json"
    assert set(response.json()) == call.answer


@pytest.mark.parametrize("name", POSTS)
def test_what_may_be_left_out_may_be_left_out(refers, name):
    call = POSTS[name]
    body = {member: part for member, part in call.body.items() if member in call.required}
    if name == "collect":
        body["items"] = call.body["items"]
    assert send(client(), call, refers, body).status_code == call.status


def routes(patterns, before=""):
    for pattern in patterns:
        here = before + str(pattern.pattern)
        yield from [here] if isinstance(pattern, URLPattern) else routes(pattern.url_patterns, here)


def test_no_call_is_missing_here():
    told = {call.path.partition("?")[0] for call in CALLS.values()} | STEPS | ELSEWHERE
    told |= {"schema/", "ledger/entries/{entry}/proof/", "unsubscribe/links/"}
    # Tried in tests/consents and tests/cookies.
    told |= {"forms/{slug}/asking/", "cookies/links/", "cookies/{site}/"}
    told |= OF_SYSTEMS | {"cookies/{site}/choices/", "cookies/{site}/choices/standing/"}
    plain = {re.sub(r"<[^>]+>", "{}", route) for route in routes(api_urls.urlpatterns)}
    assert plain == {re.sub(r"\{\w+\}|(?<=forms/)join", "{}", path) for path in told}
    assert get_resolver().resolve("/api/v1/events/").route == "api/v1/events/"


def test_parts_of_a_form(refers):
    form = answer("forms", refers)
    assert set(form["notice"]) == {"version", "url"}
    assert set(form["controls"][0]) == {"key", "purpose", "channel", "label", "hint"}
    assert re.fullmatch("[0-9a-f]{64}", form["sha256"])


def test_parts_of_a_consent_and_a_withdrawal(refers):
    assert answer("consents", refers)["states"] == {"newsletter": "given"}
    assert answer("withdraw", refers)["states"] == {"newsletter": "withdrawn"}
    everything = answer("withdraw", refers, identity={"phone": "07700 900999"}, purposes="all-marketing")
    assert everything["states"] == {"newsletter": "withdrawn"}


@pytest.mark.parametrize(
    "identity",
    [
        {"email": "Ada@Example.com"},
        {"phone": "07700 900123"},
        {"customer_number": "C-1"},
        {"external_id": {"system": "crm", "id": "7"}},
        {"email": "ada@example.com", "phone": "07700 900123", "customer_number": "C-1"},
    ],
)
@pytest.mark.parametrize("name", ["consents", "withdraw", "collect", "interactions"])
def test_an_identity_is_any_of_four(refers, name, identity):
    answer(name, refers, identity=identity)


def test_parts_of_a_check(refers):
    answer("consents", refers)
    checked = answer("permissions", refers)
    assert [set(result) for result in checked["results"]] == [{"allowed", "reason", "evidence", "valid_until"}] * 2
    assert [result["allowed"] for result in checked["results"]] == [True, False]


def test_items_of_a_collection_come_in_order(refers):
    made = answer("collect", refers, items=[make.ITEM, {**make.ITEM, "content": "two"}])["items"]
    assert made == [str(uuid) for uuid in PersonalDataItem.objects.order_by("pk").values_list("uuid", flat=True)]


def test_parts_of_a_request(refers):
    opened = answer("requests", refers)["requests"]
    assert [set(request) for request in opened] == [{"reference", "right", "due"}] * 2
    assert date.fromisoformat(opened[0]["due"]) == date(2026, 12, 2)
    shown = answer("request", refers)
    assert {"status", "start", "extension_notice_by", "explanation"} <= set(shown["clock"])
    assert shown["allowed_moves"] == ["in_progress", "refused", "withdrawn", "duplicate"]


def test_an_older_form_is_accepted_for_a_while(refers):
    make.make_consents.published(controls=[make.make_consents.control(hint="New.")], now=timezone.now())
    assert answer("forms", refers)["version"] == 2
    assert answer("consents", refers)["states"] == {"newsletter": "given"}


@pytest.mark.django_db(transaction=True)
def test_parts_of_seals_and_proofs():
    entry = make_evidence.entry(1)
    make_evidence.seal()
    api = client("ledger:read")
    seals = api.get("/api/v1/ledger/seals/").json()
    assert set(seals["results"][0]) == SEAL
    proof = api.get(f"/api/v1/ledger/entries/{entry.uuid}/proof/")
    assert (proof.status_code, set(proof.json()), set(proof.json()["seal"])) == (200, PROOF, SEAL)


def test_the_description_is_openapi_3_1_and_committed():
    served = client().get("/api/v1/schema/", headers={"Accept": "application/json"})
    assert served.status_code == 200
    assert b'"openapi":"3.1' in served.content.replace(b" ", b"")
    assert (Path(settings.BASE_DIR) / "docs/openapi.json").is_file()


def test_nothing_is_written_by_reading(refers):
    before = Entry.objects.count()
    for name, call in CALLS.items():
        if call.method == "GET" or name == "permissions":
            answer(name, refers)
    assert Entry.objects.count() == before
