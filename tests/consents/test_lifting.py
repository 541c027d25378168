"""What a later "yes" lifts of a "no": exactly its purpose on exactly its channel, whoever asks afterwards."""

import pytest
from django.utils import timezone

from consents import pausing, permission
from consents.models import Suppression
from consents.withdraw import withdraw
from subjects import people
from subjects.identifiers import Claim
from tests import make_consents as make
from tests.consents.test_consents_importing import counts, row, take, text
from tests.make_unproven import ADA, by_browser, key, mailed, no, reason

pytestmark = pytest.mark.django_db
BY_SMS = make.control("newsletter-sms", channel="sms")
JANUARY, FEBRUARY = "2026-01-10T10:00:00Z", "2026-02-01T10:00:00Z"


@pytest.fixture
def stopped():
    """Somebody whom nobody knows unsubscribed, and then agreed to text messages."""
    make.published(controls=[make.control(), BY_SMS])
    make.published("sms", [BY_SMS])
    withdraw([Claim("email", ADA)], purposes=["newsletter"], now=make.days(-20), actor="public")
    make.captured(form="sms", choices={"newsletter-sms": True}, now=make.days(-10))


def standing(**more):
    rows = Suppression.objects.filter(lifted_at=None, **more)
    return {(row.channel, row.since, row.reason) for row in rows}


def test_a_yes_on_one_channel_leaves_the_no_to_the_others(stopped):
    lifted = Suppression.objects.exclude(lifted_at=None).get()
    assert (lifted.channel, lifted.lifted_at) == ("", make.days(-10))
    assert standing() == {(channel, make.days(-20), "withdrawal") for channel in ("email", "phone", "post")}
    assert make.reason(channel="sms") == "+consent-given"
    assert make.reason() == "suppressed"
    make.captured(choices={"newsletter-email": True, "newsletter-sms": True})
    assert {channel for channel, *_more in standing()} == {"phone", "post"}
    assert make.reason(now=make.days(1)) == "+consent-given"


def test_a_no_said_again_stays_the_later_one_on_every_channel_that_is_left(stopped):
    withdraw([Claim("email", ADA)], purposes=["newsletter"], now=make.days(-5), actor="public")
    make.captured(choices={"newsletter-email": True})
    assert standing() == {(channel, make.days(-5), "withdrawal") for channel in ("phone", "post", "sms")}


def test_a_yes_to_a_purpose_without_channels_lifts_the_whole_no():
    make.published("ask", [make.control("surveys", "surveys", channel="")])
    withdraw([Claim("email", ADA)], purposes=["surveys"], now=make.days(-20), actor="public")
    make.captured(form="ask", choices={"surveys": True})
    assert not standing()


def test_nobody_opens_the_other_channels_with_the_address_alone(mailoutbox):
    make.published()
    make.published("sms", [BY_SMS])
    site = key()
    no("one-click")
    make.captured(form="sms", choices={"newsletter-sms": True}, now=timezone.now())
    assert by_browser(site).status_code == 201
    assert reason() == "suppressed"
    assert len(mailed(mailoutbox)) == 1


def test_an_import_opens_no_other_channel(stopped, tmp_path):
    assert counts(take(tmp_path, text(row(at=JANUARY)))) == {"outdone": 1}
    assert make.reason() == "suppressed"


@pytest.mark.parametrize("by", ["withdraw", "pause"])
def test_an_import_takes_the_place_of_no_yes_that_answers_something_under_another_of_their_numbers(by, tmp_path):
    """The later "yes" came by the address, so what was said stands under the number, and is answered there."""
    make.published()
    make.captured(identity={"email": ADA, "customer_number": "C1"}, now=make.days(-30))
    said = {"now": make.days(-20), "actor": make.ACTOR}
    if by == "withdraw":
        withdraw([Claim("customer_number", "C1")], purposes=["newsletter"], **said)
    else:
        pausing.begin([Claim("customer_number", "C1")], purposes=[pausing.ALL], until=make.days(300), **said)
    make.captured(now=make.days(-10))
    assert counts(take(tmp_path, text(row(at=make.days(-5).isoformat())))) == {"outdone": 1}
    assert make.reason() == "+consent-given"
    person = people.find([Claim("customer_number", "C1")])
    assert permission.may_process(person, "newsletter", "email", now=make.NOW).allowed


def test_an_import_of_somebody_whose_pause_nothing_has_answered_counts_when_it_is_over(tmp_path):
    make.published()
    make.captured(now=make.days(-30))
    pausing.begin(
        [Claim("email", ADA)], purposes=[pausing.ALL], until=make.days(30), now=make.days(-20), actor="public"
    )
    assert counts(take(tmp_path, text(row(at=make.days(-5).isoformat())))) == {"stored": 1}
    assert (make.reason(), make.reason(now=make.days(31))) == ("paused", "+consent-given")


def test_a_withdrawal_in_a_file_is_known_where_the_no_to_all_channels_was_said_later(stopped, tmp_path):
    file = text(row(at=JANUARY), row(status="withdrawn", channel=None, at=FEBRUARY))
    assert counts(take(tmp_path, file)) == {"outdone": 1, "known": 1}
    assert (make.reason(), make.reason(channel="sms")) == ("suppressed", "+consent-given")


@pytest.mark.parametrize("other", [{"purposes": ["newsletter"], "channel": "phone"}, {"purposes": "all-marketing"}])
def test_a_withdrawal_in_a_file_is_not_known_by_a_no_to_something_else(other, tmp_path):
    """Not by one to calls alone, nor, of what is no marketing, by an objection to marketing."""
    slug = "newsletter" if "channel" in other else "surveys"
    make.live(slug)
    withdraw([Claim("email", ADA)], now=make.days(-10), actor="public", **other)
    file = text(row(purpose=slug, at=JANUARY), row(purpose=slug, status="withdrawn", channel=None, at=FEBRUARY))
    assert counts(take(tmp_path, file))["stored"] >= 1
    assert not make.reason(purpose=slug).startswith("+")
    assert Suppression.objects.filter(purpose__slug=slug, channel="", lifted_at=None).exists()
