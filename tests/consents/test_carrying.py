"""A "no" or a pause under one address holds under whatever the person comes to be known by besides."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from consents import pausing, permission, suppression
from consents.models import ConsentState, Pause, Suppression
from consents.withdraw import withdraw
from core.models import Outbox
from core.vault import key_of
from ledger.models import Entry
from office import merging
from processing.models import Purpose
from retention import lines_again
from subjects import people
from subjects.identifiers import Claim
from subjects.models import Identifier
from tests import make_consents as make
from tests.make_unproven import ADA, asked_by_a_system, by_browser, key, no, reason

pytestmark = pytest.mark.django_db
PHONE = "+447700900123"
BOTH = {"email": ADA, "phone": PHONE}
ANSWER = {"form": "other", "choices": {"surveys-email": True}}


@pytest.fixture(autouse=True)
def forms():
    make.published(controls=[make.control(), make.control("newsletter-sms", channel="sms")])
    make.published("other", [make.control("surveys-email", "surveys")])


def pause(email=ADA, days=30):
    now = timezone.now()
    until = now + timedelta(days=days)
    pausing.begin([Claim("email", email)], purposes=[pausing.ALL], until=until, now=now, actor="public")


def by_number(channel="sms"):
    return permission.check("newsletter", channel, "phone", [PHONE], now=timezone.now())[0].reason


@pytest.mark.parametrize("is_known", [False, True])
@pytest.mark.parametrize("kind", ["objected", "one-click", "paused"])
def test_nobody_takes_it_back_under_a_number_that_is_linked_later(client, kind, is_known):
    if is_known:
        make.captured(ADA, **ANSWER)
    if kind == "paused":
        make.captured(ADA)
        pause()
    else:
        no(kind)
    before = reason()
    asked_by_a_system(client, BOTH, **ANSWER)
    assert by_browser(key(), identity={"phone": PHONE}).status_code == 201
    assert reason() == before
    assert not before.startswith("+")
    person = people.find([Claim("phone", PHONE)])
    verdict = permission.may_process(person, "newsletter", "email", now=timezone.now())
    assert (by_number("email"), verdict.reason) == (before, before)


def test_what_was_said_under_the_new_number_reaches_the_address():
    make.captured(ADA)
    withdraw([Claim("phone", PHONE)], purposes="all-marketing", now=make.days(5), actor="public")
    make.captured(identity=BOTH, now=make.days(6), **ANSWER)
    assert make.reason(now=make.days(7)) == "objected"
    assert Entry.objects.filter(kind="suppression.carried").count() == 1


def test_somebody_new_who_comes_with_both_is_stopped_under_both():
    withdraw([Claim("email", ADA)], purposes="all-marketing", now=make.days(-9), actor="public")
    make.captured(identity=BOTH, **ANSWER)
    rows = Suppression.objects.filter(lifted_at=None)
    assert (rows.count(), set(rows.values_list("since", "reason"))) == (2, {(make.days(-9), "objection")})


def test_a_later_yes_of_theirs_answers_it_as_before():
    withdraw([Claim("email", ADA)], purposes="all-marketing", now=make.days(-9), actor="public")
    make.captured()
    make.captured(identity=BOTH, now=make.days(1), **ANSWER)
    now = make.days(2)
    verdict = permission.check("newsletter", "email", "phone", [PHONE], now=now)[0]
    assert (make.reason(now=now), verdict.reason) == ("+consent-given", "consent-given")


def test_what_they_took_back_does_not_come_back():
    """Stopped under both; the yes by e-mail lifts it under the address alone."""
    make.captured(identity=BOTH, now=make.days(-9), **ANSWER)
    withdraw([Claim("email", ADA)], purposes=["newsletter"], now=make.days(-5), actor="public")
    make.captured()
    make.captured(identity={"email": ADA, "customer_number": "C1"}, now=make.days(1), **ANSWER)
    lifted = Suppression.objects.exclude(lifted_at=None).get()
    standing = Suppression.objects.filter(hash=lifted.hash, lifted_at=None)
    assert set(standing.values_list("channel", flat=True)) == {"phone", "post", "sms"}


def test_what_several_people_share_carries_nothing():
    for number in ("C1", "C2"):
        make.captured(identity={"email": ADA, "customer_number": number}, **ANSWER)
    withdraw([Claim("email", ADA)], purposes="all-marketing", now=make.days(1), actor="public")
    make.captured(identity={"customer_number": "C1", "phone": PHONE}, now=make.days(2), **ANSWER)
    assert by_number() != "objected"


def test_a_trial_carries_nothing(client):
    no("objected")
    asked_by_a_system(client, BOTH, test=True, **ANSWER)
    assert Suppression.objects.count() == 1


def test_an_older_backup_is_told_of_it():
    make.captured(ADA)
    pause()
    withdraw([Claim("email", ADA)], purposes=["newsletter"], now=timezone.now(), actor="public")
    said = set(Outbox.objects.values_list("pk", flat=True))
    make.captured(identity=BOTH, now=timezone.now(), **ANSWER)
    lines = [
        json.loads(key_of("outbox", row.uuid).open("payload", row.payload))
        for row in Outbox.objects.filter(kind="journal").exclude(pk__in=said)
    ]
    assert sorted(line["action"] for line in lines) == ["consent.paused", "suppression.added"]
    Suppression.objects.all().delete()
    Pause.objects.all().delete()
    for data in lines:
        line = {"action": data["action"], "data": data, "seq": 1}
        assert lines_again.do_again(line, uuid4(), now=timezone.now(), actor=make.ACTOR)
    (paused,) = pausing.standing([Claim("phone", PHONE)], now=timezone.now())
    (stopped,) = suppression.own(suppression.hashes_of([Claim("phone", PHONE)]))
    assert (paused.purpose, stopped.purpose) == (None, Purpose.objects.get(slug="newsletter"))


def test_a_mailbox_that_turns_out_to_be_one_persons_carries_what_was_said_there():
    for number in ("C1", "C2"):
        make.captured(identity={"email": ADA, "customer_number": number}, **ANSWER)
    withdraw([Claim("email", ADA)], purposes="all-marketing", now=make.days(1), actor="public")
    make.captured(identity={"customer_number": "C1", "phone": PHONE}, now=make.days(2), **ANSWER)
    other = people.find([Claim("customer_number", "C2")])
    mailbox = Identifier.objects.get(type="email")
    merging.take_off(other, mailbox.uuid, now=make.days(3), actor=make.ACTOR)
    assert by_number() == "objected"


def test_a_no_that_was_never_carried_stands_all_the_same():
    """As of people who were linked before it was."""
    make.captured(ADA)
    make.captured(identity=BOTH, **ANSWER)
    no("objected")
    Suppression.objects.exclude(hash__in=suppression.hashes_of([Claim("email", ADA)])).delete()
    ConsentState.objects.filter(status="withdrawn").delete()
    assert by_browser(key(), identity={"phone": PHONE}).status_code == 201
    assert reason() == "objected"
