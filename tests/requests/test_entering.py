"""Staff entry: any channel, the true day, several rights and a complaint in one case, somebody who asks for another."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from core import outbox
from core.errors import Invalid
from ledger.models import Entry
from requests import (
    answer,
    api,
    complaints,
    entering,
    identity_doubt,
    intake,
    letters,
    messages,
    report,
    representing,
    sending,
)
from requests.intake import claim_of
from requests.models import CaseFile, Complaint, Representation, RightsRequest
from tests import make_office as make
from tests import make_requests, make_staff

pytestmark = pytest.mark.django_db
BY = {"actor": make.OFFICER, "now": make.NOW}
LATER = make.NOW + timedelta(days=5)


@pytest.fixture
def officer():
    make.controller()
    return make_staff.client_of(make_staff.account("officer", "dpo"))


def data(**given):
    return {
        "token": "00000000-0000-4000-8000-000000000009",
        "rights": ["access", "erasure"],
        "channel": "letter",
        "received_on": timezone.localdate().isoformat(),
        "name": "Grace Hopper",
        **given,
    }


def entry(**given):
    requester = {name: given.pop(name, "") for name in ("name", "email", "phone", "address", "representative")}
    requester["name"] = requester["name"] or "Grace Hopper"
    values = {"rights": ["access"], "details": "", "channel": "letter", "received_on": make.NOW.date()}
    return entering.Entry(requester=requester, **{**values, **given})


def post(client, **given):
    return client.post(reverse("admin:case-add"), data(**given))


def test_a_request_by_letter_that_came_days_ago(officer):
    day = timezone.localdate() - timedelta(days=3)
    assert "say why it is entered only now" in post(officer, received_on=day.isoformat()).text
    assert post(officer, received_on=day.isoformat(), late="forwarded").status_code == 302
    case = CaseFile.objects.get()
    assert case.received_on == day
    assert case.requests.count() == 2
    assert Entry.objects.get(kind="request.entered-late", object=case.uuid)
    post(officer, received_on=day.isoformat(), late="forwarded")
    assert CaseFile.objects.count() == 1


def test_what_cannot_be_is_refused(officer):
    later = timezone.localdate() + timedelta(days=1)
    assert "cannot have been received in the future" in post(officer, received_on=later.isoformat()).text
    assert "Say who is asking" in post(officer, name="").text
    wrong = post(officer, rights=[], channel="", received_on="31/02/2026").text
    for sentence in ("Choose what they ask for", "Choose how it came.", "Give a date"):
        assert sentence in wrong
    assert "Say who asks for the person" in post(officer, capacity="agent").text
    assert "Say who asks for the child" in post(officer, is_child="on").text
    assert not CaseFile.objects.exists()


def test_one_letter_that_asks_and_complains_is_one_case(officer):
    words = "You never answered me."
    assert post(officer, complaint=words, wish="An answer.", email="grace@example.com").status_code == 302
    case = CaseFile.objects.get()
    assert sorted(case.requests.values_list("right", flat=True)) == ["access", "erasure"]
    assert case.complaints.get().acknowledged_at
    assert claim_of(case)["complaint"] == words


def test_a_complaint_alone_leads_to_its_page(officer):
    found = post(officer, rights=[], complaint="You never answered me.")
    complaint = Complaint.objects.get()
    assert found["Location"] == reverse("admin:complaint", args=[complaint.uuid])
    assert not complaint.acknowledged_at
    assert post(officer, rights=[], complaint="You never answered me.").status_code == 302
    assert CaseFile.objects.count() == 1


def test_an_open_case_of_the_same_address_is_offered(officer):
    case = make_requests.case("access", now=timezone.now())
    again = {"email": "GRACE@example.com", "rights": ["access", "erasure"], "details": "And delete it."}
    page = post(officer, **again)
    assert page.status_code == 200
    assert case.requests.get().reference in page.text
    assert post(officer, **again, into=str(case.uuid)).status_code == 302
    assert CaseFile.objects.get() == case
    assert sorted(case.requests.values_list("right", flat=True)) == ["access", "erasure"]
    assert [said.text for said in messages.said(case)] == ["And delete it."]
    assert post(officer, **again, into="new").status_code == 302
    assert CaseFile.objects.count() == 2


def test_a_colleagues_case_is_not_offered():
    make.controller()
    case = make_requests.case("access", now=timezone.now())
    CaseFile.objects.update(owner=make_staff.account("colleague", "caseworker"))
    worker = make_staff.client_of(make_staff.account("worker", "caseworker"))
    assert post(worker, email="grace@example.com").status_code == 302
    assert CaseFile.objects.exclude(pk=case.pk).count() == 1


def test_a_right_added_later_has_its_own_day_everywhere(client, mailoutbox):
    make.controller()
    case = make_requests.case("access", now=make.NOW - timedelta(days=10))
    entering.enter_into(case, entry(rights=["erasure"]), **BY)
    first, second = case.requests.order_by("pk")
    assert second.due_on > first.due_on
    assert second.received_on == make.NOW.date() == first.received_on + timedelta(days=10)
    assert api.shown(second)["received_on"] == "2026-11-22"
    assert identity_doubt.prompt_until(second) > identity_doubt.prompt_until(first)
    outbox.deliver_due(now=make.NOW)
    assert "Sunday 22 November 2026" in mailoutbox[-1].body
    assert "22 November 2026" in letters.render("nothing_found", second, report.of_nothing(second), now=LATER)
    token, case.confirmed_at = intake.fresh_link(case, now=timezone.now()), make.NOW
    case.save(update_fields=["confirm_hash", "confirm_expires_at", "confirmed_at"])
    page = client.get(reverse("requests:confirm", args=[token])).content.decode()
    assert page.count("Received on Thursday 12 November 2026.") == 1
    assert page.count("Received on Sunday 22 November 2026.") == 1


def test_a_representative_in_a_second_letter_must_show_it_too():
    case = make_requests.case("access", now=make.NOW)
    entering.enter_into(case, entry(details="She is ill.", representative="A friend", capacity="agent"), **BY)
    assert representing.is_missing(case)


def test_a_right_that_was_answered_is_asked_for_again_by_the_message():
    request = make_requests.request("access", state="fulfilled")
    entering.enter_into(request.case, entry(details="You left out my calls."), **BY)
    assert messages.said(request.case)[0].message.asks_again
    assert RightsRequest.objects.count() == 1


def represented(**given):
    mine = {"representative": "Ada Byron, solicitor", "capacity": "solicitor", "email": "", **given}
    case = entering.enter(entry(**mine), **BY)
    CaseFile.objects.update(identified_at=make.NOW, identified_how="letter", by_post=True)
    return CaseFile.objects.get(pk=case.pk)


def test_nothing_is_disclosed_on_the_word_of_a_representative():
    make.register()
    request = represented().requests.get()
    with pytest.raises(representing.NoAuthority):
        answer.release_access(request, **BY)
    shown = {"authority": "signed", "competence": "adult", "note": "A letter of authority of 1 November."}
    representing.show(request.case, **shown, **BY)
    sending.confirmed(request)
    found = Representation.objects.get()
    assert representing.note_of(found) == shown["note"]
    assert b"authority" not in bytes(found.note)
    assert "1 November" not in "".join(Entry.objects.values_list("body", flat=True))


@pytest.mark.parametrize(
    ("competence", "authority", "refusal"),
    [
        ("unknown", "parental", representing.NotLookedInto),
        ("understands", "parental", representing.AskTheChild),
        ("understands", "said-so", None),
        ("too-young", "parental", None),
    ],
)
def test_a_child_who_understands_decides(competence, authority, refusal):
    case = represented(capacity="parent", is_child=True)
    assert Representation.objects.get().competence == "unknown"
    representing.show(case, authority=authority, competence=competence, note="Spoke to both.", **BY)
    if refusal is None:
        representing.check(case)
    else:
        with pytest.raises(refusal):
            representing.check(case)


def test_a_confirmed_mailbox_shows_nothing_of_authority(mailoutbox):
    case = entering.enter(entry(representative="A friend", capacity="agent", email=make.EMAIL), **BY)
    with pytest.raises(representing.NoAuthority):
        representing.check(case)
    CaseFile.objects.update(confirmed_at=make.NOW)
    case = CaseFile.objects.get()
    with pytest.raises(representing.NoAuthority):
        representing.check(case)
    said = {"authority": "said-so", "competence": "adult", "note": "She answered from her own mailbox."}
    representing.show(case, **said, **BY)
    representing.check(case)


def test_authority_needs_words_and_a_choice():
    case = represented()
    for field, value in (("note", " "), ("authority", ""), ("competence", "x")):
        with pytest.raises(Invalid) as error:
            representing.show(case, **{"authority": "signed", "competence": "adult", "note": "x", field: value}, **BY)
        assert list(error.value.fields) == [field]


def test_the_case_page_asks_for_authority(officer):
    request = represented().requests.get()
    here = reverse("admin:rights-request", args=[request.uuid])
    assert "not shown yet" in officer.get(here).text
    shown = {"authority": "signed", "competence": "adult", "note": "Signed letter."}
    refused = officer.post(reverse("admin:rights-authority", args=[request.uuid]), {**shown, "authority": ""})
    assert "Signed letter.</textarea>" in refused.text
    officer.post(reverse("admin:rights-authority", args=[request.uuid]), shown)
    assert "The person signed that they may act" in officer.get(here).text


def test_the_outcome_of_a_complaint_waits_until_they_have_shown_that_they_may(officer):
    entered = entry(
        rights=[], complaint="Nobody answered her.", representative="Ada Byron", capacity="solicitor", email=""
    )
    complaint = entering.enter(entered, **BY).complaints.get()
    here = reverse("admin:complaint", args=[complaint.uuid])
    assert "not shown yet that they may" in officer.get(here).text
    given = {"findings": "Two months passed.", "changes": "A second person looks each week.", **BY}
    with pytest.raises(representing.NoAuthority):
        complaints.close(complaint, "upheld", **given)
    shown = {"authority": "signed", "competence": "adult", "note": "Signed letter."}
    step = reverse("admin:complaint-act", args=[complaint.uuid, "authority"])
    assert officer.post(step, {f"authority-{name}": value for name, value in shown.items()}).status_code == 302
    assert "The person signed that they may act" in officer.get(here).text
    assert complaints.close(complaint, "upheld", **given)
