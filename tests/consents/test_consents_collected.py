"""POST collect/ with consents: captured as by their own call, together with the data or not at all."""

import pytest
from rest_framework.test import APIClient

from consents.models import ConsentEvent, ConsentState
from core import apikeys
from core.models import DataKey
from core.vault import key_of
from ledger.models import Entry
from subjects.models import DataSubject, PersonalDataItem, Relationship
from tests import make_consents as make
from tests import make_subjects

pytestmark = pytest.mark.django_db
URL = "/api/v1/collect/"
IDENTITY = {"email": "ada@example.com", "external_id": {"system": "crm", "id": "C-7"}}


@pytest.fixture
def api():
    make_subjects.purposes("customer-support")
    make.published(controls=[make.control(), make.control("survey", "surveys", "")])
    key = apikeys.create("tests", ["subjects:write"])[1]
    return APIClient(headers={"Authorization": f"Api-Key {key}"})


def part(**fields):
    body = make.body(**fields)
    del body["identity"]
    return body


def parcel(*consents, **fields):
    item = {
        "category": "email",
        "purposes": ["customer-support"],
        "content": "ada@example.com",
        "source": "website",
        "collected_at": "2026-03-03T12:00:00Z",
    }
    return {"identity": IDENTITY, "notice": "1", "items": [item], "consents": list(consents), **fields}


def fields_at_fault(response):
    assert response.status_code == 400, response.content
    assert response["Content-Type"] == "application/problem+json"
    return {error["field"] for error in response.json()["errors"]}


def test_data_and_consent_arrive_together(api):
    response = api.post(URL, parcel(part(choices={"newsletter-email": True})))
    assert response.status_code == 201, response.content
    person = DataSubject.objects.get()
    states = ConsentState.objects.filter(subject=person.uuid).values_list("purpose__slug", "status")
    assert dict(states) == {"newsletter": "given", "surveys": "refused"}
    event = ConsentEvent.objects.first()
    assert key_of("consent", event.consent).open("proof", bytes(event.proof)).count(b"C-7") == 1
    assert Relationship.objects.filter(purpose__slug="newsletter", role="subscriber").exists()
    assert Entry.objects.filter(kind="consent.given", subject=person.uuid).count() == 1


def test_each_fault_is_named_and_nothing_is_written(api):
    bad = part(choices={"other": True})
    response = api.post(URL, parcel(part(), bad, part(test=True), part() | {"form": "nonsense"}))
    assert fields_at_fault(response) == {"consents[1].choices.other", "consents[2].test", "consents[3].form"}
    for model in (DataSubject, PersonalDataItem, ConsentEvent, ConsentState, DataKey):
        assert not model.objects.exists()
    assert not Entry.objects.filter(subject__isnull=False).exists()


def test_a_bad_item_takes_the_consent_with_it(api):
    body = parcel(part())
    body["items"][0]["category"] = "nonsense"
    assert fields_at_fault(api.post(URL, body)) == {"items[0].category"}
    assert not ConsentEvent.objects.exists()


def test_consents_alone_are_a_collection(api):
    assert api.post(URL, parcel(part(), items=[])).status_code == 201
    assert ConsentEvent.objects.count() == 2


def test_a_test_collection_makes_a_test_consent(api):
    make.captured(choices={"newsletter-email": False})
    live = DataSubject.objects.get()
    response = api.post(URL, parcel(part(), test=True))
    subject = response.json()["subject"]
    assert DataSubject.objects.get(uuid=subject).is_test
    assert not ConsentState.objects.filter(subject=live.uuid, status="given").exists()
    assert ConsentState.objects.filter(subject=subject, status="given").exists()


def test_a_replay_captures_nothing_again(api):
    for _again in range(2):
        assert api.post(URL, parcel(part()), headers={"Idempotency-Key": "k"}).status_code == 201
    assert ConsentEvent.objects.count() == 2
