"""Two records made one: a "no" or a pause under an address of either stands under all, until they are parted again."""

from datetime import timedelta

import pytest

from consents import endings, pausing, permission, rebuild, unsubscribe
from consents.models import ConsentState, Pause, Suppression
from consents.withdraw import withdraw
from ledger.models import Entry
from office import merging
from processing.models import Purpose
from subjects import people
from subjects.identifiers import Claim
from subjects.models import Relationship
from tests import make_consents as make

pytestmark = pytest.mark.django_db
ADA, COUNTESS, PHONE = "ada@example.com", "countess@example.com", "+447700900123"
MERGED, PARTED, AFTER = make.days(10), make.days(12), make.days(13)


@pytest.fixture(autouse=True)
def newsletter():
    make.published(controls=[make.control(), make.control("newsletter-sms", channel="sms")])
    make.published("other", [make.control("surveys-email", "surveys")])


def known(email):
    """By an answer about something else."""
    make.captured(email, form="other", choices={"surveys-email": True})


def merge(kept=ADA, gone=COUNTESS):
    kept, gone = (people.find([Claim("email", email)]) for email in (kept, gone))
    return merging.merge(kept, gone, now=MERGED, actor=make.ACTOR)


def part(made):
    merging.undo(made, now=PARTED, actor=make.ACTOR)


def pause(email, days):
    purposes = [Purpose.objects.get(slug="newsletter")]
    claims = [Claim("email", email)]
    pausing.begin(claims, purposes=purposes, until=make.days(days), now=make.days(5), actor="public")


def stop(*claims, day, purposes="all-marketing"):
    withdraw([Claim(*claim) for claim in claims], purposes=purposes, now=make.days(day), actor="public")


def reasons(now):
    return [make.reason(email, now=now) for email in (ADA, COUNTESS)]


@pytest.mark.parametrize("kept", [ADA, COUNTESS])
def test_a_pause_of_either_holds_for_both_until_they_are_parted(kept):
    for email in (ADA, COUNTESS):
        make.captured(email)
    pause(COUNTESS, 90)
    before = list(Pause.objects.values("hash", "since", "until", "entry"))
    made = merge(kept, COUNTESS if kept == ADA else ADA)
    assert reasons(MERGED) == ["paused", "paused"]
    assert Entry.objects.filter(kind="suppression.carried").exists()
    part(made)
    assert reasons(AFTER) == ["+consent-given", "paused"]
    assert list(Pause.objects.values("hash", "since", "until", "entry")) == before


def test_the_longer_of_two_pauses_holds_for_both():
    for email, days in ((ADA, 20), (COUNTESS, 90)):
        make.captured(email)
        pause(email, days)
    made = merge()
    assert [make.reason(email, now=make.days(50)) for email in (ADA, COUNTESS)] == ["paused", "paused"]
    part(made)
    assert make.reason(ADA, now=make.days(50)) == "+consent-given"
    assert make.reason(COUNTESS, now=make.days(50)) == "paused"


def test_a_yes_of_their_own_after_an_objection_outlives_the_merge():
    make.captured(ADA)
    known(COUNTESS)
    stop(("email", ADA), day=1)
    make.captured(ADA, now=make.days(2))
    assert make.reason(ADA, now=make.days(3)) == "+consent-given"
    merge()
    verdict = permission.may_process(people.find([Claim("email", ADA)]), "newsletter", "email", now=AFTER)
    assert (verdict.allowed, verdict.reason) == (True, "consent-given")


def test_an_objection_of_the_other_stands_against_a_yes_that_answered_their_own():
    make.captured(ADA)
    known(COUNTESS)
    stop(("email", ADA), day=1)
    make.captured(ADA, now=make.days(6))
    stop(("email", COUNTESS), day=4)
    said = sorted(Suppression.objects.values_list("hash", "since", "entry"))
    made = merge()
    assert reasons(MERGED + timedelta(hours=1)) == ["objected", "objected"]
    part(made)
    assert make.reason(ADA, now=AFTER) == "+consent-given"
    assert make.reason(COUNTESS, now=AFTER) == "objected"
    assert sorted(Suppression.objects.values_list("hash", "since", "entry")) == said


def test_what_a_yes_left_of_a_no_meanwhile_stays_their_own():
    """Both had said no to every channel, and as one they agree to text messages."""
    for email in (ADA, COUNTESS):
        known(email)
        stop(("email", email), day=1, purposes=["newsletter"])
    made = merge()
    make.captured(ADA, choices={"newsletter-sms": True}, now=make.days(11))
    part(made)
    left = Suppression.objects.filter(lifted_at=None).values_list("channel", "since")
    assert set(left) == {(channel, make.days(1)) for channel in ("", "email", "phone", "post")}
    assert not any(reason.startswith("+") for reason in reasons(AFTER))


@pytest.mark.parametrize("who", [ADA, COUNTESS])
def test_a_number_linked_while_they_are_one_has_what_its_own_record_said(who):
    for email in (ADA, COUNTESS):
        known(email)
    stop(("email", who), day=1)
    made = merge()
    make.captured(identity={"email": ADA, "phone": PHONE}, form="other", choices={"surveys-email": True})
    assert _by_number() == "objected"
    part(made)
    assert _by_number() == ("objected" if who == ADA else "consent-missing")


def _by_number():
    return permission.check("newsletter", "sms", "phone", [PHONE], now=MERGED)[0].reason


def ended_on(email):
    return Relationship.objects.get(
        subject=people.find([Claim("email", email)]), purpose__slug="newsletter"
    ).consent_ended_on


def test_what_expired_for_one_ends_no_consent_that_the_other_gave():
    for email, day in ((COUNTESS, 1), (ADA, 8)):
        make.captured(email, now=make.days(day))
    theirs = ConsentState.objects.filter(subject=people.find([Claim("email", COUNTESS)]).uuid)
    newsletter, by = Purpose.objects.get(slug="newsletter"), {"kind": "consent.expired", "actor": "system:expiry"}
    endings.close(theirs[0].subject, newsletter, list(theirs), now=make.days(5), **by)
    assert ended_on(COUNTESS)
    merge()
    assert (make.reason(ADA, now=AFTER), ended_on(ADA)) == ("+consent-given", None)


@pytest.mark.parametrize("channel", ["email", ""])
@pytest.mark.parametrize("kept", [ADA, COUNTESS])
def test_a_consent_that_stands_again_once_they_are_parted_has_not_ended(channel, kept):
    for email in (ADA, COUNTESS):
        make.captured(email, now=make.days(1))
    theirs = [Claim("email", COUNTESS)]
    withdraw(theirs, purposes=["newsletter"], channel=channel, now=make.days(4), actor="public")
    Relationship.objects.filter(subject=people.find(theirs)).delete()
    said = sorted(ConsentState.objects.values_list("subject", "channel", "status", "effective_at", "event"))
    made = merge(kept, COUNTESS if kept == ADA else ADA)
    assert "+consent-given" not in reasons(MERGED)
    assert ended_on(ADA)
    part(made)
    assert (make.reason(ADA, now=AFTER), ended_on(ADA)) == ("+consent-given", None)
    assert sorted(ConsentState.objects.values_list("subject", "channel", "status", "effective_at", "event")) == said
    assert rebuild.differences() == 0


@pytest.mark.parametrize("agreed", [{ADA}, {ADA, COUNTESS}])
def test_what_was_ended_while_they_were_one_has_ended(agreed):
    for email in (ADA, COUNTESS):
        (make.captured if email in agreed else known)(email)
    made = merge()
    stop(("email", ADA), day=11, purposes=["newsletter"])
    part(made)
    assert "+consent-given" not in reasons(AFTER)
    assert {ended_on(email) for email in agreed} == {make.days(11).date()}
    assert rebuild.differences() == 0


def test_parting_gives_back_a_yes_that_answers_what_was_said_in_a_shared_mailbox():
    numbers = [Claim("customer_number", number) for number in ("C1", "C2")]
    for claim in numbers:
        make.captured(identity={"email": ADA, "customer_number": claim.value}, now=make.days(1))
    unsubscribe.stop(unsubscribe.Recipient(ADA, "newsletter"), now=make.days(3))
    make.captured(identity={"customer_number": "C1"}, now=make.days(4))
    stop(("customer_number", "C2"), day=5, purposes=["newsletter"])
    one, two = (people.find([claim]) for claim in numbers)

    def verdict():
        return permission.may_process(one, "newsletter", "email", now=AFTER).reason

    assert verdict() == "consent-given"
    made = merging.merge(one, two, now=MERGED, actor=make.ACTOR)
    assert verdict() != "consent-given"
    part(made)
    assert verdict() == "consent-given"
