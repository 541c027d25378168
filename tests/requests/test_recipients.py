"""Everybody who received the data is told of it, with proof, and silence keeps the request open (Art 19)."""

from datetime import timedelta

import pytest

from core import outbox
from core.errors import DomainError, Invalid
from core.models import Outbox
from ledger.models import Entry
from requests import answer, decisions, letters, recipients, ways
from requests.models import RecipientNotice
from requests.workflow import RecipientsOwed
from tests import make_office as make

pytestmark = pytest.mark.django_db
BY = {"actor": make.OFFICER, "now": make.NOW}
ERASED = RecipientNotice.Action.ERASED


@pytest.fixture
def subject():
    make.register()
    return make.person("newsletter")


@pytest.fixture
def rights_request(subject, mailoutbox):
    found = make.confirmed("erasure", mailbox=mailoutbox).requests.get()
    decisions.confirm_all(found, **BY)
    return found


def run(rights_request):
    answer.execute_erasure(rights_request, **BY)
    return letters.parts_of(letters.read(letters.latest(rights_request))["html"])


def test_an_address_in_the_register_is_written_to_and_named(subject, rights_request, mailoutbox):
    make.disclosed(subject, "newsletter", notify="privacy@printer.example")
    parts = run(rights_request)
    assert rights_request.state == "fulfilled"
    assert "Printer Ltd" in parts["recipients"]
    notice = rights_request.recipient_notices.get()
    assert (notice.action, notice.channel, notice.acknowledged_at) == ("erased", "mail", None)
    outbox.deliver_due(now=make.NOW)
    mail = next(mail for mail in mailoutbox if mail.to == ["privacy@printer.example"])
    assert rights_request.reference in mail.subject
    assert "E-mail address: grace@example.com" in mail.body
    assert "Please erase" in mail.body
    assert Entry.objects.filter(kind="recipient.told", object=rights_request.uuid, uuid=notice.entry).exists()


def test_who_cannot_be_written_to_is_owed_a_notice_and_the_answer_is_a_part(subject, rights_request):
    printer = make.disclosed(subject, "newsletter", notify="Call them.")
    parts = run(rights_request)
    assert rights_request.state == "partly_answered"
    assert "Printer Ltd" in parts["gaps"]
    assert "still to be told" in parts["recipients"]
    with pytest.raises(RecipientsOwed):
        rights_request.move("fulfilled", **BY)
    rights_request.refresh_from_db()
    answer.execute_erasure(rights_request, **BY)
    assert rights_request.letters.count() == 1
    recipients.record_told(rights_request, printer, ERASED, "phone", **BY)
    parts = run(rights_request)
    assert rights_request.state == "fulfilled"
    assert "have told these recipients" in parts["recipients"]


def test_told_before_it_is_carried_out_is_told(subject, rights_request):
    printer = make.disclosed(subject, "newsletter")
    recipients.record_told(rights_request, printer, ERASED, "letter", **BY)
    run(rights_request)
    assert rights_request.state == "fulfilled"


def test_impossible_needs_a_reason_and_stands_in_the_letter(subject, rights_request):
    printer = make.disclosed(subject, "newsletter")
    with pytest.raises(Invalid):
        recipients.record_impossible(rights_request, printer, ERASED, "recipient-gone", " ", **BY)
    with pytest.raises(Invalid):
        recipients.record_impossible(rights_request, printer, ERASED, "lazy", "We are.", **BY)
    notice = recipients.record_impossible(rights_request, printer, ERASED, "recipient-gone", "Wound up 2024.", **BY)
    assert b"2024" not in bytes(notice.note)
    assert recipients.note_of(notice) == "Wound up 2024."
    parts = run(rights_request)
    assert rights_request.state == "fulfilled"
    assert "no longer exists" in parts["recipients"]


def test_the_preview_says_who_will_be_told(subject, rights_request):
    make.disclosed(subject, "newsletter", notify="privacy@printer.example")
    make.disclosed(subject, "newsletter", to="binder")
    _kind, context = ways.draft(rights_request, now=make.NOW)
    assert context["told"] == [{"name": "Printer Ltd"}]
    assert [gap["name"] for gap in context["gaps"]] == ["Binder Ltd"]
    assert not RecipientNotice.objects.exists()
    run(rights_request)
    assert set(RecipientNotice.objects.values_list("recipient__slug", "channel")) == {
        ("printer", "mail"),
        ("binder", ""),
    }


def test_data_of_another_purpose_tells_nobody(subject, rights_request):
    make.disclosed(subject, "statutory-accounts", notify="privacy@printer.example")
    assert "not passed" in run(rights_request)["recipients"]


def test_a_reply_is_tracked_once_and_only_of_whom_was_told(subject, rights_request):
    printer = make.disclosed(subject, "newsletter", notify="privacy@printer.example")
    with pytest.raises(DomainError):
        recipients.record_reply(rights_request, printer, ERASED, **BY)
    run(rights_request)
    recipients.record_reply(rights_request, printer, ERASED, **BY)
    recipients.record_reply(rights_request, printer, ERASED, actor=make.OFFICER, now=make.NOW + timedelta(days=1))
    assert rights_request.recipient_notices.get().acknowledged_at == make.NOW
    assert Entry.objects.filter(kind="recipient.replied").count() == 1


def test_a_message_that_no_server_took_was_not_given(subject, rights_request):
    make.disclosed(subject, "newsletter", notify="privacy@printer.example")
    run(rights_request)
    notice = rights_request.recipient_notices.get()
    assert recipients.note_dead(now=make.NOW) == 0
    Outbox.objects.filter(uuid=notice.mail).update(dead_at=make.NOW)
    assert recipients.note_dead(now=make.NOW) == 1
    notice.refresh_from_db()
    assert notice.is_owed
    assert recipients.note_dead(now=make.NOW) == 0


def test_staff_record_it_on_the_page(subject, rights_request, client):
    make.disclosed(subject, "newsletter")
    client.force_login(make.staff())
    page = f"/admin/rights/{rights_request.uuid}/"
    assert "Printer Ltd" in client.get(page).content.decode()
    client.post(f"{page}recipients/printer/told/", {"channel": "portal"})
    assert "Portal" not in client.get(page).content.decode()
    assert "Their portal or a ticket there" in client.get(page).content.decode()
    client.post(f"{page}recipients/printer/replied/")
    assert "It confirmed" in client.get(page).content.decode()
    client.post(f"{page}recipients/printer/impossible/", {"reason": "unreachable", "note": "No answer."})
    assert rights_request.recipient_notices.get().impossible_reason == "unreachable"
    assert client.post(f"{page}recipients/nobody/told/", {"channel": "phone"}).status_code == 404
