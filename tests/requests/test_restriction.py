"""Restriction: per purpose or item, storage only, kept from deletion, and ended only after a notice (Art 18)."""

from datetime import timedelta

import pytest

from consents.permission import may_process
from core import outbox
from core.errors import DomainError, Invalid
from processing.models import Purpose
from requests import answer, clarification, decisions, letters, moves, restricting, two_people
from requests.questions import GROUNDS
from subjects import restrictions
from subjects.models import PersonalDataItem, Restriction
from tests import make_office as make
from tests import make_requests, make_subjects

pytestmark = pytest.mark.django_db
BY = {"actor": make.OFFICER, "now": make.NOW}
LATER = make.NOW + timedelta(days=3)
OTHER = "user:00000000-0000-4000-8000-000000000002"


@pytest.fixture
def subject():
    make.register()
    subject = make.person("newsletter", "contract-administration", "statutory-accounts")
    make.consent(subject)
    return subject


@pytest.fixture
def rights_request(subject, mailoutbox):
    return make.confirmed("restriction", mailbox=mailoutbox).requests.get()


def purpose(slug):
    return Purpose.objects.get(slug=slug)


def decide(rights_request, **reasons):
    """Every purpose is refused but these."""
    for line in decisions.lines(rights_request, now=make.NOW):
        code = reasons.get(line.purpose.slug.replace("-", "_"), "no-ground")
        outcome = "refuse" if code == "no-ground" else "grant"
        decisions.decide(rights_request, line.purpose, outcome, code, "", **BY)


def parts_of(rights_request, kind="restriction_answer"):
    letter = rights_request.letters.filter(kind=kind).order_by("-pk").first()
    return letters.parts_of(letters.read(letter)["html"])


def usable(slug):
    return PersonalDataItem.objects.usable_for(purpose(slug)).count()


def test_what_is_granted_is_stored_and_not_used(subject, rights_request):
    assert may_process(subject, "newsletter", "email", now=make.NOW).allowed
    decide(rights_request, newsletter="unlawful-kept")
    assert restricting.release(rights_request, **BY).state == "partly_fulfilled"
    assert may_process(subject, "newsletter", "email", now=make.NOW).reason == "restricted"
    assert (usable("newsletter"), usable("contract-administration")) == (0, 1)
    parts = parts_of(rights_request)
    assert "Newsletter" in parts["limited"]
    assert "Art 18(1)(b)" in parts["limited"]
    assert "legal claim" in parts["effect"]
    assert "Contract administration" in parts["not-limited"]
    assert "164A" in parts["complain-to-us"]


def test_only_the_items_that_are_meant(subject, rights_request):
    other = make_subjects.item(subject, "newsletter", content="Second", category="name", now=make.NOW)
    restricting.limit_to(rights_request, purpose("newsletter"), [other.uuid], **BY)
    decide(rights_request, newsletter="accuracy-contested")
    restricting.release(rights_request, **BY)
    assert Restriction.objects.get().item == other
    assert usable("newsletter") == 1
    assert "1 record of it" in parts_of(rights_request)["limited"]


def test_nothing_granted_is_a_refusal(rights_request):
    decide(rights_request)
    assert restricting.release(rights_request, **BY).state == "refused"
    assert not Restriction.objects.exists()


def test_every_purpose_is_decided_first(rights_request):
    with pytest.raises(DomainError) as refusal:
        restricting.release(rights_request, **BY)
    assert refusal.value.code == "undecided"


@pytest.mark.parametrize(
    ("wrote", "proposed"),
    [
        ("You should not have it, but I do not want it gone", "unlawful-kept"),
        ("I need it for a legal matter, although you do not need it any more", "kept-for-your-claim"),
        ("It is all wrong.", "no-ground"),
        ("I have objected, and want you to wait until you have decided", "no-ground"),
    ],
)
def test_the_ground_that_the_person_chose_is_proposed(subject, mailoutbox, wrote, proposed):
    given = {"answers": {"restriction": wrote}}
    rights_request = make.confirmed("restriction", mailbox=mailoutbox, **given).requests.get()
    assert {line.proposal.reason for line in decisions.lines(rights_request, now=make.NOW)} == {proposed}


def test_without_a_ground_somebody_looks_and_the_time_runs_on(rights_request, client):
    client.force_login(make.staff())
    page = f"/admin/rights/{rights_request.uuid}/"
    shown = client.get(page).content.decode()
    assert "Ask which of the four it is; the time to answer runs on." in shown
    assert "decide-all" not in shown
    client.post(f"{page}decide-all/")
    assert not rights_request.decisions.exists()
    due = rights_request.due_on
    asked = {"reason": "which-ground", "unclear": "Is something wrong, or do you need it for a claim?", **BY}
    clarification.ask(rights_request, **asked)
    rights_request.refresh_from_db()
    assert due
    assert rights_request.due_on == due
    with pytest.raises(restricting.Undecided):
        restricting.release(rights_request, **BY)


def test_that_accuracy_is_contested_is_read_from_an_open_correction_only(subject, mailoutbox):
    case = make.confirmed("restriction", "rectification", mailbox=mailoutbox)
    limit, correction = case.requests.get(right="restriction"), case.requests.get(right="rectification")
    assert {line.proposal.reason for line in decisions.lines(limit, now=make.NOW)} == {"accuracy-contested"}
    moves.step(correction, "withdrawn", **BY)
    assert {line.proposal.reason for line in decisions.lines(limit, now=make.NOW)} == {"no-ground"}


def test_it_ends_only_after_the_person_was_told_and_no_earlier(rights_request):
    decide(rights_request, newsletter="accuracy-contested")
    restricting.release(rights_request, **BY)
    with pytest.raises(restricting.NotTold):
        restricting.lift(rights_request, **BY)
    day = LATER.date()
    for wrong in ({"on": make.NOW.date() - timedelta(days=1), "why": "x"}, {"on": day, "why": " "}):
        with pytest.raises(Invalid):
            restricting.announce(rights_request, **wrong, **BY)
    restricting.announce(rights_request, on=day, why="We saw the document.", **BY)
    assert "Newsletter" in letters.read(letters.latest(rights_request))["text"]
    with pytest.raises(restricting.NotTold):
        restricting.lift(rights_request, **BY)
    outbox.deliver_due(now=make.NOW)
    with pytest.raises(restricting.NotTold):
        restricting.lift(rights_request, **BY)
    assert restricting.lift(rights_request, actor=make.OFFICER, now=LATER) == 1
    assert not restrictions.placed_for(rights_request.uuid).exists()
    assert usable("newsletter") == 1


def test_a_notice_that_came_back_was_not_given(rights_request):
    decide(rights_request, newsletter="accuracy-contested")
    restricting.release(rights_request, **BY)
    letter = restricting.announce(rights_request, on=make.NOW.date(), why="Checked.", **BY)
    outbox.deliver_due(now=make.NOW)
    letter.refresh_from_db()
    letter.come_back(now=make.NOW)
    with pytest.raises(restricting.NotTold):
        restricting.lift(rights_request, **BY)


def test_somebody_who_takes_it_back_needs_no_notice(subject, rights_request):
    restrictions.restrict(subject, ground="accuracy", placed_for=rights_request.uuid, **BY)
    moves.step(rights_request, "withdrawn", **BY)
    assert restricting.lift(rights_request, **BY) == 1


def test_whoever_received_it_is_told_and_silence_is_a_part_answer(mailoutbox):
    make.register(manual=True)
    subject = make.person("newsletter")
    make.disclosed(subject, "newsletter", notify="privacy@printer.example")
    rights_request = make.confirmed("restriction", mailbox=mailoutbox).requests.get()
    decide(rights_request, newsletter="kept-for-your-claim")
    restricting.release(rights_request, **BY)
    assert rights_request.state == "partly_answered"
    assert "crm" in parts_of(rights_request)["gaps"]
    outbox.deliver_due(now=make.NOW)
    assert any("do not use it otherwise" in mail.body for mail in mailoutbox if mail.to == ["privacy@printer.example"])
    make.answered(rights_request, outcome="done")
    assert restricting.release(rights_request, **BY).state == "fulfilled"
    assert Restriction.objects.count() == 1


def test_two_people(rights_request, settings):
    settings.TWO_PERSON_RELEASE = True
    decide(rights_request, newsletter="accuracy-contested")
    with pytest.raises(two_people.TwoPeopleNeeded):
        restricting.release(rights_request, **BY)
    assert restricting.release(rights_request, actor=OTHER, now=make.NOW).letters.count() == 1


def test_a_deletion_asked_for_later_is_told_of_it_and_decides(subject, rights_request, mailoutbox):
    decide(rights_request, newsletter="unlawful-kept")
    restricting.release(rights_request, **BY)
    erasure = make_requests.case("erasure", now=LATER)
    found = make.intake.confirm(make_requests.token_in(mailoutbox, now=LATER), now=LATER).requests.get()
    assert erasure.pk == found.case_id
    proposals = {line.purpose.slug: line.proposal.reason for line in decisions.lines(found, now=LATER)}
    assert proposals["newsletter"] == "restriction-stands"
    decisions.decide(found, purpose("newsletter"), "grant", "consent-withdrawn", actor=make.OFFICER, now=LATER)
    decisions.confirm_all(found, actor=make.OFFICER, now=LATER)
    answer.execute_erasure(found, actor=make.OFFICER, now=LATER)
    assert found.state == "partly_fulfilled"
    assert not PersonalDataItem.objects.filter(needs__purpose__slug="newsletter").exists()


def test_claims_go_on(subject):
    make.make_register.purpose("security-and-legal-claims", "f", categories=("name",))
    restrictions.restrict(subject, ground="unlawful", **BY)
    verdict = may_process(subject, "security-and-legal-claims", now=make.NOW)
    assert verdict.reason != "restricted"


def test_staff_restrict_and_end_it_on_pages(subject, mailoutbox, client):
    wrote = {"restriction": str(dict(GROUNDS)["contested"])}
    rights_request = make.confirmed("restriction", mailbox=mailoutbox, answers=wrote).requests.get()
    client.force_login(make.staff())
    page = f"/admin/rights/{rights_request.uuid}/"
    shown = client.get(page).content.decode()
    assert "Only some items of a purpose" in shown
    client.post(f"{page}decide-all/")
    assert "We store your data and do not use it" in client.post(f"{page}review/").content.decode()
    client.post(f"{page}release/")
    rights_request.refresh_from_db()
    assert rights_request.state == "fulfilled"
    refused = client.post(f"{page}restriction/lift/", follow=True).content.decode()
    assert "Tell the person first" in refused
    again = client.post(f"{page}restriction/announce/", {"on": "garbage", "why": "Seen its proof."})
    assert ">Seen its proof.</textarea>" in again.content.decode()
    assert rights_request.letters.count() == 1
    today = client.get(page).content.decode().split('name="on" value="')[1][:10]
    client.post(f"{page}restriction/announce/", {"on": today, "why": "Checked, and right."})
    assert rights_request.letters.count() == 2
