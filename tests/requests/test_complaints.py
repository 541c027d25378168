"""A complaint: taken in, acknowledged in time, seen by the office, closed with an outcome."""

import json
from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from core.errors import Invalid
from core.models import Controller, Outbox
from core.outbox import deliver_due
from inbox.bounces import bounced
from ledger.models import Entry
from requests import acknowledging, complaint_lists, complaints, letters, posting, status, tasks
from requests.api_complaints import shown
from requests.expiry import CaseOpen, expire_case
from requests.intake import claim_of
from requests.models import CaseFile, Complaint
from tests import make_requests
from tests.make_complaints import WORDING, WORDS, complain
from tests.make_requests import EMAIL, NOW, token_in

pytestmark = pytest.mark.django_db


def kinds():
    return list(Entry.objects.order_by("id").values_list("kind", flat=True))


def test_it_has_its_own_reference_clock_and_evidence(mailoutbox):
    complaint = complain()
    assert complaint.reference.startswith("KP-")
    # 30 days from 4 November are 4 December, a Friday.
    assert (complaint.received_on, complaint.acknowledge_by) == (date(2026, 11, 4), date(2026, 12, 4))
    assert complaint.acknowledged_at == NOW
    assert kinds() == ["complaint.received", "complaint.acknowledged"]
    assert claim_of(complaint.case)["complaint"] == WORDS
    assert WORDS.encode() not in bytes(complaint.case.claim)
    assert not complaint.case.requests.exists()
    deliver_due(now=NOW)
    to_person, to_staff = mailoutbox
    for part in (to_person.body, to_person.alternatives[0][0]):
        assert complaint.reference in part
        assert "at any time" in part
        assert "ico.org.uk" in part
        assert "sorry" not in part
    assert to_person.to == [EMAIL]
    assert to_staff.to == [Controller.current().dpo_contact]
    assert complaint.reference in to_staff.subject
    assert "Grace" not in to_staff.body
    assert f"/rights/complaints/{complaint.uuid}/" in to_staff.body


def test_by_post_it_waits_to_be_acknowledged_by_hand():
    complaint = complain(email="")
    assert complaint.acknowledged_at is None
    complaints.acknowledge(complaint, actor="user:test", now=NOW + timedelta(days=2))
    complaints.acknowledge(complaint, actor="user:test", now=NOW + timedelta(days=3))
    complaint.refresh_from_db()
    assert complaint.acknowledged_at == NOW + timedelta(days=2)
    assert kinds() == ["complaint.received", "complaint.acknowledged"]


def test_sent_twice_is_one():
    first = complain(case_uuid=uuid4())
    assert complain(case_uuid=first.case.uuid) == first
    assert CaseFile.objects.count() == Complaint.objects.count() == 1


def test_impossible_input_is_refused():
    with pytest.raises(Invalid) as error:
        complain(email="nonsense")
    assert list(error.value.fields) == ["requester.email"]
    assert not CaseFile.objects.exists()


def test_an_outcome_closes_the_case_once_and_only_then_can_it_be_forgotten(mailoutbox):
    complaint = complain(email="")
    with pytest.raises(CaseOpen):
        expire_case(complaint.case, now=NOW)
    later = NOW + timedelta(days=9)
    letter = complaints.close(complaint, "upheld", **WORDING, actor="user:test", now=later)
    complaint.refresh_from_db()
    assert (complaint.outcome, complaint.outcome_at, complaint.acknowledged_at) == ("upheld", later, None)
    assert complaint.case.closed_at == later
    assert kinds()[-1] == "complaint.closed"
    assert not letter.is_given
    assert "We wrote by mistake." in letters.read(letter)["text"]
    assert WORDING["findings"].encode() not in bytes(complaint.findings)
    with pytest.raises(complaints.HasOutcome):
        complaints.close(complaint, "not_upheld", **WORDING, actor="user:test", now=later)
    expire_case(complaint.case, now=later)
    complaint.refresh_from_db()
    assert complaint.case.claim is complaint.findings is None
    assert not make_requests.written().exists()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"outcome": "perhaps"}, "outcome"),
        ({"findings": " "}, "findings"),
        ({"changes": ""}, "changes"),
        ({"remedies": ["flowers"]}, "remedies"),
        ({"cause": "weather"}, "cause"),
    ],
)
def test_no_outcome_without_what_the_letter_must_say(change, field):
    complaint = complain(email="")
    with pytest.raises(Invalid) as error:
        complaints.close(complaint, **{"outcome": "upheld", **WORDING, **change}, actor="user:test", now=NOW)
    assert list(error.value.fields) == [field]
    complaint.refresh_from_db()
    assert complaint.is_open


def test_enquiries_and_progress_are_kept_sealed_and_progress_is_told(mailoutbox):
    complaint = complain()
    complaints.enquire(complaint, "Sales: the list was old.", actor="user:test", now=NOW)
    letter = complaints.tell_progress(complaint, "We asked Sales.", actor="user:test", now=NOW)
    assert letter.is_given
    assert "We asked Sales." in letters.read(letter)["text"]
    found = complaints.steps_of(complaint)
    assert [(step.kind, text) for step, text in found] == [
        ("enquiry", "Sales: the list was old."),
        ("progress", "We asked Sales."),
    ]
    assert not any(b"Sales" in bytes(step.sealed) for step, _text in found)
    assert "Sales" not in json.dumps(list(Entry.objects.values_list("body", flat=True)))
    with pytest.raises(Invalid):
        complaints.enquire(complaint, " ", actor="user:test", now=NOW)


def test_it_is_said_what_it_is_about():
    request = make_requests.request("access")
    complaint = complain()
    say = {"actor": "user:test", "now": NOW}
    complaints.describe(complaint, issues=["no-answer"], about=request.reference, regulator_reference="IC-1", **say)
    complaint.refresh_from_db()
    assert (complaint.issues, complaint.about, complaint.regulator_reference) == (["no-answer"], request, "IC-1")
    for wrong in ({"issues": ["weather"]}, {"issues": [], "about": "KP-2222-2222"}):
        with pytest.raises(Invalid):
            complaints.describe(complaint, **wrong, **say)


def test_the_person_sees_how_it_stands(client, mailoutbox):
    now = timezone.now()
    complaint = complain(now=now)
    deliver_due(now=now)
    link = f"/rights/confirm/{token_in(mailoutbox[:1], now=now)}/"
    assert complaint.reference in client.get(link).text
    client.post(link)
    page = client.get(link).text
    for words in ("<h1>Your complaint</h1>", "We have confirmed that we have it", "what we found and what we change"):
        assert words in page
    assert "Make a complaint</a>." not in page
    complaints.close(complaint, "upheld", **WORDING, actor="user:test", now=now)
    assert "We have told you the outcome" in client.get(link).text


def test_numbers_of_a_period():
    one, two = complain(email=""), complain()
    complaints.describe(one, issues=["marketing", "staff"], actor="user:test", now=NOW)
    later = NOW + timedelta(days=40)
    given = {"remedies": ["apologised"], "cause": "process", "actor": "user:test", "now": later}
    letter = complaints.close(one, "partly", **WORDING, **given)
    assert ("acknowledged", "not yet", "1") in complaint_lists.counts(NOW.date(), NOW.date())
    posting.mark_posted(letter, day=later.date(), actor="user:test", now=later)
    rows = {(measure, code): number for measure, code, number in complaint_lists.counts(NOW.date(), NOW.date())}
    assert rows["received", ""] == rows["channel", "web"] == "2"
    assert (rows["acknowledged", "in time"], rows["acknowledged", "late"]) == ("1", "1")
    assert rows["open", ""] == rows["outcome", "partly"] == rows["remedy", "apologised"] == "1"
    assert rows["issue", "marketing"] == rows["issue", "staff"] == rows["cause", "process"] == "1"
    assert rows["days to outcome", "median"] == "40"
    assert not any(number != "0" and number for *_x, number in complaint_lists.counts(later.date(), later.date()))
    assert two.is_open


def test_a_posted_acknowledgement_counts_from_the_day_it_was_posted_and_the_clock_says_so():
    complaint = complain(email="")
    wrote, noted = NOW + timedelta(days=28), NOW + timedelta(days=33)
    letter = complaints.acknowledge_by_letter(complaint, actor="user:test", now=wrote)
    complaint.refresh_from_db()
    assert complaint.acknowledged_at is None
    said = " ".join(map(str, acknowledging.explained(complaint, today=wrote.date())))
    assert "30 days" in said
    assert "It counts from the day it is posted." in said
    posting.mark_posted(letter, day=(wrote + timedelta(days=1)).date(), actor="user:test", now=noted)
    complaint.refresh_from_db()
    assert complaint.acknowledged_at.date() == (wrote + timedelta(days=1)).date()
    assert kinds()[-2:] == ["letter.posted", "complaint.acknowledged"]
    said = " ".join(map(str, acknowledging.explained(complaint, today=noted.date())))
    assert "by a letter posted on Thursday 3 December 2026" in said
    assert "in time" in said
    assert ("acknowledged", "in time", "1") in complaint_lists.counts(date(2026, 11, 1), date(2026, 11, 30))


def test_an_acknowledgement_that_came_back_was_none(mailoutbox):
    complaint = complain()
    message = complaint.acknowledged_message
    assert bounced(message, actor="system:inbox", now=NOW + timedelta(days=1))
    assert bounced(message, actor="system:inbox", now=NOW + timedelta(days=1))
    complaint.refresh_from_db()
    assert (complaint.acknowledged_at, complaint.acknowledged_how) == (None, "")
    assert kinds()[-1] == "complaint.acknowledgement-came-back"
    # By post then, and what is posted late is said to be late.
    complaint.case.by_post = True
    complaint.case.save(update_fields=["by_post"])
    posted = NOW + timedelta(days=35)
    letter = complaints.acknowledge_by_letter(complaint, actor="user:test", now=posted)
    if not letter.is_given:
        posting.mark_posted(letter, day=posted.date(), actor="user:test", now=posted)
    complaint.refresh_from_db()
    assert "5 days late" in " ".join(map(str, acknowledging.explained(complaint, today=posted.date())))


def test_an_outcome_acknowledges_once_it_has_reached_the_person(client, mailoutbox):
    """One that waits to be posted, or came back, has told nobody anything: staff, person and API say so."""
    complaint, later = complain(email=""), NOW + timedelta(days=9)
    letter = complaints.close(complaint, "upheld", **WORDING, actor="user:test", now=later)

    def said():
        complaint.refresh_from_db()
        return " ".join(map(str, acknowledging.explained(complaint, today=later.date())))

    assert "has not reached the person" in said()
    assert shown(complaint)["acknowledged_at"] is None
    assert "comes by post" in str(status.complaint_in_words(complaint))
    posting.mark_posted(letter, day=later.date(), actor="user:test", now=later + timedelta(days=1))
    assert "The outcome was given on Friday 13 November 2026" in said()
    assert shown(complaint)["acknowledged_at"].startswith("2026-11-13")
    assert "told you the outcome" in str(status.complaint_in_words(complaint))

    complaint = complain()
    Outbox.objects.update(dead_at=NOW)
    letter = complaints.close(complaint, "upheld", **WORDING, actor="user:test", now=later)
    assert posting.note_dead(now=later) == 1
    assert "The outcome was given" in said()
    posting.bounced(letter, actor="system:inbox", now=later)
    assert "has not reached the person" in said()


def acknowledged_by_letter(complaint, day):
    """A letter posted on that day after it came, though an e-mail had told of it before."""
    at = NOW + timedelta(days=day)
    letter = complaints.acknowledge_by_letter(complaint, actor="user:test", now=at)
    if letter.is_given:
        Outbox.objects.filter(uuid=letter.outbox).update(dead_at=at)
        posting.note_dead(now=at)
        letter.refresh_from_db()
    posting.mark_posted(letter, day=at.date(), actor="user:test", now=at)
    return at


def test_what_was_posted_stays_given_when_the_email_that_told_of_it_before_is_dead(mailoutbox):
    complaint = complain()
    assert bounced(complaint.acknowledged_message, actor="system:inbox", now=NOW)
    at = acknowledged_by_letter(complaint, 1)
    assert make_requests.written().get().outbox
    assert posting.note_dead(now=at) == 0
    complaint.refresh_from_db()
    assert (complaint.acknowledged_at, complaint.acknowledged_how) == (at, "post")


def test_when_the_email_comes_back_an_earlier_letter_still_counts(mailoutbox):
    complaint = complain()
    acknowledged_by_letter(complaint, 3)
    assert bounced(complaint.acknowledged_message, actor="system:inbox", now=NOW + timedelta(days=4))
    complaint.refresh_from_db()
    assert complaint.acknowledged_at.date() == (NOW + timedelta(days=3)).date()
    assert complaint.acknowledged_how == "post"


@pytest.mark.parametrize("how", ["bounced", "dead"])
def test_an_older_complaint_without_a_copy_of_its_mail_is_owed_when_that_came_back(mailoutbox, how):
    complaint = complain()
    message = complaint.acknowledged_message
    complaint.letters.all().delete()
    if how == "bounced":
        assert bounced(message, actor="system:inbox", now=NOW)
    else:
        Outbox.objects.filter(uuid=message).update(dead_at=NOW)
        assert tasks.note_dead_notices() == 1
        assert tasks.note_dead_notices() == 0
    assert not bounced(message, actor="system:inbox", now=NOW)
    complaint.refresh_from_db()
    assert (complaint.acknowledged_at, complaint.acknowledged_how) == (None, "")
    assert kinds()[-1] == "complaint.acknowledgement-came-back"
    deliver_due(now=timezone.now())
    assert "An acknowledgement came back" in mailoutbox[-1].subject
