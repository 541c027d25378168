"""Real threads: two purges of one rule, two rules over one item, a block placed while a batch is at work."""

import json
import threading
from datetime import date
from functools import partial
from uuid import uuid4

import pytest
from django.db import connection, transaction

from retention import anonymise_run, due, runs
from retention import purge as module
from retention.models import AnonymousRow, Batch, Run
from retention.purge import purge
from subjects import blocks, deletes_people
from subjects.deletes import lock_people
from subjects.models import DataSubject, ItemPurpose, Organisation, PersonalDataItem
from tests.make_register import category
from tests.make_retention import NOW, TODAY, item, live, person, rule
from tests.waiting import PATIENCE

pytestmark = pytest.mark.django_db(transaction=True)
OLD = date(2025, 1, 1)


def together(*jobs) -> None:
    """Run the jobs at the same moment, each in a thread with its own connection; raises what any of them raised."""
    gate, failures = threading.Barrier(len(jobs)), []

    def work(job):
        try:
            gate.wait(PATIENCE)
            job()
        except Exception as error:  # noqa: BLE001
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive()
    assert not failures, failures


def commit(one, **options):
    return purge(one, as_of=TODAY, commit=True, now=NOW, **options)


def test_two_purges_of_one_rule_share_the_work():
    for number in range(30):
        item(person(number), ["newsletter"], OLD)
    one = rule(live())
    together(*[lambda: commit(one, batch=3)] * 3)
    assert not DataSubject.objects.exists()
    batches = Batch.objects.all()
    assert sum(batch.items for batch in batches) == 30
    assert sum(batch.subjects for batch in batches) == 30
    assert set(Run.objects.values_list("status", flat=True)) == {"finished"}


def test_the_workers_of_one_process_share_the_work():
    for number in range(30):
        item(person(number), ["newsletter"], OLD)
    report = commit(rule(live()), batch=3, workers=3)
    assert (report.items, report.subjects, Run.objects.count()) == (30, 30, 1)
    assert not DataSubject.objects.exists()


@pytest.mark.parametrize("_round", range(5))
def test_an_item_of_two_purposes_goes_though_both_end_at_once(_round):
    for number in range(6):
        item(person(number), ["newsletter", "surveys"], OLD)
    first, second = rule(live()), rule(live("surveys"))
    together(lambda: commit(first, batch=2), lambda: commit(second, batch=3))
    assert not PersonalDataItem.objects.exists()
    assert not DataSubject.objects.exists()
    assert sum(batch.items for batch in Batch.objects.all()) == 6


def test_a_block_placed_between_selection_and_delete_is_honoured(monkeypatch):
    one, held = rule(live()), person(1)
    item(held, ["newsletter"], OLD)
    item(person(2), ["newsletter"], OLD)
    page = due.page

    def page_then_block(*args):
        rows = page(*args)
        if not blocks.active(held).exists():
            together(lambda: blocks.place(held, kind="hold", placed_for=uuid4(), now=NOW, actor="test"))
        return rows

    monkeypatch.setattr(due, "page", page_then_block)
    report = commit(one)
    assert (report.needs, report.held) == (1, 1)
    assert DataSubject.objects.get() == held
    assert ItemPurpose.objects.exists()


def test_a_worker_that_finds_everybody_locked_comes_back(monkeypatch):
    """Nobody is free the first time, so all is done by the second, waiting walk."""
    for number in range(4):
        item(person(number), ["newsletter"], OLD)
    lock = module.lock_people
    monkeypatch.setattr(module, "lock_people", lambda *args, wait: lock(*args) if wait else {})
    assert commit(rule(live()), batch=3).items == 4


def test_without_waiting_only_people_whom_nobody_holds_are_locked():
    held, free = person(1), person(2)
    found = []

    def elsewhere():
        with transaction.atomic():
            found.append(set(lock_people([], [held.pk, free.pk], wait=False)))

    with transaction.atomic():
        lock_people([], [held.pk])
        together(elsewhere)
    assert found == [{free.pk}]


def test_a_second_process_leaves_an_anonymising_run_to_the_first(monkeypatch):
    category("feedback")
    surveys = live("surveys", "a", categories=("feedback",))
    for number in range(6):
        content = json.dumps({"born": "1980s", "score": number % 2})
        item(person(number), ["surveys"], OLD, category="feedback", content=content)
    recipe = {"fields": {"feedback.born": {"strategy": "keep"}, "feedback.score": {"strategy": "keep"}}}
    recipe |= {"quasi": ["feedback.born"], "sensitive": ["feedback.score"], "thresholds": {"k": 3, "l": 2, "t": 0.9}}
    one, refused = rule(surveys, action="anonymise", recipe=recipe), []
    let_go = anonymise_run._let_go

    def second():
        with pytest.raises(runs.Busy):
            commit(one)
        refused.append(one)

    def first(*args):
        together(second)
        let_go(*args)

    monkeypatch.setattr(anonymise_run, "_let_go", first)
    assert commit(one, workers=2).status == "anonymous"
    assert refused
    assert sum(AnonymousRow.objects.values_list("times", flat=True)) == 6
    assert (Run.objects.get().failures, ItemPurpose.objects.count()) == ({}, 0)


def test_the_last_two_contacts_that_go_at_once_take_the_organisation_along(monkeypatch):
    organisation = Organisation.objects.create(name="Grace Hopper", legal_type="sole_trader")
    contacts = [person(1).pk, person(2).pk]
    DataSubject.objects.filter(pk__in=contacts).update(organisation=organisation)
    both_are_deleted, original = threading.Barrier(2), deletes_people._delete_organisations

    def once_both_are_deleted(ids):
        both_are_deleted.wait(PATIENCE)
        original(ids)

    monkeypatch.setattr(deletes_people, "_delete_organisations", once_both_are_deleted)

    def go(contact):
        with transaction.atomic():
            deletes_people.delete_people([contact])

    together(*[partial(go, contact) for contact in contacts])
    assert not Organisation.objects.exists()
