"""Other systems are told what ended and asked whether it did there too; no answer is never an answer."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from core.outbox import deliver_due
from ledger.entries import record
from ledger.feed import event
from ledger.models import Entry
from processing.models import System
from retention import certificate, certificate_check, replay, runs, shares, systems, tasks, waiting
from retention.models import Run, SystemTask
from retention.purge import purge
from subjects import erasure, people
from subjects.identifiers import Claim
from subjects.models import DataSubject, ItemPurpose, PersonalDataItem
from tests.make_register import system
from tests.make_retention import NOW, TODAY, item, live, person, rule

pytestmark = pytest.mark.django_db
OLD, BY = date(2025, 1, 1), {"now": NOW, "actor": "test"}


@pytest.fixture
def run():
    """Of the first person a record goes, of the second a purpose of one; the third is gone."""
    system("crm", "manual")
    letters = live("newsletter", systems=("kraken-privacy", "crm"))
    item(person(1), ["surveys"], TODAY)
    first = item(person(1), ["newsletter"], OLD)
    second = item(person(2), ["newsletter", "surveys"], OLD)
    item(person(3), ["newsletter"], OLD)
    DataSubject.objects.filter(pk=second.subject_id).update(is_test=True)
    told = {(first.subject.uuid, first.uuid, False), (second.subject.uuid, second.uuid, True)}
    purge(rule(letters), as_of=TODAY, commit=True, now=NOW)
    return Run.objects.get(), told


def stores(run):
    file = certificate.file(run)
    assert certificate_check.check(file)[1] == []
    return [store for store in certificate.certificate(run)["stores"] if store["store"] == "crm"]


def test_what_ended_is_told_by_ids_and_each_system_is_asked(run):
    run, told = run
    entries = Entry.objects.filter(kind="item.erased")
    events = [(entry, event(entry.body)["test"]) for entry in entries]
    assert {(entry.subject, entry.object, is_test) for entry, is_test in events} == told
    assert {entry.purpose for entry in entries} == {"newsletter"}
    assert Entry.objects.filter(kind="subject.erased").count() == 1
    task = SystemTask.objects.get()
    assert (task.run, task.system.slug, task.needs, task.people) == (run, "crm", 3, 1)
    assert stores(run) == [{"store": "crm", "outcome": "told-not-confirmed", "people": 1}]


@pytest.mark.parametrize(
    ("outcome", "reason", "said"),
    [
        ("done", "", "confirmed"),
        ("nothing_found", "", "held-nothing"),
        ("retained", "legal-claims", "kept-there"),
        ("failed", "system-unavailable", "not-erased-there"),
    ],
)
def test_the_certificate_says_what_a_system_answered_and_names_the_receipt(run, outcome, reason, said):
    run, _told = run
    systems.answer(SystemTask.objects.get(), outcome="failed", reason="system-unavailable", actor="user:1", now=NOW)
    task = systems.answer(SystemTask.objects.get(), outcome=outcome, reason=reason, actor="user:1", now=NOW)
    [store] = stores(run)
    assert (store["outcome"], store["receipt"], store.get("reason", "")) == (said, str(task.entry), reason)
    # What failed is still owed.
    assert systems.unanswered().exists() == (outcome == "failed")


def test_silence_becomes_overdue_and_is_told_once(run, mailoutbox):
    due_on = SystemTask.objects.get().due_on
    assert not systems.overdue(due_on).exists()
    assert systems.overdue(due_on + timedelta(days=1)).count() == 1
    SystemTask.objects.update(due_on=timezone.localdate() - timedelta(days=1))
    for _night in range(2):
        tasks.nightly()
    deliver_due(now=timezone.now())
    [mail] = [one for one in mailoutbox if "not said whether" in one.subject]
    assert reverse("admin:forgetting-systems") in mail.body
    assert waiting.work(timezone.localdate(), now=timezone.now()).systems
    assert SystemTask.objects.get().outcome == "pending"


def test_staff_see_what_is_owed_and_write_down_the_answer(run, admin_client):
    run, _told = run
    address, task = reverse("admin:forgetting-systems"), SystemTask.objects.get()
    assert task.system.name in admin_client.get(address).text
    assert "of another system" in admin_client.get(reverse("admin:forgetting")).text
    answer = reverse("admin:forgetting-system-answer", args=[task.uuid])
    assert "choose a reason" in admin_client.post(answer, {"outcome": "retained"}, follow=True).text
    assert "No system owes" in admin_client.post(answer, {"outcome": "done"}, follow=True).text
    assert "Erased there" in admin_client.get(reverse("admin:forgetting-run", args=[run.uuid])).text
    task.refresh_from_db()
    assert (task.outcome, Entry.objects.get(uuid=task.entry).object) == ("done", run.uuid)


def test_nobody_is_asked_about_a_purpose_that_no_other_system_uses():
    item(person(1), ["newsletter"], OLD)
    item(person(1), ["surveys"], TODAY)
    purge(rule(live()), as_of=TODAY, commit=True, now=NOW)
    assert not SystemTask.objects.exists()
    assert not Entry.objects.filter(kind="item.erased").exists()
    assert System.objects.exists()


def test_no_system_is_asked_about_people_who_were_invented():
    system("crm", "manual")
    letters = live("newsletter", systems=("kraken-privacy", "crm"))
    item(person(1), ["newsletter"], OLD)
    DataSubject.objects.update(is_test=True)
    assert purge(rule(letters), as_of=TODAY, commit=True, now=NOW).subjects == 1
    assert not SystemTask.objects.exists()


def test_a_system_that_leaves_the_purpose_during_the_run_is_asked_for_what_was_noted(monkeypatch):
    system("crm", "manual")
    letters = live("newsletter", systems=("kraken-privacy", "crm"))
    item(person(1), ["newsletter"], OLD)
    close = runs.close

    def taken_off(*args, **more):
        letters.versions.get().retire(now=NOW, actor="test")
        close(*args, **more)

    monkeypatch.setattr(runs, "close", taken_off)
    purge(rule(letters), as_of=TODAY, commit=True, now=NOW)
    task = SystemTask.objects.get()
    assert (task.system.slug, shares.of(task).count()) == ("crm", 1)
    assert stores(task.run) == [{"store": "crm", "outcome": "told-not-confirmed", "people": 1}]


def restored(work):
    """What `work` does is in the journal, and no more in the database that was restored."""
    before = transaction.savepoint()
    done = work()
    while deliver_due(now=NOW + timedelta(hours=1)):
        pass
    transaction.savepoint_rollback(before)
    replay.replay(now=NOW + timedelta(days=1))
    return done


def asked_again():
    return {(task.system.slug, task.needs, task.people) for task in SystemTask.objects.filter(run__rule=None)}


def test_what_is_erased_again_after_a_restore_is_asked_for_again(settings, tmp_path, admin_client):
    settings.JOURNAL_DIR = tmp_path
    system("crm", "manual")
    letters = live("newsletter", systems=("kraken-privacy", "crm"))
    one = people.find_or_create([Claim("email", "a@example.org"), Claim("external_id", "C-1", "crm")], **BY)
    item(one, ["newsletter"], OLD)
    kept = item(person(2), ["newsletter", "surveys"], OLD)
    in_force = rule(letters)

    def work():
        purge(in_force, as_of=TODAY, commit=True, now=NOW)
        systems.answer(SystemTask.objects.get(), outcome="done", actor="user:1", now=NOW)

    restored(work)
    # An item that another purpose still needs has to go there for this one.
    assert asked_again() == {("crm", 2, 1)}
    task = SystemTask.objects.get()
    listed = [(row.subject, row.item, row.known_as, row.purpose) for row in shares.page(task)[0]]
    ended = (person(2).uuid, kept.uuid, [], letters)
    assert sorted(listed, key=lambda row: row == ended) == [(one.uuid, None, ["C-1"], None), ended]
    shown = admin_client.post(reverse("admin:forgetting-system-records", args=[task.uuid])).text
    assert ("for any of our purposes" in shown, "for this purpose" in shown) == (True, False)
    assert shown.count("for “Newsletter” alone: another purpose needs it still") == 1
    assert stores(task.run) == [{"store": "crm", "outcome": "told-not-confirmed", "people": 1}]
    receipt = systems.answer(task, outcome="done", actor="user:1", now=NOW).entry
    assert [(store["outcome"], store["receipt"]) for store in stores(task.run)] == [("confirmed", str(receipt))]


def test_after_a_restore_what_another_purpose_still_needs_is_asked_for_by_its_own(settings, tmp_path, admin_client):
    settings.JOURNAL_DIR = tmp_path
    system("crm", "manual")
    letters = live("newsletter", systems=("kraken-privacy", "crm"))
    kept = item(person(1), ["newsletter", "surveys"], TODAY)
    gone = item(person(1), ["newsletter"], TODAY)
    by = {"purposes": [letters], "actor": "user:1", "now": NOW}
    restored(lambda: erasure.erase(subject=person(1), request=uuid4(), **by))
    assert not ItemPurpose.objects.filter(purpose=letters).exists()
    task, one = SystemTask.objects.get(), person(1).uuid
    listed = [(row.subject, row.item, row.purpose) for row in shares.page(task)[0]]
    assert sorted(listed, key=lambda row: row[1] == gone.uuid) == [(one, kept.uuid, letters), (one, gone.uuid, None)]
    shown = admin_client.post(reverse("admin:forgetting-system-records", args=[task.uuid])).text
    assert shown.count("for “Newsletter” alone: another purpose needs it still") == 1
    assert PersonalDataItem.objects.get() == kept


def test_after_a_restore_nobody_is_asked_about_nothing(settings, tmp_path):
    settings.JOURNAL_DIR = tmp_path
    system("crm", "manual")
    letters = live("newsletter", systems=("kraken-privacy", "crm"))
    real, invented = person(1), person(2)
    item(real, ["surveys"], TODAY)
    item(invented, ["newsletter", "surveys"], TODAY)
    item(invented, ["newsletter"], TODAY)
    DataSubject.objects.filter(pk=invented.pk).update(is_test=True)

    def work():
        for who in (real, invented):
            erasure.erase(subject=who, purposes=[letters], request=uuid4(), actor="user:1", now=NOW)

    restored(work)
    assert not ItemPurpose.objects.filter(purpose=letters).exists()
    assert (asked_again(), Entry.objects.filter(kind="retention.asked").exists()) == (set(), False)


def test_people_who_were_invented_are_not_counted_after_a_restore(settings, tmp_path):
    settings.JOURNAL_DIR = tmp_path
    system("crm", "manual")
    letters = live("newsletter", systems=("kraken-privacy", "crm"))
    for number in (1, 2, 3):
        item(person(number), ["newsletter"], OLD)
    DataSubject.objects.filter(pk=person(3).pk).update(is_test=True)
    in_force = rule(letters)
    restored(lambda: purge(in_force, as_of=TODAY, commit=True, now=NOW))
    assert not DataSubject.objects.exists()
    assert {(slug, people) for slug, _needs, people in asked_again()} == {("crm", 2)}


def test_what_a_system_confirmed_before_the_backup_it_is_not_asked_again(settings, tmp_path):
    settings.JOURNAL_DIR = tmp_path
    for slug in ("accounting", "crm"):
        system(slug, "manual")
    letters = live("newsletter", systems=("kraken-privacy", "crm", "accounting"))
    item(person(1), ["newsletter"], TODAY)
    request, said = uuid4(), {"system": "crm", "outcome": "done", "reason": ""}
    record(kind="task.answered", at=NOW, actor="user:1", object=request, data=said)
    restored(lambda: erasure.erase(subject=person(1), purposes=[letters], request=request, actor="user:1", now=NOW))
    assert asked_again() == {("accounting", 1, 1)}
