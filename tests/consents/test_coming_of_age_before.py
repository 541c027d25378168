"""Children whose parents agreed, and who were told, before the rules were what they are."""

from importlib import import_module

import pytest
from django.apps import apps

from consents import endings, forms, reminders, renewals_mail
from consents.models import ConsentReminder, ConsentState
from core.outbox import deliver_due
from subjects.models import DataSubject
from subjects.registry import categories
from tests import make_consents as make
from tests.consents.test_coming_of_age import BEFORE, DAY, EMAIL, given, page, why

pytestmark = pytest.mark.django_db
# The first of the month of the birthday, as such consents were stored.
FORMER = make.datetime(2027, 8, 31, 23, tzinfo=make.UTC)


@pytest.fixture
def agreed():
    """A parent agreed before the month was let pass: what stands ends on its first day."""
    make.published(minimum_age=13)
    given()
    ConsentState.objects.update(valid_until=FORMER)


def test_the_child_is_told_when_it_ends_and_from_when_they_decide(agreed, mailoutbox):
    assert reminders.remind_due(now=FORMER - reminders.BEFORE) == 1
    assert why() == ""
    deliver_due(now=FORMER)
    (mail,) = mailoutbox
    assert (mail.to, mail.subject) == ([EMAIL], "From 1 October 2027 you decide yourself")
    assert "What was agreed for you ends on 1 September 2027. From 1 October 2027 you decide yourself." in mail.body
    # Nothing that they could do prolongs it for the month between.
    assert "It ends on the day named above at the latest" in mail.body
    assert "say so here from the day on which you decide yourself" in mail.body


def test_their_own_word_is_taken_once_the_month_is_over(agreed, client, monkeypatch):
    for now in (FORMER - reminders.BEFORE, FORMER):
        endings.expire_due(now=now)
        told = page(client, monkeypatch, now=now)
        assert "From 1 October 2027 you decide yourself" in told
        assert 'type="checkbox"' not in told
    page(client, monkeypatch, now=DAY, renew="join:newsletter-email")
    assert make.reason(now=DAY) == "+consent-given"


def test_a_consent_that_ends_earlier_is_still_their_parents_to_give(agreed):
    ConsentState.objects.update(valid_until=FORMER - reminders.AFTER)
    reminders.remind_due(now=FORMER - reminders.AFTER - reminders.BEFORE)
    assert why() == "by-guardian"


def copy():
    (reminder,) = next(one for one in categories() if type(one).__name__ == "Reminders").export(
        DataSubject.objects.get()
    )
    return reminder["told_at"]


def test_that_a_child_was_told_stays_in_their_copy_when_the_form_changes():
    make.published(minimum_age=13)
    given()
    reminders.remind_due(now=BEFORE)
    assert copy() == BEFORE.isoformat()
    changed = make.draft(controls=[make.control(label="E-mail me twice.")], minimum_age=13)
    forms.publish(changed, now=BEFORE, actor=make.ACTOR, asks_again=["newsletter-email"])
    renewals_mail.ask_due(now=BEFORE)
    # Staff are told all the same.
    assert why() == "child-not-reached"
    assert copy() == BEFORE.isoformat()


def test_of_whom_nobody_was_told_their_copy_says_so():
    make.published(minimum_age=13)
    given(identity={"phone": "+44 7700 900123"})
    reminders.remind_due(now=BEFORE)
    assert copy() is None


def test_the_upgrade_keeps_who_was_told_before():
    make.published(minimum_age=13)
    given()
    reminders.remind_due(now=BEFORE)
    ConsentReminder.objects.update(told_at=None)
    import_module("consents.migrations.0019_who_was_reminded_before").keep(apps, None)
    assert copy() == BEFORE.isoformat()
