"""Whatever two people say, under whatever address: one answer about each, which no stranger and no merge takes back."""

import random
from contextlib import suppress

import pytest
from django.db import transaction

from consents import answers, capture, pausing, permission, rebuild
from consents.models import Pause, Suppression
from consents.withdraw import withdraw
from office import merging
from processing.models import Purpose
from subjects import people
from subjects.identifiers import Claim
from tests import make_consents as make

pytestmark = pytest.mark.django_db
ADA = {"email": "ada@example.com", "phone": "+447700900001"}
COUNTESS = {"email": "countess@example.com", "phone": "+447700900002"}
CHANNELS = ("email", "sms")
ASKED, MERGED, PARTED = make.days(9), make.days(10), make.days(12)
STOPPED = {"objected", "suppressed", "consent-withdrawn", "paused"}


@pytest.fixture(autouse=True)
def forms():
    make.published(controls=[make.control(), make.control("newsletter-sms", channel="sms")])
    make.published("other", [make.control("surveys-email", "surveys")])


def act(chance, who, now):
    claim = Claim(*chance.choice(list(who.items())))
    said = {"now": now, "actor": "public"}
    match chance.choice(["objects", "ends", "ends one", "pauses", "agrees", "agrees", "agrees"]):
        case "objects":
            withdraw([claim], purposes="all-marketing", **said)
        case "ends":
            withdraw([claim], purposes=["newsletter"], **said)
        case "ends one":
            withdraw([claim], purposes=["newsletter"], channel=chance.choice(CHANNELS), **said)
        case "pauses":
            purpose = chance.choice([pausing.ALL, Purpose.objects.get(slug="newsletter")])
            pausing.begin([claim], purposes=[purpose], until=make.days(chance.randrange(60, 90)), **said)
        case "agrees":
            agrees(claim, chance.choice(CHANNELS), now=now)


def agrees(claim, channel, *, now, unproven=False):
    body = make.body(identity={claim.type: claim.value}, choices={f"newsletter-{channel}": True})
    capture.capture(answers.read(body, now=now), now=now, actor="public", unproven=unproven)


def lives(seed):
    """A week of both; on one of the days a system tells us that an address and a number are one person's."""
    chance = random.Random(seed)  # noqa: S311
    for who in (ADA, COUNTESS):
        first, told = Claim(*chance.choice(list(who.items()))), chance.randrange(8)
        for day in range(8):
            if day == told:
                about = {"form": "other", "choices": {"surveys-email": True}}
                make.captured(identity=who, now=make.days(day), **about)
            elif chance.random() < 0.4:
                act(chance, who if day > told else {first.type: first.value}, make.days(day))
    return [people.find(claims(who)) for who in (ADA, COUNTESS)]


def claims(*people):
    return [Claim(*part) for who in people for part in who.items()]


def verdicts(who, channel, *, now):
    return [permission.may_process(one, "newsletter", channel, now=now) for one in who]


def rows():
    noes = Suppression.objects.values_list("hash", "purpose", "channel", "reason", "since", "entry", "lifted_at")
    pauses = Pause.objects.values_list("hash", "purpose", "since", "until", "entry", "ended_at")
    return [sorted(map(str, found)) for found in (noes, pauses)]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("channel", CHANNELS)
def test_one_answer_that_no_stranger_takes_back(seed, channel):
    for who, person in zip((ADA, COUNTESS), lives(seed), strict=True):
        found = verdicts([person, *claims(who)], channel, now=ASKED)
        assert len({verdict.allowed for verdict in found}) == 1
        for claim in claims(who) if {verdict.reason for verdict in found} & STOPPED else []:
            with transaction.atomic():
                with suppress(capture.SaidNo):
                    agrees(claim, channel, now=ASKED, unproven=True)
                assert not any(one.allowed for one in verdicts([person, *claims(who)], channel, now=MERGED))
                transaction.set_rollback(True)


@pytest.mark.parametrize("seed", range(30))
def test_the_strictest_stands_until_they_are_parted_and_then_each_has_their_own(seed):
    kept, gone = lives(seed)
    before = rows()
    stopped = [
        channel
        for channel in CHANNELS
        if {verdict.reason for verdict in verdicts([kept, gone], channel, now=ASKED)} & STOPPED
    ]
    made = merging.merge(kept, gone, now=MERGED, actor=make.ACTOR)
    for channel in CHANNELS:
        allowed = {one.allowed for one in verdicts([kept, *claims(ADA, COUNTESS)], channel, now=make.days(11))}
        assert len(allowed) == 1
        assert channel not in stopped or allowed == {False}
    merging.undo(made, now=PARTED, actor=make.ACTOR)
    assert rows() == before
    assert rebuild.differences() == 0
