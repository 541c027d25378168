"""What somebody else collected counts for six months from the day it was given, unless the person confirms it to us."""

import json
from datetime import timedelta
from importlib import import_module

import pytest
from dateutil.relativedelta import relativedelta
from django.apps import apps
from django.db import connection
from django.test import override_settings

from consents import endings, entered, rebuild, receipts_record, reminders, renewing
from consents.models import ConsentEvent, ConsentState
from consents.unsubscribe import Recipient
from core.files import File
from core.outbox import deliver_due
from ledger.models import Entry
from subjects.identifiers import Claim
from subjects.models import Relationship
from tests import make_consents as make

pytestmark = pytest.mark.django_db
EMAIL = "ada@example.com"
PDF = File("paper.pdf", b"%PDF-1.7 signed")
END = make.NOW + relativedelta(months=6)


def shown(now=make.NOW):
    """Given on 3 March 2026; what names us came at `now`."""
    told = entered.Told([Claim("email", EMAIL)], "newsletter", ["email"], make.NOW)
    consent = entered.tell(told, actor=make.ACTOR, now=now)
    entered.accept(consent, note=dict.fromkeys(entered.NEEDED, "x"), file=PDF, actor=make.ACTOR, now=now)
    return consent


def test_it_counts_for_six_months_from_the_day_it_was_given_however_late_it_was_shown():
    make.published()
    consent = shown(now=END - timedelta(days=1))
    assert make.reason(now=END - timedelta(seconds=1)) == "+consent-given"
    assert make.reason(now=END) == "consent-expired"
    given = json.loads(Entry.objects.get(kind="consent.given").body)["data"]
    assert given["valid_until"] == "2026-09-03T12:00:00.000000Z"
    record = receipts_record.receipt(consent, now=END)["dpv:hasRecordOfActivity"][0]
    assert "2026-09-03T12:00:00" in json.dumps(record["dpv:hasConsentStatus"])
    assert endings.expire_due(now=END) == 1
    assert ConsentState.objects.get().status == "expired"
    assert Relationship.objects.get().consent_ended_on
    assert rebuild.differences() == 0


def test_what_was_given_longer_ago_is_refused_and_stays_unknown():
    make.published()
    with pytest.raises(entered.TooOld):
        shown(now=END)
    assert not ConsentEvent.objects.filter(status="given").exists()


@override_settings(CONSENT_INDIRECT_MONTHS=3)
def test_an_installation_may_believe_others_for_less():
    make.published()
    shown()
    assert make.reason(now=END - relativedelta(months=3)) == "consent-expired"


def test_the_person_is_reminded_and_their_own_answer_has_a_life_of_its_own(mailoutbox):
    make.published()
    shown()
    before = END - timedelta(days=20)
    assert reminders.remind_due(now=before) == 1
    deliver_due(now=before)
    assert [mail.to for mail in mailoutbox] == [[EMAIL]]
    renewing.renew(Recipient(EMAIL, ""), ["join:newsletter-email"], address=str, now=before)
    assert make.reason(now=END) == "+consent-given"
    assert ConsentState.objects.get().valid_until.year == 2028


def test_the_upgrade_shortens_what_stands_and_nothing_else():
    make.published()
    with override_settings(CONSENT_INDIRECT_MONTHS=24):
        shown()
    make.captured("own@example.com")
    assert make.reason(now=END) == "+consent-given"
    upgrade = import_module("consents.migrations.0012_indirect_consents_are_shorter")
    for _again in range(2):
        with connection.schema_editor() as editor:
            upgrade.shorten(apps, editor)
    assert make.reason(now=END - timedelta(seconds=1)) == "+consent-given"
    assert make.reason(now=END) == "consent-expired"
    assert make.reason("own@example.com", now=END) == "+consent-given"
    assert ConsentEvent.objects.filter(origin="third_party", status="given").count() == 2
    assert rebuild.differences() == 0
