"""manage.py doctor: each thing that can be wrong is found, named with its way out, and fails the command."""

import json
from datetime import date, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import DatabaseError
from django.utils import timezone

from core import doctor, examinations, heartbeat, keys, outbox, tasks, throttle, vault
from core.models import Outbox as Message
from core.models import Owner
from kraken_privacy.backup import evidence
from kraken_privacy.backup.shelf import Manifest
from tests import make_consents, make_evidence, make_register

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def well(settings, tmp_path):
    """An installation with nothing wrong."""
    settings.DEMO_MODE = False
    settings.EMAIL_HOST, settings.DEFAULT_FROM_EMAIL = "mail.example.com", "privacy@example.com"
    settings.BASE_URL = "https://privacy.example.com"
    settings.WITNESS_DIR, settings.JOURNAL_DIR = str(tmp_path), tmp_path
    heartbeat.beat(heartbeat.SCHEDULE, now=timezone.now())
    throttle.client.cache_clear()
    yield
    throttle.client.cache_clear()


def backed_up(at):
    expires = (at + timedelta(days=35)).date().isoformat()
    evidence.made(Manifest("2026-11-22T023000Z", at.isoformat(), expires, "180000", 0, ""), now=at)


def run(*options):
    out, code = StringIO(), 0
    try:
        call_command("doctor", *options, stdout=out)
    except SystemExit as end:
        code = end.code
    return out.getvalue(), code


def found(check):
    """(status, sentence, way out) of what is not well in this part; the command fails exactly if something does."""
    text, code = run("--json")
    lines = [json.loads(line) for line in text.splitlines()]
    assert code == int(any(line["status"] == "fail" for line in lines))
    assert all(line["way_out"] for line in lines if line["status"] != "ok")
    wrong = [line for line in lines if line["check"] == check and line["status"] != "ok"]
    return [(line["status"], line["sentence"]) for line in wrong]


def test_a_well_installation():
    backed_up(timezone.now())
    text, code = run("--json")
    lines = [json.loads(line) for line in text.splitlines()]
    assert [line for line in lines if line["status"] != "ok"] == []
    assert code == 0
    assert {line["check"] for line in lines} == {
        *("database", "migrations", "roles", "clock", "redis", "schedule", "outbox", "keys", "mail", "proxies"),
        *("evidence", "purposes", "reviews", "form-notices", "journal", "mailbox", "backups", "unsubscribing"),
    }


def test_for_people_it_is_lines_with_ways_out(settings):
    settings.DEMO_MODE = True
    text, code = run()
    assert "ok    database" in text
    assert "warn  mail" in text
    assert "→ Unset DEMO_MODE" in text
    assert code == 0


def test_a_worker_that_is_gone():
    heartbeat.beat(heartbeat.SCHEDULE, now=timezone.now() - timedelta(hours=3))
    assert found("schedule") == [("fail", "Scheduled work was last 3 h ago done.")]
    heartbeat.Heartbeat.objects.all().delete()
    assert found("schedule") == [("fail", "Scheduled work was never done.")]
    tasks.sweep_outbox()
    assert found("schedule") == []


def test_redis_is_missed_but_not_needed(settings, tmp_path):
    settings.REDIS_URL = f"unix://{tmp_path}/nothing"
    assert [status for status, _sentence in found("redis")] == ["warn"]


def test_messages_that_wait_and_messages_that_are_dead():
    now = timezone.now()
    row = outbox.post_mail(to="ada@example.com", subject="x", text="x", about=None, now=now - timedelta(hours=5))
    assert found("outbox") == [("warn", "The oldest message has been waiting for 5 h.")]
    Message.objects.filter(pk=row.pk).update(dead_at=now)
    assert found("outbox") == [("fail", "1 messages could not be delivered.")]


def test_keys_that_are_lost_or_old(settings):
    vault.create_key(Owner.ITEM, make_evidence.uuid.uuid4())
    settings.MASTER_KEYS = settings.MASTER_KEYS.replace("t1:", "t2:") + "," + settings.MASTER_KEYS
    keys.keyring.cache_clear()
    assert found("keys") == [("warn", "Data keys are still wrapped under old master keys: 1 under t1.")]
    settings.MASTER_KEYS = settings.MASTER_KEYS.partition(",")[0]
    keys.keyring.cache_clear()
    assert found("keys") == [("fail", "Rows are wrapped under master keys that are not here: t1.")]
    settings.MASTER_KEYS = "nonsense"
    keys.keyring.cache_clear()
    assert [status for status, _sentence in found("keys")] == ["fail"]


@pytest.fixture(autouse=True)
def fresh_keys():
    yield
    keys.keyring.cache_clear()


def test_mail_that_cannot_leave(settings):
    settings.BASE_URL = "http://privacy.example.com"
    assert [status for status, _sentence in found("mail")] == ["fail"]
    settings.EMAIL_HOST = ""
    assert [status for status, _sentence in found("mail")] == ["fail"]


def test_a_proxy_that_hides_everybody(settings):
    settings.SECURE_PROXY_SSL_HEADER, settings.TRUSTED_PROXIES = ("HTTP_X_FORWARDED_PROTO", "https"), []
    assert [status for status, _sentence in found("proxies")] == ["warn"]


def test_a_journal_that_cannot_be_written_or_was_changed(settings, tmp_path):
    (tmp_path / "journal-2026-01.jsonl").write_text('{"v": 1}\n{"v": 2}\n')
    assert [status for status, _sentence in found("journal")] == ["fail"]
    settings.JOURNAL_DIR = Path(tmp_path / "nowhere")
    assert found("journal") == [("fail", "The journal cannot be written.")]


def test_evidence_without_a_seal_or_a_witness(settings):
    make_evidence.entry(1, at=timezone.now() - timedelta(hours=1))
    assert found("evidence") == [("warn", "Evidence has been waiting for its seal for 60 min.")]
    settings.WITNESS_DIR = ""
    assert len(found("evidence")) == 2


def test_purposes_that_may_not_be_live_any_more():
    make_register.purpose("direct-sales", "f")
    make_register.purpose("surveys", "a")
    assert [status for status, _sentence in found("purposes")] == ["fail", "fail"]


def test_an_assessment_that_runs_out_soon():
    purpose, today = make_register.purpose("direct-sales", "f"), date.today()  # noqa: DTZ011
    now = timezone.now() - timedelta(days=300)
    make_consents.assessment(purpose, approved=now, due=today + timedelta(days=9))
    assert found("reviews") == [("warn", "Assessments run out within 30 days: direct-sales.")]


def test_a_clock_that_is_wrong(monkeypatch):
    real = timezone.now
    monkeypatch.setattr(examinations.timezone, "now", lambda: real() - timedelta(minutes=3))
    assert [status for status, _sentence in found("clock")] == ["fail"]


def test_the_owner_in_the_place_of_the_runtime_role(settings):
    settings.RUNTIME_DB_ROLE = "somebody_else"
    assert [status for status, _sentence in found("roles")] == ["warn"]


def test_one_look_that_falls_over_does_not_stop_the_others(monkeypatch):
    def fall(now):
        raise DatabaseError("secret")

    monkeypatch.setitem(doctor._examinations, "roles", fall)
    assert found("roles") == [("fail", "The database did not answer (DatabaseError).")]
    assert found("mail") == []


@pytest.mark.parametrize(("days", "sentence"), [(3, "3 days ago"), (36, "has expired: there is none")])
def test_a_backup_that_is_too_old(days, sentence):
    backed_up(timezone.now() - timedelta(days=days, hours=1))
    ((status, told),) = found("backups")
    assert status == "fail"
    assert sentence in told


def test_no_backup_and_a_backup_that_failed():
    assert found("backups") == [("warn", "No backup was ever made.")]
    backed_up(timezone.now())
    assert found("backups") == []
    evidence.failed("2026-11-23T023000Z", now=timezone.now())
    ((status, told),) = found("backups")
    assert (status, told[:29]) == ("fail", "The last attempt at a backup,")
    backed_up(timezone.now())
    assert found("backups") == []
