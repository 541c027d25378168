"""Letters on staff pages: how each was given, what still waits for the post, and what came back."""

import pytest
from django.urls import reverse
from django.utils import timezone

from core.outbox import deliver_due
from ledger.models import Entry
from requests import complaints, letters, posting
from requests.letter_samples import SAMPLES
from tests import make_office as make
from tests import make_requests
from tests.make_complaints import WORDING, complain

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(client):
    client.force_login(make.staff())
    return client


@pytest.fixture
def letter():
    make.controller()
    make_requests.system()
    rights_request = make_requests.case("access", email="", now=timezone.now()).requests.get()
    return letters.write("extension", rights_request, SAMPLES["extension"], now=timezone.now())


def page(client, letter):
    return client.get(reverse("admin:rights-request", args=[letter.request.uuid])).content.decode()


def act(client, name, letter, **data):
    return client.post(reverse(f"admin:letter{name}", args=[letter.uuid]), data, follow=True)


def test_a_letter_without_a_mailbox_waits_for_the_post(officer, letter):
    assert "Not given yet" in page(officer, letter)
    today = officer.get("/admin/").content.decode()
    assert letter.reference in today
    assert "to be posted" in today
    refused = act(officer, "-posted", letter, day="1999-01-01").content.decode()
    assert "between the day it was written and today" in refused
    assert "Give a date" in act(officer, "-posted", letter, day="soon").content.decode()
    done = act(officer, "-posted", letter, day=timezone.localdate().isoformat()).content.decode()
    assert "posted on" in done
    assert "to be posted" not in officer.get("/admin/").content.decode()


def test_reading_and_printing_are_events(officer, letter):
    assert "four systems" in act(officer, "", letter).content.decode()
    paper = act(officer, "-pdf", letter)
    assert paper["Content-Type"] == "application/pdf"
    assert Entry.objects.filter(kind="case.viewed", object=letter.case.uuid).count() == 2
    assert officer.get(reverse("admin:letter", args=[letter.uuid])).status_code == 405


def test_what_came_back_is_a_task_until_it_is_sent_again(officer):
    make.controller()
    make_requests.system()
    rights_request = make_requests.case("access", now=timezone.now()).requests.get()
    letter = letters.write("extension", rights_request, SAMPLES["extension"], now=timezone.now())
    posting.send(letter, actor=make.OFFICER, now=timezone.now())
    assert "not sent yet" in page(officer, letter)
    deliver_due(now=timezone.now())
    assert "told by e-mail on" in page(officer, letter)
    posting.bounced(letter, actor="system:inbox", now=timezone.now())
    assert "this letter was not given" in page(officer, letter)
    assert "the message came back" in officer.get("/admin/").content.decode()
    assert "The notice is sent again." in act(officer, "-again", letter).content.decode()
    deliver_due(now=timezone.now())
    assert "told by e-mail on" in page(officer, letter)


def test_there_is_nothing_to_send_again_without_a_mailbox(officer, letter):
    assert "Print the letter and post it" in act(officer, "-again", letter).content.decode()


def test_the_letters_of_a_complaint_are_on_its_page(officer):
    complaint = complain(email="", now=timezone.now())
    letter = complaints.acknowledge_by_letter(complaint, actor=make.OFFICER, now=timezone.now())
    shown = officer.get(reverse("admin:complaint", args=[complaint.uuid])).content.decode()
    assert reverse("admin:letter-pdf", args=[letter.uuid]) in shown
    posted = act(officer, "-posted", letter, day=timezone.localdate().isoformat()).content.decode()
    assert complaint.reference in posted
    assert "posted on" in posted


def test_the_outcome_of_a_closed_complaint_is_posted_too(officer):
    complaint = complain(email="", now=timezone.now())
    letter = complaints.close(complaint, "upheld", **WORDING, actor=make.OFFICER, now=timezone.now())
    shown = officer.get(reverse("admin:complaint", args=[complaint.uuid])).content.decode()
    assert reverse("admin:letter-posted", args=[letter.uuid]) in shown


def test_a_letter_to_post_is_addressed_although_the_mailbox_was_never_shown(officer):
    make.controller()
    complaint = complain(now=timezone.now())
    letter = complaints.acknowledge_by_letter(complaint, actor=make.OFFICER, now=timezone.now())
    assert "Grace" not in letters.read(letter)["html"]
    assert act(officer, "-pdf", letter).content.startswith(b"%PDF")
