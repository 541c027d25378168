"""An erased record that is written back: refused, listed without what it held, decided by staff."""

import json
from contextlib import nullcontext
from datetime import UTC, date, datetime, timedelta
from threading import Thread
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone

from consents import importing
from core import keys
from ledger.models import Entry
from retention.models import WriteBack
from retention.nightly import expire_tombstones
from subjects import erasure, intake, items, late
from subjects.identifiers import Claim
from subjects.models import DataSubject, PersonalDataItem
from tests import make_consents
from tests.make_retention import NOW, item, live, person
from tests.plugin import key_ring
from tests.waiting import others_wait

pytestmark = pytest.mark.django_db
DAY = date(2026, 1, 1)


def erased(now=NOW):
    item(person(1), ["newsletter"], DAY, source_record="crm:4711")
    erasure.erase(subject=person(1), purposes=[live()], request=uuid4(), actor="user:1", now=now)


def send(client, day=DAY):
    body = {
        "identity": {"email": "person1@example.org"},
        "notice": "1",
        "items": [
            {
                "category": "email",
                "purposes": ["newsletter"],
                "content": {"value": "cnry"},
                "source": "website",
                "nature": "provided",
                "collected_at": datetime(day.year, day.month, day.day, tzinfo=UTC).isoformat(),
                "source_record": "crm:4711",
            }
        ],
    }
    headers = make_consents.key("subjects:write")["headers"]
    return client.post("/api/v1/collect/", body, content_type="application/json", headers=headers)


def act(client, action):
    rows = list(WriteBack.objects.values_list("pk", flat=True))
    url = reverse("admin:retention_writeback_changelist")
    return client.post(url, {"action": action, "_selected_action": rows}, follow=True)


def test_it_is_refused_and_staff_see_that_it_came(client, admin_client):
    erased()
    assert [send(client).status_code for _ in range(2)] == [409, 409]
    assert not PersonalDataItem.objects.exists()
    row = WriteBack.objects.get()
    assert (row.times, row.decision, row.collected_on, row.system) == (2, "open", DAY, "kraken-privacy")
    assert "1 record was refused and waits for a decision" in admin_client.get(reverse("admin:forgetting")).text
    page = admin_client.get(reverse("admin:retention_writeback_changelist"))
    assert "Erased records that came back" in page.text
    assert "cnry" not in page.text
    assert "Decided about one record" in act(admin_client, "keep_erased").text
    assert send(client).status_code == 409


def test_what_staff_let_back_comes_with_its_next_delivery(client, admin_client):
    erased(timezone.now())
    send(client)
    act(admin_client, "let_back")
    assert send(client).status_code == 201
    assert Entry.objects.filter(kind="retention.written-back-decided").count() == 1


def test_what_was_let_back_and_erased_again_stays_erased(client, admin_client):
    erased(timezone.now())
    send(client)
    act(admin_client, "let_back")
    send(client)
    again = timezone.now()
    erasure.erase(subject=person(1), purposes=[live()], request=uuid4(), actor="user:1", now=again)
    assert send(client).status_code == 409
    assert not DataSubject.objects.exists()
    row = WriteBack.objects.get()
    assert (row.times, row.decision, row.erased_at) == (2, "open", again)
    act(admin_client, "let_back")
    assert send(client).status_code == 201


def take(at, **changed):
    part = {"category": "email", "purposes": ["newsletter"], "content": '"new"', "source": "website"}
    part |= {"nature": "provided", "collected_at": at, **changed}
    parcel = intake.Parcel(claims=[Claim("email", "person1@example.org")], notice="1", items=[part])
    return intake.collect(parcel, now=NOW + timedelta(hours=2), actor="test")


def test_an_old_copy_does_not_bring_the_person_back_under_another_name():
    erased()
    old, new = NOW - timedelta(days=30), NOW + timedelta(hours=1)
    with pytest.raises(late.PersonErased):
        take(old, source_record="crm:4712")
    assert not DataSubject.objects.exists()
    take(new, source_record="crm:4713")
    # Somebody who has come back may be written about as before.
    take(old, source_record="crm:4712")


@pytest.mark.parametrize("given_at", ["2026-10-01T09:00:00Z", None])
def test_an_old_consent_does_not_make_an_old_copy_new(monkeypatch, given_at):
    erased()
    monkeypatch.setattr(intake, "_consents", [lambda *args, **more: None])
    part = {"category": "email", "purposes": ["newsletter"], "content": '"new"', "source": "website"}
    part |= {"nature": "provided", "collected_at": NOW - timedelta(days=30)}
    consent = {"form": "newsletter", **({"given_at": given_at} if given_at else {})}
    claims = [Claim("email", "person1@example.org")]
    parcel = intake.Parcel(claims=claims, notice="1", items=[part], consents=[consent])
    with pytest.raises(late.PersonErased) if given_at else nullcontext():
        intake.collect(parcel, now=NOW + timedelta(hours=2), actor="test")
    assert DataSubject.objects.exists() is not bool(given_at)


def test_an_old_consent_brings_nobody_back_by_import_or_api(tmp_path, client):
    erased()
    old, new = NOW - timedelta(days=30), NOW + timedelta(hours=1)
    said = {"email": "person1@example.org", "purpose": "newsletter", "channel": "email", "evidence": "F1"}
    rows = [{**said, "status": status, "at": old.isoformat()} for status in ("given", "refused")]
    rows += [{**said, "email": "person2@example.org", "status": "given", "at": old.isoformat()}]
    file = tmp_path / "rows.ndjson"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    report = importing.take(file, actor="test", now=new)
    assert +report.counts == {"outdone": 2, "stored": 1}
    assert [(line, "erased here" in reason) for line, _field, reason in report.faults] == [(1, True), (2, True)]
    assert DataSubject.objects.count() == 1
    make_consents.published()
    body = make_consents.body("person1@example.org", given_at=(NOW - timedelta(minutes=1)).isoformat())
    headers = make_consents.key("consents:write")["headers"]
    answer = client.post("/api/v1/consents/", body, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "erased-person")
    assert DataSubject.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_import_brings_nobody_back_while_they_are_being_erased(tmp_path):
    """It finds the person, waits for the transaction that erases them, and then knows that they are gone."""
    live()
    item(person(1), ["newsletter"], DAY, source_record="crm:4711")
    file, reports = tmp_path / "rows.ndjson", []
    said = {"email": "person1@example.org", "purpose": "newsletter", "channel": "email", "status": "given"}
    file.write_text(json.dumps(said | {"at": "2026-01-01T10:00:00Z", "evidence": "F1"}))

    def take_in():
        reports.append(importing.take(file, actor="test", now=NOW))
        connection.close()

    importer = Thread(target=take_in)
    with transaction.atomic():
        erasure.erase(subject=person(1), purposes=[live()], request=uuid4(), actor="user:1", now=NOW)
        importer.start()
        others_wait()
    importer.join()
    assert {name: count for name, count in reports[0].counts.items() if count} == {"outdone": 1}
    assert not DataSubject.objects.exists()


def test_it_is_recognised_under_an_older_key(client, settings):
    erased()
    settings.SUPPRESSION_KEYS = key_ring("z").replace("t1:", "t2:") + "," + settings.SUPPRESSION_KEYS
    keys.keyring.cache_clear()
    answer = send(client)
    keys.keyring.cache_clear()
    assert (answer.status_code, answer.json()["code"]) == (409, "erased-record")
    assert WriteBack.objects.count() == 1


def test_what_is_newly_given_is_never_asked_about():
    erased()
    items.collect(
        person(1),
        category="email",
        purposes=["newsletter"],
        content='"new"',
        source="website",
        nature="provided",
        collected_at=NOW + timedelta(hours=1),
        source_record="crm:4711",
        now=NOW + timedelta(hours=2),
        actor="test",
    )
    assert not WriteBack.objects.exists()


def test_the_list_forgets_with_the_tombstones(client):
    erased()
    send(client)
    expire_tombstones(now=NOW + timedelta(days=36))
    assert not WriteBack.objects.exists()
    assert send(client).status_code == 201
