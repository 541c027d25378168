"""Buttons pressed while somebody else is at work on the same person: nobody deadlocks, nothing is done twice."""

import re
import threading

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

from consents import opt_in, parents, pending
from consents.models import ConsentEvent, ConsentForm, ConsentState, PendingConsent
from core.models import Outbox
from core.outbox import deliver_due
from ledger.models import Entry
from subjects import people
from subjects.models import DataSubject
from tests import make_consents as make
from tests.waiting import PATIENCE, others_wait

pytestmark = pytest.mark.django_db(transaction=True)
ADA, PARENT = "ada@example.com", "parent@example.net"


def asked(mailoutbox, **said):
    """Somebody has answered a form; the token in the mail."""
    body = make.body(**said)
    Client().post("/api/v1/consents/", body, content_type="application/json", **make.key())
    for row in Outbox.objects.filter(sent_at=None, kind="mail"):
        deliver_due(now=row.due_at)
    return re.search(r"/consent/confirm/(\S+)/", mailoutbox[-1].body)[1]


def during(act, *others):
    """Hold the person until each of `others` waits for them, then `act`; returns what the others raised."""
    raised = []

    def work(call):
        try:
            call()
        except Exception as error:  # noqa: BLE001
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[call]) for call in others]
    with transaction.atomic():
        people.hold(DataSubject.objects.get())
        for thread in threads:
            thread.start()
        others_wait(len(threads))
        with connection.cursor() as cursor:
            # Whoever waits for us here would be in a circle.
            cursor.execute("SET LOCAL lock_timeout = '2s'")
        act()
    for thread in threads:
        thread.join(PATIENCE)
    return raised


def test_an_erasure_and_the_button_wait_for_each_other(mailoutbox):
    make.published()
    make.captured()
    ConsentForm.objects.update(double_opt_in=True)
    token = asked(mailoutbox)
    person = DataSubject.objects.get()

    def erase():
        pending.forget_people([person.pk])

    (error,) = during(erase, lambda: opt_in.confirm(token, now=timezone.now()))
    assert isinstance(error, opt_in.LinkOver)
    assert not PendingConsent.objects.filter(confirmed_at=None).exists()
    assert ConsentState.objects.count() == 1


def test_two_presses_of_a_parents_end_are_one_withdrawal(client, mailoutbox):
    make.published(minimum_age=13)
    until = f"{timezone.now().year + 3}-05"
    opt_in.confirm(asked(mailoutbox, guardian={"email": PARENT, "until": until}), now=timezone.now())
    token = parents.link(ConsentEvent.objects.get().consent).split("/")[-2]

    def end():
        parents.end(token, now=timezone.now())

    assert during(lambda: None, end, end) == []
    assert Entry.objects.filter(kind="consent.withdrawn").count() == 1
    assert ConsentEvent.objects.filter(status="withdrawn").count() == ConsentState.objects.count()
