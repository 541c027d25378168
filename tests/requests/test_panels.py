"""The page of a request shows the parts that its right needs, and opens those that wait for somebody."""

import pytest

from requests import panels
from requests.casework import gather
from requests.models import Right
from tests import make_office as make

pytestmark = pytest.mark.django_db
EVERY = {"who", "messages", "owner", "clock", "systems", "answer", "letters", "keeping", "history"}
OWN = {
    Right.ACCESS: {"decisions", "found", "left_out"},
    Right.RECTIFICATION: {"corrections", "left_out"},
    Right.ERASURE: {"decisions", "left_out"},
    Right.PORTABILITY: {"decisions", "left_out", "porting"},
}


def shown(rights_request):
    rights_request.refresh_from_db()
    work = gather(rights_request, now=make.NOW)
    return {panel.slug: panel for panel in panels.of(rights_request, work, may_write=True)}


@pytest.fixture
def ask(mailoutbox):
    def of(right):
        make.register(manual=True)
        make.person("newsletter", "contract-administration")
        return make.confirmed(right, mailbox=mailoutbox).requests.select_related("case__subject", "case__owner").get()

    return of


@pytest.mark.parametrize("right", OWN)
def test_each_right_has_its_own_parts(ask, right):
    assert set(shown(ask(right.value))) - {"recipients"} == EVERY | OWN[right]


def test_what_waits_is_open_and_says_so(ask):
    access = ask("access")
    before = shown(access)["systems"]
    assert (before.is_open, before.is_late) == (True, True)
    make.answered(access)
    after = shown(access)["systems"]
    assert (after.is_open, str(after.note)) == (False, "all answered")
    assert not shown(access)["found"].is_open
