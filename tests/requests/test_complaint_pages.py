"""Complaints in the office: list, one complaint, its steps, and who may see which."""

import csv
import io
from datetime import timedelta

import pytest
from django.urls import reverse

from core.models import User
from ledger.models import Entry
from requests import complaint_lists, complaints
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
    act(officer, complaint, "progress", text="We have asked Sales.")
    refused = act(officer, complaint, "close", outcome="upheld", findings="", changes="").text
    assert "This field is required" in refused
    page = act(
        officer,
        complaint,
        "close",
        outcome="upheld",
        findings="You had said no.",
        changes="We are sorry. The list is corrected.",
        remedies=["apologised", "corrected"],
        cause="process",
    ).text
    assert "Upheld" in page
    complaint.refresh_from_db()
    assert (complaint.outcome, complaint.cause) == ("upheld", "process")
    assert [letter.kind for letter in complaint.letters.order_by("pk")][-2:] == [
        "complaint_progress",
        "complaint_outcome",
    ]


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
