"""Only what was proved selects data: a telephone number we held and rang, and never an address typed beside another."""

from datetime import timedelta

import pytest
from django.urls import reverse

from core.errors import Invalid
from ledger.models import Entry
from requests import answer, identity, identity_doubt, intake, package
from requests.models import CaseFile, Package
from requests.sending import InDoubt
from subjects import people
from subjects.identifiers import Claim
from subjects.models import SubjectIdentifier
from tests import make_office as make
from tests import make_requests, make_subjects

pytestmark = pytest.mark.django_db
NUMBER = "+447700900123"


@pytest.fixture(autouse=True)
def register():
    make.register()


def known(email, number=None, token="Grace"):
    """A person who came with these, and of whom one item says the token."""
    claims = [Claim("email", email), *([Claim("phone", number)] if number else [])]
    subject = people.find_or_create(claims, now=make.NOW, actor="test")
    make_subjects.item(subject, "newsletter", content=token, category="name", now=make.NOW - timedelta(days=40))
    return subject


def letter(**given):
    return make_requests.case("access", email="", channel="letter", now=make.NOW, **given)


def called(case, number="07700 900123"):
    words = "She knew the date of her last order, 533380006."
    return identity_doubt.called_back(case, number=number, note=words, actor=make.OFFICER, now=make.NOW)


def copy_of(case):
    request = case.requests.get()
    answer.release_access(request, actor=make.OFFICER, now=make.NOW)
    return b"".join(package.page_of(Package.objects.get(request=request))).decode()


def test_a_number_we_held_and_called_back_is_proved():
    grace = known(make.EMAIL, NUMBER, "TOKEN-OF-GRACE")
    case = called(letter())
    assert case.subject == grace
    assert case.identified_how == "called-back"
    link = SubjectIdentifier.objects.get(subject=grace, identifier__type="phone")
    assert link.verified_how == "called-back"
    assert Entry.objects.get(kind="identifier.verified").subject == grace.uuid
    assert not Entry.objects.filter(body__contains="900123").exists()
    # The e-mail address of the same person is no more proved than before.
    assert SubjectIdentifier.objects.get(subject=grace, identifier__type="email").verified_at is None
    assert "TOKEN-OF-GRACE" in copy_of(CaseFile.objects.get())


def test_a_number_that_proves_nothing_is_refused():
    known(make.EMAIL, NUMBER)
    case = letter()
    with pytest.raises(identity.NotFoundExactly):
        called(case, number="07700 900999")
    # Added later, by whoever typed it beside the address of somebody we knew.
    people.find_or_create([Claim("email", make.EMAIL), Claim("phone", "+447700900555")], now=make.NOW, actor="test")
    with pytest.raises(identity.NotFoundExactly):
        called(case, number="07700 900555")
    # Shared by two.
    people.find_or_create([Claim("phone", NUMBER), Claim("customer_number", "C-1")], now=make.NOW, actor="test")
    other = people.find_or_create([Claim("customer_number", "C-9")], now=make.NOW, actor="test")
    people.verify_identifier(other, Claim("phone", NUMBER), how="test", now=make.NOW, actor="test")
    with pytest.raises(identity.NotFoundExactly):
        called(case)
    with pytest.raises(Invalid):
        called(case, number="not a number")
    assert CaseFile.objects.get().identified_at is None


def test_the_number_of_somebody_else_does_not_take_over_a_case(mailoutbox):
    known(make.EMAIL)
    known("bob@example.com", NUMBER)
    case = make.confirmed("access", mailbox=mailoutbox)
    with pytest.raises(identity.Tied):
        called(case)


def test_a_second_address_never_pulls_in_the_records_of_somebody_else(mailoutbox):
    """Grace confirms her mailbox, and writes the number and the address of Bob beside it."""
    known(make.EMAIL, token="TOKEN-OF-GRACE")
    known("bob@example.com", NUMBER, "TOKEN-OF-BOB")
    case = intake.open_case(
        rights=["access"],
        requester={"name": "Grace", "email": make.EMAIL, "phone": NUMBER},
        details="My other address is bob@example.com, and my number is 07700 900123.",
        channel="web",
        received_at=make.NOW,
        received_on=None,
        locale="en-GB",
        actor="public",
        now=make.NOW,
    )
    intake.confirm(make_requests.token_in(mailoutbox, now=make.NOW), now=make.NOW)
    page = copy_of(case)
    assert "TOKEN-OF-GRACE" in page
    assert "TOKEN-OF-BOB" not in page


def test_an_address_added_later_selects_nobody_even_when_it_is_confirmed(mailoutbox):
    known(make.EMAIL, token="TOKEN-OF-GRACE")
    stranger = Claim("email", "stranger@example.com")
    people.find_or_create([Claim("email", make.EMAIL), stranger], now=make.NOW, actor="test")
    case = make.confirmed("access", email=stranger.value, mailbox=mailoutbox)
    assert case.subject is None
    with pytest.raises(InDoubt):
        answer.release_access(case.requests.get(), actor=make.OFFICER, now=make.NOW)


def test_over_http(client):
    known(make.EMAIL, NUMBER)
    request = letter().requests.get()
    address = reverse("admin:rights-call-back", args=[request.uuid])
    client.force_login(make.staff("auditor", group="auditor"))
    assert client.post(address, {"number": NUMBER, "note": "She."}).status_code == 404
    client.force_login(make.staff())
    page = client.get(reverse("admin:rights-request", args=[request.uuid])).content.decode()
    assert page.index("Number that we called") < page.index("What you looked at, in a sentence")
    page = client.post(address, {"number": "07700 900123", "note": "She."}, follow=True).content.decode()
    assert "The number is proved" in page
    assert CaseFile.objects.get().subject
