"""What a parent ended is their own "no": they may begin it again, and it is not called the child's."""

import re

import pytest
from django.test import Client
from django.utils import timezone

from consents import rebuild
from consents.models import ConsentForm, Suppression
from consents.withdraw import withdraw
from subjects.identifiers import Claim
from tests import make_consents as make
from tests.make_unproven import ADA, by_browser, by_page, children, key, mailed, no, reason

pytestmark = pytest.mark.django_db
PHONE = {"phone": "+447700900123"}


@pytest.fixture(params=["e-mail", "number"])
def child(request):
    """What their form says. The answers come from a key for browsers, so nobody has proved them."""
    make.published()
    return children(identity={"email": ADA} if request.param == "e-mail" else PHONE)


@pytest.fixture
def site():
    return key()


def text(page):
    return re.sub(r"\s+", " ", page.content.decode())


def agree(site, mailoutbox, child):
    """The form is filled in, and the parent presses the button."""
    by_browser(site, **child)
    return Client().post(mailed(mailoutbox)[-1])


def end(page):
    Client().post(re.search(r"/consent/parent/[^\"\s]+", text(page))[0])


def other_parent(child):
    return {**child, "guardian": {**child["guardian"], "email": "other@example.net"}}


def verdict(child):
    (kind, value), *_rest = child["identity"].items()
    return make.permission.check("newsletter", "email", kind, [value], now=timezone.now())[0].reason


def test_they_may_begin_again_what_they_ended(site, mailoutbox, child):
    end(agree(site, mailoutbox, child))
    assert verdict(child) in ("consent-withdrawn", "suppressed")
    assert "Confirmed" in text(agree(site, mailoutbox, child))
    assert verdict(child) == "consent-given"
    assert not Suppression.objects.filter(lifted_at=None).exists()
    assert {mail.to[0] for mail in mailoutbox} == {"parent@example.net"}
    assert rebuild.differences() == 0


def test_ended_between_the_form_and_the_button_it_begins_again_by_the_button(site, mailoutbox, child):
    page = agree(site, mailoutbox, child)
    by_browser(site, **child)
    link = mailed(mailoutbox)[-1]
    end(page)
    assert "Confirmed" in text(Client().post(link))


def links(site, mailoutbox, child):
    """The form is filled in: the link to each mailbox."""
    before = len(mailoutbox)
    by_browser(site, **child)
    mailed(mailoutbox)
    found = {mail.to[0]: re.search(r"/consent/confirm/\S+/", mail.body) for mail in mailoutbox[before:]}
    return {to: link[0] for to, link in found.items() if link}


@pytest.mark.parametrize("ended", ["after", "before"])
def test_what_they_end_after_their_button_is_not_begun_by_the_childs(site, mailoutbox, ended):
    make.published()
    child = children(identity={"email": ADA})
    ConsentForm.objects.filter(slug="kids").update(double_opt_in=True)
    first = links(site, mailoutbox, child)
    Client().post(first[ADA])
    page = Client().post(first["parent@example.net"])
    assert reason() == "+consent-given"
    again = links(site, mailoutbox, child)
    if ended == "before":
        end(page)
    assert "still missing" in text(Client().post(again["parent@example.net"]))
    if ended == "after":
        end(page)
    own = Client().post(again[ADA])
    if ended == "before":
        assert "Confirmed" in text(own)
        return
    assert (own.status_code, "your parent or guardian ended this" in text(own)) == (409, True)
    assert not reason().startswith("+")


@pytest.mark.parametrize("who", ["child", "other-parent"])
def test_what_somebody_else_ended_they_do_not_begin_alone(site, mailoutbox, child, who):
    page = agree(site, mailoutbox, child)
    (kind, value), *_rest = child["identity"].items()
    if who == "child":
        end(page)
        withdraw([Claim(kind, value)], purposes=["newsletter"], now=timezone.now(), actor=make.ACTOR)
    else:
        end(page)
        child = other_parent(child)
    page = agree(site, mailoutbox, child)
    assert "Confirmed" not in text(page)
    assert page.status_code == (200 if kind == "email" else 409)
    assert verdict(child) in ("consent-withdrawn", "suppressed")


def test_the_child_is_told_who_had_ended_it(site, mailoutbox):
    make.published()
    said = children(identity={"email": ADA})
    end(agree(site, mailoutbox, said))
    agree(site, mailoutbox, other_parent(said))
    mailed(mailoutbox)
    (own,) = (mail for mail in mailoutbox if mail.to == [ADA])
    assert "A parent or guardian had ended this for you before" in own.body


def test_a_no_of_the_child_is_not_hidden_by_a_parents_end(site, mailoutbox):
    make.published()
    said = children(identity={"email": ADA})
    end(agree(site, mailoutbox, said))
    no("objected")
    assert "still missing" in text(agree(site, mailoutbox, said))
    assert reason() == "objected"


def test_for_anybody_else_who_proved_nothing_it_is_a_no(site, mailoutbox):
    make.published()
    end(agree(site, mailoutbox, children(identity={"email": ADA})))
    before = reason()
    by_page(site)
    assert reason() == before
    assert len(mailed(mailoutbox)) == 2
    assert "A parent or guardian had ended this for you before" in mailoutbox[-1].body
