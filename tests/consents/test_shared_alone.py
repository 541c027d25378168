"""What was said in a mailbox of several when one of them comes to have something, or nothing, that is theirs alone."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from consents import carrying, pausing
from consents.withdraw import withdraw
from office import merging
from subjects import corrections, people
from subjects.identifiers import Claim
from subjects.models import Identifier, Relationship, SubjectIdentifier
from tests import make_consents as make
from tests.consents.test_shared_verdicts import PHONE, by, click, erase, forms, person
from tests.make_unproven import ADA

pytestmark = pytest.mark.django_db
__all__ = ["forms"]
MAILBOX, TELEPHONE, NUMBER = Claim("email", ADA), Claim("phone", PHONE), Claim("customer_number", "A")
SALES = "direct-sales"


def customer(**identity):
    """Somebody who agreed to be written to, by e-mail and by SMS."""
    both = {"newsletter-email": True, "newsletter-sms": True}
    make.captured(identity={"email": ADA, **identity}, choices=both, now=make.days(1))


def bought(*customers):
    """Marketing may go to whoever bought something, until they object."""
    purpose = make.live(SALES, "f")
    make.assessment(purpose, approved=timezone.now(), due=timezone.now().date() + timedelta(days=90))
    tie = {"role": "customer", "ground": "soft-opt-in", "source": "website", "started_on": make.NOW.date()}
    for one in customers:
        Relationship.objects.create(subject=one, purpose=purpose, **tie)


@pytest.fixture
def ada():
    """Known by a mailbox alone, which Bob has shown to be his as well."""
    make.captured(ADA, choices={"newsletter-email": False, "newsletter-sms": False}, now=make.days(1))
    found = people.find([MAILBOX])
    bought(found)
    return found


def bob_comes():
    customer(email="bob@example.net", customer_number="B")
    people.verify_identifier(person("B"), MAILBOX, how="link", now=make.days(2), actor=make.ACTOR)


def becomes_a_customer(ada):
    assert people.find_or_create([MAILBOX, NUMBER, TELEPHONE], now=timezone.now(), actor=make.ACTOR) == ada


def by_hers(purpose=SALES):
    asked = [("phone", PHONE, "sms"), ("phone", PHONE, "phone"), ("customer_number", "A", "post")]
    return {by(*one, purpose=purpose) for one in [*asked, ("customer_number", "A", "email")]}


@pytest.mark.parametrize("how", ["staff", "click before he came"])
def test_what_somebody_with_nothing_else_said_there_is_theirs_whole_once_they_give_more(ada, how):
    if how == "staff":
        bob_comes()
        withdraw(ada, purposes="all-marketing", now=timezone.now(), actor="user:1")
    else:
        click(everything=True)
        bob_comes()
    becomes_a_customer(ada)
    assert by_hers() == {"objected"}
    # It is her word, and no more of his than it was.
    assert by("customer_number", "B", "sms") == "+consent-given"


def test_what_bob_said_there_or_nobody_knows_who_is_not(ada):
    bob_comes()
    withdraw(person("B"), purposes="all-marketing", now=timezone.now(), actor="user:1")
    click(everything=True)
    becomes_a_customer(ada)
    assert by("phone", PHONE, "sms", SALES) == "+soft-opt-in"
    assert by("customer_number", "A", "email", SALES) == "objected"


def test_so_is_a_pause(ada):
    now = timezone.now()
    pausing.begin([MAILBOX], purposes=[pausing.ALL], until=now + timedelta(days=9), now=now, actor="public")
    bob_comes()
    becomes_a_customer(ada)
    assert by("phone", PHONE, "sms", SALES) == "paused"


@pytest.mark.parametrize("is_paused", [False, True])
def test_what_was_said_under_the_last_thing_that_was_theirs_alone_stands_where_they_still_are(is_paused):
    make.captured("c1@example.net", choices={"newsletter-email": True, "newsletter-sms": True}, now=make.days(1))
    ada = people.find([Claim("email", "c1@example.net")])
    customer(customer_number="B")
    bought(ada, person("B"))
    people.verify_identifier(ada, MAILBOX, how="link", now=make.days(2), actor=make.ACTOR)
    assert by("email", ADA, purpose=SALES) == "+soft-opt-in"
    now, until = timezone.now(), timezone.now() + timedelta(days=9)
    withdraw(ada, purposes="all-marketing", now=now, actor="user:1")
    if is_paused:
        pausing.begin(
            [Claim("email", "c1@example.net")], purposes=[pausing.ALL], until=until, now=now, actor=make.ACTOR
        )
    alone = Identifier.objects.get(subject_links__subject=ada, subject_links__is_shared=False)
    merging.take_off(ada, alone.uuid, now=timezone.now(), actor="user:1")
    assert by("email", ADA, purpose=SALES) == "objected"
    assert bool(pausing.standing([MAILBOX], now=now)) == is_paused
    # And it is all hers again with the next.
    becomes_a_customer(ada)
    assert by_hers() == {"objected"}


@pytest.fixture
def two():
    customer(customer_number="A", phone=PHONE)
    customer(customer_number="B")


def test_what_reached_by_e_mail_alone_stops_nothing_else_when_the_other_is_gone(two):
    click(now=make.days(3))
    erase("B")
    assert not SubjectIdentifier.objects.filter(is_shared=True).exists()
    assert {by("email", ADA), by("customer_number", "A"), by("phone", PHONE, "email")} == {"suppressed"}
    assert by("phone", PHONE, "sms") == "+consent-given"
    # Nor when there is more of theirs, which has it as the rest has.
    people.verify_identifier(person("A"), Claim("email", "a@example.net"), how="x", now=make.days(4), actor="x")
    assert by("email", "a@example.net") == "suppressed"
    assert {by("phone", PHONE, "sms"), by("email", "a@example.net", "sms")} == {"+consent-given"}


def test_what_they_said_themself_stops_everything_then_as_before(two):
    withdraw([MAILBOX, NUMBER], purposes=["newsletter"], now=make.days(3), actor="public")
    erase("B")
    mailbox = [("email", ADA, channel) for channel in ("email", "sms")]
    assert {by(*one) for one in [*mailbox, ("phone", PHONE, "sms")]} == {"consent-withdrawn"}


def paused():
    now = timezone.now()
    pausing.begin([MAILBOX], purposes=[pausing.ALL], until=now + timedelta(days=9), now=now, actor="public")
    assert (by("customer_number", "A"), by("phone", PHONE, "sms")) == ("paused", "+consent-given")


def test_a_pause_stays_in_the_mailbox_when_the_other_is_gone(two):
    paused()
    erase("B")
    assert (by("email", ADA), by("phone", PHONE, "sms")) == ("paused", "+consent-given")


def test_and_a_pause_of_ones_own_comes_to_it_then(two):
    now = timezone.now()
    pausing.begin([NUMBER], purposes=[pausing.ALL], until=now + timedelta(days=9), now=now, actor="public")
    erase("B")
    assert (by("email", ADA), by("phone", PHONE, "sms")) == ("paused", "paused")


def test_a_pause_stays_in_the_mailbox_when_theirs_is_corrected(two):
    paused()
    new, row, now = Claim("email", "new@example.net"), Identifier.objects.get(type="email"), timezone.now()
    corrections.replace_identifier(person("A"), row.uuid, new.value, request=uuid4(), now=now, actor=make.ACTOR)
    carrying.carry(MAILBOX, new, entry=uuid4(), now=now)
    carrying.together(person("A"), now=now, actor=make.ACTOR)
    assert by("phone", PHONE, "sms") == "+consent-given"
    assert by("email", ADA) == "paused"
