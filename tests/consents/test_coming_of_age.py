"""A parent's "yes" ends when the child is old enough; the child is told before, and only their own act goes on."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from consents import (
    answers,
    capture,
    coming_of_age,
    endings,
    entered,
    forms,
    preferences,
    rebuild,
    receipts_record,
    reminders,
    renewals,
    renewals_mail,
    renewing,
    unsubscribe,
    withdraw,
)
from consents.models import ConsentEvent, ConsentReminder, ConsentRenewal, ConsentState
from consents.states import YES
from consents.unsubscribe import Recipient
from core.errors import Invalid
from core.outbox import deliver_due
from ledger.models import Entry
from processing.models import Channel
from subjects import people, restrictions
from subjects.identifiers import Claim
from tests import make_consents as make
from tests import make_staff

pytestmark = pytest.mark.django_db
EMAIL, PARENT = "ada@example.com", "parent@example.com"
# Answered on 3 March 2026 for a child who turns 13 in September 2027.
# Born on the 30th they are still 12 on the 1st, so the day is that of the month after (British Summer Time).
DAY = make.datetime(2027, 9, 30, 23, tzinfo=make.UTC)
BEFORE = DAY - timedelta(days=30)


def given(until="2027-09", *, email=EMAIL, now=make.NOW, **fields):
    """A parent has pressed the button."""
    said = {"guardian": {"email": PARENT, "until": until}, **fields}
    read = answers.read(make.body(email, **said), now=now)
    read.proof["by"] = "guardian"
    return capture.capture(read, now=now, actor=make.ACTOR)


def page(client, monkeypatch, *, now, email=EMAIL, **post):
    monkeypatch.setattr("consents.views_renewing.timezone.now", lambda: now)
    address = reverse("consents:renew", args=[unsubscribe.seal(Recipient(email, ""))])
    return (client.post(address, post) if post else client.get(address)).content.decode()


def why():
    return ConsentReminder.objects.get().kept_back


def test_the_child_is_told_once_a_month_before_and_never_the_parent(mailoutbox):
    make.published(minimum_age=13)
    given()
    assert reminders.remind_due(now=BEFORE - timedelta(minutes=1)) == 0
    assert reminders.remind_due(now=BEFORE) == 1
    assert reminders.remind_due(now=BEFORE + timedelta(days=9)) == 0
    deliver_due(now=BEFORE)
    (mail,) = mailoutbox
    assert (mail.to, mail.subject) == ([EMAIL], "From 1 October 2027 you decide yourself")
    assert "a parent or guardian agreed for you" in mail.body
    assert "once you are 13" in mail.body
    assert "E-mail me.\n  From 1 October 2027 you decide yourself, and" in mail.body
    assert "List-Unsubscribe" in mail.message()
    said = json.loads(Entry.objects.get(kind="consent.reminded").body)["data"]
    assert said == {"age": 13, "choices": ["newsletter:email"], "until": "2027-09-30T23:00:00.000000Z"}


def test_silence_ends_it_and_only_their_own_act_from_that_day_on_begins_it_anew(client, monkeypatch):
    make.published(minimum_age=13)
    given()
    told = page(client, monkeypatch, now=BEFORE)
    assert "From 1 October 2027 you decide yourself: open this page again then" in told
    assert 'type="checkbox"' not in told
    assert "Renew what I ticked" not in told
    # What is sent all the same counts for nothing.
    page(client, monkeypatch, now=DAY - timedelta(seconds=1), renew="join:newsletter-email")
    assert ConsentEvent.objects.count() == 1
    assert endings.expire_due(now=DAY) == 1
    assert make.reason(now=DAY) == "consent-expired"
    told = page(client, monkeypatch, now=DAY + timedelta(days=20))
    assert "Now you decide yourself." in told
    assert "Only if you are 13 or older." in told
    assert "It ended on 1 October 2027." in told
    page(client, monkeypatch, now=DAY + timedelta(days=20), renew="join:newsletter-email")
    assert make.reason(now=DAY + timedelta(days=21)) == "+consent-given"
    assert rebuild.differences() == 0
    # It is theirs, with a life of its own.
    own = ConsentEvent.objects.get(status="renewed")
    assert own.valid_until.year == 2029
    assert coming_of_age.by_parents([own.uuid]) == {}
    status = receipts_record.receipt(own.consent, now=DAY)["dpv:hasRecordOfActivity"][0]["dpv:hasConsentStatus"][0]
    assert status["dpv:isIndicatedBy"] == "dpv:DataSubject"


def test_a_parents_yes_of_last_week_is_asked_too_and_a_short_one_of_a_grown_up_is_not(mailoutbox):
    make.published(minimum_age=13)
    given("2026-03")
    make.captured("old@example.com", of_age=True)
    assert reminders.remind_due(now=make.days(1)) == 1
    deliver_due(now=make.days(1))
    assert [mail.to for mail in mailoutbox] == [[EMAIL]]
    form = forms.current("join").form
    form.valid_for = "P28D"
    form.save(update_fields=["valid_for"])
    make.captured("brief@example.com", of_age=True)
    assert (reminders.remind_due(now=make.days(1)), reminders.remind_due(now=make.days(1))) == (1, 0)
    assert ConsentReminder.objects.get(kept_back="short")
    assert deliver_due(now=make.days(1)) == 0


def _objects():
    withdraw.withdraw([Claim("email", EMAIL)], purposes="all-marketing", now=make.days(1), actor=make.ACTOR)


def _refuses():
    make.captured(choices={"newsletter-email": False}, now=make.days(1))


@pytest.mark.parametrize("says_no", [_objects, _refuses])
def test_whoever_said_no_since_is_left_in_peace(says_no, mailoutbox):
    make.published(minimum_age=13)
    given()
    says_no()
    assert reminders.remind_due(now=BEFORE) == 0
    assert reminders.for_staff(now=BEFORE) == []
    assert renewing.of(Recipient(EMAIL, ""), now=DAY) == []


def test_a_consent_that_ends_before_they_are_old_enough_is_their_parents_to_give(client, monkeypatch):
    make.published(minimum_age=13)
    given("2030-09")
    before = make.NOW.replace(year=2028) - timedelta(days=30)
    assert reminders.remind_due(now=before) == 1
    assert why() == "by-guardian"
    assert "Nothing ends soon" in page(client, monkeypatch, now=before)
    # Nor is the child asked to agree to what a changed form asks.
    changed = make.draft(controls=[make.control(label="E-mail me twice.")], minimum_age=13)
    forms.publish(changed, now=make.days(2), actor=make.ACTOR, asks_again=["newsletter-email"])
    renewals_mail.ask_due(now=make.days(3))
    assert ConsentRenewal.objects.get().kept_back


def test_staff_are_told_of_a_child_whose_parents_yes_a_changed_form_ends():
    make.published(minimum_age=13)
    given("2030-09")
    changed = make.draft(controls=[make.control(label="E-mail me twice.")], minimum_age=13)
    forms.publish(changed, now=make.days(2), actor=make.ACTOR, asks_again=["newsletter-email"])
    renewals_mail.ask_due(now=make.days(3))
    mark = ConsentRenewal.objects.get()
    assert (mark.kept_back, mark.asked_at) == (True, None)
    (row,) = reminders.for_staff(now=make.days(3))
    assert (row.until, row.kept_back) == (mark.until, "by-guardian")
    assert renewals.end_due(now=mark.until) == 1
    assert len(reminders.for_staff(now=mark.until)) == 1
    # A parent gives it anew.
    day = mark.until + timedelta(days=1)
    given("2030-09", version=2, now=day)
    assert reminders.for_staff(now=day) == []


@pytest.mark.parametrize(("age", "reason"), [(13, ""), (16, "not-asked-any-more"), (None, "not-asked-any-more")])
def test_nobody_is_asked_by_a_form_for_older_people(age, reason):
    make.published(minimum_age=13)
    given()
    changed = make.draft(minimum_age=age)
    again = ["newsletter-email"] if age == 16 else []
    forms.publish(changed, now=make.days(2), actor=make.ACTOR, asks_again=again)
    assert reminders.remind_due(now=BEFORE) == 1
    assert why() == reason
    assert bool(renewing.of(Recipient(EMAIL, ""), now=DAY)) == (not reason)


def signed(identity, channel):
    make.published(minimum_age=13, controls=[make.control(channel=channel)])
    data = make.body(identity=identity, guardian={"until": "2027-09"})
    note = {"words": "Beside the child.", "guardian": "Passport seen."}
    return entered.enter(data, kind="in_person", note=note, file=None, actor=make.ACTOR, now=make.NOW)


def test_staff_are_shown_a_child_without_an_address_until_they_answer():
    signed({"phone": "+44 7700 900123"}, Channel.SMS.value)
    assert reminders.remind_due(now=BEFORE) == 1
    assert why() == "child-not-reached"
    assert not Entry.objects.filter(kind="consent.reminded").exists()
    assert [row.channel for row in reminders.for_staff(now=DAY)] == ["sms"]
    endings.expire_due(now=DAY)
    assert len(reminders.for_staff(now=DAY + reminders.AFTER - timedelta(seconds=1))) == 1
    assert reminders.for_staff(now=DAY + reminders.AFTER) == []
    answer = make.body(identity={"phone": "+44 7700 900123"}, of_age=True)
    day, note = DAY + timedelta(days=1), {"words": "Ours.", "volunteered": "yes"}
    entered.enter(answer, kind="phone", note=note, file=None, actor="user:1", now=day)
    assert reminders.for_staff(now=day) == []
    assert ConsentState.objects.get().status == "given"


def test_the_parents_address_is_never_the_childs():
    """Also where it became one of the child's: somebody wrote it down there since."""
    linked()
    assert reminders.remind_due(now=BEFORE) == 1
    assert why() == "child-not-reached"


def unreachable():
    """A child without an e-mail address, of whom staff are told."""
    make.published(minimum_age=13)
    given(identity={"phone": "+44 7700 900123"})
    reminders.remind_due(now=BEFORE)
    assert len(reminders.for_staff(now=BEFORE)) == 1
    return people.find([Claim("phone", "+44 7700 900123")])


def test_nobody_is_told_to_ask_a_child_whose_data_may_only_be_stored():
    child = unreachable()
    placed = restrictions.restrict(child, ground="accuracy", placed_for=uuid4(), now=BEFORE, actor=make.ACTOR)
    assert reminders.for_staff(now=BEFORE) == []
    restrictions.lift(placed, now=BEFORE, actor=make.ACTOR)
    assert len(reminders.for_staff(now=BEFORE, limit=1)) == 1


def test_nobody_is_told_to_ask_a_child_who_has_objected_since_it_ended():
    unreachable()
    endings.expire_due(now=DAY)
    phone = Claim("phone", "+44 7700 900123")
    withdraw.withdraw([phone], purposes="all-marketing", now=DAY, actor=make.ACTOR)
    assert reminders.for_staff(now=DAY) == []


def test_whom_a_pause_kept_from_being_told_staff_ask_when_it_is_over():
    make.published(minimum_age=13)
    given()
    over = BEFORE + timedelta(days=3)
    preferences.pause(Recipient(EMAIL, ""), "newsletter", until=over, now=BEFORE - timedelta(days=1))
    assert reminders.remind_due(now=BEFORE) == 1
    assert reminders.for_staff(now=BEFORE) == []
    assert [row.kept_back for row in reminders.for_staff(now=over)] == ["child-not-reached"]


def linked():
    """The parent's address became one of the child's."""
    make.published(minimum_age=13)
    given(identity={"phone": "+44 7700 900123"})
    child = people.find([Claim("phone", "+44 7700 900123")])
    people.link(child, Claim("email", PARENT))


def test_the_parents_mailbox_goes_on_with_nothing_as_the_child(client, monkeypatch):
    linked()
    endings.expire_due(now=DAY)
    after = DAY + timedelta(days=1)
    assert "Nothing ends soon" in page(client, monkeypatch, now=after, email=PARENT)
    page(client, monkeypatch, now=after, email=PARENT, renew="join:newsletter-email")
    assert not choose(PARENT, True, now=after)
    assert not ConsentEvent.objects.filter(status__in=YES, effective_at__gt=make.NOW).exists()
    # To end something is as easy for them as for anybody.
    preferences.stop_marketing(Recipient(PARENT, ""), now=after)
    assert make.reason(PARENT, now=after) == "objected"


def choose(email, on, *, now):
    """What the box of the newsletter makes of it; returns what changed."""
    return preferences.save(Recipient(email, ""), {"join:newsletter-email": on}, now=now)


def test_your_choices_begin_nothing_before_they_are_old_enough(client, monkeypatch):
    make.published(minimum_age=13, controls=[make.control(), make.control("surveys", "surveys")])
    given(choices={"newsletter-email": True, "surveys": False})
    (change,) = choose(EMAIL, False, now=BEFORE)
    # What only a parent can give anew is not offered to be undone.
    assert change.before == {}
    early = DAY - timedelta(seconds=1)
    assert choose(EMAIL, True, now=early) == []
    assert preferences.save(Recipient(EMAIL, ""), {"join:surveys": True}, now=early) == []
    monkeypatch.setattr("consents.views_preferences.timezone.now", lambda: early)
    address = reverse("consents:preferences", args=[unsubscribe.seal(Recipient(EMAIL, ""))])
    told = client.get(address).content.decode()
    assert "This is for people who are 13 or older. Until then a parent or guardian has to agree" in told
    assert 'name="join:newsletter-email"' not in told
    assert choose(EMAIL, True, now=DAY)
    assert make.reason(now=DAY) == "+consent-given"


def test_a_parents_answer_about_one_age_tells_nothing_of_a_lower_one():
    make.published(minimum_age=16)
    make.published("other", [make.control("surveys", "surveys")], minimum_age=13)
    given("2030-09")
    assert preferences.save(Recipient(EMAIL, ""), {"other:surveys": True}, now=make.days(1))
    withdraw.withdraw([Claim("email", EMAIL)], purposes=["newsletter"], now=make.days(2), actor=make.ACTOR)
    assert choose(EMAIL, True, now=make.days(3)) == []


def test_a_parent_answers_also_in_the_month_in_which_the_child_has_their_birthday():
    make.published(minimum_age=13)
    given("2026-03")
    assert make.reason(now=make.datetime(2026, 3, 31, 22, 59, tzinfo=make.UTC)) == "+consent-given"
    assert make.reason(now=make.datetime(2026, 3, 31, 23, tzinfo=make.UTC)) == "consent-expired"
    with pytest.raises(Invalid):
        given("2026-02")
    with pytest.raises(Invalid):
        given("2039-04")


def test_the_office_lists_them_today_and_on_a_page(monkeypatch):
    signed({"phone": "+44 7700 900123"}, Channel.SMS.value)
    reminders.remind_due(now=BEFORE)
    child = ConsentReminder.objects.get().subject
    monkeypatch.setattr("django.utils.timezone.now", lambda: BEFORE)
    agent = Client()
    agent.force_login(make_staff.account("agent", "caseworker"))
    listed = agent.get("/admin/consents-told/children/").content.decode()
    assert f"/admin/people/{child}/" in listed
    assert "the person themself, once they are old enough" in listed
    assert "Friday 1 October 2027" in listed
    assert "Children whom no e-mail could ask" in agent.get("/admin/").content.decode()
