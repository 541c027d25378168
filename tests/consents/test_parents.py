"""The parent's way back: a link for what they agreed to for a child, and for nothing else."""

import json
import re
from datetime import timedelta

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localtime

from consents import endings, forget, parents, rebuild, receipts_record, unsubscribe
from consents.models import ConsentEvent, ConsentForm, ConsentState, Suppression
from consents.unsubscribe import Recipient
from consents.withdraw import withdraw
from core.models import Controller, Outbox
from core.outbox import deliver_due
from ledger.models import Entry
from office import merging
from retention import replay
from subjects import people
from subjects.identifiers import Claim
from tests import make_consents as make

pytestmark = pytest.mark.django_db
CHILD, PARENT = "cleo@example.com", "parent@example.org"
# Of a child who is young enough, whenever this is run.
YEAR = timezone.now().year + 3
SURVEYS = make.control("surveys-email", "surveys", label="Ask me.")


@pytest.fixture(autouse=True)
def form():
    return make.published(controls=[make.control(), SURVEYS], minimum_age=13)


def agree(client, mailoutbox, email=CHILD, **more):
    """A parent presses the button; returns the page that they see then."""
    choices = {"newsletter-email": True, "surveys-email": True}
    said = make.body(email, guardian={"email": PARENT, "until": f"{YEAR}-05"}, choices=choices, **more)
    client.post("/api/v1/consents/", said, content_type="application/json", **make.key())
    deliver()
    return text(client.post(re.search(r"/consent/confirm/\S+/", mailoutbox[-1].body)[0]))


def deliver():
    for row in Outbox.objects.filter(sent_at=None, kind="mail"):
        deliver_due(now=row.due_at)


def link(mailoutbox):
    deliver()
    return re.search(r"/consent/parent/\S+/", mailoutbox[-1].body)[0]


def text(page):
    return re.sub(r"\s+", " ", page.content.decode())


def now():
    return Entry.objects.latest("id").at


def test_the_end_that_is_named_is_the_one_that_comes_first(client, mailoutbox):
    ConsentForm.objects.update(valid_for="P1M")
    choices = {"newsletter-email": True, "surveys-email": True}
    said = make.body(CHILD, guardian={"email": PARENT, "until": f"{YEAR}-05"}, choices=choices)
    client.post("/api/v1/consents/", said, content_type="application/json", **make.key())
    deliver()
    asked = re.search(r"/consent/confirm/\S+/", mailoutbox[-1].body)[0]
    before = text(client.get(asked))
    client.post(asked)
    deliver()
    day = localtime(ConsentState.objects.first().valid_until, Controller.current().zone)
    for told in (before, mailoutbox[-1].body):
        assert f"it ends by itself on {day:%-d %B %Y} at the latest".lower() in told.lower()
        assert f"with May {YEAR}" not in told


def test_the_link_stands_on_the_page_after_the_button_and_in_a_mail_to_the_parent(client, mailoutbox):
    ConsentForm.objects.update(valid_for="P9Y")
    page = agree(client, mailoutbox)
    address = link(mailoutbox)
    mail = mailoutbox[-1]
    assert (mail.to, mail.subject) == ([PARENT], "You agreed for a child: Stay in touch")
    assert "- E-mail me.\n- Ask me.\n" in mail.body
    assert f"It ends with May {YEAR} at the latest, the month in which the child turns 13" in mail.body
    assert CHILD not in mail.body
    assert f'{address}">end what you agreed to for this child</a>' in page
    # In every message the child could; not the parent.
    assert "one click in every message" not in page


def test_a_look_changes_nothing_and_the_button_ends_it_at_once(client, mailoutbox):
    agree(client, mailoutbox)
    address = link(mailoutbox)
    for _again in range(2):
        page = text(client.get(address))
        assert "E-mail me." in page
        assert "c…@example.com" in page
        assert f"May {YEAR}" in page
    client.head(address)
    assert make.reason(CHILD, now=now()) == "+consent-given"
    assert "It has ended" in text(client.post(address))
    assert make.reason(CHILD, now=now()) == "consent-withdrawn"
    assert set(ConsentState.objects.values_list("status", flat=True)) == {"withdrawn"}
    assert Suppression.objects.filter(lifted_at=None).count() == 2
    assert rebuild.differences() == 0
    assert acts() == {"dpv:GuardianOfDataSubject"}
    # Again it is as harmless as a look.
    entries = Entry.objects.count()
    assert "It has ended" in text(client.post(address))
    assert "Nothing is left to end" in text(client.get(address))
    assert Entry.objects.count() == entries


def acts():
    """Whose act each withdrawal was, as its receipt says."""
    events = ConsentEvent.objects.filter(status="withdrawn")
    records = [receipts_record.receipt(one.consent, now=now())["dpv:hasRecordOfActivity"][0] for one in events]
    return {record["dpv:hasConsentStatus"][0]["dpv:isIndicatedBy"] for record in records}


def test_it_outlives_a_restored_backup_and_so_does_who_said_it(client, mailoutbox, settings, tmp_path):
    settings.JOURNAL_DIR = tmp_path
    agree(client, mailoutbox)
    address = link(mailoutbox)
    backup = transaction.savepoint()
    client.post(address)
    deliver_due(now=now())
    transaction.savepoint_rollback(backup)
    assert make.reason(CHILD, now=now()) == "+consent-given"
    assert replay.replay(now=now()).by_action == {"withdrawal": 2}
    assert make.reason(CHILD, now=now()) == "consent-withdrawn"
    assert acts() == {"dpv:GuardianOfDataSubject"}


def test_only_this_consent_ends(client, mailoutbox):
    make.published("other", [make.control("partners", "partner-promotions")], minimum_age=13)
    agree(client, mailoutbox, "other@example.com")
    agree(client, mailoutbox)
    address = link(mailoutbox)
    own = make.body(CHILD, form="other", choices={"partners": True}, of_age=True)
    client.post("/api/v1/consents/", own, content_type="application/json", **make.key())
    client.post(address)
    assert make.reason(CHILD, now=now()) == "consent-withdrawn"
    assert make.reason("other@example.com", now=now()) == "+consent-given"
    assert make.reason(CHILD, "partner-promotions", now=now()) == "+consent-given"
    assert make.reason(PARENT, now=now()) == "unknown-person"


def test_what_was_said_since_in_another_act_is_left_as_it_is(client, mailoutbox):
    agree(client, mailoutbox)
    first = link(mailoutbox)
    agree(client, mailoutbox)
    assert "Nothing is left to end" in text(client.get(first))
    client.post(first)
    assert make.reason(CHILD, now=now()) == "+consent-given"
    second = link(mailoutbox)
    withdraw([Claim("email", CHILD)], purposes=["surveys"], now=now(), actor=make.ACTOR)
    page = text(client.get(second))
    assert ("E-mail me." in page, "Ask me." in page) == (True, False)
    before = Entry.objects.count()
    client.post(second)
    assert Entry.objects.count() == before + 1
    assert make.reason(CHILD, now=now()) == "consent-withdrawn"


@pytest.mark.parametrize("token", ["unknown", "1.AAAA", "x" * 3000])
def test_what_is_no_link_of_ours_is_told_the_same_as_what_has_ended(client, mailoutbox, token):
    agree(client, mailoutbox)
    address = link(mailoutbox)
    client.post(address)
    stranger = f"/consent/parent/{token}/"
    for method in (client.get, client.post):
        known, unknown = method(address), method(stranger)
        assert (known.status_code, text(known)) == (unknown.status_code, text(unknown)) == (200, text(unknown))


def test_a_link_of_another_kind_ends_nothing(client, mailoutbox):
    agree(client, mailoutbox)
    consent = ConsentEvent.objects.first().consent
    token = parents.sealed_links.seal(consent.hex, use=b"kraken-privacy/unsubscribe/1")
    client.post(f"/consent/parent/{token}/")
    assert make.reason(CHILD, now=now()) == "+consent-given"


def test_the_link_works_for_as_long_as_the_consent_stands(client, mailoutbox):
    agree(client, mailoutbox)
    token = link(mailoutbox).split("/")[3]
    until = ConsentState.objects.first().valid_until
    assert until > now() + timedelta(days=700)
    assert parents.agreed(token, now=until - timedelta(seconds=1))
    assert parents.agreed(token, now=until) is None
    endings.expire_due(now=until)
    assert parents.agreed(token, now=until) is None


def test_the_button_needs_the_pages_own_form(client, mailoutbox):
    agree(client, mailoutbox)
    assert Client(enforce_csrf_checks=True).post(link(mailoutbox)).status_code == 403


def test_the_mail_goes_out_once_it_counts_also_when_the_child_is_last(client, mailoutbox):
    ConsentForm.objects.update(double_opt_in=True)
    page = agree(client, mailoutbox)
    # The child's mail was the last; the parent has still to press.
    assert "Once it has begun we send you a link" not in page
    parent = next(mail for mail in mailoutbox if mail.to == [PARENT])
    deliver()
    assert not any("/consent/parent/" in mail.body for mail in mailoutbox)
    client.post(re.search(r"/consent/confirm/\S+/", parent.body)[0])
    client.post(link(mailoutbox))
    assert make.reason(CHILD, now=now()) == "consent-withdrawn"


def test_after_an_erasure_the_link_shows_nothing(client, mailoutbox):
    agree(client, mailoutbox)
    address = link(mailoutbox)
    child = people.find([Claim("email", CHILD)])
    forget.destroy_proofs([child.uuid])
    page = text(client.get(address))
    assert ("E-mail me." in page, "c…@" in page) == (True, False)
    client.post(address)
    assert json.loads(Entry.objects.latest("id").body)["data"]["confirmed"] == "guardian"


def test_the_child_sees_that_it_was_ended_and_by_whom(client, mailoutbox):
    agree(client, mailoutbox)
    choices = reverse("consents:preferences", args=[unsubscribe.seal(Recipient(CHILD, ""))])
    page = text(client.get(choices))
    assert ("Save my choices" in page, "ended this on" in page) == (True, False)
    client.post(link(mailoutbox))
    page = text(client.get(choices))
    told = f"A parent or guardian ended this on {localtime(now(), Controller.current().zone):%-d %B %Y}."
    assert page.count(told) == 2
    # Nothing is left to tick or to clear.
    assert ("Save my choices" in page, 'type="checkbox"' in page) == (False, False)


def test_what_the_child_ended_is_not_said_to_be_a_parents_end(client, mailoutbox):
    agree(client, mailoutbox)
    withdraw([Claim("email", CHILD)], purposes=["newsletter", "surveys"], now=now(), actor=make.ACTOR)
    page = text(client.get(reverse("consents:preferences", args=[unsubscribe.seal(Recipient(CHILD, ""))])))
    assert "ended this on" not in page


def test_of_a_child_whose_records_were_made_one_it_is_ended_once(client, mailoutbox):
    agree(client, mailoutbox)
    address, day = link(mailoutbox), now()
    gone = people.find([Claim("email", CHILD)])
    make.published("other", [make.control("surveys-sms", "surveys", "sms")])
    make.captured("second@example.com", form="other", choices={"surveys-sms": True}, now=day)
    kept = people.find([Claim("email", "second@example.com")])
    made = merging.merge(kept, gone, now=now(), actor=make.ACTOR)
    assert "End it" in text(client.get(address))
    client.post(address)
    # Of each of the two purposes, for the record that lives.
    entries = [json.loads(entry.body) for entry in Entry.objects.filter(kind="consent.withdrawn")]
    assert [entry["subject"] for entry in entries if "confirmed" in entry["data"]] == [str(kept.uuid)] * 2
    assert make.reason(CHILD, now=now()) == "consent-withdrawn"
    assert rebuild.differences() == 0
    merging.undo(made, now=now(), actor=make.ACTOR)
    client.post(address)
    assert make.reason(CHILD, now=now()) == "consent-withdrawn"
