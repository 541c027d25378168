"""An item goes when no purpose needs it, a person when nothing is left, and the delete itself looks for blocks."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from core.errors import DomainError, NotFound
from core.models import DataKey, Owner
from subjects import blocks, erasure, items, organisations, relationships, restrictions
from subjects.identifiers import suppression_hash
from subjects.models import (
    DataSubject,
    ErasureBlock,
    Identifier,
    ItemPurpose,
    Organisation,
    PersonalDataItem,
    Relationship,
    Restriction,
    SubjectIdentifier,
)
from tests import make_subjects as make
from tests.waiting import PATIENCE, others_wait

pytestmark = pytest.mark.django_db
BY = {"now": make.NOW, "actor": make.ACTOR}


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """Without what upper apps have registered."""
    for name in ("_guards", "_relationship_guards", "_cleaners", "_erasers"):
        monkeypatch.setattr(erasure, name, [])


def none(now):
    return DataSubject.objects.none()


@pytest.fixture
def two():
    return make.purposes("customer-support", "service-notices")


def end(subject, *purposes, **more):
    with transaction.atomic():
        return erasure.end_needs(erasure.needs_of(subject, purposes), now=make.NOW, **more)


def nothing_is_left():
    models = (DataSubject, Identifier, SubjectIdentifier, PersonalDataItem, ItemPurpose, Relationship)
    # What waits to be carried to the journal names nobody, and its key goes when it has been.
    keys = DataKey.objects.exclude(owner="outbox")
    return not keys.exists() and not any(
        model.objects.exists() for model in (*models, Restriction, ErasureBlock, Organisation)
    )


def test_an_item_goes_only_when_no_purpose_needs_it(two):
    ada = make.person()
    item = make.item(ada, "customer-support", "service-notices")
    first = end(ada, two[0])
    assert (first.needs, first.items, first.subjects, first.relationships) == (1, 0, 0, 1)
    assert items.contents([item])
    second = end(ada, two[1])
    assert (second.needs, second.items, second.keys, second.identifiers, second.subjects) == (1, 1, 2, 1, 1)
    assert second.item_uuids == [item.uuid]
    assert nothing_is_left()


def test_of_a_whole_person_nothing_is_left_but_hashes(two):
    ada = make.person(make.email(), make.number())
    known = list(Identifier.objects.all())
    make.item(ada, "customer-support", source_record="crm:1")
    relationships.establish(ada, two[0], role="prospect", note="canary", **BY)
    organisations.represent(ada, name="Ada Lovelace", legal_type="sole_trader", **BY)
    restriction = restrictions.restrict(ada, ground="accuracy", item=PersonalDataItem.objects.get(), **BY)
    restrictions.lift(restriction, **BY)
    blocks.place(ada, kind="hold", placed_for=ada.uuid, **BY)
    blocks.release(ada.uuid, **BY)
    erased = end(ada, two[0])
    assert erased.keys == 4
    assert erased.source_hashes == [items.source_hash("crm:1")]
    assert set(erased.identifier_hashes) == {
        suppression_hash("email", "ada@example.com"),
        suppression_hash("customer_number", "C-1"),
    }
    assert set(erased.identifier_uuids) == {row.uuid for row in known}
    assert erased.subject_uuids == [ada.uuid]
    assert nothing_is_left()


@pytest.mark.parametrize("whole", [True, False])
def test_a_block_keeps_need_item_relationship_and_person(two, whole):
    ada = make.person()
    make.item(ada, "customer-support")
    make.item(ada, "service-notices")
    blocks.place(ada, kind="hold", placed_for=uuid.uuid4(), purpose=None if whole else two[0], **BY)
    erased = end(ada, *two)
    assert (erased.needs, erased.subjects) == (0 if whole else 1, 0)
    assert set(ItemPurpose.objects.values_list("purpose", flat=True)) == {row.pk for row in (two if whole else two[:1])}
    assert Relationship.objects.count() == (2 if whole else 1)


def test_a_block_of_another_purpose_keeps_the_person(two):
    ada = make.person()
    make.item(ada, "customer-support")
    blocks.place(ada, kind="hold", placed_for=uuid.uuid4(), purpose=two[1], **BY)
    assert (end(ada, two[0]).items, DataSubject.objects.count()) == (1, 1)


def test_a_relationship_without_items_ends_as_a_pair(two):
    ada = make.person()
    relationships.touch(ada, two[0], at=make.NOW, channel="phone", **BY)
    erased = end(ada, pairs=[(ada.pk, two[0].pk)])
    assert (erased.needs, erased.relationships, erased.subjects) == (0, 1, 1)
    assert nothing_is_left()


@pytest.mark.parametrize("whole", [True, False])
def test_a_block_keeps_a_relationship_without_items(two, whole):
    ada = make.person()
    relationships.touch(ada, two[0], at=make.NOW, channel="phone", **BY)
    blocks.place(ada, kind="hold", placed_for=uuid.uuid4(), purpose=None if whole else two[0], **BY)
    assert end(ada, pairs=[(ada.pk, two[0].pk)]).relationships == 0
    assert Relationship.objects.count() == 1


@pytest.mark.parametrize("left", [1, 0])
def test_what_a_relationship_rests_on_keeps_it_when_old_data_goes(two, left):
    ada = make.person()
    make.item(ada, "customer-support")
    asked = []

    def keeps(pairs, now):
        asked.append((pairs, now))
        return pairs[:left]

    erasure.register_relationship_guard(keeps, none)
    erased = end(ada, two[0])
    assert (erased.items, Relationship.objects.count(), DataSubject.objects.count()) == (1, left, left)
    assert asked == [([(ada.pk, two[0].pk)], make.NOW)]


def test_an_erasure_asks_no_guard(two):
    ada = make.person()
    make.item(ada, "customer-support")
    erasure.register_relationship_guard(lambda pairs, now: pairs, none)
    assert end(ada, two[0], pairs=[(ada.pk, two[0].pk)]).subjects == 1
    assert nothing_is_left()


def test_guards_keep_people_and_cleaners_hear_who_goes(two):
    ada, bob = make.person(make.email("a@example.com")), make.person(make.email("b@example.com"))
    for person in (ada, bob):
        make.item(person, "customer-support")
    heard = []
    erasure.register_subject_guard(lambda ids: [bob.pk], none)
    erasure.register_cleaner(heard.append)
    with transaction.atomic():
        erasure.end_needs(list(ItemPurpose.objects.values_list("pk", flat=True)), now=make.NOW)
    assert list(DataSubject.objects.all()) == [bob]
    assert [(gone.subject_ids, gone.subjects) for gone in heard] == [([ada.pk], [ada.uuid])]
    assert set(heard[0].relationships) == {(ada.uuid, two[0].pk), (bob.uuid, two[0].pk)}


def test_a_shared_address_stays_with_whom_it_also_belongs(two):
    office = make.email("office@example.com")
    ada, bob = make.person(office, make.number("C-1")), make.person(office, make.number("C-2"))
    make.item(ada, "customer-support")
    make.item(bob, "customer-support")
    erased = end(ada, two[0])
    assert erased.identifiers == 1
    assert {link.subject for link in SubjectIdentifier.objects.all()} == {bob}
    assert bob.identifiers.count() == 2


def test_a_test_person_does_not_keep_a_live_persons_address(two):
    live, test = make.person(), make.person(is_test=True)
    make.item(live, "customer-support")
    assert end(live, two[0]).identifiers == 1
    assert list(DataSubject.objects.all()) == [test]
    assert not Identifier.objects.exists()


def test_erasing_a_test_person_leaves_the_live_one_known(two):
    live, test = make.person(), make.person(is_test=True)
    make.item(test, "customer-support")
    assert end(test, two[0]).identifiers == 0
    assert list(live.identifiers.all()) == list(Identifier.objects.all())


def test_the_number_of_statements_does_not_grow_with_the_batch(two):
    counts = []
    for size in (2, 30):
        for number in range(size):
            make.item(make.person(make.number(f"C-{size}-{number}")), "customer-support")
        with CaptureQueriesContext(connection) as queries, transaction.atomic():
            erased = erasure.end_needs(list(ItemPurpose.objects.values_list("pk", flat=True)), now=make.NOW)
        assert erased.subjects == erased.items == size
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_without_an_eraser_nothing_is_erased(two):
    ada = make.person()
    with pytest.raises(DomainError):
        erasure.erase(subject=ada, purposes=two, request=uuid.uuid4(), actor=make.ACTOR, now=make.NOW)
    erasure.register_eraser(lambda **given: given["request"])
    request = uuid.uuid4()
    assert erasure.erase(subject=ada, purposes=two, request=request, actor=make.ACTOR, now=make.NOW) == request


def elsewhere(work):
    """Run `work` on another connection."""

    def run():
        try:
            return work()
        finally:
            connection.close()

    return run


@pytest.mark.django_db(transaction=True)
def test_a_block_that_another_connection_places_after_the_selection_is_honoured(two):
    ada = make.person()
    make.item(ada, "customer-support")
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        selected = erasure.needs_of(ada, two)
        pool.submit(elsewhere(lambda: blocks.place(ada, kind="hold", placed_for=ada.uuid, **BY))).result(PATIENCE)
        erased = erasure.end_needs(selected, now=make.NOW)
    assert (erased.needs, erased.items, PersonalDataItem.objects.count()) == (0, 0, 1)


@pytest.mark.django_db(transaction=True)
def test_an_erasure_waits_for_a_block_that_is_being_placed(two):
    ada = make.person()
    make.item(ada, "customer-support")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            blocks.place(ada, kind="hold", placed_for=ada.uuid, **BY)
            job = pool.submit(elsewhere(lambda: end(ada, *two)))
            others_wait()
            assert not job.done()
        assert job.result(PATIENCE).needs == 0
    assert PersonalDataItem.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_block_or_an_item_that_comes_during_an_erasure_finds_nobody(two):
    ada = make.person()
    make.item(ada, "customer-support")
    with ThreadPoolExecutor(2) as pool:
        with transaction.atomic():
            erasure.end_needs(erasure.needs_of(ada, two), now=make.NOW)
            late = [
                pool.submit(elsewhere(lambda: blocks.place(ada, kind="hold", placed_for=ada.uuid, **BY))),
                pool.submit(elsewhere(lambda: make.item(ada, "customer-support"))),
            ]
            others_wait(2)
        for job in late:
            assert isinstance(job.exception(PATIENCE), NotFound)
    assert nothing_is_left()


@pytest.mark.django_db(transaction=True)
def test_who_is_captured_during_their_erasure_becomes_a_new_person(two):
    ada = make.person()
    make.item(ada, "customer-support")
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            erasure.end_needs(erasure.needs_of(ada, two), now=make.NOW)
            job = pool.submit(elsewhere(make.person))
            others_wait()
            assert not job.done()
        new = job.result(PATIENCE)
    assert new.pk != ada.pk
    assert list(DataSubject.objects.all()) == [new]
    assert DataKey.objects.filter(owner=Owner.IDENTIFIER).count() == 1
