"""The whole receipt has every member that ISO/IEC TS 27560 demands, names nobody, and outlives its signing key."""

import base64
import copy
import json
from functools import partial
from uuid import uuid4

import jsonschema
import pytest

from consents import dpv, receipts_record
from consents.models import ConsentEvent, Status
from core.keys import keyring
from ledger import signing
from tests import make_consents as make
from tests.make_api import client
from tests.make_receipts import SCHEMA, check

pytestmark = pytest.mark.django_db


def made():
    make.published(controls=[make.control(), make.control("posted", channel="post")])
    return make.captured(choices={"newsletter-email": True, "posted": False}).consent


def test_a_receipt_has_every_member_that_is_demanded():
    record = receipts_record.receipt(made(), now=make.NOW)
    check(record)
    (activity,) = record["dpv:hasRecordOfActivity"]
    said = {status["@type"][0]: status for status in activity["dpv:hasConsentStatus"]}
    assert set(said) == {"dpv:ConsentGiven", "dpv:ConsentRefused"}
    assert said["dpv:ConsentGiven"]["dpv:hasDuration"]["@type"] == "dpv:UntilTimeDuration"
    assert "ada@example.com" not in json.dumps(record)


def test_the_schema_misses_what_is_missing():
    record = receipts_record.receipt(made(), now=make.NOW)
    for member in SCHEMA["$defs"]["record"]["required"]:
        less = copy.deepcopy(record)
        del less["dpv:hasRecordOfActivity"][0][member]
        with pytest.raises(jsonschema.ValidationError):
            check(less)


def test_it_is_verified_after_the_key_was_rotated(settings):
    token = receipts_record.signed(made(), now=make.NOW)
    fresh = base64.b64encode(b"n" * 32).decode()
    settings.SIGNING_KEYS = f"next:{fresh},{settings.SIGNING_KEYS}"
    keyring.cache_clear()
    try:
        check(json.loads(signing.verify(token, typ=receipts_record.TYPE)))
    finally:
        settings.SIGNING_KEYS = settings.SIGNING_KEYS.partition(",")[2]
        keyring.cache_clear()


def test_the_call():
    consent = made()
    answer = client("consents:read").get(f"/api/v1/consents/{consent}/receipt/")
    assert json.loads(signing.verify(answer.json()["receipt"]))["jti"] == str(consent)
    assert client("consents:read").get(f"/api/v1/consents/{uuid4()}/receipt/").status_code == 404
    assert client("consents:write").get(f"/api/v1/consents/{consent}/receipt/").status_code == 403


def test_every_status_has_a_name_in_the_vocabulary():
    assert set(dpv.STATUS) == set(Status.values)
    assert ConsentEvent._meta.get_field("status").choices


def test_a_capture_answers_with_the_whole_record_when_it_is_asked_for():
    make.published()
    call = partial(client("consents:write").post, content_type="application/json")
    answer = call("/api/v1/consents/", make.body())
    short = answer.json()
    assert answer["Link"].endswith(f'/api/v1/consents/{short["consent"]}/receipt/>; rel="describedby"')
    assert "@context" not in json.loads(signing.verify(short["receipt"]))
    whole = call("/api/v1/consents/?receipt=full", make.body("bob@example.com")).json()
    check(json.loads(signing.verify(whole["receipt"], typ=receipts_record.TYPE)))
    assert call("/api/v1/consents/?receipt=all", make.body()).status_code == 400
