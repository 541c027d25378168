"""Somebody calls a grown-up a child and themself the parent: what the person agreed to alone stays as it is."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from consents import unsubscribe
from consents.models import ConsentState
from consents.unsubscribe import Recipient
from tests import make_consents as make
from tests.make_unproven import ADA, by_browser, by_page, children, key, mailed

pytestmark = pytest.mark.django_db
EVE = "eve@example.net"
PHONE = {"phone": "+447700900123"}


@pytest.fixture(autouse=True)
def form():
    return make.published()


@pytest.fixture
def site():
    return key()


def called_a_child(identity=None, slug="kids"):
    said = children(slug=slug, identity=identity or {"email": ADA})
    said["guardian"]["email"] = EVE
    return said


def by_our_page(_site, *, form, guardian, identity):
    more = {"age": "younger", "guardian_email": guardian["email"], "guardian_until": guardian["until"]}
    return by_page(None, identity["email"], slug=form, **more)


def text(page):
    return re.sub(r"\s+", " ", page.content.decode())


def choices():
    return text(Client().get(reverse("consents:preferences", args=[unsubscribe.seal(Recipient(ADA, ""))])))


@pytest.mark.parametrize("door", [by_browser, by_our_page])
@pytest.mark.parametrize("own", ["proved", "unproved", "of-something-else"])
def test_their_own_yes_stays_theirs_until_they_press_a_button_too(site, client, mailoutbox, door, own):
    match own:
        case "proved":
            make.captured(now=timezone.now())
        case "unproved":
            by_page(site)
        case "of-something-else":
            make.published("other", [make.control("surveys-email", "surveys", label="Ask me.")])
            make.captured(form="other", choices={"surveys-email": True}, now=timezone.now())
    before = list(ConsentState.objects.values_list("event", "status"))
    door(site, **called_a_child())
    page = text(client.post(mailed(mailoutbox)[0]))
    assert "/consent/parent/" not in page
    assert "One button is still missing" in page
    assert list(ConsentState.objects.values_list("event", "status")) == before
    shown = choices()
    assert ("You agreed on" in shown, "13 or older" in shown, "not offered to children" in shown) == (
        True,
        False,
        False,
    )
    link = mailed(mailoutbox)[-1]
    assert mailoutbox[-1].to == [ADA]
    assert "You have agreed to something of ours yourself before, without a parent" in mailoutbox[-1].body
    assert "You had said no" not in mailoutbox[-1].body
    assert "Your parent or guardian has agreed, and so have you" in text(client.post(link))
    assert "A parent or guardian agreed on" in choices()


def test_what_has_run_out_stands_in_no_parents_way(site, client, mailoutbox):
    make.captured(now=timezone.now())
    ConsentState.objects.update(valid_until=timezone.now())
    by_browser(site, **called_a_child())
    assert "Confirmed" in text(client.post(mailed(mailoutbox)[0]))


def test_what_a_parent_agreed_to_before_is_no_answer_of_the_child(site, client, mailoutbox):
    for slug in ("kids", "games"):
        by_browser(site, **called_a_child(slug=slug))
        assert "Confirmed" in text(client.post(mailed(mailoutbox)[-1]))


def test_without_a_mailbox_their_yes_stays(site, client, mailoutbox):
    make.published("texts", [make.control("newsletter-sms", channel="sms")])
    by_browser(site, form="texts", identity=PHONE, choices={"newsletter-sms": True})
    before = ConsentState.objects.get().event
    by_browser(site, **called_a_child(PHONE))
    page = client.post(mailed(mailoutbox)[0])
    assert (page.status_code, "it was answered before" in text(page)) == (409, True)
    assert "said no, or asked for a pause" not in text(page)
    assert ConsentState.objects.get().event == before


def test_a_system_answers_for_whom_it_calls_a_child(client, mailoutbox):
    make.captured(now=timezone.now())
    body = make.body(**called_a_child())
    client.post("/api/v1/consents/", body, content_type="application/json", **make.key())
    assert "Confirmed" in text(client.post(mailed(mailoutbox)[0]))


def test_whoever_was_called_a_child_before_they_said_anything_gets_out_of_it_by_the_form(site, client, mailoutbox):
    make.published("other", [make.control("surveys-email", "surveys", label="Ask me.")])
    by_browser(site, **called_a_child())
    client.post(mailed(mailoutbox)[0])
    told = choices()
    assert "This is not offered to children. If you are none," in told
    assert 'href="/forms/other/"' in told
    by_page(site, slug="other", ticked=("surveys-email",))
    told = choices()
    assert ("You agreed on" in told, "not offered to children" in told) == (True, False)
