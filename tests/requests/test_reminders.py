"""Reminders: each once, in the transaction that says so; then one list a day. Nothing about anybody is in them."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection

from core.models import Controller, Outbox, User
from core.outbox import deliver_due
from requests import complaints, deadlines, reminders
from requests.facts import Facts
from requests.models import CaseFile, Reminder, RightsRequest
from tests import make_office, make_requests
from tests.make_complaints import complain
from tests.make_requests import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked():
    make_office.controller()
    request = make_requests.case("access", email="").requests.get()
    Outbox.objects.all().delete()
    return request


def on(request, days):
    """Ten in the morning, so many days from the due date."""
    return NOW + timedelta(days=(request.due_on - NOW.date()).days + days)


def subjects(mailbox, now):
    deliver_due(now=now)
    found = [mail.subject for mail in mailbox]
    mailbox.clear()
    return found


def test_each_stage_once_and_then_a_list_a_day(asked, mailoutbox):
    told = {}
    for day in range(-9, 4):
        for _twice in range(2):
            reminders.sweep(now=on(asked, day))
        told[day] = subjects(mailoutbox, on(asked, day))
    reference = asked.reference
    assert {day: found for day, found in told.items() if found} == {
        -7: [f"{reference} is due within a week"],
        -1: [f"{reference} is due tomorrow at the latest"],
        1: [f"{reference} is overdue"],
        2: ["1 case is overdue"],
        3: ["1 case is overdue"],
    }


def test_nothing_about_anybody_is_in_it(asked, mailoutbox):
    reminders.sweep(now=on(asked, 1))
    deliver_due(now=on(asked, 1))
    mail = mailoutbox[0]
    assert mail.to == [Controller.current().dpo_contact]
    assert f"/admin/rights/{asked.uuid}/" in mail.body
    assert "Grace" not in mail.subject + mail.body


def test_whoever_works_on_it_is_told(asked, mailoutbox):
    worker = User.objects.create_user("worker", email="worker@kraken.im", is_staff=True)
    CaseFile.objects.update(owner=worker)
    reminders.sweep(now=on(asked, 1))
    reminders.sweep(now=on(asked, 2))
    deliver_due(now=on(asked, 2))
    assert [mail.to for mail in mailoutbox] == [["worker@kraken.im"]] * 2
    User.objects.update(is_active=False)
    reminders.sweep(now=on(asked, 3))
    deliver_due(now=on(asked, 3))
    assert mailoutbox[-1].to == [Controller.current().dpo_contact]


def test_what_was_missed_is_found_by_the_next_sweep(asked):
    reminders.sweep(now=on(asked, 5))
    assert Reminder.objects.get().kind == "overdue"


def test_an_extended_request_is_due_again(asked):
    reminders.sweep(now=on(asked, -1))
    facts = Facts.from_json(asked.facts)
    deadlines.store(asked, Facts(**{**vars(facts), "extended_on": NOW.date()}))
    asked.refresh_from_db()
    reminders.sweep(now=on(asked, -1))
    assert Reminder.objects.filter(kind="tomorrow").count() == 2


def test_what_is_answered_withdrawn_or_a_trial_is_left_alone(asked):
    asked.move("withdrawn", actor="user:x", now=NOW)
    make_requests.case("access", email="", is_test=True)
    paused = make_requests.case("erasure", email="").requests.get()
    RightsRequest.objects.filter(pk=paused.pk).update(due_on=None)
    assert reminders.sweep(now=on(asked, 3)) == 0


def test_a_complaint_on_day_21_and_when_it_is_over(asked, mailoutbox):
    asked.move("withdrawn", actor="user:x", now=NOW)
    complaint = complain(email="")
    deliver_due(now=NOW)
    mailoutbox.clear()
    told = {}
    for day in (20, 21, 22, 30, 31, 32):
        reminders.sweep(now=NOW + timedelta(days=day))
        told[day] = subjects(mailoutbox, NOW + timedelta(days=day))
    alarm = f"Complaint {complaint.reference} is not acknowledged yet"
    assert told == {20: [], 21: [alarm], 22: [], 30: [], 31: ["1 case is overdue"], 32: ["1 case is overdue"]}
    complaints.acknowledge(complaint, actor="user:x", now=NOW)
    assert reminders.sweep(now=NOW + timedelta(days=33)) == 0


def test_when_the_mail_fails_nothing_says_that_it_was_sent(asked, monkeypatch):
    def fail(**given):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(reminders, "post_mail", fail)
        with pytest.raises(RuntimeError):
            reminders.sweep(now=on(asked, 1))
    assert not Reminder.objects.exists()
    assert reminders.sweep(now=on(asked, 1)) == 1


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_are_one():
    make_office.controller()
    request = make_requests.case("access", email="").requests.get()

    def sweep(_number):
        try:
            return reminders.sweep(now=on(request, 1))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(sweep, range(4))) == 1
    assert Reminder.objects.count() == 1
