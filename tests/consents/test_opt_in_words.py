"""What is told to whoever answers a form, owns the mailbox, or is a parent: no more than is so, and to all alike."""

import re

import pytest
from django.utils import timezone

from consents.models import ConsentEvent, ConsentForm
from consents.withdraw import withdraw
from subjects.identifiers import Claim
from tests import make_consents as make
from tests.make_unproven import ADA, CONTROLS, NEW, by_browser, by_page, children, key, mailed, no, reason

pytestmark = pytest.mark.django_db
BOTH = ("newsletter-email", "surveys-email")
THREE = "An address gets at most three such e-mails a day"


@pytest.fixture(autouse=True)
def form():
    return make.published(controls=CONTROLS)


def text(page):
    return re.sub(r"\s+", " ", page.content.decode())


def thanks(client, email=ADA, **said):
    """The page after the form, without what is of this answer alone."""
    page = text(client.get(by_page(None, email, **said)["Location"]))
    return re.sub(r'(name="(receipt|csrfmiddlewaretoken)" value=)"[^"]+"', "", page)


def test_what_else_is_mailed_to_an_address_keeps_no_question_from_it(client, mailoutbox):
    """Anybody can ask for codes to anybody's choices."""
    ConsentForm.objects.update(double_opt_in=True)
    for _time in range(3):
        client.post("/preferences/", {"email": ADA})
    for _time in range(4):
        by_page(None)
    assert len(mailed(mailoutbox)) == 3
    assert len(mailoutbox) == 6


def test_a_parent_is_asked_for_each_of_three_children_on_a_day(client, mailoutbox):
    """Each "yes" of theirs is told them by a mail, which asks for nothing."""
    for number in range(4):
        said = children(slug=f"kids{number}", identity={"email": f"child{number}@example.com"})
        by_browser(key(), **said)
        client.post(mailed(mailoutbox)[-1])
    assert len(mailed(mailoutbox)) == 3
    assert [mail.to for mail in mailoutbox if "You agreed for a child" in mail.subject] == [["parent@example.net"]] * 3


def test_of_an_answer_that_meets_a_no_in_part_nothing_counts_and_the_mail_says_so(client, mailoutbox):
    no()
    assert "what you agree to now counts once you press the button" in thanks(client, ticked=BOTH)
    assert not make.reason(purpose="surveys", now=timezone.now()).startswith("+")
    (link,) = mailed(mailoutbox)
    body = mailoutbox[0].body
    assert "You had said no to some of this before, or paused it." in body
    assert "nothing in this list counts" in body
    assert "Confirmed" in text(client.post(link))
    assert (reason(), make.reason(purpose="surveys", now=timezone.now())) == ("+consent-given", "+consent-given")


def test_the_mail_and_the_page_name_what_the_form_refused_because_that_counted_at_once(client, mailoutbox):
    make.captured(choices={"newsletter-email": True, "surveys-email": True})
    no()
    by_page(None)
    assert make.reason(purpose="surveys", now=timezone.now()) == "consent-refused"
    (link,) = mailed(mailoutbox)
    body, page = mailoutbox[0].body, text(client.get(link))
    assert "You had said no to this before, or paused it. That stays so unless you confirm." in body
    for told in (body, page):
        assert "That counts already, whoever filled it in:" in told
        assert "which is a no: you do not get it" in told
        assert "Ask me." in told.partition("That counts already")[2]
        assert "deleted" not in told
    assert "/preferences/" in body


def test_the_page_after_the_form_does_not_tell_that_somebody_has_confirmed_since(client, mailoutbox):
    make.captured(choices={"newsletter-email": True, "surveys-email": True})
    no()
    thanked = by_page(None)["Location"]
    before = text(client.get(thanked))
    (link,) = mailed(mailoutbox)
    assert "Confirmed" in text(client.post(link))
    hidden = r'(name="(receipt|csrfmiddlewaretoken)" value=)"[^"]+"'
    assert "You said no to, because the box was left empty:" in before
    assert re.sub(hidden, "", text(client.get(thanked))) == re.sub(hidden, "", before)


def test_where_nothing_was_refused_at_once_no_mail_says_so(client, mailoutbox):
    no()
    by_page(None, ticked=BOTH)
    ConsentForm.objects.update(double_opt_in=True)
    by_page(None, NEW)
    for link, mail in zip(mailed(mailoutbox), mailoutbox, strict=True):
        for told in (mail.body, text(client.get(link))):
            assert "counts already" not in told
            assert "what was filled in is deleted" in told


@pytest.mark.parametrize("double_opt_in", [False, True])
def test_an_address_that_has_had_its_mails_of_the_day_is_told_the_same(client, mailoutbox, double_opt_in):
    ConsentForm.objects.update(double_opt_in=double_opt_in)
    no()
    pages = [thanks(client) for _n in range(5)]
    assert len(mailed(mailoutbox)) == 3
    assert set(pages) == {thanks(client, NEW)}
    assert THREE in pages[0]


def test_a_parent_is_not_told_for_sure_that_the_childs_mail_went_out(client, mailoutbox):
    ConsentForm.objects.update(double_opt_in=True)
    for _n in range(3):
        by_browser(key())
    kids = children()
    ConsentForm.objects.update(double_opt_in=True)
    assert by_browser(key(), **kids).json()["pending"]
    link = mailed(mailoutbox)[-1]
    assert [mail.to for mail in mailoutbox] == [[ADA]] * 3 + [["parent@example.net"]]
    assert THREE in re.sub(r"\s+", " ", mailoutbox[-1].body)
    assert THREE in text(client.get(link))
    page = text(client.post(link))
    assert "button is still missing" in page
    assert THREE in page


def test_whoever_asks_the_child_after_the_parent_says_it_too(client, mailoutbox):
    withdraw([Claim("email", ADA)], purposes="all-marketing", now=timezone.now(), actor=make.ACTOR)
    by_browser(key(), **children())
    (link,) = mailed(mailoutbox)
    assert THREE in text(client.post(link))
    mailed(mailoutbox)
    assert "You had said no to this before, or paused it." in mailoutbox[1].body
    assert "counts already" not in mailoutbox[1].body
    assert not ConsentEvent.objects.exists()
