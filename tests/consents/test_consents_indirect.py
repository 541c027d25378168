"""What somebody else collected counts for six months from the day it was given, unless the person confirms it to us."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from importlib import import_module
from zoneinfo import ZoneInfo

import pytest
from dateutil.relativedelta import relativedelta
from django.apps import apps
from django.db import connection
from django.test import override_settings
from django.utils import timezone

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
ZONE = ZoneInfo("Europe/London")
PDF = File("paper.pdf", b"%PDF-1.7 signed")
END = make.NOW + relativedelta(months=6)


def shown(now=make.NOW, given_at=make.NOW):
    """Given on 3 March 2026; what names us came at `now`."""
    told = entered.Told([Claim("email", EMAIL)], "newsletter", ["email"], given_at)
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


@pytest.mark.parametrize(("said", "months"), [("0", "1"), ("-3", "1"), ("9", "9"), ("36", "24")])
def test_it_is_never_less_than_a_month_nor_more_than_24(said, months):
    code = "from kraken_privacy import settings; print(settings.CONSENT_INDIRECT_MONTHS)"
    environment = {**os.environ, "CONSENT_INDIRECT_MONTHS": said}
    told = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == months


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


def upgrade():
    shorter = import_module("consents.migrations.0012_indirect_consents_are_shorter")
    with connection.schema_editor() as editor:
        shorter.shorten(apps, editor)


def test_the_upgrade_shortens_what_stands_and_nothing_else():
    now = timezone.now()
    end = now + relativedelta(months=6)
    make.published()
    with override_settings(CONSENT_INDIRECT_MONTHS=24):
        shown(now=now, given_at=now)
    make.captured("own@example.com", now=now)
    assert make.reason(now=end) == "+consent-given"
    for _again in range(2):
        upgrade()
    assert make.reason(now=end - timedelta(seconds=1)) == "+consent-given"
    assert make.reason(now=end) == "consent-expired"
    assert make.reason("own@example.com", now=end) == "+consent-given"
    assert ConsentEvent.objects.filter(origin="third_party", status="given").count() == 2
    assert rebuild.differences() == 0


def test_the_upgrade_ends_nothing_before_its_own_moment():
    before = timezone.now() - timedelta(hours=1)
    make.published()
    with override_settings(CONSENT_INDIRECT_MONTHS=24):
        shown(now=before, given_at=before - relativedelta(months=10))
    upgrade()
    assert make.reason(now=before) == "+consent-given"
    after = timezone.now() + timedelta(seconds=1)
    assert make.reason(now=after) == "consent-expired"
    assert endings.expire_due(now=after) == 1
    ended = ConsentEvent.objects.get(status="expired")
    assert before <= ended.effective_at < after
    assert Entry.objects.filter(kind="consent.expired", uuid=ended.entry).exists()
    assert Relationship.objects.get().consent_ended_on == ended.effective_at.astimezone(ZONE).date()
    assert rebuild.differences() == 0


def test_the_upgrade_prolongs_nothing_that_was_over():
    now = timezone.now()
    make.published()
    with override_settings(CONSENT_INDIRECT_MONTHS=8):
        shown(now=now - relativedelta(months=9), given_at=now - relativedelta(months=10))
    upgrade()
    assert not ConsentEvent.objects.filter(actor="system:upgrade").exists()
