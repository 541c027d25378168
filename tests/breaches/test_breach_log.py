"""The breach log: 72 hours, decisions with reasons, lateness with reasons, and its pages."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from breaches import expiry, log
from breaches.models import Breach
from core.errors import Invalid
from core.models import DataKey
from ledger.models import Entry
from tests import make_office as make

pytestmark = pytest.mark.django_db
ACTOR = "user:00000000-0000-4000-8000-000000000001"
# Christmas Eve, a Thursday: weekends and holidays count.
AWARE = datetime(2026, 12, 24, 17, 30, tzinfo=UTC)


@pytest.fixture
def breach():
    return logged()


def logged(**given):
    texts = {"summary": "A laptop was lost on a train."}
    return log.log(aware_at=AWARE, texts=texts, actor=ACTOR, now=AWARE + timedelta(hours=1), **given)


def at(hours):
    return AWARE + timedelta(hours=hours)


def test_the_clock_runs_72_hours_through_holidays(breach):
    assert breach.notify_by == datetime(2026, 12, 27, 17, 30, tzinfo=UTC)
    assert log.left_in_words(breach.notify_by, at(30) + timedelta(minutes=40)) == "41 hours 20 minutes left"
    assert log.left_in_words(breach.notify_by, at(73)) == "1 hour over"


def test_what_is_written_is_sealed_and_the_ledger_tells_nothing(breach):
    assert b"laptop" not in bytes(breach.sealed)
    assert Breach.objects.get().texts["summary"] == "A laptop was lost on a train."
    assert "laptop" not in Entry.objects.get(kind="breach.logged").body


def test_awareness_in_the_future_is_refused():
    with pytest.raises(Invalid) as refused:
        log.log(aware_at=AWARE, texts={"summary": "x"}, actor=ACTOR, now=AWARE - timedelta(minutes=1))
    assert "aware_at" in refused.value.fields


def test_a_decision_needs_its_reasons(breach):
    with pytest.raises(Invalid) as refused:
        log.decide(breach, risk="none", reasoning=" ", actor=ACTOR, now=at(2))
    assert set(refused.value.fields) == {"reasoning"}
    log.decide(breach, risk="none", reasoning="The disk is encrypted.", actor=ACTOR, now=at(2))
    assert breach.is_notifiable is False
    log.close(breach, lessons="", actor=ACTOR, now=at(3))
    with pytest.raises(log.BreachClosed):
        log.describe(breach, texts={"facts": "more"}, details={}, categories=[], actor=ACTOR, now=at(4))


def test_silence_about_a_risk_is_refused_by_the_database(breach):
    with pytest.raises(IntegrityError), transaction.atomic():
        Breach.objects.filter(pk=breach.pk).update(risk="high", is_notifiable=False, decided_at=AWARE)


def test_late_notification_gives_its_reasons(breach):
    log.decide(breach, risk="risk", reasoning="Names and addresses.", actor=ACTOR, now=at(2))
    with pytest.raises(Invalid) as refused:
        log.notified(breach, at=at(73), actor=ACTOR, now=at(74))
    assert set(refused.value.fields) == {"delay_reasons"}
    log.notified(breach, at=at(73), delay_reasons="The officer was ill.", actor=ACTOR, now=at(74))
    assert breach.is_late
    assert breach.texts["delay_reasons"] == "The officer was ill."


def test_a_high_risk_needs_the_people_told_or_a_reason(breach):
    log.decide(breach, risk="high", reasoning="Bank details.", actor=ACTOR, now=at(2))
    log.notified(breach, at=at(3), actor=ACTOR, now=at(3))
    with pytest.raises(log.NotFinished):
        log.close(breach, lessons="", actor=ACTOR, now=at(4))
    with pytest.raises(Invalid):
        log.told(breach, actor=ACTOR, now=at(4))
    log.told(breach, exemption="unintelligible", actor=ACTOR, now=at(4))
    log.close(breach, lessons="Encrypt.", actor=ACTOR, now=at(5))
    assert breach.closed_at == at(5)


def test_what_was_written_is_forgotten_six_years_after_the_end(breach):
    log.decide(breach, risk="none", reasoning="Encrypted.", actor=ACTOR, now=at(2))
    log.close(breach, lessons="", actor=ACTOR, now=at(3))
    assert not expiry.expire(now=at(24 * 365 * 6))
    assert expiry.expire(now=at(24 * 365 * 6 + 72)) == 1
    kept = Breach.objects.get()
    assert (kept.texts, kept.risk, kept.sealed) == ({}, "none", None)
    assert not DataKey.objects.filter(owner="breach").exists()
    assert Entry.objects.filter(kind="breach.forgotten", object=kept.uuid).exists()


def test_pages_from_the_first_line_to_the_end(client):
    make.controller()
    client.force_login(make.staff())
    assert "No breach is in the log" in client.get(reverse("admin:breaches")).text
    page = client.post(reverse("admin:breach-add"), {"summary": "", "aware_at": "2999-01-01T10:00"})
    assert "This field is required." in page.text
    page = client.post(reverse("admin:breach-add"), {"summary": "Wrong recipient", "aware_at": "2999-01-01T10:00"})
    assert "This lies in the future." in page.text
    client.post(reverse("admin:breach-add"), {"summary": "Wrong recipient", "aware_at": "2026-11-02T10:00"})
    breach = Breach.objects.get()
    here = reverse("admin:breach", args=[breach.uuid])
    assert "over" in client.get(here).text
    step = lambda name: reverse("admin:breach-act", args=[breach.uuid, name])  # noqa: E731
    client.post(step("decide"), {"decide-risk": "risk", "decide-reasoning": "Names."})
    page = client.post(step("notified"), {"notified-notified_at": "2026-11-20T10:00"})
    assert "give the reasons for the delay" in page.text
    client.post(step("notified"), {"notified-notified_at": "2026-11-20T10:00", "notified-delay_reasons": "Holiday."})
    client.post(step("describe"), {"describe-summary": "Wrong recipient", "describe-facts": "One mail."})
    client.post(step("close"), {"close-lessons": "Check twice."})
    page = client.get(here).text
    assert "Closed" in page
    assert "One mail." in page
    assert Entry.objects.filter(object=breach.uuid).count() == 5


def test_the_clock_shows_the_controllers_time(client):
    make.controller()
    client.force_login(make.staff())
    client.post(reverse("admin:breach-add"), {"summary": "Summer", "aware_at": "2026-07-01T10:00"})
    assert Breach.objects.get().aware_at == datetime(2026, 7, 1, 9, tzinfo=UTC)


def test_an_auditor_reads_and_cannot_act_and_a_stranger_finds_nothing(client, breach):
    client.force_login(make.staff("auditor", group="auditor"))
    assert client.get(reverse("admin:breach", args=[breach.uuid])).status_code == 200
    assert client.get(reverse("admin:breach-add")).status_code == 404
    assert client.post(reverse("admin:breach-act", args=[breach.uuid, "close"])).status_code == 404
    client.force_login(make.staff("plain", group=""))
    assert client.get(reverse("admin:breaches")).status_code == 404
