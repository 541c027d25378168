"""The words beside each box of the choices: of what was agreed to, and of nothing else."""

import io
import json

import pytest
from django.utils import timezone

from consents import importing, preferences
from consents.unsubscribe import Recipient
from consents.withdraw import withdraw
from subjects.identifiers import Claim
from tests import make_consents as make
from tests.consents.test_preferences import address, press, save, shown

pytestmark = pytest.mark.django_db
ADA = "ada@example.com"


def events(**more):
    """A form on show that asks for the same in other words, and comes first by its name."""
    return make.published("events", [make.control(label="Send me news of events.")], minimum_age=13, **more)


def page(client, email=ADA):
    return client.get(address(email)).content.decode()


def test_they_are_those_of_the_form_that_was_answered(client):
    make.published("join")
    make.captured()
    events()
    assert shown(client, address(ADA)) == {"join:newsletter-email": True}
    assert "E-mail me." in page(client)
    for words in ("events", "13 or older"):
        assert words not in page(client)
    # Nobody has agreed to anything there, so any form may ask.
    assert shown(client, address("new@example.com")) == {"events:newsletter-email": False}


def test_they_follow_the_form_to_its_next_version_and_to_another_language(client):
    make.published("join")
    make.captured()
    events()
    make.published("join", [make.control(label="E-mail me now and then.")])
    assert "E-mail me now and then." in page(client)
    make.published("join", [make.control(label="E-bostiwch fi.")], locale="cy-GB")
    (topic,) = preferences.of(Recipient(ADA, ""), now=make.NOW, locale="cy-GB").topics
    assert [(box.label, box.is_on) for box in topic.boxes] == [("E-bostiwch fi.", True)]


def test_what_was_said_to_no_form_has_no_words_of_one(client):
    events()
    row = {"email": ADA, "purpose": "newsletter", "channel": "email", "status": "given", "evidence": "F1"}
    file = io.BytesIO(json.dumps({**row, "at": make.NOW.isoformat()}).encode())
    importing.take_rows(file, is_csv=False, actor=make.ACTOR, now=make.NOW)
    assert "I have agreed to this" in page(client)
    assert "news of events" not in page(client)
    save(client, address(ADA), **{"end:newsletter:email": False})
    assert make.reason(now=make.days(400)) == "consent-withdrawn"


def test_what_has_ended_keeps_them_so_that_it_can_be_set_back(client):
    make.published("join")
    make.captured()
    events()
    ended = save(client, address(ADA), **{"join:newsletter-email": False})
    assert shown(client, address(ADA)) == {"join:newsletter-email": False}
    press(client, ended, "undo")
    assert shown(client, address(ADA)) == {"join:newsletter-email": True}


TO_EVERY_CHANNEL = make.control("surveys", "surveys", "", label="Ask me.")


def test_of_a_consent_to_every_channel_each_can_be_ended_and_all_be_begun_again(client):
    make.published("join", [TO_EVERY_CHANNEL])
    make.captured(choices={"surveys": True})
    assert shown(client, address(ADA)) == {"join:surveys": True}
    withdraw([Claim("email", ADA)], purposes=["surveys"], channel="sms", now=make.days(1), actor="public")
    left = {f"end:surveys:{channel}": True for channel in ("email", "phone", "post")}
    assert shown(client, address(ADA)) == {"join:surveys": False, **left}
    assert "Not on now by: Text message. Tick this to agree to every channel." in page(client)
    done = save(client, address(ADA), **{"join:surveys": True})
    assert shown(client, address(ADA)) == {"join:surveys": True}
    # Undone, what went on before would end as well.
    assert 'value="undo"' not in done.content.decode()
    assert make.reason(purpose="surveys", channel="sms", now=timezone.now()) == "+consent-given"


def test_so_it_is_where_each_channel_was_agreed_to_apart(client):
    channels = ("email", "phone", "sms", "post")
    make.published("join", [make.control(f"by-{channel}", "surveys", channel) for channel in channels])
    make.captured(choices={f"by-{channel}": True for channel in channels})
    make.published("join", [TO_EVERY_CHANNEL])
    assert shown(client, address(ADA)) == {"join:surveys": True}
    save(client, address(ADA), **{"join:surveys": False})
    assert shown(client, address(ADA)) == {"join:surveys": False}
    assert make.reason(purpose="surveys", channel="post", now=timezone.now()) == "consent-withdrawn"
