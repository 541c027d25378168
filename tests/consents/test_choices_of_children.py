"""*Your choices* of a child: who agreed to what stands, and why the rest is not begun there."""

import re

import pytest
from django.urls import reverse

from consents import unsubscribe
from consents.unsubscribe import Recipient
from subjects import people
from subjects.identifiers import Claim
from tests import make_consents as make
from tests.consents.test_coming_of_age import EMAIL, PARENT, given

pytestmark = pytest.mark.django_db


@pytest.fixture
def choices(client, monkeypatch):
    """Each topic of the page by its heading."""
    make.published(minimum_age=13)
    make.published("jobs", [make.control("surveys", "surveys", label="Tell me of vacancies.")], minimum_age=16)
    make.published("partners", [make.control("partners", "partner-promotions", label="Partners may write.")])
    monkeypatch.setattr("consents.views_preferences.timezone.now", lambda: make.days(1))

    def read(email=EMAIL):
        address = reverse("consents:preferences", args=[unsubscribe.seal(Recipient(email, ""))])
        page = re.sub(r"\s+", " ", client.get(address).content.decode())
        topics = re.findall(r"<fieldset class=\"field topic\".*?</fieldset>", page)
        return {label: topic for topic in topics for label in LABELS if label in topic}

    return read


LABELS = ("E-mail me.", "Tell me of vacancies.", "Partners may write.")


def test_it_is_said_that_a_parent_agreed_and_not_that_the_child_did(choices):
    given()
    stands = choices()["E-mail me."]
    assert "A parent or guardian agreed on 3 March 2026." in stands
    assert "You agreed" not in stands
    assert "13 or older" not in stands
    assert " checked" in stands


def test_of_what_nobody_ever_asked_a_parent_it_is_said_for_whom_it_is(choices):
    given()
    shown = choices()
    vacancies, partners = shown["Tell me of vacancies."], shown["Partners may write."]
    assert "This is for people who are 16 or older." in vacancies
    assert 'href="/forms/jobs/"' in vacancies
    assert "This is not offered to children." in partners
    assert not any("agreed on" in topic or "has answered" in topic for topic in (vacancies, partners))


def test_the_parents_mailbox_is_told_that_nothing_is_begun_from_there(choices):
    given(identity={"phone": "+44 7700 900123"})
    people.link(people.find([Claim("phone", "+44 7700 900123")]), Claim("email", PARENT))
    shown = choices(PARENT)
    assert "A parent or guardian agreed on 3 March 2026." in shown["E-mail me."]
    assert "nothing is begun for the child from here" in shown["Tell me of vacancies."]


def test_whoever_agreed_alone_agreed_themself(choices):
    make.captured(of_age=True)
    shown = choices()
    assert "You agreed on 3 March 2026." in shown["E-mail me."]
    assert "Only if you are 13 or older." in shown["E-mail me."]
    assert 'type="checkbox"' in shown["Tell me of vacancies."]
