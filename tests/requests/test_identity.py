"""Who asks, shown to staff: how it is recorded, what it opens, and that nothing goes to a mailbox nobody proved."""

import pytest

from core.errors import Invalid, NotFound
from core.models import Outbox
from core.outbox import deliver_due
from ledger.models import Entry
from requests import answer, collection, identity, intake, package
from requests.identity import accept, tie
from requests.models import CaseFile, Package
from requests.sending import InDoubt, Unconfirmed
from subjects import people
from subjects.identifiers import Claim
from subjects.models import ErasureBlock
from tests import make_office as make
from tests import make_requests

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def register():
    make.register()


def shown(case, **given):
    given = {"how": "called-back", "note": "Called Grace on the number in the contract.", **given}
    return accept(case, now=make.NOW, actor=make.OFFICER, **given)


def tied(case, subject):
    return tie(case, subject, now=make.NOW, actor=make.OFFICER)


def test_a_letter_is_answered_to_the_person_it_came_from(mailoutbox):
    grace = make.person("newsletter", token="TOKEN")
    case = make_requests.case("access", email="", channel="letter", now=make.NOW)
    request = case.requests.get()
    with pytest.raises(Unconfirmed):
        answer.release_access(request, actor=make.OFFICER, now=make.NOW)
    shown(case)
    tied(case, grace)
    assert ErasureBlock.objects.get(released_at=None).placed_for == request.uuid
    request.refresh_from_db()
    answer.prepare_access(request, actor=make.OFFICER, now=make.NOW)
    answer.release_access(request, actor=make.OFFICER, now=make.NOW)
    assert "TOKEN" in b"".join(package.page_of(Package.objects.get())).decode()
    assert not mailoutbox
    kinds = Entry.objects.filter(object=case.uuid).values_list("kind", flat=True)
    assert {"case.identified", "case.tied"} <= set(kinds)
    assert not Entry.objects.filter(body__contains="number in the contract").exists()


def test_nothing_goes_to_a_mailbox_that_was_never_confirmed(mailoutbox):
    """Somebody lost their mailbox, and shows who they are by telephone. Its new reader gets nothing."""
    grace = make.person("newsletter")
    case = make_requests.case("access", now=make.NOW)
    old_link = make_requests.token_in(mailoutbox, now=make.NOW)
    shown(case, is_their_mailbox=True)
    tied(case, grace)
    with pytest.raises(intake.LinkUnusable):
        intake.confirm(old_link, now=make.NOW)
    reference = case.requests.get().reference
    intake.send_new_link(email=make.EMAIL, reference=reference, now=make.NOW + intake.LINK_LIFE)
    request = case.requests.get()
    answer.release_access(request, actor=make.OFFICER, now=make.NOW)
    deliver_due(now=make.NOW)
    assert not collection.issue_code(Package.objects.get(), now=make.NOW)
    assert len(mailoutbox) == 1
    assert not Outbox.objects.filter(sent_at=None).exists()


def test_a_shared_mailbox_is_not_told_that_we_hold_nothing(mailoutbox):
    grace = make.person("newsletter")
    people.find_or_create([Claim("email", make.EMAIL), Claim("customer_number", "C-2")], now=make.NOW, actor="test")
    other = people.find_or_create([Claim("customer_number", "C-9")], now=make.NOW, actor="test")
    people.verify_identifier(other, Claim("email", make.EMAIL), how="mail", now=make.NOW, actor="test")
    case = make.confirmed("access", "erasure", mailbox=mailoutbox)
    assert case.subject is None
    for request in case.requests.all():
        with pytest.raises(InDoubt):
            answer.draft(request, now=make.NOW)
    access = case.requests.get(right="access")
    with pytest.raises(InDoubt):
        answer.release_access(access, actor=make.OFFICER, now=make.NOW)
    shown(case)
    tied(case, grace)
    access.refresh_from_db()
    answer.release_access(access, actor=make.OFFICER, now=make.NOW)
    deliver_due(now=make.NOW)
    # Whoever else reads the shared mailbox is sent nothing but the acknowledgement.
    assert len(mailoutbox) == 1


def test_an_address_that_became_shared_after_it_was_confirmed_discloses_nothing(mailoutbox):
    make.person("newsletter")
    case = make.confirmed("access", mailbox=mailoutbox)
    other = people.find_or_create([Claim("customer_number", "C-9")], now=make.NOW, actor="test")
    people.verify_identifier(other, Claim("email", make.EMAIL), how="mail", now=make.NOW, actor="test")
    with pytest.raises(InDoubt):
        answer.release_access(case.requests.get(), actor=make.OFFICER, now=make.NOW)


def test_whose_case_it_is_can_be_said_only_after_it_was_shown():
    grace = make.person("newsletter")
    case = make_requests.case("access", email="", now=make.NOW)
    with pytest.raises(identity.NotIdentified):
        tied(case, grace)
    shown(case)
    tied(case, grace)
    bob = make.person("newsletter", email="bob@example.com")
    with pytest.raises(identity.Tied):
        tied(case, bob)
    with pytest.raises(identity.Tied):
        shown(case)


@pytest.mark.parametrize(
    ("given", "field"),
    [({"how": "guessed"}, "how"), ({"note": " "}, "note"), ({"note": "x" * 2001}, "note"), ({"note": "\x00"}, "note")],
)
def test_what_is_recorded_is_checked(given, field):
    case = make_requests.case("access", email="", now=make.NOW)
    with pytest.raises(Invalid) as refusal:
        shown(case, **given)
    assert list(refusal.value.fields) == [field]
    assert CaseFile.objects.get().identified_at is None


def test_a_test_person_is_nobody_to_disclose():
    case = make_requests.case("access", email="", now=make.NOW)
    shown(case)
    tester = people.find_or_create([Claim("email", "t@example.com")], now=make.NOW, actor="test", is_test=True)
    with pytest.raises(NotFound):
        tied(case, tester)
