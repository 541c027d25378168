"""A second click on a link that ended a list: the same click sent twice, or a "no" of its own that is later."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from consents import permission, unsubscribe
from consents.models import ConsentForm
from consents.unsubscribe import Recipient
from consents.withdraw import withdraw
from core.models import Outbox
from ledger.models import Entry
from subjects.identifiers import Claim
from tests import make_consents as make
from tests.make_unproven import ADA, asked_by_a_system, by_browser, children, key, mailed, no, reason

pytestmark = pytest.mark.django_db
LIST = Recipient(ADA, "newsletter")


@pytest.mark.parametrize("everything", [False, True])
def test_a_click_on_another_day_is_a_no_of_that_day(client, everything):
    """A "yes" of the time between, told by a system afterwards, does not overtake it."""
    make.published()
    now = timezone.now()
    for days in (10, 2):
        assert unsubscribe.stop(LIST, everything=everything, now=now - timedelta(days=days))
    assert Outbox.objects.filter(kind=Outbox.Kind.JOURNAL).count() == 2
    said = make.body(given_at=(now - timedelta(days=5)).isoformat())
    answer = client.post("/api/v1/consents/", said, content_type="application/json", **make.key())
    assert answer.status_code == 201
    assert not make.reason(now=now).startswith("+")


def test_the_same_click_sent_twice_is_one():
    make.published()
    make.captured()
    now, entries = timezone.now(), []
    for minutes in (0, 1, 4):
        unsubscribe.stop(LIST, now=now + timedelta(minutes=minutes))
        entries.append(Entry.objects.count())
    assert len(set(entries)) == 1
    assert unsubscribe.stop(LIST, now=now + timedelta(minutes=6))


@pytest.fixture
def shared(client):
    """Two customers have the mailbox, and both agreed."""
    make.published()
    for number in ("C1", "C2"):
        asked_by_a_system(client, {"email": ADA, "customer_number": number})


def of_number(number):
    return permission.check("newsletter", "email", "customer_number", [number], now=timezone.now())[0]


@pytest.mark.parametrize("everything", [False, True])
@pytest.mark.parametrize("named", [{"customer_number": "C1"}, {"email": ADA, "customer_number": "C1"}])
def test_in_a_mailbox_of_several_a_yes_of_one_of_them_is_answered_by_the_next_click(client, shared, named, everything):
    unsubscribe.stop(LIST, everything=everything, now=timezone.now())
    asked_by_a_system(client, named)
    assert of_number("C1").allowed
    assert unsubscribe.stop(LIST, everything=everything, now=timezone.now())
    assert not of_number("C1").allowed


@pytest.mark.parametrize("everything", [False, True])
def test_in_a_mailbox_of_several_the_same_click_sent_twice_is_one(shared, everything):
    now = timezone.now()
    assert unsubscribe.stop(LIST, everything=everything, now=now)
    assert not unsubscribe.stop(LIST, everything=everything, now=now + timedelta(minutes=1))


@pytest.mark.parametrize("by", ["api", "staff", "import"])
def test_a_click_right_after_what_somebody_else_said_is_another_act(by):
    make.published()
    now = timezone.now()
    withdraw([Claim("email", ADA)], purposes=["newsletter"], now=now, actor=make.ACTOR, collected_by=by)
    assert unsubscribe.stop(LIST, now=now + timedelta(minutes=1))


def test_a_child_who_clicks_right_after_a_parents_end_is_not_overruled_by_the_parent(client, mailoutbox):
    """Of what is no marketing a parent's end is about every channel, as a click is."""
    said = children(identity={"email": ADA}, choices={"surveys-all": True}, form="all")
    make.published("all", [make.control("surveys-all", "surveys", "")], minimum_age=13)
    site = key()
    by_browser(site, **said)
    client.post(re.search(r"/consent/parent/[^\"\s]+", client.post(mailed(mailoutbox)[0]).content.decode())[0])
    assert unsubscribe.stop(Recipient(ADA, "surveys"), now=timezone.now())
    by_browser(site, **said)
    assert "still missing" in client.post(mailed(mailoutbox)[-1]).content.decode()
    assert not make.reason(purpose="surveys", now=timezone.now()).startswith("+")


def test_a_child_who_clicks_after_their_button_is_not_overruled_by_the_parent(mailoutbox):
    make.published()
    said = children(identity={"email": ADA})
    ConsentForm.objects.filter(slug="kids").update(double_opt_in=True)
    no("one-click")
    by_browser(key(), **said)
    by_parent, own = _buttons(mailoutbox)
    Client().post(own)
    no("one-click")
    assert Client().post(by_parent).status_code == 409
    assert not reason().startswith("+")


def test_a_child_who_clicks_after_the_form_is_not_overruled_by_the_parent(client, mailoutbox):
    make.published()
    said = children()
    no("one-click")
    asked_by_a_system(client, {"email": ADA}, **said)
    (by_parent,) = mailed(mailoutbox)
    no("one-click")
    assert Client().post(by_parent).status_code == 409
    assert not reason().startswith("+")


def _buttons(mailoutbox):
    """That of the parent, and the child's own."""
    links = mailed(mailoutbox)
    by_address = dict(zip((mail.to[0] for mail in mailoutbox), links, strict=True))
    return by_address["parent@example.net"], by_address[ADA]
