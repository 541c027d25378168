"""POST collect/ and interactions/: it works, it is evidenced, it refuses by name, it replays, it never half-writes."""

import json
import uuid
from copy import deepcopy

import pytest
from rest_framework.test import APIClient

from core import apikeys
from core.models import DataKey
from ledger.models import Entry
from subjects import intake, items, people
from subjects.identifiers import Claim
from subjects.models import DataSubject, Identifier, Organisation, PersonalDataItem, Relationship
from tests import make_register
from tests import make_subjects as make

pytestmark = pytest.mark.django_db
COLLECT, INTERACT = "/api/v1/collect/", "/api/v1/interactions/"


def client(*scopes):
    key = apikeys.create("tests", scopes)[1]
    return APIClient(headers={"Authorization": f"Api-Key {key}"})


@pytest.fixture
def api():
    make.purposes("customer-support", "service-notices")
    return client("subjects:write")


@pytest.fixture
def body():
    part = {
        "category": "email",
        "purposes": ["customer-support"],
        "content": {"note": "canary-2207"},
        "source": "website",
        "nature": "provided",
        "collected_at": "2026-03-03T12:00:00Z",
    }
    return {
        "identity": {"email": "Ada@Example.com", "phone": "07700 900123"},
        "organisation": {"name": "Octopus Ltd", "legal_type": "company"},
        "relationship": {"role": "customer_contact", "ground": "contract", "note": "Signed in March."},
        "items": [part, {**part, "purposes": ["customer-support", "service-notices"], "content": "two"}],
        "notice": "2026-01",
        "interaction": {"purpose": "customer-support", "at": "2026-03-04T09:00:00Z", "channel": "phone"},
    }


def errors(response):
    assert response["Content-Type"] == "application/problem+json"
    return {error["field"] for error in response.json()["errors"]}


def nothing_was_written():
    models = (DataSubject, Identifier, PersonalDataItem, Relationship, Organisation, DataKey)
    return not any(model.objects.exists() for model in models)


def test_a_collection_is_stored_whole(api, body):
    response = api.post(COLLECT, body)
    assert response.status_code == 201
    ada = people.find([make.email()])
    rows = list(PersonalDataItem.objects.order_by("pk"))
    assert response.json() == {"subject": str(ada.uuid), "items": [str(row.uuid) for row in rows]}
    assert [json.loads(text) for text in items.contents(rows).values()] == [{"note": "canary-2207"}, "two"]
    assert ada.organisation.name == "Octopus Ltd"
    tie = Relationship.objects.get(purpose__slug="customer-support")
    assert (tie.role, tie.ground, str(tie.last_interaction_on)) == ("customer_contact", "contract", "2026-03-04")


def test_a_stranger_of_a_mailbox_of_three_is_written_into_nobodys_record(api, body):
    for number in ("C-1", "C-2", "C-3"):
        make.person(make.email(), make.number(number))
    make.person(make.number("C-1"), Claim("external_id", "7", "crm"))
    body["identity"] = {"email": "ada@example.com", "external_id": {"system": "crm", "id": "8"}}
    response = api.post(COLLECT, body)
    assert response.status_code == 409
    assert response.json()["code"] == "ambiguous-identity"
    assert not PersonalDataItem.objects.exists()
    assert people.find([Claim("external_id", "8", "crm")]) is None


def test_it_is_evidenced_with_ids_and_codes_only(api, body):
    api.post(COLLECT, body)
    kinds = set(Entry.objects.values_list("kind", flat=True))
    assert {"subject.created", "item.collected", "relationship.established", "notice.given"} <= kinds
    notice = json.loads(Entry.objects.get(kind="notice.given").body)
    assert notice["data"]["notice"] == "2026-01"
    assert notice["actor"].startswith("api:")
    for text in Entry.objects.values_list("body", flat=True):
        assert not any(word in text.lower() for word in ("ada@", "canary", "octopus", "7700900123"))


def test_the_minimum_is_who_what_and_which_notice(api, body):
    minimum = {"identity": {"email": "a@example.com"}, "items": body["items"][:1], "notice": {"version": "2026-01"}}
    assert api.post(COLLECT, minimum).status_code == 201


@pytest.mark.parametrize("path", [COLLECT, INTERACT])
def test_anonymous_callers_get_401_and_the_wrong_scope_403(api, body, path):
    assert APIClient().post(path, body).status_code == 401
    response = client("forms:read").post(path, body)
    assert response.status_code == 403
    assert response["Content-Type"] == "application/problem+json"
    assert nothing_was_written()


def changed(body, *path, to):
    body = deepcopy(body)
    part = body
    for step in path[:-1]:
        part = part[step]
    if to is None:
        del part[path[-1]]
    else:
        part[path[-1]] = to
    return body


BAD = [
    (("identity",), None, "identity"),
    (("identity",), {}, "identity"),
    (("identity", "email"), "nobody", "identity.email"),
    (("identity", "phone"), "1", "identity.phone"),
    (("notice",), None, "notice"),
    (("notice",), "two words", "notice"),
    (("items", 1, "category"), "nonsense", "items[1].category"),
    (("items", 1, "category"), None, "items[1].category"),
    (("items", 1, "purposes"), ["nonsense"], "items[1].purposes"),
    (("items", 1, "purposes"), [], "items[1].purposes"),
    (("items", 1, "source"), "rumour", "items[1].source"),
    (("items", 1, "source"), "third_party", "items[1].source_evidence"),
    (("items", 1, "nature"), "guessed", "items[1].nature"),
    (("items", 1, "collected_at"), "yesterday", "items[1].collected_at"),
    (("items", 1, "collected_at"), "2999-01-01T00:00:00Z", "items[1].collected_at"),
    (("items", 1, "system"), "nowhere", "items[1].system"),
    (("organisation", "legal_type"), "club", "organisation.legal_type"),
    (("relationship", "role"), "friend", "relationship.role"),
    (("relationship", "ground"), "two words", "relationship.ground"),
    (("interaction", "channel"), "newsletter", "interaction.channel"),
    (("interaction", "purpose"), "nonsense", "interaction.purpose"),
    (("locale",), "english", "locale"),
    (("consents",), "all", "consents"),
]


@pytest.mark.parametrize(("path", "value", "field"), BAD, ids=lambda value: str(value)[:40])
def test_bad_input_names_its_field_and_writes_nothing(api, body, path, value, field):
    response = api.post(COLLECT, changed(body, *path, to=value))
    assert response.status_code == 400
    assert errors(response) == {field}
    assert nothing_was_written()
    assert not Entry.objects.exists()


def test_one_answer_names_every_item_at_fault(api, body):
    body["items"][0]["category"] = body["items"][1]["category"] = "nonsense"
    assert errors(api.post(COLLECT, body)) == {"items[0].category", "items[1].category"}
    assert nothing_was_written()


@pytest.mark.parametrize("char", ["\\ud800", "\\u0000"])
@pytest.mark.parametrize("place", ["email", "name", "note", "content", "category", "notice"])
def test_text_that_is_no_text_is_refused_and_never_a_crash(api, body, char, place):
    """Lone surrogates and NUL are valid JSON, but neither UTF-8 nor PostgreSQL text can hold them."""
    part = body["items"][0]
    owner = {"email": body["identity"], "name": body["organisation"], "note": body["relationship"]}.get(place, part)
    (body if place == "notice" else owner)[place] = "x@MARK.example"
    response = api.post(COLLECT, json.dumps(body).replace("MARK", char), content_type="application/json")
    assert response.status_code == 400
    assert nothing_was_written()


def test_a_body_that_is_no_object_is_refused(api):
    assert api.post(COLLECT, "[]", content_type="application/json").status_code == 400


def test_missing_evidence_has_its_own_code(api, body):
    response = api.post(COLLECT, changed(body, "items", 0, "source", to="third_party"))
    assert response.json()["code"] == "source-evidence-missing"


def test_an_empty_collection_is_refused(api, body):
    assert errors(api.post(COLLECT, {"identity": body["identity"], "notice": "1"})) == {"items"}


def test_claims_of_two_people_are_refused_without_saying_whose(api, body):
    make.person(make.email())
    make.person(make_claim("phone", "07700 900123"))
    response = api.post(COLLECT, body)
    assert (response.status_code, response.json()["code"]) == (409, "ambiguous-identity")
    assert "ada@" not in response.content.decode().lower()
    assert not PersonalDataItem.objects.exists()


def make_claim(kind, value):
    return people.Claim(kind, value)


def test_a_replay_is_harmless(api, body):
    headers = {"Idempotency-Key": "k-1"}
    first, again = (api.post(COLLECT, body, headers=headers) for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    assert PersonalDataItem.objects.count() == 2
    other = api.post(COLLECT, changed(body, "notice", to="2026-02"), headers=headers)
    assert other.status_code == 422
    assert PersonalDataItem.objects.count() == 2


def test_a_test_call_makes_a_test_person(api, body):
    live = make.person()
    response = api.post(COLLECT, {**body, "test": True})
    assert response.json()["subject"] != str(live.uuid)
    assert DataSubject.objects.get(uuid=response.json()["subject"]).is_test


def test_consents_are_delegated_or_refused(api, body, monkeypatch):
    body["consents"] = [{"form": "newsletter", "choices": {"news": True}}]
    monkeypatch.setattr(intake, "_consents", [])
    assert errors(api.post(COLLECT, body)) == {"consents"}
    assert nothing_was_written()
    taken = []
    intake.register_consents(lambda subject, claims, consents, **more: taken.append((subject, claims, consents, more)))
    assert api.post(COLLECT, body).status_code == 201
    subject, claims, consents, more = taken[0]
    assert subject == people.find([make.email()])
    assert [claim.type for claim in claims] == ["email", "phone"]
    assert consents == body["consents"]
    assert set(more) == {"now", "actor", "is_test"}


def test_an_interaction_is_noted_and_replays(api):
    call = {
        "identity": {"email": "ada@example.com"},
        "purpose": "customer-support",
        "at": "2026-03-04T09:00:00Z",
        "channel": "phone",
    }
    first = api.post(INTERACT, call, headers={"Idempotency-Key": "i-1"})
    assert first.status_code == 201
    ada = people.find([make.email()])
    assert first.json() == {
        "subject": str(ada.uuid),
        "purpose": "customer-support",
        "last_interaction_on": "2026-03-04",
    }
    assert api.post(INTERACT, call, headers={"Idempotency-Key": "i-1"}).json() == first.json()
    assert Entry.objects.filter(kind="relationship.touched").count() == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [("purpose", "nonsense"), ("at", "2999-01-01T00:00:00Z"), ("at", "soon"), ("channel", "unsubscribe")],
)
def test_a_bad_interaction_names_its_field_and_makes_nobody(api, field, value):
    call = {
        "identity": {"email": "ada@example.com"},
        "purpose": "customer-support",
        "at": "2026-03-04T09:00:00Z",
        "channel": "phone",
        field: value,
    }
    response = api.post(INTERACT, call)
    assert response.status_code == 400
    assert errors(response) == {field}
    assert nothing_was_written()


def test_legitimate_interest_takes_public_sources_with_evidence_only(api, body):
    make_register.purpose("direct-sales", "f")
    body["items"] = [{**body["items"][0], "purposes": ["direct-sales"], "source": "public_source"}]
    assert errors(api.post(COLLECT, body)) == {"items[0].source_evidence"}
    body["items"][0]["source_evidence"] = str(uuid.uuid4())
    assert api.post(COLLECT, body).status_code == 201


def test_the_end_of_a_contract_reaches_every_contact(api, body):
    body["organisation"] |= {"contract_started_on": "2020-01-01"}
    api.post(COLLECT, body)
    api.post(COLLECT, body | {"identity": {"email": "bob@example.com"}})
    ended = {"name": "Octopus Ltd", "legal_type": "company", "contract_ended_on": "2026-02-01"}
    before_it_began = ended | {"contract_ended_on": "2019-12-31"}
    refused = api.post(COLLECT, body | {"organisation": before_it_began})
    assert (refused.status_code, errors(refused)) == (400, {"organisation.contract_ended_on"})
    assert api.post(COLLECT, body | {"organisation": ended}).status_code == 201
    assert Relationship.objects.count() == 4
    assert {str(tie.contract_ended_on) for tie in Relationship.objects.all()} == {"2026-02-01"}
    assert Entry.objects.filter(kind="organisation.amended").count() == 2
    assert Entry.objects.filter(kind="relationship.ended").count() == 4
    # Said again it is nothing new, and whoever comes later has it from the start.
    late = {"identity": {"email": "late@example.com"}, "organisation": ended}
    assert api.post(COLLECT, body | late).status_code == 201
    assert Entry.objects.filter(kind="organisation.amended").count() == 2
    assert Relationship.objects.filter(contract_ended_on="2026-02-01").count() == 6
    # A contract that begins after it is another one.
    again = {"name": "Octopus Ltd", "legal_type": "company", "contract_started_on": "2026-03-01"}
    api.post(COLLECT, body | {"organisation": again})
    assert not Relationship.objects.exclude(contract_ended_on=None).exists()
