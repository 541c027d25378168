"""A message that names no right: staff find the right, and it counts from the day the message came."""

from datetime import timedelta

import pytest
from django.urls import reverse

from core.models import User
from core.outbox import deliver_due
from requests import triage
from requests.intake import confirm
from requests.models import Task
from requests.sending import WrongRight
from requests.workflow import State
from subjects.identifiers import Claim
from subjects.models import ErasureBlock
from subjects.people import find_or_create
from tests import make_requests
from tests.make_requests import EMAIL, NOW, token_in

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=5)


@pytest.fixture
def message():
    make_requests.system()
    return make_requests.case("general", answers={"general": "Somebody called me."}).requests.get()


def test_a_message_asks_no_system_and_can_be_closed_when_it_was_read(message):
    assert not Task.objects.exists()
    assert message.due_on
    for state in (State.IN_PROGRESS, State.FULFILLED):
        message.move(state, actor="user:test", now=LATER)


def test_the_right_that_is_found_is_due_from_the_day_of_the_message(message, mailoutbox):
    opened = triage.name_right(message, "access", actor="user:test", now=LATER)
    assert (opened.case, opened.due_on) == (message.case, message.due_on)
    assert opened.tasks.exists()
    assert triage.name_right(message, "access", actor="user:test", now=LATER) == opened
    deliver_due(now=LATER)
    assert opened.reference in mailoutbox[-1].body
    assert "4 November 2026" in mailoutbox[-1].body


def test_an_access_request_of_a_known_person_is_protected(message, mailoutbox):
    find_or_create([Claim("email", EMAIL)], now=NOW, actor="test")
    confirm(token_in(mailoutbox), now=NOW)
    message.refresh_from_db()
    opened = triage.name_right(message, "access", actor="user:test", now=LATER)
    assert ErasureBlock.objects.get().placed_for == opened.uuid


def test_only_a_message_is_read_for_a_right():
    with pytest.raises(WrongRight):
        triage.name_right(make_requests.case().requests.get(), "erasure", actor="user:test", now=LATER)


def test_staff_name_it_on_its_page(client, message):
    client.force_login(User.objects.create_superuser("officer", password="a password of good length"))
    page = client.get(reverse("admin:rights-request", args=[message.uuid]))
    assert "The right in this message" in page.text
    for right in triage.FOUND:
        assert f'value="{right}"' in page.text
    url = reverse("admin:rights-name", args=[message.uuid])
    assert client.post(url, {"right": "general"}).status_code == 404
    assert client.post(url, {"right": "erasure"}).status_code == 302
    assert set(message.case.requests.values_list("right", flat=True)) == {"general", "erasure"}
