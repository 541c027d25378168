"""What runs out: one neutral mail, renewed by an act only, ended by silence; and peace for whoever said no."""

import json
import re
from datetime import timedelta
from functools import partial

import pytest
from django.urls import reverse

from consents import (
    asking,
    endings,
    forms,
    pausing,
    rebuild,
    receipts_record,
    reminders,
    renewals,
    renewals_mail,
    renewing,
    unsubscribe,
    withdraw,
)
from consents.models import ConsentEvent, ConsentReminder, ConsentState
from consents.unsubscribe import Recipient
from core.outbox import deliver_due
from ledger.models import Entry
from processing.models import Purpose
from subjects.identifiers import Claim
from subjects.models import Relationship
from tests import make_consents as make

pytestmark = pytest.mark.django_db
EMAIL = "ada@example.com"
SMS = make.control("newsletter-sms", channel="sms")
# Given on 3 March 2026 for 24 months.
MONTH_BEFORE = make.NOW.replace(year=2028) - timedelta(days=30)
END = make.NOW.replace(year=2028)


def renew(*names, email=EMAIL, now=MONTH_BEFORE):
    return renewing.renew(Recipient(email, ""), names, address=str, now=now)


def sent(mailoutbox, now):
    deliver_due(now=now)
    return [mail.to[0] for mail in mailoutbox]


def test_whoever_agreed_is_told_once_a_month_before(mailoutbox):
    make.published()
    make.captured()
    make.captured("no@example.com", choices={"newsletter-email": False})
    make.captured("try@example.com", test=True)
    assert reminders.remind_due(now=MONTH_BEFORE - timedelta(minutes=1)) == 0
    assert reminders.remind_due(now=MONTH_BEFORE) == 1
    assert reminders.remind_due(now=MONTH_BEFORE + timedelta(days=9)) == 0
    assert sent(mailoutbox, MONTH_BEFORE) == [EMAIL]
    (mail,) = mailoutbox
    assert mail.subject == "What you agreed to ends on 3 March 2028"
    assert "E-mail me.\n  Ends on 3 March 2028." in mail.body
    assert len(re.findall(r"https?://\S+/(?:consent/renew|preferences)/\S+", mail.body)) == 2
    said = json.loads(Entry.objects.get(kind="consent.reminded").body)
    assert said["data"] == {"choices": ["newsletter:email"], "until": "2028-03-03T12:00:00.000000Z"}


def test_the_mail_that_reminds_is_itself_ended_with_one_click(mailoutbox, client):
    make.published(controls=[make.control(), make.control("surveys", "surveys")])
    make.captured(choices={"newsletter-email": True, "surveys": True})
    assert (reminders.remind_due(now=MONTH_BEFORE), sent(mailoutbox, MONTH_BEFORE)) == (1, [EMAIL])
    headers = mailoutbox[0].message()
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = re.match(r"<https?://[^/]+(/u/[^>]+)>", headers["List-Unsubscribe"])[1]
    assert "Stop this: Newsletter, Surveys" in client.get(link).content.decode()
    # One that is no list any more keeps nobody from ending the other.
    assert unsubscribe.stop(Recipient(EMAIL, "gone,surveys"), now=MONTH_BEFORE)
    states = dict(ConsentState.objects.filter(channel="email").values_list("purpose__slug", "status"))
    assert states == {"newsletter": "given", "surveys": "withdrawn"}
    assert client.post(link, {"List-Unsubscribe": "One-Click"}).content == b""
    assert set(ConsentState.objects.values_list("status", flat=True)) == {"withdrawn"}


def test_only_an_act_renews_and_the_life_begins_anew():
    make.published(controls=[make.control(), SMS])
    make.captured(choices={"newsletter-email": True, "newsletter-sms": True})
    assert [one.name for one in renewing.of(Recipient(EMAIL, ""), now=MONTH_BEFORE)] == [
        "join:newsletter-email",
        "join:newsletter-sms",
    ]
    assert not ConsentEvent.objects.filter(status="renewed").exists()
    assert renew() == []
    assert [one.until.year for one in renew("join:newsletter-email")] == [2030]
    assert endings.expire_due(now=END) == 1
    stands = dict(ConsentState.objects.values_list("channel", "status"))
    assert stands == {"email": "renewed", "sms": "expired"}
    assert make.reason(now=END) == "+consent-given"
    assert make.reason(channel="sms", now=END) == "consent-expired"
    assert rebuild.differences() == 0
    renewed = ConsentEvent.objects.get(status="renewed")
    record = receipts_record.receipt(renewed.consent, now=END)["dpv:hasRecordOfActivity"][0]
    assert record["dpv:hasConsentStatus"][0]["@type"][0] == "dpv:RenewedConsentGiven"


def test_what_has_ended_can_be_taken_up_again_for_a_while():
    make.published()
    make.captured()
    endings.expire_due(now=END)
    assert Relationship.objects.get().consent_ended_on
    assert [one.has_ended for one in renewing.of(Recipient(EMAIL, ""), now=END + timedelta(days=20))] == [True]
    assert renew("join:newsletter-email", now=END + timedelta(days=20))
    assert make.reason(now=END + timedelta(days=21)) == "+consent-given"
    assert Relationship.objects.get().consent_ended_on is None
    assert renewing.of(Recipient(EMAIL, ""), now=END + timedelta(days=21)) == []


def _objects():
    withdraw.withdraw([Claim("email", EMAIL)], purposes="all-marketing", now=make.days(1), actor=make.ACTOR)


def _withdraws():
    withdraw.withdraw([Claim("email", EMAIL)], purposes=["newsletter"], now=make.days(1), actor=make.ACTOR)


def _refuses():
    make.captured(choices={"newsletter-email": False}, now=make.days(1))


@pytest.mark.parametrize("says_no", [_objects, _withdraws, _refuses])
def test_nobody_who_said_no_is_reminded_or_asked_to_renew(says_no):
    make.published()
    make.captured()
    says_no()
    assert reminders.remind_due(now=MONTH_BEFORE) == 0
    assert renewing.of(Recipient(EMAIL, ""), now=MONTH_BEFORE) == []
    assert renew("join:newsletter-email") == []
    # Nor by the mail about a material change.
    changed = make.draft(controls=[make.control(label="E-mail me twice.")])
    assert forms.publish(changed, now=make.days(2), actor=make.ACTOR, asks_again=["newsletter-email"]).affected == 0
    assert renewals_mail.ask_due(now=make.days(2)) == 0


def test_a_yes_to_letters_allows_no_mail_about_it():
    make.published(controls=[make.control(), make.control("letters", channel="post")])
    make.captured(choices={"letters": True})
    assert reminders.remind_due(now=MONTH_BEFORE) == 1
    assert ConsentReminder.objects.get().kept_back == "not-allowed"
    assert not Entry.objects.filter(kind="consent.reminded").exists()


def test_whoever_was_asked_for_a_material_change_is_not_reminded_too(mailoutbox):
    make.published()
    make.captured()
    day = MONTH_BEFORE - timedelta(days=1)
    changed = make.draft(controls=[make.control(label="E-mail me twice.")])
    forms.publish(changed, now=day, actor=make.ACTOR, asks_again=["newsletter-email"], until=END)
    renewals_mail.ask_due(now=day)
    reminders.remind_due(now=MONTH_BEFORE)
    assert ConsentReminder.objects.get().kept_back == "outgrown"
    assert sent(mailoutbox, MONTH_BEFORE) == [EMAIL]
    # Its link opens the same page, and what is ticked there settles the mark.
    assert "/consent/renew/" in mailoutbox[0].body
    assert [one.label for one in renewing.of(Recipient(EMAIL, ""), now=day)] == ["E-mail me twice."]
    renew("join:newsletter-email")
    assert renewals.end_due(now=END) == 0
    assert make.reason(now=END) == "+consent-given"


def test_the_page_changes_nothing_until_something_is_ticked(client, monkeypatch):
    make.published()
    make.captured()
    monkeypatch.setattr("consents.views_renewing.timezone.now", lambda: MONTH_BEFORE)
    address = reverse("consents:renew", args=[unsubscribe.seal(Recipient(EMAIL, ""))])
    page = client.get(address).content.decode()
    assert "It ends on 3 March 2028." in page
    assert " checked" not in page
    assert "Nothing was ticked" in client.post(address).content.decode()
    assert ConsentEvent.objects.count() == 1
    page = client.post(address, {"renew": ["join:newsletter-email", "join:unknown"]}).content.decode()
    assert "This lasts until 2 February 2030." in page
    assert "Nothing else ends soon" in page
    nobody = reverse("consents:renew", args=[unsubscribe.seal(Recipient("nobody@example.com", ""))])
    assert "Nothing ends soon" in client.get(nobody).content.decode()
    assert client.get(reverse("consents:renew", args=["what"])).status_code == 404


def questions(email=EMAIL, *, now=make.NOW):
    return {
        one.key: (one.may_ask, one.reason, one.not_before)
        for one in asking.questions([Claim("email", email)], forms.current("join"), now=now)
    }


def test_six_months_of_peace_after_a_no():
    make.published(controls=[make.control(), SMS])
    make.captured(choices={"newsletter-email": True, "newsletter-sms": False})
    until = make.NOW.replace(month=9)
    assert questions() == {
        "newsletter-email": (False, "consent-given", None),
        "newsletter-sms": (False, "consent-refused", until),
    }
    assert questions(now=until)["newsletter-sms"] == (True, "may-be-asked", None)
    _withdraws()
    assert questions(now=make.days(2))["newsletter-email"][0] is False
    assert questions(now=make.days(2))["newsletter-sms"][2] == make.days(1).replace(month=9)
    # A "yes" that they volunteer is taken at any time.
    make.captured(choices={"newsletter-sms": True}, now=make.days(3))
    assert make.reason(channel="sms", now=make.days(3)) == "+consent-given"


def test_an_objection_is_for_good_and_nobodys_address_may_be_asked():
    make.published()
    nobody = [Claim("email", EMAIL)]
    assert questions() == {"newsletter-email": (True, "may-be-asked", None)}
    withdraw.withdraw(nobody, purposes=["newsletter"], now=make.NOW, actor=make.ACTOR)
    assert questions(now=make.days(1))["newsletter-email"][2] == make.NOW.replace(month=9)
    withdraw.withdraw(nobody, purposes="all-marketing", now=make.NOW, actor=make.ACTOR)
    assert questions(now=make.days(900))["newsletter-email"] == (False, "objected", None)


@pytest.mark.parametrize("purposes", [["newsletter"], []])
def test_nobody_is_asked_during_a_pause(purposes):
    """Not for what was paused, and after a pause of all marketing not for what they never chose either."""
    make.published(controls=[make.control(), SMS])
    make.captured(choices={"newsletter-email": True, "newsletter-sms": False})
    paused, since, until = list(Purpose.objects.filter(slug__in=purposes)), make.days(200), make.days(230)
    pausing.begin([Claim("email", EMAIL)], purposes=paused or [None], until=until, now=since, actor="public")
    assert set(questions(now=make.days(229)).values()) == {(False, "paused", until)}
    version, keys = forms.current("join"), ["newsletter-sms"]
    asked = partial(asking.disturbed, [Claim("email", EMAIL)], version, keys)
    assert (asked(at=make.days(199)), asked(at=make.days(229))) == (None, until)
    assert questions(now=until)["newsletter-sms"][0] is True


def test_a_server_may_ask_whom_it_may_ask_and_a_browser_may_not(client):
    make.published()
    make.captured(choices={"newsletter-email": False}, now=make.NOW)
    call = partial(client.post, "/api/v1/forms/join/asking/", content_type="application/json")
    known = call({"identity": {"email": EMAIL}}, **make.key())
    unknown = call({"identity": {"email": "nobody@example.com"}}, **make.key())
    assert known.status_code == unknown.status_code == 200
    assert set(known.json()) == set(unknown.json())
    assert unknown.json()["may_ask"] is True
    assert call({"identity": {}}, **make.key()).status_code == 400
    assert call({"identity": {"email": EMAIL}, "locale": 1}, **make.key()).status_code == 400
    assert call({"identity": {"email": EMAIL}}, **make.key("forms:read", "consents:write")).status_code == 403
