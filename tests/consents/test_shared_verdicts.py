"""Who has a mailbox with others is judged by what was said there, and it by what each of them said."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from consents import pausing, permission, permission_sql, suppression, unsubscribe
from consents.models import PendingConsent, Suppression
from consents.withdraw import object_to, withdraw
from core.models import Outbox
from core.vault import key_of
from ledger.models import Entry
from office import merging
from retention import lines_again
from subjects import erasure, people, sharing
from subjects.identifiers import Claim
from subjects.models import DataSubject, Identifier, Relationship, SubjectIdentifier
from tests import make_consents as make
from tests.consents.test_permission_many import counted
from tests.make_unproven import ADA, asked_by_a_system, by_browser, by_page, key

pytestmark = pytest.mark.django_db
PHONE = "+447700900123"
LISTED, FREE = "+447700900123", "+447700900999"
HERS = {"email": ADA, "customer_number": "C1"}
# More than a few, whom nobody is known by.
MANY = [f"C{number}" for number in range(100, 101 + permission_sql.FEW)]


@pytest.fixture(autouse=True)
def forms():
    make.published(controls=[make.control(), make.control("newsletter-sms", channel="sms")])
    make.published("other", [make.control("surveys-email", "surveys")])


def holder(number, email=ADA, **more):
    """A customer who gave this mailbox, and agreed to be written to, by e-mail and by SMS."""
    choices = {"newsletter-email": True, "newsletter-sms": True}
    identity = {"email": email, "customer_number": number}
    return make.captured(identity=identity, choices=choices, now=more.pop("now", make.days(1)), **more)


@pytest.fixture
def two():
    for number in ("C1", "C2"):
        holder(number)


def person(number):
    return people.find([Claim("customer_number", number)])


def by(kind, value, channel="email", purpose="newsletter"):
    """As one of a few and as one of many, which are looked up in different ways."""
    now = timezone.now()
    verdict = permission.check(purpose, channel, kind, [value], now=now)[0]
    assert verdict == permission.check(purpose, channel, kind, [value, *MANY], now=now)[0]
    return ("+" if verdict.allowed else "") + verdict.reason


def by_customer(number, channel="email"):
    """As a list of a system asks, and as we ask about somebody whom we have before us: the same."""
    verdict = permission.may_process(person(number), "newsletter", channel, now=timezone.now())
    asked = by("customer_number", number, channel)
    assert asked == ("+" if verdict.allowed else "") + verdict.reason
    return asked


def by_mailbox(purpose="newsletter"):
    return by("email", ADA, purpose=purpose)


def click(*, everything=False, now=None):
    unsubscribe.stop(unsubscribe.Recipient(ADA, "newsletter"), everything=everything, now=now or timezone.now())


def says(number, *, now, identity=None):
    """Yes to the newsletter by e-mail, in an account of theirs."""
    make.captured(identity=identity or {"customer_number": number}, choices={"newsletter-email": True}, now=now)


@pytest.mark.parametrize("everything", [False, True])
def test_a_no_from_a_mailbox_that_two_have_holds_for_both_by_e_mail_and_for_who_comes_to_have_it(two, everything):
    click(everything=everything)
    holder("C3", "grace@example.org")
    make.captured(identity={"email": ADA, "customer_number": "C4"}, choices={"newsletter-sms": True})
    for number in ("C1", "C2", "C4"):
        assert by_customer(number) == ("objected" if everything else "suppressed")
        assert by_customer(number, "sms") == "+consent-given"
    assert by_customer("C3") == "+consent-given"


def test_one_of_them_takes_it_back_for_themselves_alone(two):
    click(now=make.days(3))
    assert {by_customer("C1"), by_customer("C2"), by_mailbox()} == {"suppressed"}
    says("C1", now=make.days(4))
    assert (by_customer("C1"), by_customer("C2"), by_mailbox()) == ("+consent-given", "suppressed", "suppressed")


def test_a_yes_that_names_the_mailbox_too_does_not_open_it_for_the_other(two):
    """As a shop sends what somebody does in their account."""
    click(now=make.days(3))
    says("C1", identity=HERS, now=make.days(4))
    assert (by_customer("C1"), by_customer("C2"), by_mailbox()) == ("+consent-given", "suppressed", "suppressed")
    says("C2", now=make.days(5))
    assert (by_customer("C2"), by_mailbox()) == ("+consent-given", "+consent-given")


def test_nor_does_a_yes_of_one_lift_what_another_said_under_an_address_of_their_own():
    holder("C1", "eve@example.net")
    holder("C2")
    click(now=make.days(3))
    says("C1", identity=HERS, now=make.days(4))
    assert by_customer("C1") == "+consent-given"
    assert not Suppression.objects.exclude(lifted_at=None).exists()


def soft_opt_in(*customers):
    purpose = make.live("direct-sales", "f")
    make.assessment(purpose, approved=timezone.now(), due=timezone.now().date() + timedelta(days=90))
    tie = {"role": "customer", "ground": "soft-opt-in", "source": "website", "started_on": make.NOW.date()}
    for customer in customers:
        Relationship.objects.create(subject=customer, purpose=purpose, **tie)


@pytest.mark.parametrize("said_by", ["staff", "system"])
def test_the_mailbox_is_judged_by_what_one_of_them_said_by_their_number(said_by):
    """Art 21(3): also of what nobody ever answered, so that nothing but the objection stops it."""
    for number in ("C1", "C2"):
        make.captured(identity={"email": ADA, "customer_number": number}, form="other", choices={"surveys-email": True})
    soft_opt_in(person("C1"), person("C2"))
    assert by_mailbox("direct-sales") == "+soft-opt-in"
    who = person("C1") if said_by == "staff" else [Claim("customer_number", "C1")]
    withdraw(who, purposes="all-marketing", now=timezone.now(), actor="user:1")
    assert by_mailbox("direct-sales") == "objected"
    assert by("customer_number", "C2", purpose="direct-sales") == "+soft-opt-in"


def of_the_mailbox_alone():
    """A subscriber of whom nothing is theirs alone since a customer showed that they have the mailbox, too."""
    make.captured(ADA, now=make.days(1))
    subscriber = people.find([Claim("email", ADA)])
    holder("C2", "bob@example.net")
    people.verify_identifier(person("C2"), Claim("email", ADA), how="link", now=make.days(2), actor="x")
    return subscriber


def test_the_objection_of_somebody_who_has_nothing_of_their_own_is_kept_under_what_they_have_with_others():
    subscriber = of_the_mailbox_alone()
    soft_opt_in(subscriber, person("C2"))
    assert by_mailbox("direct-sales") == "+soft-opt-in"
    withdraw(subscriber, purposes="all-marketing", now=timezone.now(), actor="user:1")
    assert by_mailbox("direct-sales") == "objected"
    object_to(subscriber, purposes=["direct-sales"], now=timezone.now(), actor="user:1")
    said = Suppression.objects.filter(hash__in=suppression.hashes_of([Claim("email", ADA)]))
    assert set(said.values_list("purpose__slug", flat=True)) == {None, "direct-sales"}


def test_but_not_what_is_no_marketing_for_that_is_nobody_elses_word():
    """Art 21(1): an objection to screening that was upheld is about one person, also once that one is erased."""
    subscriber = of_the_mailbox_alone()
    purpose = make.live("fraud-screening", "f")
    make.assessment(purpose, approved=timezone.now(), due=timezone.now().date() + timedelta(days=90))
    tie = {"role": "customer", "ground": "customer", "source": "website", "started_on": make.NOW.date()}
    for one in (subscriber, person("C2")):
        Relationship.objects.create(subject=one, purpose=purpose, **tie)
    object_to(subscriber, purposes=["fraud-screening"], now=timezone.now(), actor="user:1")
    assert permission.may_process(subscriber, "fraud-screening", "", now=timezone.now()).reason == "objected"
    others = [("customer_number", "C2"), ("email", "bob@example.net")]
    assert {by(*one, "", "fraud-screening") for one in others} == {"+legitimate-interest"}
    erase(subscriber)
    assert {by(*one, "", "fraud-screening") for one in others} == {"+legitimate-interest"}


def test_nor_what_a_parent_ends_for_a_child_who_has_the_mailbox_of_the_family_alone():
    child = of_the_mailbox_alone()
    by_parent = {"collected_by": "hosted_form", "by_guardian": True}
    withdraw(child, purposes=["newsletter"], channel="email", now=timezone.now(), actor="public", **by_parent)
    assert (by("email", "bob@example.net"), by_mailbox()) == ("+consent-given", "consent-withdrawn")


def test_and_so_is_what_a_system_says_by_parts_that_each_are_somebody_elses_as_well():
    subscriber = of_the_mailbox_alone()
    make.captured(identity={"phone": PHONE}, choices={"newsletter-sms": True})
    people.verify_identifier(subscriber, Claim("phone", PHONE), how="code", now=make.days(2), actor="x")
    who, now = [Claim("email", ADA), Claim("phone", PHONE)], timezone.now()
    pausing.begin(who, purposes=[pausing.ALL], until=now + timedelta(days=9), now=now, actor="system")
    assert (by_mailbox(), by("phone", PHONE, "sms")) == ("paused", "paused")
    withdraw(who, purposes=["newsletter"], now=now, actor="system")
    assert Suppression.objects.filter(hash__in=suppression.hashes_of(who)).count() == 2


def test_the_register_of_numbers_speaks_of_the_number_that_is_asked_for(two):
    """PECR reg 26: whoever shares a mailbox is called at another number of theirs as anybody is."""
    soft_opt_in(person("C1"))
    calls = {"channel": "phone", "purpose": "direct-sales"}
    for number in (LISTED, FREE):
        people.verify_identifier(person("C1"), Claim("phone", number), how="link", now=make.days(2), actor="x")
    listed = [suppression.hash_of(Claim("phone", LISTED))]
    suppression.add(listed, purposes=[None], channel="phone", reason="tps", entry=uuid4(), now=make.days(2))
    assert [by("phone", one, **calls) for one in (LISTED, FREE)] == ["tps-registered", "+legitimate-interest"]
    # Which of theirs will be called, their customer number does not say.
    assert by("customer_number", "C1", **calls) == "tps-registered"


@pytest.mark.parametrize("says", ["no", "pause"])
def test_what_is_said_by_a_number_that_two_records_have_reaches_every_channel_of_both(says):
    """A number names a customer and is no mailbox: an objection by it is answered and must be heard (Art 21(3))."""
    holder("X", "eve@example.net")
    make.captured("bob@example.net", choices={"newsletter-email": True, "newsletter-sms": True}, now=make.days(1))
    bob, number = people.find([Claim("email", "bob@example.net")]), Claim("customer_number", "X")
    people.verify_identifier(bob, number, how="x", now=make.days(1), actor="x")
    now = timezone.now()
    if says == "no":
        withdraw([number], purposes="all-marketing", now=now, actor="system")
    else:
        pausing.begin([number], purposes=[pausing.ALL], until=now + timedelta(days=9), now=now, actor="public")
    asked = [(email, channel) for email in ("eve@example.net", "bob@example.net") for channel in ("email", "sms")]
    assert {by("email", *one) for one in asked} == {"objected" if says == "no" else "paused"}


def test_whoever_ends_it_in_their_account_bars_nobody_else(two):
    client, said = Client(), {"identity": HERS, "purposes": ["newsletter"]}
    client.post("/api/v1/consents/withdraw/", said, content_type="application/json", **make.key())
    assert (by_customer("C1"), by_customer("C2"), by_mailbox()) == (
        *("consent-withdrawn", "+consent-given"),
        "consent-withdrawn",
    )
    asked_by_a_system(client, HERS, choices={"newsletter-email": True, "newsletter-sms": True})
    assert {by_customer("C1"), by_customer("C2"), by_mailbox()} == {"+consent-given"}


def test_whose_address_alone_is_named_beside_it_is_stopped_under_all_of_theirs():
    """The parts name two people, and each has one of them alone."""
    holder("C1", "eve@example.net")
    make.captured(identity={"phone": PHONE}, choices={"newsletter-email": True, "newsletter-sms": True})
    who = [Claim("email", "eve@example.net"), Claim("phone", PHONE)]
    withdraw(who, purposes=["newsletter"], now=timezone.now(), actor="system")
    assert (by_customer("C1"), by("phone", PHONE)) == ("suppressed", "suppressed")


def test_a_no_that_names_the_mailbox_is_not_lost_where_the_number_beside_it_is_somebodys_who_has_it_not(two):
    holder("C3", "grace@example.org")
    who = [Claim("email", ADA), Claim("customer_number", "C3")]
    withdraw(who, purposes=["newsletter"], now=timezone.now(), actor="system")
    assert (by_customer("C3"), by_mailbox()) == ("consent-withdrawn", "suppressed")


def test_nor_is_a_pause_of_theirs(two):
    holder("C3", "grace@example.org")
    who, now = [Claim("email", ADA), Claim("customer_number", "C3")], timezone.now()
    pausing.begin(who, purposes=[pausing.ALL], until=now + timedelta(days=9), now=now, actor="public")
    assert {by_mailbox(), by_customer("C2"), by_customer("C3")} == {"paused"}


def test_a_pause_in_the_mailbox_reaches_both_and_one_in_an_account_only_its_owner(two):
    def pause(*who):
        now = timezone.now()
        until = now + timedelta(days=9)
        pausing.begin([Claim(*one) for one in who], purposes=[pausing.ALL], until=until, now=now, actor="public")

    pause(("email", ADA), ("customer_number", "C1"))
    assert (by_customer("C1"), by_customer("C2"), by_mailbox()) == ("paused", "+consent-given", "paused")
    pause(("email", ADA))
    assert (by_customer("C2"), by_customer("C2", "sms")) == ("paused", "+consent-given")


@pytest.mark.parametrize(("control", "counts"), [("newsletter-email", False), ("newsletter-sms", True)])
def test_a_stranger_who_types_their_telephone_number_takes_back_nothing_that_the_mailbox_said(control, counts):
    for number, phone in (("C1", PHONE), ("C2", "+447700900124")):
        choices = {"newsletter-email": True, "newsletter-sms": True}
        make.captured(identity={"email": ADA, "customer_number": number, "phone": phone}, choices=choices)
    click()
    choices = {"newsletter-email": control == "newsletter-email", "newsletter-sms": control == "newsletter-sms"}
    assert by_browser(key(), identity={"phone": PHONE}, choices=choices).status_code == 201
    assert PendingConsent.objects.exists() is not counts
    assert by_customer("C1") == "suppressed"


def test_a_no_to_a_mailbox_costs_the_same_however_many_have_it(two):
    """`none@example.com`: whoever sends it, with a key of a browser, makes us work no harder and learns nothing."""
    for number in range(4):
        holder(f"D{number}", f"two{number // 2}@example.org")
    for number in range(3, 30):
        people.find_or_create([Claim("email", ADA), Claim("customer_number", f"C{number}")], now=make.NOW, actor="x")
    site, counts = key(), []
    for email in ("two0@example.org", "two1@example.org", ADA):
        before = Entry.objects.count(), Suppression.objects.count(), Outbox.objects.count()
        with CaptureQueriesContext(connection) as asked:
            by_browser(site, email, choices={"newsletter-email": False, "newsletter-sms": False})
        after = Entry.objects.count(), Suppression.objects.count(), Outbox.objects.count()
        counts.append((len(asked), [now - then for now, then in zip(after, before, strict=True)]))
    assert counts[1] == counts[2]


def test_it_takes_three_queries_to_ask_about_a_few_and_two_more_about_many_who_share_something(two, monkeypatch):
    holder("C3", "grace@example.org")
    asked = counted(monkeypatch)
    for values, queries in ((["C3"], 3), (["C1"], 3), (["C1", "C2", "C3"] * 9, 3), (MANY, 3), (["C1", *MANY], 5)):
        asked.clear()
        permission.check("newsletter", "email", "customer_number", values, now=timezone.now())
        assert len(asked) == queries
    for who in (Claim("email", ADA), person("C1"), person("C3")):
        asked.clear()
        permission.may_process(who, "newsletter", "email", now=timezone.now())
        assert len(asked) == 3


def test_who_turns_out_not_to_have_it_keeps_what_it_said(two):
    """Nobody knows whose word it was."""
    click(now=make.days(3))
    mailbox = Identifier.objects.get(type="email")
    merging.take_off(person("C2"), mailbox.uuid, now=make.days(4), actor=make.ACTOR)
    assert {by_customer("C1"), by_customer("C2"), by_mailbox()} == {"suppressed"}
    assert by_customer("C2", "sms") == "+consent-given"
    says("C2", now=make.days(5))
    assert (by_customer("C1"), by_customer("C2"), by_mailbox()) == ("suppressed", "+consent-given", "suppressed")


def erase(who):
    gone = who if isinstance(who, DataSubject) else person(who)
    ties = Relationship.objects.filter(subject=gone).select_related("purpose")
    erasure.erase(
        subject=gone, purposes=[tie.purpose for tie in ties], request=uuid4(), now=timezone.now(), actor="user:1"
    )
    assert not DataSubject.objects.filter(pk=gone.pk).exists()


def test_who_is_erased_keeps_what_it_said_to_them(two):
    click(now=make.days(3))
    holder("C3", "grace@example.org")
    erase("C2")
    make.captured(
        identity={"email": "bob@example.net", "customer_number": "C2"}, form="other", choices={"surveys-email": True}
    )
    assert by("customer_number", "C2") == "suppressed"
    assert (by_customer("C1"), by_customer("C3")) == ("suppressed", "+consent-given")


def test_who_is_left_alone_with_it_speaks_for_it_again(two):
    withdraw([Claim("customer_number", "C1")], purposes=["newsletter"], now=make.days(2), actor="system")
    erase("C2")
    assert not SubjectIdentifier.objects.filter(is_shared=True).exists()
    assert people.find([Claim("email", ADA)]) == person("C1")
    # What they said before, and what they say now, outlives them under the mailbox as well.
    withdraw(person("C1"), purposes=["surveys"], now=timezone.now(), actor="user:1", collected_by="staff")
    said = Suppression.objects.filter(hash__in=suppression.hashes_of([Claim("email", ADA)]))
    assert set(said.values_list("purpose__slug", flat=True)) == {"newsletter", "surveys"}
    erase("C1")
    by_page(None)
    assert by_mailbox() == "suppressed"


def test_what_was_called_shared_before_erasures_said_so_is_put_right(two):
    withdraw([Claim("customer_number", "C1")], purposes=["newsletter"], now=make.days(2), actor="system")
    SubjectIdentifier.objects.filter(subject=person("C2")).delete()
    assert sharing.put_right(now=timezone.now()) == 1
    assert sharing.put_right(now=timezone.now()) == 0
    assert Suppression.objects.filter(hash__in=suppression.hashes_of([Claim("email", ADA)])).exists()
    holder("C3")
    assert sharing.put_right(now=timezone.now()) == 0
    assert SubjectIdentifier.objects.filter(is_shared=True).count() == 2


def test_an_older_backup_is_told_what_was_kept(two):
    click(now=make.days(3))
    said = set(Outbox.objects.values_list("pk", flat=True))
    erase("C2")
    lines = [
        json.loads(key_of("outbox", row.uuid).open("payload", bytes(row.payload)))
        for row in Outbox.objects.filter(kind="journal").exclude(pk__in=said)
    ]
    Suppression.objects.all().delete()
    for number, line in enumerate(one for one in lines if one["action"] == "suppression.added"):
        done = {"action": line["action"], "data": line, "seq": number}
        assert lines_again.do_again(done, uuid4(), now=timezone.now(), actor=make.ACTOR)
    holder("C2", "bob@example.net", now=make.days(2))
    assert by("customer_number", "C2") == "suppressed"


def test_of_two_records_that_are_made_one_the_no_stands_that_one_of_them_had_not_taken_back(two):
    holder("C3")
    click(now=make.days(3))
    says("C1", now=make.days(4))
    merging.merge(person("C1"), person("C2"), now=make.days(5), actor=make.ACTOR)
    assert (by_customer("C1"), by_mailbox()) == ("suppressed", "suppressed")
