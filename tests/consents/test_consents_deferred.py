"""“Not now, ask me again”: nothing is renewed, nothing is refused, and one more mail goes out three months later."""

import json
from datetime import timedelta

import pytest
from django.urls import reverse

from consents import asking, deferring, endings, forms, pausing, rebuild, reminders, renewing, unsubscribe, withdraw
from consents.models import ConsentEvent, ConsentReminder, ConsentState
from consents.unsubscribe import Recipient
from core.outbox import deliver_due
from ledger.models import Entry
from subjects.identifiers import Claim
from subjects.models import SubjectIdentifier
from tests import make_consents as make

pytestmark = pytest.mark.django_db
EMAIL = "ada@example.com"
ADA, CLAIMS = Recipient(EMAIL, ""), [Claim("email", EMAIL)]
# Given on 3 March 2026 for 24 months.
END = make.NOW.replace(year=2028)
BEFORE = END - timedelta(days=20)
AGAIN = BEFORE + deferring.LATER


def page(client, monkeypatch, *, now, **post):
    monkeypatch.setattr("consents.views_renewing.timezone.now", lambda: now)
    address = reverse("consents:renew", args=[unsubscribe.seal(ADA)])
    return (client.post(address, post) if post else client.get(address)).content.decode()


def put_off(now=BEFORE):
    make.published()
    make.captured()
    return deferring.defer(ADA, now=now)


def asked_again(mailoutbox, now=AGAIN):
    deferring.ask_again_due(now=now)
    deliver_due(now=now)
    return [mail.subject for mail in mailoutbox]


def test_it_is_neither_a_yes_nor_a_no_and_what_ends_still_ends(client, monkeypatch):
    make.published()
    make.captured()
    assert "Not now, ask me again" in page(client, monkeypatch, now=BEFORE)
    # What was ticked beside it is not renewed.
    told = page(client, monkeypatch, now=BEFORE, later="1", renew="join:newsletter-email")
    assert "We ask you again after 12 May 2028, and only once." in told
    assert "Not now, ask me again" not in told
    assert make.reason(now=BEFORE) == "+consent-given"
    assert list(ConsentEvent.objects.order_by("id").values_list("status", flat=True)) == ["given", "deferred"]
    assert json.loads(Entry.objects.get(kind="consent.deferred").body)["data"]["choices"] == ["newsletter:email"]
    assert deferring.defer(ADA, now=BEFORE) is None
    endings.expire_due(now=END)
    assert make.reason(now=END) == "consent-expired"
    assert (ConsentState.objects.get().status, rebuild.differences()) == ("expired", 0)


def test_they_are_asked_once_more_at_their_wish_and_then_never(mailoutbox):
    put_off()
    assert reminders.remind_due(now=BEFORE) == 0
    endings.expire_due(now=END)
    assert asked_again(mailoutbox, AGAIN - timedelta(seconds=1)) == []
    assert asked_again(mailoutbox) == ["You wanted to be asked again"]
    assert "- E-mail me." in mailoutbox[0].body
    assert "List-Unsubscribe" in mailoutbox[0].message()
    assert len(asked_again(mailoutbox, AGAIN + timedelta(days=300))) == 1
    (left,) = renewing.of(ADA, now=AGAIN)
    assert left.can_wait is False
    renewing.renew(ADA, [left.name], address=str, now=AGAIN)
    assert make.reason(now=AGAIN) == "+consent-given"
    # The new "yes" has a life of its own, and can be put off again at its end.
    assert deferring.defer(ADA, now=AGAIN + timedelta(days=720))


def test_what_was_put_off_long_after_its_end_is_still_on_the_page(mailoutbox):
    late = END + timedelta(days=170)
    make.published()
    make.captured()
    endings.expire_due(now=END)
    assert deferring.defer(ADA, now=late) == late + deferring.LATER
    assert asked_again(mailoutbox, late + deferring.LATER) == ["You wanted to be asked again"]
    assert renewing.of(ADA, now=late + deferring.LATER)
    assert renewing.of(ADA, now=late + deferring.LATER + renewing.AFTER) == []


def _objects():
    withdraw.withdraw(CLAIMS, purposes="all-marketing", now=BEFORE, actor=make.ACTOR)


def _withdraws():
    withdraw.withdraw(CLAIMS, purposes=["newsletter"], now=BEFORE, actor=make.ACTOR)


def _answers():
    make.captured(now=BEFORE + timedelta(days=1))


@pytest.mark.parametrize("since", [_objects, _withdraws, _answers])
def test_nobody_is_asked_again_who_answered_or_said_no_since(since, mailoutbox):
    put_off()
    since()
    assert asked_again(mailoutbox) == []
    assert ConsentReminder.objects.get().asked_again_at == AGAIN


def test_a_pause_is_no_no_so_they_are_asked_when_it_ends(mailoutbox):
    put_off()
    endings.expire_due(now=END)
    until = AGAIN + timedelta(days=9)
    pausing.begin(CLAIMS, purposes=[None], until=until, now=BEFORE, actor="public")
    assert asked_again(mailoutbox) == []
    assert asked_again(mailoutbox, until - timedelta(days=1)) == []
    assert asked_again(mailoutbox, until + timedelta(days=1)) == ["You wanted to be asked again"]
    assert len(asked_again(mailoutbox, until + timedelta(days=9))) == 1


def test_a_no_during_the_pause_stands_after_it(mailoutbox):
    put_off()
    pausing.begin(CLAIMS, purposes=[None], until=AGAIN + timedelta(days=9), now=BEFORE, actor="public")
    assert asked_again(mailoutbox) == []
    _withdraws()
    assert asked_again(mailoutbox, AGAIN + timedelta(days=10)) == []
    assert ConsentReminder.objects.get().asked_again_at


def test_without_a_mailbox_it_waits_for_one_and_not_for_ever(mailoutbox):
    put_off()
    endings.expire_due(now=END)
    link = SubjectIdentifier.objects.get()
    SubjectIdentifier.objects.filter(pk=link.pk).delete()
    assert asked_again(mailoutbox) == []
    link.save(force_insert=True)
    assert asked_again(mailoutbox, AGAIN + timedelta(days=8)) == ["You wanted to be asked again"]


def test_whose_mailbox_never_comes_back_is_not_looked_for_any_more(mailoutbox):
    put_off()
    SubjectIdentifier.objects.all().delete()
    asked_again(mailoutbox)
    assert ConsentReminder.objects.get().asked_again_at is None
    asked_again(mailoutbox, END + renewing.AFTER + timedelta(days=1))
    assert ConsentReminder.objects.get().asked_again_at


def test_sites_leave_them_alone_until_then():
    put_off()
    endings.expire_due(now=END)
    questions = asking.questions(CLAIMS, forms.current("join"), now=END)
    assert [(one.may_ask, one.reason, one.not_before) for one in questions] == [(False, "put-off", AGAIN)]
    assert asking.questions(CLAIMS, forms.current("join"), now=AGAIN)[0].may_ask


def test_what_a_form_has_outgrown_cannot_be_put_off(client, monkeypatch):
    make.published()
    make.captured()
    changed = make.draft(controls=[make.control(label="E-mail me twice.")])
    forms.publish(changed, now=make.days(2), actor=make.ACTOR, asks_again=["newsletter-email"])
    assert "Not now" not in page(client, monkeypatch, now=make.days(3))
    assert deferring.defer(ADA, now=make.days(3)) is None
    assert deferring.defer(Recipient("nobody@example.com", ""), now=make.days(3)) is None
