"""What people were told must exist: forms and answers name privacy notices that were published."""

import json
from datetime import date

import pytest

from consents import examinations, forms
from consents.forms import NotPublishable
from consents.models import ConsentEvent
from core.doctor import OK, WARN
from core.models import Owner
from core.vault import key_of
from ledger.models import Entry
from notices import published
from subjects import intake
from subjects.identifiers import Claim
from tests import make_consents as make

pytestmark = pytest.mark.django_db


def notice(version, since):
    published.publish(version=version, html="<p>What we do.</p>", effective_from=since, now=make.NOW, actor=make.ACTOR)


def post(client, **fields):
    return client.post("/api/v1/consents/", make.body(**fields), content_type="application/json", **make.key())


def test_a_form_names_a_notice_that_exists():
    make.live()
    notice("2026-1", date(2026, 1, 1))
    with pytest.raises(NotPublishable) as refused:
        forms.publish(make.draft(), now=make.NOW, actor=make.ACTOR)
    assert "The newest is “2026-1”" in str(refused.value.fields["notice_version"])
    make.published("other", notice_version="2026-1")
    assert [one.status for one in examinations.notices(make.NOW)] == [OK]
    notice("2026-2", date(2026, 3, 1))
    (found,) = examinations.notices(make.NOW)
    assert (found.status, "other en-GB" in found.sentence) == (WARN, True)


def test_an_answer_may_name_the_notice_of_its_page(client):
    notice("1", date(2026, 1, 1))
    notice("2", date(2026, 3, 1))
    make.published()
    assert post(client, notice="3").json()["errors"][0]["field"] == "notice"
    assert post(client, notice=2).status_code == 400
    assert not ConsentEvent.objects.exists()
    assert post(client, notice={"version": "2", "url": "https://example.com/policy"}).status_code == 201
    event = ConsentEvent.objects.get()
    assert json.loads(Entry.objects.get(kind="consent.given").body)["data"]["notice"] == "2"
    assert json.loads(key_of(Owner.CONSENT, event.consent).open("proof", bytes(event.proof)))["notice"] == "2"


def test_where_no_notice_was_ever_published_there_is_nothing_to_check(client):
    make.published()
    assert post(client, notice="1").status_code == 201


@pytest.fixture
def collected(client):
    """Two notices, the second since March; returns what a collection is answered with."""
    notice("1", date(2026, 1, 1))
    notice("2", date(2026, 3, 1))
    make.live("customer-support", "b")
    item = {"category": "email", "purposes": ["customer-support"], "content": "x", "source": "website"}

    def post(version, at, **more):
        body = {"identity": {"email": "ada@example.com"}, "notice": version}
        body["items"] = [{**item, "collected_at": f"{at}T12:00:00Z", **more}]
        key = make.key("subjects:write")
        return client.post("/api/v1/collect/", body, content_type="application/json", **key)

    return post


def test_a_collection_names_the_notice_of_its_day(collected):
    told = [("1", "2026-02-28"), ("1", "2026-03-01"), ("2", "2026-03-01"), ("1", "2025-06-01")]
    for version, at in told:
        assert collected(version, at).status_code == 201, (version, at)
    evidence = {"source": "public_source", "source_evidence": "4f3c1f4e-0000-4000-8000-000000000000"}
    assert collected("2", "2026-02-01", **evidence).status_code == 201
    not_told = [
        ("3", "2026-03-02", "No privacy notice “3” has been published."),
        ("1", "2026-03-02", "“1” was not in force then. On 2 March 2026 it was “2”"),
        ("2", "2026-02-28", "“2” was not in force then. On 28 February 2026 it was “1”"),
    ]
    for version, at, sentence in not_told:
        response = collected(version, at)
        (error,) = response.json()["errors"]
        assert (response.status_code, error["field"]) == (400, "notice")
        assert sentence in error["message"]
    # What an old system has was told under notices that were never published here.
    taken = {"claims": [Claim("email", "bob@example.com")], "notice": "old", "is_taken_over": True}
    tie = {"role": "customer_contact", "purpose": "customer-support"}
    assert intake.collect(intake.Parcel(**taken, relationship=tie), now=make.NOW, actor=make.ACTOR)
