"""Merges beside other writers: nobody deadlocks, nothing is lost."""

import threading

import pytest
from django.db import connection, transaction

from core.errors import DomainError
from office import merging
from office.models import Merge
from subjects import people
from subjects.deletes import lock_people
from subjects.erasure import end_needs
from subjects.identifiers import Claim
from subjects.models import DataSubject
from tests import make_office, make_subjects
from tests import make_people as make
from tests.waiting import PATIENCE, others_wait

pytestmark = pytest.mark.django_db(transaction=True)


def together(*calls):
    """Run them at the same moment, each in its own transaction; returns what each raised, or None."""
    outcomes = [None] * len(calls)
    start = threading.Barrier(len(calls))

    def work(number):
        try:
            start.wait(PATIENCE)
            calls[number]()
        except DomainError as error:
            outcomes[number] = error.code
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[number]) for number in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    return outcomes


@pytest.fixture
def pair():
    make_office.register()
    return [make.person(f"{name}@example.com", name, "newsletter") for name in ("ada", "countess")]


def test_both_ways_at_once_is_once(pair):
    one, other = pair
    done = together(
        lambda: merging.merge(one, other, now=make.NOW, actor=make.OFFICER),
        lambda: merging.merge(other, one, now=make.NOW, actor=make.OFFICER),
    )
    assert sorted(map(str, done)) == ["None", "cannot-merge"]
    assert Merge.objects.count() == 1
    assert sorted(subject.items.count() for subject in DataSubject.objects.all()) == [0, 2]


def test_what_is_taken_in_meanwhile_reaches_the_one_who_is_kept(pair):
    kept, gone = pair

    def take_in():
        found = people.find_or_create([Claim("email", "countess@example.com")], now=make.NOW, actor=make.ACTOR)
        make_subjects.item(found, "newsletter", content="New", category="name", now=make.NOW)

    done = together(lambda: merging.merge(kept, gone, now=make.NOW, actor=make.OFFICER), take_in)
    assert done == [None, None]
    merging.expire(now=make.NOW + merging.UNDO)
    assert kept.items.count() == 3


@pytest.mark.parametrize("step", ["undo", "expire"])
def test_an_erasure_and_what_parts_or_ends_a_merge_wait_for_each_other(step):
    """Both take the person first. The empty record has the smaller key, so an order by keys would not do."""
    make_office.register()
    gone, kept = [make.person(f"{name}@example.com", name, "newsletter") for name in ("ada", "countess")]
    made = merging.merge(kept, gone, now=make.NOW, actor=make.OFFICER)
    acts = {
        "undo": lambda: merging.undo(made, now=make.NOW, actor=make.OFFICER),
        "expire": lambda: merging.expire(now=make.NOW + merging.UNDO),
    }
    raised = []

    def act():
        try:
            acts[step]()
        except DomainError as error:
            raised.append(error.code)
        finally:
            connection.close()

    other = threading.Thread(target=act)
    with transaction.atomic():
        people_ = lock_people([], [kept.pk])
        other.start()
        others_wait()
        with connection.cursor() as cursor:
            # Whoever waits for us here would be in a circle.
            cursor.execute("SET LOCAL lock_timeout = '2s'")
        needs = list(kept.items.values_list("needs", flat=True))
        pairs = list(kept.relationships.values_list("pk", "purpose"))
        erased = end_needs(needs, pairs=[(kept.pk, purpose) for _pk, purpose in pairs], people=people_, now=make.NOW)
        assert erased.subjects == 1
    other.join(PATIENCE)
    assert raised == (["too-late"] if step == "undo" else [])
    assert not DataSubject.objects.exists()
    assert not Merge.objects.exists()
