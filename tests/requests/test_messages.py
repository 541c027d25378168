"""Messages between a person and us: link and code open them, files are judged by content, nothing is said twice."""

import io
import re
import zipfile
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from core.errors import Invalid
from core.outbox import deliver_due
from ledger.models import Entry
from requests import attachments, messages, replying, working
from requests.attachments import File
from requests.expiry import expire_case
from requests.models import Attachment, CaseFile, Comment, Message
from requests.personal import Conversation
from tests import make_office, make_requests, make_staff
from tests.make_complaints import complain

pytestmark = pytest.mark.django_db
WORDS = "My old number is missing."
PDF = b"%PDF-1.7 not much of one"


def zipped(*names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return buffer.getvalue()


class Person:
    """Somebody with a case and its link."""

    def __init__(self, mailbox, case=None):
        self.now, self.mailbox, self.client = timezone.now(), mailbox, Client()
        self.case = case or make_requests.case("access", now=self.now)
        deliver_due(now=timezone.now())
        mails = [mail for mail in mailbox if "/rights/confirm/" in mail.body]
        self.token = re.search(r"/rights/confirm/([^/]+)/", mails[-1].body).group(1)

    def url(self, name, *more):
        return reverse(f"requests:{name}", args=[self.token, *more])

    def code(self):
        self.client.post(self.url("messages-code"))
        deliver_due(now=timezone.now())
        return re.search(r"\b(\d{4}) ?(\d{4})\b", self.mailbox[-1].body).group(0)

    def enter(self):
        self.client.post(self.url("messages-check"), {"code": self.code()})
        return self

    def page(self):
        return self.client.get(self.url("messages")).text

    def write(self, message=WORDS, *files, **given):
        data = {"message": message, "attached": list(files), **given}
        return self.client.post(self.url("messages-write"), data, follow=True).text


@pytest.fixture
def person(mailoutbox):
    make_office.controller()
    return Person(mailoutbox)


def test_the_link_alone_shows_and_takes_nothing(person):
    messages.write(person.case, WORDS, now=person.now)
    assert WORDS not in person.page()
    assert WORDS not in person.write("More")
    assert Message.objects.count() == 1
    assert "not right" in person.client.post(person.url("messages-check"), {"code": "00000000"}).text


def test_with_the_code_both_sides_write(person, mailoutbox):
    person.enter()
    assert "Your message has arrived" in person.write(WORDS, SimpleUploadedFile("id.pdf", PDF))
    assert WORDS in person.page()
    said = messages.said(person.case)[0]
    assert (said.text, said.message.is_proven, said.files[0][1]) == (WORDS, True, "id.pdf")
    assert not any(word in bytes(said.message.sealed) for word in (b"number", b"missing"))
    deliver_due(now=timezone.now())
    assert "number" not in mailoutbox[-1].body
    replying.reply(person.case, "We look again.", actor=make_office.OFFICER, now=timezone.now())
    deliver_due(now=timezone.now())
    told = mailoutbox[-1]
    assert "look again" not in told.body
    person.token = re.search(r"/rights/messages/([^/]+)/", told.body).group(1)
    assert "We look again." in person.page()
    assert not Message.objects.waiting().exists()


def test_words_without_proof_are_for_staff_only(person):
    messages.leave(reference=person.case.requests.get().reference, text="Call 0123.", now=person.now)
    assert "0123" not in person.enter().page()
    assert [said.text for said in messages.said(person.case)] == ["Call 0123."]


def test_a_mailbox_in_doubt_opens_nothing(person):
    person.enter()
    CaseFile.objects.update(by_post=True)
    assert person.client.get(person.url("messages")).status_code == 404
    with pytest.raises(replying.NoMailbox):
        replying.reply(person.case, "Hello", actor="user:x", now=person.now)


def test_another_case_needs_another_code(person, mailoutbox):
    person.enter()
    other = Person(mailoutbox, make_requests.case("erasure", email="ada@example.com", now=timezone.now()))
    other.client = person.client
    assert "send you a code" in other.page() or "Send me a code" in other.page()


def test_you_missed_something_is_asked_only_of_an_answer(person, mailoutbox):
    assert "missed something" not in person.enter().page()
    request = make_requests.request("erasure", state="refused", email="ada@example.com", now=timezone.now())
    ada = Person(mailoutbox, request.case).enter()
    assert "missed something" in ada.page()
    ada.write(WORDS, again="on")
    request.refresh_from_db()
    assert request.state == "refused"
    assert Message.objects.get(case=request.case).asks_again


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, "application/pdf"),
        (b"\x89PNG\r\n\x1a\n1", "image/png"),
        (b"\xff\xd8\xff1", "image/jpeg"),
        ("Zoë\n".encode(), "text/plain"),
        (zipped("word/document.xml"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        (zipped("xl/workbook.xml"), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        (zipped("word/document.xml", "word/vbaProject.bin"), None),
        (zipped("evil.exe"), None),
        (b"PK\x03\x04 broken", None),
        (b"MZ\x90\x00", None),
        (b"<html><script>", None),
        (b"  <svg onload=x>", None),
        (b"#!/bin/sh", None),
        (b"", None),
        (b"%PDF-" + b"x" * attachments.LARGEST, None),
    ],
)
def test_files_are_judged_by_content(content, kind):
    if kind:
        assert attachments.check([File("anything.exe", content)]) == [kind]
    else:
        with pytest.raises(Invalid):
            attachments.check([File("harmless.pdf", content)])


def test_a_bad_file_is_refused_at_its_field_and_nothing_is_kept(person):
    person.enter()
    page = person.write(WORDS, SimpleUploadedFile("letter.pdf", b"<html>"))
    assert 'href="#id_attached"' in page
    assert not Message.objects.exists()


def test_a_download_cannot_run(person):
    person.enter()
    person.write(WORDS, SimpleUploadedFile("../../<b>x.html", b"just words"))
    found = Attachment.objects.get()
    sent = person.client.post(person.url("messages-file", found.uuid))
    assert sent.content == b"just words"
    assert sent["Content-Disposition"].startswith("attachment;")
    assert "<" not in sent["Content-Disposition"]
    assert "/" not in sent["Content-Disposition"].partition("filename")[2]
    assert sent["Content-Type"] == "application/octet-stream"
    assert sent["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in sent["Content-Security-Policy"]
    assert b"just words" not in bytes(found.sealed)


def test_nobody_fills_a_case(person):
    for _time in range(messages.A_DAY):
        messages.note(person.case, "x", is_proven=True, actor="case:x", now=person.now)
    with pytest.raises(messages.TooMuch):
        messages.write(person.case, "x", now=person.now)
    messages.write(person.case, "x", now=person.now + timedelta(days=1))


def test_staff_read_answer_and_note(person):
    worker = make_staff.account("worker", "caseworker")
    client = make_staff.client_of(worker)
    message = messages.write(person.case, WORDS, asks_again=True, files=[File("a.pdf", PDF)], now=person.now)
    request = person.case.requests.get()
    for where in ("/admin/", f"/admin/rights/{request.uuid}/"):
        page = client.get(where).text
        assert WORDS not in page
        assert "take" in page
    case = person.case.uuid
    page = client.post(reverse("admin:case-messages", args=[case])).text
    assert WORDS in page
    assert Entry.objects.order_by("-id").first().kind == "case.viewed"
    client.post(reverse("admin:case-comment", args=[case]), {"text": "Ask Sales."})
    assert [text for _note, text in messages.comments(person.case)] == ["Ask Sales."]
    assert b"Sales" not in bytes(Comment.objects.get().sealed)
    client.post(reverse("admin:case-message-done", args=[case, message.uuid]))
    assert not working.waiting(worker).exists()
    file = client.post(reverse("admin:case-file", args=[case, Attachment.objects.get().uuid]))
    assert (file.content, file["Content-Type"]) == (PDF, "application/octet-stream")


def test_a_colleague_finds_nothing(person):
    CaseFile.objects.update(owner=make_staff.account("owner", "caseworker"))
    other = make_staff.account("other", "caseworker")
    messages.write(person.case, WORDS, now=person.now)
    assert not working.waiting(other).exists()
    client = make_staff.client_of(other)
    assert client.post(reverse("admin:case-messages", args=[person.case.uuid])).status_code == 404


def test_a_complaint_has_its_conversation_too(mailoutbox):
    make_office.controller()
    complaint = complain(now=timezone.now())
    person = Person(mailoutbox, complaint.case).enter()
    assert complaint.reference in person.page()
    person.write()
    officer = make_staff.client_of(make_staff.account("officer", "dpo"))
    assert "1 message waits" in officer.get(complaint.page).text


def test_all_of_it_goes_with_the_case_and_into_a_copy(person):
    messages.write(person.case, WORDS, files=[File("a.pdf", PDF)], now=person.now)
    messages.leave(reference=person.case.requests.get().reference, text="Call 0123.", now=person.now)
    messages.comment(person.case, "Ask Sales.", actor="user:x", now=person.now)
    make_office.register()
    subject = make_office.person("newsletter")
    CaseFile.objects.update(subject=subject)
    assert [row["text"] for row in Conversation().export(subject)] == [WORDS, "Ask Sales."]
    request = person.case.requests.get()
    request.tasks.all().delete()
    request.move("refused", actor="user:x", now=person.now)
    expire_case(person.case, now=person.now)
    assert not any(model.objects.exists() for model in (Message, Comment, Attachment))
