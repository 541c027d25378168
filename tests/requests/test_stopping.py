"""What an objection or a withdrawal stops at once, and a wrong address put right."""

from datetime import timedelta

import pytest

from consents.models import Suppression
from consents.suppression import hashes_of
from core.models import Controller, Outbox
from core.outbox import deliver_due
from ledger.models import Entry
from requests import address, messages
from requests.intake import LinkUnusable, claim_of, confirm
from requests.stopping import consent_purposes, in_words
from subjects.identifiers import Claim
from tests import make_consents, make_requests
from tests.make_requests import EMAIL, NOW, token_in

pytestmark = pytest.mark.django_db
OTHER = "ada@example.org"


@pytest.fixture
def newsletter():
    return make_consents.live()


def stopped(email=EMAIL):
    found = Suppression.objects.filter(hash__in=hashes_of([Claim("email", email)]))
    return set(found.values_list("purpose__slug", flat=True))


def results(case):
    return {one.right: one.result.get("stopped") for one in case.requests.all()}


def test_without_more_a_no_is_read_in_its_widest_sense():
    case = make_requests.case("withdrawal")
    assert None in stopped()
    assert results(case) == {"withdrawal": ["all-marketing"]}


def test_named_consents_end_and_nothing_else(newsletter):
    slug, title = consent_purposes()[0]
    case = make_requests.case("withdrawal", stop=[slug])
    assert stopped() == {slug}
    assert results(case) == {"withdrawal": [slug]}
    assert in_words([slug, "all-marketing"]) == [title, "All direct marketing"]


def test_each_request_says_what_it_stopped(newsletter):
    slug = consent_purposes()[0][0]
    case = make_requests.case("withdrawal", "objection", "access", stop=["all-marketing", slug])
    assert results(case) == {"withdrawal": [slug], "objection": ["all-marketing"], "access": None}


def test_an_objection_to_something_else_leaves_marketing_to_its_own_no():
    case = make_requests.case("objection", stop=[], answers={"objection": "the phone calls"})
    assert stopped() == set()
    assert results(case) == {"objection": None}
    assert claim_of(case)["objection"] == "the phone calls"


def test_without_an_address_people_must_do_it():
    assert results(make_requests.case("objection", email="")) == {"objection": None}


def test_the_acknowledgement_names_what_was_stopped(mailoutbox):
    make_requests.case("objection", stop=["all-marketing"])
    deliver_due(now=NOW)
    for part in (mailoutbox[0].body, mailoutbox[0].alternatives[0][0]):
        assert "All direct marketing" in part


def test_a_corrected_address_gets_a_new_link_and_the_old_one_dies(mailoutbox):
    case = make_requests.case("objection", email="wrong@example.com")
    old = token_in(mailoutbox)
    case = address.correct(case.uuid, OTHER, now=NOW + timedelta(minutes=1))
    assert claim_of(case)["email"] == OTHER
    new = token_in(mailoutbox, now=NOW + timedelta(minutes=1))
    assert mailoutbox[-1].to == [OTHER]
    with pytest.raises(LinkUnusable):
        confirm(old, now=NOW)
    assert Entry.objects.filter(kind="case.address-corrected", object=case.uuid).count() == 1
    assert None in stopped(OTHER)
    assert confirm(new, now=NOW + timedelta(minutes=2)).is_confirmed
    with pytest.raises(address.TooLate):
        address.correct(case.uuid, "third@example.com", now=NOW + timedelta(minutes=3))


def test_what_has_not_left_yet_does_not_go_to_the_wrong_address(mailoutbox):
    case = make_requests.case(email="wrong@example.com")
    address.correct(case.uuid, OTHER, now=NOW)
    deliver_due(now=NOW)
    assert [mail.to for mail in mailoutbox] == [[OTHER]]


def test_the_same_address_again_changes_nothing():
    case = make_requests.case()
    address.correct(case.uuid, EMAIL, now=NOW)
    assert Outbox.objects.count() == 1
    assert not Entry.objects.filter(kind="case.address-corrected").exists()


def test_a_message_is_sealed_into_the_case_and_the_staff_are_told(mailoutbox):
    case = make_requests.case()
    reference = case.requests.get().reference
    for text in ("My mailbox is gone.", "Please call."):
        messages.leave(reference=reference, text=text, now=NOW)
    said = messages.said(case)
    assert [(one.text, one.message.is_proven) for one in said] == [
        ("My mailbox is gone.", False),
        ("Please call.", False),
    ]
    assert not any(b"mailbox" in bytes(one.message.sealed) for one in said)
    deliver_due(now=NOW)
    note = mailoutbox[-1]
    assert note.to == [Controller.current().dpo_contact]
    assert reference in note.subject
    assert "call" not in note.body
    assert Entry.objects.filter(kind="case.message-left", object=case.uuid).count() == 2


def test_a_message_to_an_unknown_reference_goes_nowhere_and_nobody_fills_a_case():
    messages.leave(reference="KP-2222-2222", text="Hello", now=NOW)
    assert not Outbox.objects.exists()
    case = make_requests.case()
    for _ in range(12):
        messages.leave(reference=case.requests.get().reference, text="x" * messages.LENGTH, now=NOW)
    assert sum(len(one.text) for one in messages.said(case)) <= messages.ALTOGETHER
