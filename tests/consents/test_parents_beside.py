"""A stranger calls a grown-up a child and ends what they said in her name: what she agreed to herself goes on."""

import json
import re

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from consents import opt_in_child, rebuild, receipts_record
from consents.models import ConsentEvent, ConsentState, Suppression
from core.outbox import deliver_due
from ledger.models import Entry
from retention import replay
from subjects import people
from subjects.identifiers import Claim
from tests import make_consents as make
from tests.make_unproven import ADA, by_browser, by_page, key, mailed

pytestmark = pytest.mark.django_db
EVE = "eve@example.net"
BOTH_WAYS = pytest.mark.parametrize(("theirs", "own"), [("", "email"), ("email", "")])


def called_a_child(mailoutbox, channel):
    """A form for children asks for surveys, and the parent presses; returns the link that ends it."""
    make.published("kids", [make.control("surveys-kids", "surveys", channel)], minimum_age=13)
    guardian = {"email": EVE, "until": f"{timezone.now().year + 3}-05"}
    by_browser(key(), form="kids", choices={"surveys-kids": True}, guardian=guardian)
    page = Client().post(mailed(mailoutbox)[0]).content.decode()
    return re.search(r"/consent/parent/[^\"\s]+", page)[0]


def agree(channel, slug="join"):
    """She says yes herself on our page."""
    make.published(slug, [make.control("surveys-own", "surveys", channel)])
    by_page(None, slug=slug, ticked=("surveys-own",))


def reason(channel="email"):
    return make.reason(ADA, "surveys", channel, now=timezone.now())


def told(kind="consent.withdrawn"):
    return [json.loads(entry.body)["data"] for entry in Entry.objects.filter(kind=kind).order_by("id")]


@BOTH_WAYS
def test_their_end_leaves_what_she_agreed_to_herself(client, mailoutbox, theirs, own):
    end = called_a_child(mailoutbox, theirs)
    agree(own)
    client.post(end)
    # Asked without a channel too, as of surveys it mostly is.
    assert {reason(), reason("")} == {"+consent-given"}
    assert "Nothing is left to end" in client.get(end).content.decode()
    assert rebuild.differences() == 0
    entries = Entry.objects.count()
    client.post(end)
    assert Entry.objects.count() == entries


def test_what_she_did_not_agree_to_ends_and_is_told_by_channel(client, mailoutbox):
    end = called_a_child(mailoutbox, "")
    agree("email")
    client.post(end)
    ended = {"phone", "sms", "post"}
    assert {reason(channel) for channel in ended} == {"consent-withdrawn"}
    assert {one["channel"] for one in told()} == ended
    assert set(Suppression.objects.filter(lifted_at=None).values_list("channel", flat=True)) == ended


def test_where_hers_covers_it_nothing_is_suppressed_and_nobody_told(client, mailoutbox):
    end = called_a_child(mailoutbox, "email")
    agree("")
    client.post(end)
    assert told() == []
    assert len(told("consent.guardian-ended")) == 1
    assert not Suppression.objects.exists()


@BOTH_WAYS
def test_a_restored_backup_has_it_ended_and_hers_goes_on(client, mailoutbox, settings, tmp_path, theirs, own):
    settings.JOURNAL_DIR = tmp_path
    end = called_a_child(mailoutbox, theirs)
    before_hers = transaction.savepoint()
    agree(own)
    after_hers = transaction.savepoint()
    client.post(end)
    deliver_due(now=timezone.now())
    transaction.savepoint_rollback(after_hers)
    replay.replay(now=timezone.now())
    assert reason() == "+consent-given"
    assert "Nothing is left to end" in client.get(end).content.decode()
    transaction.savepoint_rollback(before_hers)
    assert reason() == "+consent-given"
    replay.replay(now=timezone.now())
    assert reason() == "consent-withdrawn"


@BOTH_WAYS
def test_each_end_is_the_parents_act(client, mailoutbox, theirs, own):
    end = called_a_child(mailoutbox, theirs)
    agree(own)
    client.post(end)
    person = people.find([Claim("email", ADA)])
    ended = ConsentEvent.objects.filter(status="withdrawn")
    assert opt_in_child.ended_by_parents(person) == set(ended.values_list("entry", flat=True))
    records = [receipts_record.receipt(one.consent, now=timezone.now()) for one in ended]
    acts = [record["dpv:hasRecordOfActivity"][0]["dpv:hasConsentStatus"][0] for record in records]
    assert {act["dpv:isIndicatedBy"] for act in acts} == {"dpv:GuardianOfDataSubject"}


def test_what_she_agreed_to_on_another_channel_is_no_reason_to_go_on(client, mailoutbox):
    end = called_a_child(mailoutbox, "email")
    agree("sms")
    client.post(end)
    assert (reason(), reason("sms")) == ("consent-withdrawn", "+consent-given")
    assert [one["channel"] for one in told()] == ["email"]


def test_what_has_run_out_does_not_keep_theirs_going(client, mailoutbox):
    end = called_a_child(mailoutbox, "")
    agree("email")
    ConsentState.objects.filter(channel="email").update(valid_until=timezone.now())
    client.post(end)
    assert reason() == "consent-withdrawn"
    assert [one.get("channel", "") for one in told()] == [""]
