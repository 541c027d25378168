"""Who is meant: never merged, never guessed, and never chosen through a shared or unverified address."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from core.errors import DomainError, NotFound
from core.models import DataKey
from ledger.models import Entry
from subjects import people
from subjects.identifiers import Claim
from subjects.models import DataSubject, Identifier, SubjectIdentifier
from tests import make_subjects as make
from tests.waiting import PATIENCE, others_wait

pytestmark = pytest.mark.django_db


def test_the_same_address_is_the_same_person():
    ada = make.person(make.email("ada@example.com"))
    assert make.person(make.email("ADA@Example.com ")) == ada
    assert people.find([make.email("ada@example.com")]) == ada
    assert people.find([make.email("eve@example.com")]) is None
    assert DataSubject.objects.count() == Identifier.objects.count() == DataKey.objects.count() == 1


def test_creation_is_evidenced_without_the_address():
    ada = make.person()
    entry = Entry.objects.get(kind="subject.created")
    assert entry.subject == ada.uuid
    assert "example.com" not in entry.body


def test_a_new_claim_is_added_to_the_person():
    ada = make.person(make.email())
    assert make.person(make.email(), Claim("phone", "07700 900123")) == ada
    assert people.find([Claim("phone", "+447700900123")]) == ada


def test_no_claims_name_nobody():
    with pytest.raises(NotFound):
        people.find_or_create([], now=make.NOW, actor=make.ACTOR)


def test_claims_of_two_people_are_refused_and_merge_nobody():
    ada, bob = make.person(make.email("ada@example.com")), make.person(Claim("phone", "07700 900123"))
    both = [make.email("ada@example.com"), Claim("phone", "07700 900123")]
    assert people.find(both) is None
    with pytest.raises(DomainError) as refusal:
        people.find_or_create(both, now=make.NOW, actor=make.ACTOR)
    assert refusal.value.code == "ambiguous-identity"
    assert {ada.identifiers.count(), bob.identifiers.count()} == {1}


def test_of_two_people_the_verified_one_is_meant_and_the_other_keeps_theirs():
    ada = make.person(make.email("ada@example.com"), verified=True)
    bob = make.person(Claim("phone", "07700 900123"))
    both = [Claim("phone", "07700 900123"), make.email("ada@example.com")]
    assert make.person(*both) == people.find(both) == ada
    assert people.find([Claim("phone", "07700 900123")]) == bob
    assert not SubjectIdentifier.objects.filter(is_shared=True).exists()


def test_another_customer_number_is_another_person_and_the_mailbox_is_shared():
    ada = make.person(make.email("office@example.com"), make.number("C-1"))
    bob = make.person(make.email("office@example.com"), make.number("C-2"))
    assert ada != bob
    assert people.find([make.email("office@example.com")]) is None
    assert people.find([make.email("office@example.com"), make.number("C-2")]) == bob
    links = SubjectIdentifier.objects.filter(identifier__type="email")
    assert [link.is_shared for link in links] == [True, True]


@pytest.mark.parametrize("new", [Claim("external_id", "8", "crm"), make.number("C-9")])
def test_a_number_that_nobody_has_yet_names_none_of_three_in_a_mailbox(new):
    """One of them is somebody else, by another number of the kind. Which of the others is meant, nothing tells."""
    other = Claim("external_id", "7", "crm") if new.system else make.number("C-7")
    owns = [other, Claim("phone", "07700 900123"), Claim("phone", "07700 900124")]
    for one in [make.person(own) for own in owns]:
        people.verify_identifier(one, make.email(), how="mail", now=make.NOW, actor=make.ACTOR)
    assert people.find([make.email(), new]) is None
    with pytest.raises(people.AmbiguousIdentity):
        make.person(make.email(), new)


def test_only_a_verified_address_that_nobody_shares_selects_a_person():
    ada = make.person(make.email())
    assert people.verified_subject(make.email()) is None
    people.verify_identifier(ada, make.email(), how="mail", now=make.NOW, actor=make.ACTOR)
    assert people.verified_subject(make.email()) == ada
    assert Entry.objects.filter(kind="identifier.verified", subject=ada.uuid).count() == 1
    bob = make.person(make.email("bob@example.com"))
    people.verify_identifier(bob, make.email(), how="mail", now=make.NOW, actor=make.ACTOR)
    assert people.verified_subject(make.email()) is None


def test_verifying_an_address_we_did_not_know_links_it():
    ada = make.person(make.number())
    people.verify_identifier(ada, make.email("new@example.com"), how="mail", now=make.NOW, actor=make.ACTOR)
    assert people.verified_subject(make.email("new@example.com")) == ada
    assert people.emails_of(ada) == ["new@example.com"]


def test_verified_addresses_come_first():
    ada = make.person(make.email("old@example.com"), make.email("new@example.com"))
    people.verify_identifier(ada, make.email("new@example.com"), how="mail", now=make.NOW, actor=make.ACTOR)
    assert people.emails_of(ada) == ["new@example.com", "old@example.com"]


def test_a_test_call_never_meets_a_live_person():
    live = make.person(make.email())
    test = make.person(make.email(), is_test=True)
    assert live != test
    assert people.find([make.email()]) == live
    assert people.find([make.email()], is_test=True) == test
    assert Identifier.objects.count() == 1
    assert not SubjectIdentifier.objects.filter(is_shared=True).exists()


def test_hold_locks_the_person_and_tells_who_is_gone(django_assert_num_queries):
    ada = make.person()
    with django_assert_num_queries(1) as queries:
        assert people.hold(ada)
    assert "FOR NO KEY UPDATE" in queries[0]["sql"]
    ada.pk = 0
    assert not people.hold(ada)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("claims", [["email"], ["email", "phone"], ["phone", "email"]])
def test_two_threads_capturing_the_same_new_person_make_one_person(claims):
    values = {"email": "ada@example.com", "phone": "07700 900123"}
    ready = threading.Barrier(2)

    def capture(order):
        try:
            ready.wait(PATIENCE)
            return make.person(*[Claim(kind, values[kind]) for kind in order]).uuid
        finally:
            connection.close()

    for _round in range(5):
        with ThreadPoolExecutor(2) as pool:
            made = [job.result(PATIENCE) for job in [pool.submit(capture, o) for o in (claims, claims[::-1])]]
        assert made[0] == made[1]
        assert DataSubject.objects.count() == 1
        counts = {Identifier.objects.count(), SubjectIdentifier.objects.count(), DataKey.objects.count()}
        assert counts == {len(claims)}
        assert Entry.objects.filter(kind="subject.created").count() == _round + 1
        assert not SubjectIdentifier.objects.filter(is_shared=True).exists()
        with connection.cursor() as cursor:
            for table in ("subjects_subjectidentifier", "core_datakey", "subjects_identifier", "subjects_datasubject"):
                cursor.execute(f"DELETE FROM {table}")


@pytest.mark.django_db(transaction=True)
def test_the_later_of_two_transactions_waits_and_uses_the_first_ones_person():
    """Deterministic: the first has stored the identifier and not committed when the second arrives."""

    def second():
        try:
            return make.person().uuid
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first = make.person()
            job = pool.submit(second)
            others_wait()
        assert job.result(PATIENCE) == first.uuid
    assert DataSubject.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_people_linked_to_one_address_at_the_same_moment_share_it():
    """Neither transaction sees the other's link, so the second has to wait for the first."""
    make.person(make.email("office@example.com"), is_test=True)
    ada, bob = make.person(make.number("C-1")), make.person(make.number("C-2"))
    office = make.email("office@example.com")

    def verify(subject):
        try:
            people.verify_identifier(subject, office, how="mail", now=make.NOW, actor=make.ACTOR)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            people.verify_identifier(ada, office, how="mail", now=make.NOW, actor=make.ACTOR)
            job = pool.submit(verify, bob)
            others_wait()
        job.result(PATIENCE)
    live = SubjectIdentifier.objects.filter(identifier__type="email", subject__is_test=False)
    assert [link.is_shared for link in live] == [True, True]
    assert people.verified_subject(office) is None
