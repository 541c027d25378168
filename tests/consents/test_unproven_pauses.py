"""A pause of the owner stands against a "yes" that nobody proved, as a "no" does: the "yes" would end it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from consents import answers, capture, pausing
from processing.models import Purpose
from subjects.identifiers import Claim
from subjects.models import DataSubject
from tests import make_consents as make
from tests.make_unproven import ADA, CONTROLS, DOORS, NEW, by_browser, children, key, mailed, reason

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def form():
    return make.published(controls=CONTROLS)


@pytest.fixture
def site():
    return key()


def pause(*slugs, begun=timedelta(), days=60):
    purposes = [Purpose.objects.get(slug=slug) for slug in slugs] or [pausing.ALL]
    now = timezone.now() - begun
    pausing.begin([Claim("email", ADA)], purposes=purposes, until=now + timedelta(days), now=now, actor="public")


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("slugs", [["newsletter"], []])
def test_it_is_ended_by_the_owner_of_the_mailbox_only(site, mailoutbox, door, known, slugs):
    if known:
        make.captured()
    pause(*slugs)
    before = reason(), DataSubject.objects.count()
    door(site)
    assert (reason(), DataSubject.objects.count()) == before
    (link,) = mailed(mailoutbox)
    assert "You had said no to this before, or paused it. That stays so unless you confirm." in mailoutbox[0].body
    assert "Confirmed" in Client().post(link).content.decode()
    assert reason() == "+consent-given"


def test_whoever_sent_it_is_told_what_everybody_is_told(site):
    make.captured()
    pause()
    paused, other = (by_browser(site, email).json() for email in (ADA, NEW))
    hidden = {"consent": "", "receipt": ""}
    assert {**paused, **hidden} == {**other, **hidden}


def test_one_of_something_else_and_one_that_is_over_stand_in_nobodys_way(site, mailoutbox):
    make.captured()
    pause("surveys")
    pause("newsletter", begun=timedelta(days=9), days=3)
    by_browser(site)
    assert (reason(), mailed(mailoutbox)) == ("+consent-given", [])


def test_one_that_a_yes_of_their_own_has_ended_stands_in_nobodys_way(site, mailoutbox):
    pause()
    make.captured(now=timezone.now())
    by_browser(site)
    assert (reason(), mailed(mailoutbox)) == ("+consent-given", [])


@pytest.mark.parametrize("known", [True, False])
def test_a_yes_that_is_proved_ends_it_at_once(known):
    if known:
        make.captured()
    pause()
    make.captured(now=timezone.now())
    assert reason() == "+consent-given"


@pytest.mark.parametrize("known", [True, False])
def test_one_between_looking_and_writing_is_seen(known):
    if known:
        make.captured()
    answer = answers.read(make.body(), now=timezone.now())
    pause()
    with pytest.raises(capture.SaidNo):
        capture.capture(answer, now=timezone.now(), actor=make.ACTOR, unproven=True)


@pytest.mark.parametrize("begun", ["before", "after"])
def test_whoever_calls_themself_a_parent_ends_none_of_the_childs(site, mailoutbox, begun):
    make.captured()
    if begun == "before":
        pause()
    by_browser(site, **children())
    if begun == "after":
        pause()
    page = Client().post(mailed(mailoutbox)[0]).content.decode()
    assert "Confirmed" not in page
    assert reason() == "paused"
