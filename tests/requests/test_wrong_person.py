"""Who gets the copy: an address that somebody merely typed beside another identifier opens nobody's data."""

import pytest

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
