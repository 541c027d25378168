"""What one of several who have a mailbox said, once that one is erased."""

import json
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from consents.models import ConsentForm, ConsentState, PendingConsent, Suppression
from consents.suppression import BY_DELETION, hashes_of
from consents.withdraw import withdraw
from core.models import Outbox
from core.vault import key_of
from requests import answer, decisions
from retention import lines_again
from subjects import erasure, people
from subjects.identifiers import Claim
from subjects.models import Relationship, SubjectIdentifier
from tests import make_consents as make
from tests import make_office, make_requests
from tests.consents.test_shared_verdicts import (
    by,
    by_customer,
    by_mailbox,
    click,
    erase,
    forms,
    holder,
    of_the_mailbox_alone,
    person,
    says,
    two,
)
from tests.make_unproven import ADA, asked_by_a_system, by_browser, key, mailed

pytestmark = pytest.mark.django_db
__all__ = ["forms", "two"]


def known_by_one_more(number):
    people.verify_identifier(
        person(number), Claim("email", f"{number}@example.net"), how="link", now=make.days(2), actor="x"
    )


def objects(number, **more):
    """As a shop sends it: with the customer number beside the address."""
    said = {"identity": {"email": ADA, "customer_number": number}, "purposes": "all-marketing", **more}
    done = Client().post("/api/v1/consents/withdraw/", said, content_type="application/json", **make.key())
    assert done.status_code == 200


@pytest.mark.parametrize("order", [("C1",), ("C1", "C2"), ("C2", "C1")])
def test_the_mailbox_stays_stopped_when_who_objected_is_erased(two, order):
    objects("C1")
    for number in order:
        erase(number)
    by_browser(key(), ADA, choices={"newsletter-email": True, "newsletter-sms": False})
    assert by_mailbox() == "objected"


def test_on_the_channels_that_it_reaches_and_since_the_day_on_which_it_was_said(two):
    withdraw([Claim("customer_number", "C1")], purposes=["newsletter"], now=make.days(3), actor="system")
    erase("C1")
    under = Suppression.objects.get(hash__in=hashes_of([Claim("email", ADA)]))
    assert (under.channel, under.since, under.reason) == ("email", make.days(3), "withdrawal")
    assert (by_customer("C2"), by_customer("C2", "sms")) == ("suppressed", "+consent-given")
    says("C2", now=make.days(4))
    assert (by_customer("C2"), by_mailbox()) == ("+consent-given", "+consent-given")


def test_what_they_took_back_is_not_left_there(two):
    objects("C1", purposes=["newsletter"])
    says("C1", now=timezone.now())
    erase("C1")
    assert not Suppression.objects.filter(hash__in=hashes_of([Claim("email", ADA)])).exists()
    assert (by_customer("C2"), by_mailbox()) == ("+consent-given", "+consent-given")


def test_nor_is_what_they_took_back_by_another_address_of_theirs(two):
    """A "yes" lifts a "no" under what it came by, and answers it under everything of theirs."""
    known_by_one_more("C1")
    withdraw([Claim("customer_number", "C1")], purposes=["newsletter"], now=make.days(3), actor="system")
    assert by_mailbox() == "consent-withdrawn"
    says("C1", identity={"email": "c1@example.net"}, now=make.days(4))
    assert by_mailbox() == "+consent-given"
    erase("C1")
    assert (by_customer("C2"), by_mailbox()) == ("+consent-given", "+consent-given")


@pytest.mark.parametrize("again", ["other-channel", "before"])
def test_what_they_did_not_take_back_is(two, again):
    known_by_one_more("C1")
    withdraw([Claim("customer_number", "C1")], purposes=["newsletter"], now=make.days(3), actor="system")
    match again:
        case "other-channel":
            make.captured("c1@example.net", choices={"newsletter-sms": True}, now=make.days(4))
        case "before":
            says("C1", identity={"email": "c1@example.net"}, now=make.days(2))
    erase("C1")
    assert by_mailbox() == "suppressed"


def asks_to_be_deleted(number, mailbox):
    """By an address of their own, and everything is granted."""
    make_office.controller()
    make_requests.system()
    officer, now = make_office.OFFICER, timezone.now()
    asked = make_office.confirmed("erasure", email=f"{number}@example.net", now=now, mailbox=mailbox).requests.get()
    decisions.confirm_all(asked, actor=officer, now=now)
    answer.execute_erasure(asked, actor=officer, now=now)
    assert person(number) is None


def test_whoever_asks_to_be_deleted_has_refused_nothing_of_the_others(two, mailoutbox):
    for number in ("C1", "C2"):
        known_by_one_more(number)
    asks_to_be_deleted("C1", mailoutbox)
    assert {by_customer("C2"), by("email", "C2@example.net"), by_mailbox()} == {"+consent-given"}
    assert by("email", "C1@example.net") == "suppressed"


@pytest.mark.parametrize("is_taken_back", [False, True])
def test_what_they_refused_before_stays_there_unless_they_took_it_back(two, mailoutbox, is_taken_back):
    known_by_one_more("C1")
    withdraw([Claim("customer_number", "C1")], purposes=["newsletter"], now=make.days(3), actor="system")
    if is_taken_back:
        says("C1", identity={"email": "C1@example.net"}, now=make.days(4))
    asks_to_be_deleted("C1", mailoutbox)
    assert by_mailbox() == ("+consent-given" if is_taken_back else "suppressed")


def deletion_ends(who):
    withdraw(who, purposes=["newsletter"], now=timezone.now(), actor="user:1", collected_by=BY_DELETION)


def test_nor_has_somebody_who_has_the_mailbox_alone():
    subscriber = of_the_mailbox_alone()
    deletion_ends(subscriber)
    erase(subscriber)
    asked = [("email", "bob@example.net", "email"), ("customer_number", "C2", "sms"), ("email", ADA, "email")]
    assert {by(*one) for one in asked} == {"+consent-given"}


def test_a_backup_has_a_deletion_done_again_as_one(two):
    deletion_ends(person("C1"))
    (row,) = Outbox.objects.filter(kind=Outbox.Kind.JOURNAL)
    line = json.loads(key_of("outbox", row.uuid).open("payload", bytes(row.payload)))
    Suppression.objects.all().delete()
    ConsentState.objects.update(status="given", effective_at=make.days(1))
    done = {"action": line["action"], "data": line, "seq": 1}
    assert lines_again.do_again(done, uuid4(), now=timezone.now(), actor=make.ACTOR)
    assert by_customer("C1") == "consent-withdrawn"
    erase("C1")
    assert by_mailbox() == "+consent-given"


def test_what_waits_of_who_is_left_goes_on_and_goes_with_them(two, client, mailoutbox):
    make.published("double", [make.control("surveys-email", "surveys")])
    ConsentForm.objects.filter(slug="double").update(double_opt_in=True)
    for number in ("C1", "C2"):
        identity = {"email": ADA, "customer_number": number}
        asked_by_a_system(client, identity, form="double", choices={"surveys-email": True})
    first, second = mailed(mailoutbox)
    erase("C1")
    assert client.get(first).status_code == 404
    client.post(second)
    assert by_mailbox("surveys") == "+consent-given"
    asked_by_a_system(client, {"email": ADA}, form="double", choices={"surveys-email": True})
    assert PendingConsent.objects.filter(confirmed_at=None).exists()
    erase("C2")
    assert not PendingConsent.objects.filter(confirmed_at=None).exists()


def test_many_who_share_a_dummy_are_erased_by_as_many_queries_as_a_few(two):
    click()
    counts = []
    for numbers in (["A1", "A2"], ["B1", "B2", "B3", "B4", "B5", "B6"]):
        for number in numbers:
            holder(number)
            withdraw([Claim("customer_number", number)], purposes=["newsletter"], now=timezone.now(), actor="system")
        ties = Relationship.objects.filter(subject__in=[person(number).pk for number in numbers])
        pairs = list(ties.values_list("subject", "purpose"))
        with CaptureQueriesContext(connection) as asked:
            erasure.end_needs([], now=timezone.now(), pairs=pairs)
        assert {person(number) for number in numbers} == {None}
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_so_are_many_each_of_whom_leaves_another_alone_who_said_nothing():
    counts = []
    for families in (range(2), range(2, 8)):
        for number in families:
            for who in ("A", "B"):
                holder(f"{who}{number}", f"family{number}@example.net")
        ties = Relationship.objects.filter(subject__in=[person(f"A{number}").pk for number in families])
        pairs = list(ties.values_list("subject", "purpose"))
        with CaptureQueriesContext(connection) as asked:
            erasure.end_needs([], now=timezone.now(), pairs=pairs)
        assert {person(f"A{number}") for number in families} == {None}
        counts.append(len(asked))
    assert not SubjectIdentifier.objects.filter(is_shared=True).exists()
    assert counts[0] == counts[1]


def test_a_backup_is_told(two):
    holder("C3")
    objects("C1")
    before = Outbox.objects.filter(kind=Outbox.Kind.JOURNAL).count()
    erase("C1")
    # Of the erasure, and of the "no" that stays.
    assert Outbox.objects.filter(kind=Outbox.Kind.JOURNAL).count() == before + 2


def test_whoever_shares_nothing_is_erased_without_asking_for_that():
    counts = []
    for number in ("C1", "C2"):
        holder(number, f"{number}@example.net")
        if number == "C2":
            people.verify_identifier(person("C2"), Claim("email", ADA), how="x", now=make.days(1), actor="x")
            holder("C3")
        click()
        with CaptureQueriesContext(connection) as asked:
            erase(number)
        counts.append(sum("consents_suppression" in query["sql"] for query in asked))
    assert counts[0] == 0 < counts[1]
