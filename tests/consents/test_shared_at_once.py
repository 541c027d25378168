"""A click in a mailbox that several people have, while somebody is at work on one of them: nobody waits in a circle."""

import threading

import pytest
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from consents import permission, unsubscribe
from consents.models import Suppression
from consents.suppression import hashes_of
from consents.withdraw import withdraw
from office import merging
from subjects import erasure, people
from subjects.identifiers import Claim
from subjects.models import Identifier, Relationship
from tests import make_consents as make
from tests.make_unproven import ADA
from tests.waiting import PATIENCE, others_wait

pytestmark = pytest.mark.django_db(transaction=True)
PHONE = "+447700900123"


@pytest.fixture(autouse=True)
def form():
    make.published(controls=[make.control()])


def holder(number, *, now=None):
    make.captured(identity={"email": ADA, "customer_number": number}, now=now or timezone.now())


def named(number):
    return people.find([Claim("customer_number", number)])


def click():
    unsubscribe.stop(unsubscribe.Recipient(ADA, "newsletter"), now=timezone.now())


def by(kind, value):
    verdict = permission.check("newsletter", "email", kind, [value], now=timezone.now())[0]
    return ("+" if verdict.allowed else "") + verdict.reason


def meanwhile(act, call, *, waits):
    """`call` while `act` is done and its transaction not over: it waits for that, or does not."""
    raised = []

    def work():
        try:
            call()
        except Exception as error:  # noqa: BLE001
            raised.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    with transaction.atomic():
        act()
        thread.start()
        if waits:
            others_wait()
        else:
            thread.join(timeout=PATIENCE)
            assert not thread.is_alive()
    thread.join(timeout=PATIENCE)
    assert raised == []


def test_a_click_there_does_not_wait_for_a_yes_of_one_of_them():
    """Else each would wait for what the other has written of the mailbox and of the person."""
    for number in ("C1", "C2"):
        holder(number)
    click()
    meanwhile(lambda: holder("C1"), click, waits=False)
    assert by("customer_number", "C2") == "suppressed"


def test_who_comes_to_share_it_at_that_moment_does_not_miss_it():
    holder("C1")
    meanwhile(lambda: holder("C2"), click, waits=True)
    assert {by("customer_number", "C1"), by("customer_number", "C2"), by("email", ADA)} == {"suppressed"}


def test_what_one_says_while_the_other_parts_from_it_stands_there_as_well():
    for number in ("C1", "C2"):
        holder(number)
    other = named("C2")
    mailbox = Identifier.objects.get(type="email")

    def part():
        merging.take_off(other, mailbox.uuid, now=timezone.now(), actor=make.ACTOR)

    def say():
        withdraw([Claim("customer_number", "C1")], purposes=["newsletter"], now=timezone.now(), actor="system")

    meanwhile(part, say, waits=True)
    assert Suppression.objects.filter(hash__in=hashes_of([Claim("email", ADA)])).exists()


def test_an_erasure_takes_what_people_are_known_by_in_one_order():
    """Somebody new of a family holds the address of one who shares nothing, and wants the telephone of the family."""
    for number, identity in {"Q": {"email": "q@example.net"}, "P": {"phone": PHONE}, "R": {"phone": PHONE}}.items():
        make.captured(identity={"customer_number": number, **identity}, now=timezone.now())
    ties = Relationship.objects.exclude(subject=named("R")).values_list("subject", "purpose")
    held = dict(Identifier.objects.values_list("type", "pk"))
    raised = []

    def erase():
        try:
            with transaction.atomic():
                erasure.end_needs([], now=timezone.now(), pairs=list(ties))
        except OperationalError as error:
            raised.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=erase)
    with transaction.atomic():
        people.lock([held["email"]])
        thread.start()
        others_wait()
        people.lock([held["phone"]])
    thread.join(timeout=PATIENCE)
    assert raised == []
    assert named("P") is None


def test_who_is_linked_something_else_while_the_other_is_erased_has_the_no_of_the_mailbox_there_too():
    for number in ("C1", "C2"):
        holder(number)
    click()
    ties = Relationship.objects.filter(subject=named("C1")).values_list("subject", "purpose")

    def link():
        claims = [Claim("customer_number", "C2"), Claim("email", "c2@example.net")]
        people.find_or_create(claims, now=timezone.now(), actor="system")

    meanwhile(lambda: erasure.end_needs([], now=timezone.now(), pairs=list(ties)), link, waits=True)
    assert named("C1") is None
    assert by("email", "c2@example.net") == "suppressed"
