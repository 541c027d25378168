"""Complaints in the office: list, one complaint, its steps, and who may see which."""

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core.models import User
from ledger.models import Entry
from requests import complaint_lists, complaints, letters
from requests.models import CaseFile, Complaint
from tests import make_staff
from tests.make_complaints import WORDS, complain
from tests.make_office import OFFICER, controller
from tests.make_requests import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer():
    controller()
    return make_staff.client_of(make_staff.account("officer", "dpo"))


def act(client, complaint, step, **given):
    data = {f"{step}-{name}": value for name, value in given.items()}
    return client.post(reverse("admin:complaint-act", args=[complaint.uuid, step]), data, follow=True)


def letter(client, complaint, name, kind, **given):
    address = reverse(f"admin:complaint-letter-{name}", args=[complaint.uuid])
    return client.post(address, {"kind": f"complaint_{kind}", **given}, follow=True).text


def write(client, complaint, kind, **given):
    """The letter as it would go, or the sheet again with what is wrong."""
    return letter(client, complaint, "save", kind, look="1", **given)


def send(client, complaint, kind):
    return letter(client, complaint, "send", kind)


def test_it_is_on_today_in_the_queue_and_in_its_list_without_its_words(officer):
    complaint = complain(email="")
    for where in ("", "rights/", "rights/complaints/", f"rights/complaints/{complaint.uuid}/"):
        page = officer.get(f"/admin/{where}").text
        assert complaint.reference in page
        assert WORDS not in page
        assert "Grace" not in page


def test_on_day_21_it_is_an_alarm(officer):
    complaint, user = complain(email=""), User.objects.get()
    day = NOW.date()
    assert not complaint_lists.alarming(user, day + timedelta(days=20)).exists()
    assert complaint_lists.alarming(user, day + timedelta(days=21)).get() == complaint


def test_showing_is_recorded(officer):
    complaint = complain()
    complaints.enquire(complaint, "Asked Sales.", actor=OFFICER, now=NOW)
    page = officer.post(reverse("admin:complaint-reveal", args=[complaint.uuid])).text
    assert WORDS in page
    assert "Asked Sales." in page
    assert Entry.objects.order_by("-id").first().kind == "case.viewed"


def test_from_receipt_to_outcome(officer, mailoutbox):
    complaint = complain()
    act(officer, complaint, "describe", issues=["marketing"], about="", regulator_reference="")
    act(officer, complaint, "enquiry", text="Asked Sales.")
    assert "Give a date" in write(officer, complaint, "progress", text="x", outcome_by="soon")
    seen = write(officer, complaint, "progress", text="We have asked Sales.", outcome_by="2026-12-24")
    assert "This is what will go" in seen
    assert "Thursday 24 December 2026" in seen
    assert not complaint.steps.filter(kind="progress").exists()
    send(officer, complaint, "progress")
    refused = write(officer, complaint, "outcome", outcome="upheld", findings="", changes="")
    assert "Write this for the letter" in refused
    words = {"findings": "You had said no.", "changes": "We are sorry. The list is corrected.", "cause": "process"}
    write(officer, complaint, "outcome", outcome="upheld", remedies=["apologised", "corrected"], **words)
    assert complaint.letter_drafts.exists()
    complaint.refresh_from_db()
    assert complaint.is_open
    assert "Upheld" in send(officer, complaint, "outcome")
    assert not complaint.letter_drafts.exists()
    complaint.refresh_from_db()
    assert (complaint.outcome, complaint.cause) == ("upheld", "process")
    assert complaint.remedies == ["apologised", "corrected"]
    assert [letter.kind for letter in complaint.letters.order_by("pk")][-2:] == [
        "complaint_progress",
        "complaint_outcome",
    ]


def test_an_acknowledgement_is_looked_at_and_sent_by_a_second_person(settings):
    controller()
    settings.TWO_PERSON_RELEASE = True
    worker = make_staff.client_of(make_staff.account("worker", "caseworker"))
    approver = make_staff.client_of(make_staff.account("approver", "approver"))
    complaint = complain(email="")
    seen = write(worker, complaint, "acknowledgement", opening="Thank you for telling us.")
    assert "Thank you for telling us." in seen
    send(worker, complaint, "acknowledgement")
    assert not complaint.letters.exists()
    assert "Print it" in send(approver, complaint, "acknowledgement")
    assert "Thank you for telling us." in letters.read(complaint.letters.get())["text"]
    # Acknowledged is what was given: on the day it is posted.
    complaint.refresh_from_db()
    assert complaint.acknowledged_at is None


def test_a_letter_about_the_one_is_not_written_about_the_other(officer):
    complaint = complain()
    for kind in ("general", "complaint_nonsense", ""):
        address = reverse("admin:complaint-letter-draft", args=[complaint.uuid])
        assert officer.post(address, {"kind": kind}).status_code == 404


def test_a_caseworker_sees_what_is_free_or_theirs():
    controller()
    worker, colleague = make_staff.account("worker", "caseworker"), make_staff.account("colleague", "caseworker")
    client, other = make_staff.client_of(worker), make_staff.client_of(colleague)
    complaint = complain(email="")
    here = reverse("admin:complaint", args=[complaint.uuid])
    client.post(reverse("admin:complaint-assign", args=[complaint.uuid]), {"to": worker.uuid})
    assert CaseFile.objects.get().owner == worker
    assert client.get(here).status_code == 200
    assert other.get(here).status_code == 404
    assert complaint.reference not in other.get("/admin/rights/complaints/").text
    assert act(other, complaint, "by-hand").status_code == 404
    assert client.get(reverse("admin:complaint-counts")).status_code == 404


def test_counts_as_csv(officer):
    complain()
    address = reverse("admin:complaint-counts")
    answer = officer.get(address, {"since": "2026-01-01", "until": "2026-12-31"})
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows[0] == {"from": "2026-01-01", "to": "2026-12-31", "measure": "received", "code": "", "number": "1"}
    assert "Grace" not in answer.text
    assert officer.get(address, {"since": "soon"}).status_code == 302
    assert Complaint.objects.count() == 1


def test_what_is_next_stands_on_top_and_each_part_says_how_it_stands(officer):
    complaint = complain(email="", now=timezone.now() - timedelta(days=25))
    # A last day on a weekend or a bank holiday moves on, so it depends on today.
    left = (complaint.acknowledge_by - timezone.localdate()).days
    page = officer.get(reverse("admin:complaint", args=[complaint.uuid])).text
    assert page.index("What is next") < page.index("The clock")
    for words in ("Acknowledge it by", f"{left} days are left", "Nobody works on it yet", "say what it is about"):
        assert words in page
    for slug in ("words", "clock", "owner", "about", "work", "letters", "messages", "keeping", "history"):
        assert f'id="{slug}"' in page
    complaints.acknowledge_by_letter(complaint, actor=OFFICER, now=timezone.now())
    page = officer.get(reverse("admin:complaint", args=[complaint.uuid])).text
    assert "Print it and post it" in page
    assert "It counts from the day it is posted." in page
