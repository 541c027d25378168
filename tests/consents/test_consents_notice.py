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
