"""A pause holds back what is allowed until its day, and allows nothing."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from consents import carrying, pausing
from consents.models import ConsentEvent, Pause
from consents.permission import check, may_process
from consents.withdraw import withdraw
from core.errors import Invalid
from ledger.models import Entry
from processing.models import Purpose
from subjects import people
from subjects.identifiers import Claim
from subjects.models import SubjectIdentifier
from tests import make_consents as make

pytestmark = pytest.mark.django_db
ADA = "ada@example.com"
CLAIMS = [Claim("email", ADA)]


def pause(*slugs, email=ADA, day=30, now=make.NOW):
    purposes = [Purpose.objects.get(slug=slug) for slug in slugs] or [pausing.ALL]
    claims = [Claim("email", email)]
    return pausing.begin(claims, purposes=purposes, until=make.days(day), now=now, actor="public")


@pytest.fixture
def newsletter():
    make.published()
    make.captured()


@pytest.mark.parametrize("slugs", [["newsletter"], []])
def test_it_holds_back_until_its_day_and_then_goes_on_by_itself(newsletter, slugs):
    events = ConsentEvent.objects.count()
    entry = pause(*slugs)
    verdict = check("newsletter", "email", "email", [ADA], now=make.days(29))[0]
    assert (verdict.allowed, verdict.reason, verdict.evidence) == (False, "paused", entry)
    assert verdict.valid_until == make.days(30)
    person = people.find(CLAIMS)
    assert may_process(person, "newsletter", "email", now=make.days(29)).reason == "paused"
    assert may_process(person, "newsletter", "email", now=make.days(30)).allowed
    assert make.reason(now=make.days(30)) == "+consent-given"
    assert ConsentEvent.objects.count() == events
    assert Entry.objects.get(uuid=entry).kind == "consent.paused"


def test_a_no_said_meanwhile_stands_afterwards(newsletter):
    pause("newsletter")
    withdraw(CLAIMS, purposes=["newsletter"], now=make.days(3), actor="public")
    assert make.reason(now=make.days(4)) == "consent-withdrawn"
    assert make.reason(now=make.days(60)) == "consent-withdrawn"


def test_a_new_day_replaces_the_old_and_a_pause_can_be_ended(newsletter):
    pause("newsletter", day=60)
    pause("newsletter", day=10, now=make.days(1))
    assert make.reason(now=make.days(11)) == "+consent-given"
    pausing.resume(CLAIMS, purposes=[Purpose.objects.get(slug="newsletter")], now=make.days(2), actor="public")
    assert make.reason(now=make.days(3)) == "+consent-given"
    assert not pausing.standing(CLAIMS, now=make.days(3))
    assert pausing.forget(now=make.days(3)) == 2


def test_a_later_yes_is_heard_at_once(newsletter):
    pause()
    make.captured(now=make.days(2))
    assert make.reason(now=make.days(3)) == "+consent-given"


def test_what_is_no_marketing_goes_on_while_marketing_is_paused():
    make.published(controls=[make.control(), make.control("surveys", "surveys")])
    make.captured(choices={"newsletter-email": True, "surveys": True})
    pause()
    assert make.reason(purpose="surveys", now=make.days(1)) == "+consent-given"
    assert make.reason(now=make.days(1)) == "paused"


def test_it_holds_for_an_address_that_nobody_has_and_after_a_correction(newsletter):
    pause("newsletter", email="new@example.com")
    make.captured("new@example.com", now=make.days(-1))
    assert make.reason("new@example.com") == "paused"
    SubjectIdentifier.objects.all().delete()
    carrying.carry(
        Claim("email", "new@example.com"), Claim("email", "x@example.com"), entry=pause("newsletter"), now=make.NOW
    )
    assert pausing.standing([Claim("email", "x@example.com")], now=make.NOW)


@pytest.mark.parametrize("day", [make.NOW.date(), make.days(400).date()])
def test_a_day_that_makes_no_sense_is_refused(db, day):
    with pytest.raises(Invalid) as refused:
        pausing.until(day, now=make.NOW)
    assert set(refused.value.fields) == {"until"}


def test_it_is_told_again_to_a_restored_database(newsletter):
    entry = pause("newsletter")
    row = Pause.objects.get()
    hashes = [{"key": row.hash_key, "hash": bytes(row.hash).hex()}]
    line = {"entry": str(entry), "at": make.NOW.isoformat(), "purposes": ["newsletter"], "hashes": hashes}
    Pause.objects.all().delete()
    assert pausing.again(pausing.BEGUN, {**line, "until": make.days(30).isoformat()})
    assert make.reason(now=make.days(1)) == "paused"
    assert pausing.again(pausing.ENDED, line)
    assert make.reason(now=make.days(1)) == "+consent-given"


ACTS = st.lists(st.sampled_from(["give", "withdraw", "pause", "resume", "stop"]), max_size=6)


class TestPause(TestCase):
    @given(acts=ACTS)
    @settings(max_examples=20, deadline=None)
    def test_no_order_of_acts_turns_a_no_into_a_yes(self, acts):
        make.published()
        newsletter, said = Purpose.objects.get(slug="newsletter"), False
        for day, act in enumerate(acts):
            now = make.days(day)
            if act == "give":
                make.captured(now=now)
                said = True
            elif act in ("withdraw", "stop"):
                chosen = ["newsletter"] if act == "withdraw" else "all-marketing"
                withdraw(CLAIMS, purposes=chosen, now=now, actor="public")
                said = False
            elif act == "pause":
                pause("newsletter", day=day + 10, now=now)
            else:
                pausing.resume(CLAIMS, purposes=[newsletter], now=now, actor="public")
            assert make.reason(now=now + timedelta(hours=1)).startswith("+") <= said
        assert make.reason(now=make.days(40)).startswith("+") == said
