"""Erasure purpose by purpose: what is granted goes, what is refused stays with a reason, and silence never closes."""

from datetime import timedelta

import pytest

from consents.models import ConsentState, Suppression
from core import outbox
from core.errors import DomainError
from core.models import Controller, Outbox
from ledger.models import Entry
from processing.models import Purpose
from requests import answer, decisions, letters
from requests.models import CaseFile
from retention.models import Run
from subjects import blocks
from subjects.models import DataSubject, ErasureBlock, ItemPurpose, PersonalDataItem
from tests import make_office as make

pytestmark = pytest.mark.django_db
KEPT = ("contract-administration", "statutory-accounts")


@pytest.fixture
def subject():
    make.register()
    subject = make.person("newsletter", "direct-sales", *KEPT)
    make.consent(subject)
    return subject


@pytest.fixture
def case(subject, mailoutbox):
    return make.confirmed("erasure", mailbox=mailoutbox)


def run(rights_request, now=make.NOW, **given):
    decisions.confirm_all(rights_request, actor=make.OFFICER, now=now)
    return answer.execute_erasure(rights_request, actor=make.OFFICER, now=now, **given)


def letter_of(rights_request):
    return letters.parts_of(letters.read(letters.latest(rights_request))["html"])


def needed(subject):
    return set(ItemPurpose.objects.filter(subject=subject).values_list("purpose__slug", flat=True))


def test_what_is_granted_goes_and_what_is_refused_stays(case, subject):
    rights_request = run(case.requests.get())
    assert rights_request.state == "partly_fulfilled"
    assert needed(subject) == set(KEPT)
    assert PersonalDataItem.objects.filter(subject=subject).count() == 2
    assert Run.objects.filter(request=rights_request.uuid, status="finished").count() == 1
    assert Entry.objects.filter(kind="erasure.executed", object=rights_request.uuid).count() == 1


def test_consent_is_withdrawn_and_marketing_objected_to(case, subject):
    run(case.requests.get())
    assert not ConsentState.objects.filter(subject=subject.uuid, status__in=["given", "renewed"]).exists()
    slugs = set(Suppression.objects.values_list("purpose__slug", flat=True))
    assert {"newsletter", "direct-sales"} <= slugs


def test_the_letter_says_what_went_what_stays_and_where_to_complain(case):
    rights_request = case.requests.get()
    decisions.decide(
        rights_request,
        Purpose.objects.get(slug="statutory-accounts"),
        "refuse",
        "legal-obligation",
        "The invoices of 2024 stay until 2031.",
        actor=make.OFFICER,
        now=make.NOW,
    )
    parts = letter_of(run(rights_request))
    assert "Newsletter" in parts["erased"]
    assert "Contract administration" in parts["kept"]
    assert "The law requires us to keep it" in parts["kept"]
    assert "The invoices of 2024 stay until 2031." in parts["kept"]
    assert "Sunday 27 December 2026" in parts["backups"]
    assert "beyond use" in parts["backups"]
    assert "164A" in parts["complain-to-us"]
    assert "165" in parts["complain-to-commissioner"]
    assert "Wycliffe House" in parts["complain-to-commissioner"]
    assert parts["court"]


def test_where_no_backups_are_kept_the_letter_says_so(case):
    Controller.objects.update(backup_days=0)
    parts = letter_of(run(case.requests.get()))
    assert "We keep no backups" in parts["backups"]


def test_a_person_of_whom_nothing_is_left_goes_and_the_case_stays(mailoutbox):
    make.register()
    subject = make.person("newsletter")
    case = make.confirmed("erasure", mailbox=mailoutbox)
    rights_request = run(case.requests.get())
    assert rights_request.state == "fulfilled"
    assert not DataSubject.objects.filter(pk=subject.pk).exists()
    assert CaseFile.objects.get(pk=case.pk).subject is None
    assert "kept" not in letter_of(rights_request)


def test_nothing_granted_is_a_refusal_with_reasons(mailoutbox):
    make.register()
    make.person(*KEPT)
    rights_request = run(make.confirmed("erasure", mailbox=mailoutbox).requests.get())
    assert rights_request.state == "refused"
    assert "erased" not in letter_of(rights_request)


def test_every_purpose_must_be_decided(case):
    with pytest.raises(DomainError) as refusal:
        answer.execute_erasure(case.requests.get(), actor=make.OFFICER, now=make.NOW)
    assert refusal.value.code == "undecided"
    assert case.requests.get().state == "received"


def test_not_reported_before_the_journal_has_acknowledged_it(case, subject, monkeypatch):
    def broken(row, payload):
        raise OSError

    carrier = outbox._carriers[Outbox.Kind.JOURNAL]
    outbox.register_carrier(Outbox.Kind.JOURNAL, broken)
    try:
        rights_request = run(case.requests.get())
        assert rights_request.state == "ready"
        assert needed(subject) == set(KEPT)
        assert not rights_request.letters.exists()
        assert answer.finish_waiting(now=make.NOW) == 0
    finally:
        outbox.register_carrier(Outbox.Kind.JOURNAL, carrier)
    later = make.NOW + timedelta(hours=2)
    assert answer.finish_waiting(now=later) == 1
    rights_request.refresh_from_db()
    assert rights_request.state == "partly_fulfilled"
    assert answer.finish_waiting(now=later) == 0
    assert rights_request.letters.count() == 1


def test_twice_is_once(case):
    rights_request = run(case.requests.get())
    answer.execute_erasure(rights_request, actor=make.OFFICER, now=make.NOW)
    assert rights_request.letters.count() == 1
    assert Run.objects.filter(request=rights_request.uuid).count() == 1


def test_silence_never_closes(mailoutbox):
    make.register(manual=True)
    make.person("newsletter")
    rights_request = run(make.confirmed("erasure", mailbox=mailoutbox).requests.get())
    assert rights_request.state == "partly_answered"
    assert "crm" in letter_of(rights_request)["gaps"]
    make.answered(rights_request, outcome="retained", reason="legal-obligation")
    answer.execute_erasure(rights_request, actor=make.OFFICER, now=make.NOW)
    rights_request.refresh_from_db()
    assert rights_request.state == "partly_fulfilled"
    assert "crm" in letter_of(rights_request)["kept"]


def test_the_copy_comes_before_the_deletion(subject, mailoutbox):
    case = make.confirmed("access", "erasure", mailbox=mailoutbox)
    access, erasure = case.requests.get(right="access"), case.requests.get(right="erasure")
    with pytest.raises(DomainError) as refusal:
        run(erasure)
    assert refusal.value.code == "access-first"
    assert ErasureBlock.objects.filter(subject=subject, released_at=None).exists()
    answer.prepare_access(access, actor=make.OFFICER, now=make.NOW)
    answer.execute_erasure(erasure, actor=make.OFFICER, now=make.NOW)
    answer.release_access(access, actor=make.OFFICER, now=make.NOW)
    assert access.state == "fulfilled"
    assert letters.latest(access).kind == "access_response"


def test_a_copy_owed_in_another_case_comes_first_too(case, subject, mailoutbox):
    make.confirmed("access", mailbox=mailoutbox)
    with pytest.raises(DomainError) as refusal:
        run(case.requests.get())
    assert refusal.value.code == "access-first"


def test_a_no_is_no_use_of_data_and_needs_no_decision(mailoutbox):
    make.register()
    subject = make.person("contract-administration")
    make.consent(subject, status="refused")
    rights_request = make.confirmed("erasure", mailbox=mailoutbox).requests.get()
    slugs = [line.purpose.slug for line in decisions.lines(rights_request, now=make.NOW)]
    assert slugs == ["contract-administration"]


def test_a_hold_is_proposed_as_refusal_and_stops_what_was_granted_before(case, subject):
    rights_request = case.requests.get()
    decisions.confirm_all(rights_request, actor=make.OFFICER, now=make.NOW)
    purpose = Purpose.objects.get(slug="newsletter")
    blocks.place(subject, kind="hold", placed_for=case.uuid, purpose=purpose, now=make.NOW, actor="test")
    with pytest.raises(DomainError) as refusal:
        answer.execute_erasure(rights_request, actor=make.OFFICER, now=make.NOW)
    assert refusal.value.code == "erasure-blocked"
    assert "newsletter" in needed(subject)
    rights_request.refresh_from_db()
    assert rights_request.result == {}
    proposals = {line.purpose.slug: line.proposal.reason for line in decisions.lines(rights_request, now=make.NOW)}
    assert proposals["newsletter"] == "legal-claims"


def test_unconfirmed_deletes_nothing(subject):
    case = make.make_requests.case("erasure", now=make.NOW)
    with pytest.raises(DomainError) as refusal:
        answer.execute_erasure(case.requests.get(), actor=make.OFFICER, now=make.NOW)
    assert refusal.value.code == "unconfirmed"
    assert needed(subject)


def test_a_stranger_hears_that_there_was_nothing_to_delete(mailoutbox):
    make.register()
    case = make.confirmed("erasure", mailbox=mailoutbox, email="nobody@example.com")
    rights_request = answer.execute_erasure(make.looked(case.requests.get()), actor=make.OFFICER, now=make.NOW)
    assert rights_request.state == "fulfilled"
    assert "found none that we have to delete" in letter_of(rights_request)["outcome"]


def test_decisions_stand_once_carried_out(case):
    rights_request = run(case.requests.get())
    rights_request.move("in_progress", actor=make.OFFICER, now=make.NOW)
    with pytest.raises(DomainError) as refusal:
        decisions.confirm_all(rights_request, actor=make.OFFICER, now=make.NOW) or decisions.decide(
            rights_request,
            Purpose.objects.get(slug="newsletter"),
            "grant",
            "goodwill",
            actor=make.OFFICER,
            now=make.NOW,
        )
    assert refusal.value.code == "already-executed"
