"""Who gets the copy: an address that somebody merely typed beside another identifier opens nobody's data."""

import pytest

from core.outbox import deliver_due
from requests import answer, messages, package
from requests.models import Package
from subjects import people
from subjects.identifiers import Claim
from tests import make_office as make

pytestmark = pytest.mark.django_db
PHONE = Claim("phone", "07700 900123")
NUMBER = Claim("customer_number", "C-1001")
MALLORY = "mallory@example.org"


@pytest.fixture(autouse=True)
def register():
    make.register()


def meet(*claims):
    return people.find_or_create(claims, now=make.NOW, actor="api:website")


@pytest.mark.parametrize("known_by", [PHONE, NUMBER])
def test_an_address_added_to_somebody_later_does_not_select_them(known_by, mailoutbox):
    """Anyone can type a stranger's number into a form, and their own address beside it."""
    meet(known_by)
    meet(known_by, Claim("email", MALLORY))
    case = make.confirmed("access", email=MALLORY, mailbox=mailoutbox)
    assert case.is_confirmed
    assert case.subject is None


def test_an_address_somebody_came_with_selects_them(mailoutbox):
    grace = meet(Claim("email", make.EMAIL), PHONE)
    assert make.confirmed("access", mailbox=mailoutbox).subject == grace


@pytest.mark.parametrize(
    "typed", ["\ufb01ona@example.com", "Fiona@EXAMPLE.com", "fiona\uff20example.com", "\u017fi\u00df@example.com"]
)
def test_the_link_goes_to_the_mailbox_that_it_proves(typed, mailoutbox):
    """What was typed may be a mailbox of its own that has the same normal form."""
    mailbox = Claim("email", typed).normalised
    grace = meet(Claim("email", mailbox))
    case = make.confirmed("access", email=typed, mailbox=mailoutbox)
    assert case.subject == grace
    answer.release_access(case.requests.get(), actor=make.OFFICER, now=make.NOW)
    deliver_due(now=make.NOW)
    assert [mail.to for mail in mailoutbox] == [[mailbox]] * 2


def test_a_message_of_unknown_origin_is_not_in_the_copy(mailoutbox):
    """Somebody lost the mailbox and told us where they are now. Its new reader must not find that in a copy."""
    meet(Claim("email", make.EMAIL))
    case = make.confirmed("access", mailbox=mailoutbox, details="MY-OWN-WORDS")
    request = case.requests.get()
    messages.leave(reference=request.reference, text="Call me on NEW-NUMBER.", now=make.NOW)
    answer.release_access(request, actor=make.OFFICER, now=make.NOW)
    copy = b"".join(package.page_of(Package.objects.get())).decode()
    assert "MY-OWN-WORDS" in copy
    assert "NEW-NUMBER" not in copy
