"""Erasing one person by request: one transaction of run, batch, tombstones, evidence and journal message."""

import json
from datetime import date, timedelta
from uuid import uuid4

import pytest

from consents import address_mail, preferences_door
from core import outbox
from core.errors import DomainError
from core.models import DataKey, Outbox
from ledger.models import Entry
from processing.models import PurposeVersion, Status
from retention import certificate, journal, tombstones, writebacks
from retention.models import Run, Tombstone, WriteBack
from subjects import blocks, erasure
from subjects.identifiers import Claim, suppression_hash
from subjects.items import WrittenBack
from subjects.models import DataSubject, ItemPurpose, PersonalDataItem
from tests import make_register
from tests.make_retention import NOW, item, live, person

pytestmark = pytest.mark.django_db
DAY = date(2026, 1, 1)


@pytest.fixture(autouse=True)
def folder(tmp_path, settings):
    settings.JOURNAL_DIR = tmp_path
    return tmp_path


def erase(subject, *slugs, request=None):
    purposes = [live(slug) for slug in slugs]
    return erasure.erase(subject=subject, purposes=purposes, request=request or uuid4(), actor="user:1", now=NOW)


def test_all_of_it_with_evidence():
    request, letters = uuid4(), item(person(1), ["newsletter"], DAY, source_record="crm:1")
    result = erase(person(1), "newsletter", request=request)
    assert (result.needs, result.items, result.keys, result.identifiers, result.subjects) == (1, 1, 2, 1, 1)
    assert result.blocked == []
    assert not DataSubject.objects.exists()
    run = Run.objects.get(uuid=result.run)
    assert (run.status, run.request, run.batches.get().items) == ("finished", request, 1)
    assert Tombstone.objects.filter(run=run).count() == 4
    body = json.loads(Entry.objects.get(kind="retention.batch").body)
    assert (body["subject"], body["data"]["request"]) == (str(letters.subject.uuid), str(request))
    assert body["data"]["purposes"] == ["newsletter"]


def test_one_purpose_leaves_what_another_needs():
    item(person(1), ["newsletter", "surveys"], DAY)
    item(person(1), ["newsletter"], DAY)
    result = erase(person(1), "newsletter")
    assert (result.needs, result.items, result.subjects) == (2, 1, 0)
    assert person(1).relationships.get().purpose.slug == "surveys"


def test_a_blocked_purpose_is_named_and_kept():
    item(person(1), ["newsletter"], DAY)
    item(person(1), ["surveys"], DAY)
    blocks.place(person(1), kind="hold", placed_for=uuid4(), purpose=live("surveys"), now=NOW, actor="test")
    result = erase(person(1), "newsletter", "surveys")
    assert (result.items, result.blocked) == (1, ["surveys"])
    assert PersonalDataItem.objects.get().needs.get().purpose.slug == "surveys"


def test_asking_twice_finds_nothing_more():
    item(person(1), ["newsletter"], DAY)
    subject, request = person(1), uuid4()
    erase(subject, "newsletter", request=request)
    again = erase(subject, "newsletter", request=request)
    assert (again.needs, again.items, again.subjects) == (0, 0, 0)


def test_the_journal_has_it_once_delivered_and_only_once():
    one = item(person(1), ["newsletter"], DAY)
    result = erase(person(1), "newsletter")
    assert list(journal.lines()) == []
    outbox.deliver_due(now=NOW)
    row = Outbox.objects.get(uuid=result.journal)
    assert row.sent_at
    assert not DataKey.objects.filter(owner_id=row.uuid).exists()
    (line,) = journal.lines()
    assert (line["action"], line["entry"]) == ("erase", str(row.uuid))
    assert line["data"]["items"] == [str(one.uuid)]
    assert line["data"]["purposes"] == ["newsletter"]
    assert line["data"]["people"] == [line["data"]["subject"]]
    # The worker died between the disk and its acknowledgement.
    journal.carry(row, {"action": "erase", "items": []})
    assert journal.verify().lines == 1


def test_its_certificate_says_what_the_register_said_then():
    make_register.system("crm", "manual")
    live("newsletter", systems=("kraken-privacy", "crm"))
    item(person(1), ["newsletter", "surveys"], DAY)
    blocks.place(person(1), kind="hold", placed_for=uuid4(), purpose=live("surveys"), now=NOW, actor="test")
    made = erase(person(1), "newsletter", "surveys")
    PurposeVersion.objects.update(status=Status.RETIRED)
    stores = certificate.certificate(Run.objects.get(uuid=made.run))["stores"]
    assert {"store": "database", "outcome": "kept-under-hold", "purposes": 1} in stores
    assert {"store": "crm", "outcome": "told-not-confirmed", "people": 0} in stores


def test_a_failed_erasure_leaves_no_message(monkeypatch):
    item(person(1), ["newsletter"], DAY)

    def fail(*_args, **_options):
        raise RuntimeError

    monkeypatch.setattr(tombstones, "bury", fail)
    with pytest.raises(RuntimeError):
        erase(person(1), "newsletter")
    assert PersonalDataItem.objects.exists()
    assert not Run.objects.exists()
    assert not Outbox.objects.exists()


def test_nothing_that_waits_to_be_sent_about_them_leaves_any_more():
    item(person(1), ["newsletter"], DAY)
    row = outbox.post_mail(to="person1@example.org", subject="s", text="t", about=person(1).uuid, now=NOW)
    erase(person(1), "newsletter")
    assert not Outbox.objects.filter(uuid=row.uuid).exists()
    assert not DataKey.objects.filter(owner_id=row.uuid).exists()


def test_nor_does_what_was_mailed_to_their_address_before_anybody_was_known_by_it():
    """A link to confirm, and one to somebody's choices: also when no server took it and it lies dead."""
    item(person(1), ["newsletter"], DAY)
    preferences_door.send_code("Person1@example.org", now=NOW)
    address_mail.ask(Claim("email", "person1@example.org"), subject="Please confirm", text="t", now=NOW)
    preferences_door.send_code("person2@example.org", now=NOW)
    Outbox.objects.update(dead_at=NOW)
    erase(person(1), "newsletter")
    left = Outbox.objects.get(kind="mail")
    assert left.about == address_mail.about(suppression_hash("email", "person2@example.org"))


class TestWriteBack:
    """A stale copy is refused; what the person newly gives us is not."""

    def erased(self):
        item(person(1), ["newsletter"], DAY, source_record="crm:4711")
        erase(person(1), "newsletter")

    def test_the_same_record_from_before_the_erasure_is_refused(self):
        self.erased()
        with pytest.raises(DomainError) as error:
            item(person(1), ["newsletter"], DAY, source_record="crm:4711")
        assert error.value.code == "erased-record"

    def test_the_same_record_collected_afterwards_is_taken(self):
        self.erased()
        later = NOW + timedelta(days=1)
        item(person(1), ["newsletter"], later.date(), source_record="crm:4711", now=later)
        assert PersonalDataItem.objects.count() == 1

    def test_what_the_person_newly_gives_us_is_taken(self):
        self.erased()
        item(person(1), ["newsletter"], NOW.date())
        item(person(1), ["newsletter"], DAY, source_record="crm:4712")
        assert PersonalDataItem.objects.count() == 2

    def test_what_ended_for_one_purpose_does_not_come_back_for_it(self):
        """The record stays for another one, and a sync sends it every night."""
        item(person(1), ["newsletter", "surveys"], DAY, source_record="crm:4711")
        erase(person(1), "newsletter")
        for purposes in (["newsletter"], ["newsletter", "surveys"]):
            with pytest.raises(WrittenBack) as refused:
                item(person(1), purposes, DAY, source_record="crm:4711")
        assert {need.purpose.slug for need in ItemPurpose.objects.all()} == {"surveys"}
        item(person(1), ["surveys"], DAY, source_record="crm:4711")
        later = NOW + timedelta(days=1)
        item(person(1), ["newsletter"], later.date(), source_record="crm:4711", now=later)
        # Staff see that it came, and may let it back.
        refused.value.note()
        writebacks.decide(WriteBack.objects.get(), "admitted", actor="user:1", now=NOW)
        item(person(1), ["newsletter"], DAY, source_record="crm:4711")

    def test_after_the_last_backup_nothing_old_can_come_back(self):
        self.erased()
        assert tombstones.expire(today=date(2026, 12, 27), now=NOW) == 0
        assert tombstones.expire(today=date(2026, 12, 28), now=NOW) == 4
        item(person(1), ["newsletter"], DAY, source_record="crm:4711")
        assert Entry.objects.filter(kind="retention.tombstones-expired").count() == 1


def test_an_erased_id_is_recognised_under_an_older_key(settings):
    from core import keys

    one = item(person(1), ["newsletter"], DAY)
    erase(person(1), "newsletter")
    assert tombstones.was_erased(Tombstone.Scope.ITEM, one.uuid)
    assert not tombstones.was_erased(Tombstone.Scope.ITEM, uuid4())
    settings.SUPPRESSION_KEYS = "t2:" + "A" * 43 + "=," + settings.SUPPRESSION_KEYS
    keys.keyring.cache_clear()
    try:
        assert tombstones.was_erased(Tombstone.Scope.ITEM, one.uuid)
    finally:
        keys.keyring.cache_clear()
