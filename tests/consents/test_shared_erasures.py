"""What one of several who have a mailbox said, once that one is erased."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from consents.models import Suppression
from consents.suppression import hashes_of
from consents.withdraw import withdraw
from core.models import Outbox
from subjects import erasure, people
from subjects.identifiers import Claim
from subjects.models import Relationship
from tests import make_consents as make
from tests.consents.test_shared_verdicts import (
    by_customer,
    by_mailbox,
    click,
    erase,
    forms,
    holder,
    person,
    says,
    two,
)
from tests.make_unproven import ADA, by_browser, key

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
