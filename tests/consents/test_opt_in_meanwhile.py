"""What somebody chose between the form and the button in the mail: the later word stands."""

import re

import pytest
from django.utils import timezone

from consents import entered, preferences, rebuild
from consents.models import ConsentEvent, ConsentForm, Suppression
from consents.unsubscribe import Recipient, for_mail
from consents.withdraw import withdraw
from core import apikeys
from core.models import Outbox
from core.outbox import deliver_due
from subjects.identifiers import Claim
from tests import make_consents as make

pytestmark = pytest.mark.django_db
ADA, PARENT = "ada@example.com", "parent@example.net"
CONTROLS = [make.control(), make.control("surveys-email", "surveys", label="Ask me.")]
NEWSLETTER = {"newsletter-email": True}


@pytest.fixture(autouse=True)
def forms():
    make.published(controls=CONTROLS)
    make.published("kids", CONTROLS, minimum_age=13)


def text(page):
    return re.sub(r"\s+", " ", page.content.decode())


def links(mailoutbox):
    """The link in each mailbox, the last one."""
    for row in Outbox.objects.filter(sent_at=None, kind="mail"):
        deliver_due(now=row.due_at)
    found = {mail.to[0]: re.search(r"/consent/confirm/\S+/", mail.body) for mail in mailoutbox}
    return {to: link[0] for to, link in found.items() if link}


def send(client, **said):
    answer = client.post("/api/v1/consents/", make.body(**said), content_type="application/json", **make.key())
    assert answer.status_code == 201, answer.content


def child(**more):
    until = f"{timezone.now().year + 3}-05"
    return {"form": "kids", "guardian": {"email": PARENT, "until": until}, **more}


def by_staff(_client, **said):
    note = {"words": "The child rang and asked for it.", "volunteered": "yes"}
    entered.enter(make.body(**said), kind="phone", note=note, file=None, actor=make.ACTOR, now=timezone.now())


def no(client, kind, email=ADA):
    claims = [Claim("email", email)]
    match kind:
        case "withdrawn":
            withdraw(claims, purposes=["newsletter"], now=timezone.now(), actor=make.ACTOR)
        case "objected":
            withdraw(claims, purposes="all-marketing", now=timezone.now(), actor=make.ACTOR)
        case "one-click":
            client.post(for_mail(email, ["newsletter"]).url, {"List-Unsubscribe": "One-Click"})
        case "refused":
            make.captured(email, choices={"newsletter-email": False}, now=timezone.now())


def choose(**choices):
    named = {f"join:{name.replace('_', '-')}": is_on for name, is_on in choices.items()}
    preferences.save(Recipient(ADA, ""), named, now=timezone.now())


def reason(purpose="newsletter", email=ADA):
    return make.reason(email, purpose, now=timezone.now())


@pytest.mark.parametrize("asked_by", [send, by_staff])
@pytest.mark.parametrize("kind", ["withdrawn", "objected", "one-click", "refused"])
def test_a_parents_button_takes_back_no_no_that_the_child_said_since(client, mailoutbox, kind, asked_by):
    asked_by(client, **child())
    (link,) = links(mailoutbox).values()
    no(client, kind)
    before = reason()
    assert "agree" in text(client.get(link))
    page = client.post(link)
    assert page.status_code == 409
    assert "the child said no to this or to a part of it" in text(page)
    assert "all is well" not in text(page)
    assert reason() == before
    assert not ConsentEvent.objects.filter(status="given").exists()
    assert not Suppression.objects.exclude(lifted_at=None).exists()


def test_what_the_child_refused_elsewhere_stands_in_no_parents_way(client, mailoutbox):
    send(client, **child())
    withdraw([Claim("email", ADA)], purposes=["surveys"], now=timezone.now(), actor=make.ACTOR)
    withdraw([Claim("email", ADA)], purposes=["newsletter"], channel="sms", now=timezone.now(), actor=make.ACTOR)
    assert "Confirmed" in text(client.post(links(mailoutbox)[PARENT]))
    assert reason() == "+consent-given"


def test_what_the_child_refused_before_is_answered_by_a_system_that_answers_for_who_sent_it(client, mailoutbox):
    no(client, "withdrawn")
    send(client, **child())
    assert "Confirmed" in text(client.post(links(mailoutbox)[PARENT]))
    assert reason() == "+consent-given"


def test_the_childs_own_button_takes_back_what_they_said_before_it(client, mailoutbox):
    ConsentForm.objects.filter(slug="kids").update(double_opt_in=True)
    send(client, **child())
    no(client, "withdrawn")
    mailed = links(mailoutbox)
    assert "still missing" in text(client.post(mailed[PARENT]))
    assert "Confirmed" in text(client.post(mailed[ADA]))
    assert reason() == "+consent-given"


def test_where_no_mail_reaches_the_child_the_parent_is_told_that_the_no_stays(client, mailoutbox):
    phone = {"phone": "+447700900123"}
    withdraw([Claim("phone", phone["phone"])], purposes="all-marketing", now=timezone.now(), actor=make.ACTOR)
    _row, site = apikeys.create("site", ["consents:write"], kind="publishable", origins=["https://www.example.com"])
    headers = {"Authorization": f"Api-Key {site}", "Origin": "https://www.example.com"}
    said = make.body(**child(identity=phone))
    client.post("/api/v1/consents/", said, content_type="application/json", headers=headers)
    page = client.post(links(mailoutbox)[PARENT])
    assert page.status_code == 409
    assert "we have no e-mail address at which to ask the child" in text(page)
    assert not Suppression.objects.exclude(lifted_at=None).exists()


@pytest.mark.parametrize("kind", ["unseen", "double-opt-in"])
def test_a_stale_no_is_not_said_again_when_the_yes_is_confirmed(client, mailoutbox, kind):
    make.captured()
    if kind == "unseen":
        no(client, "withdrawn")
    else:
        ConsentForm.objects.filter(slug="join").update(double_opt_in=True)
    client.post("/forms/join/", {"version": 1, "locale": "en-GB", "email": ADA, "choice-newsletter-email": "yes"})
    choose(surveys_email=True)
    assert reason("surveys") == "+consent-given"
    assert "Confirmed" in text(client.post(links(mailoutbox)[ADA]))
    assert (reason("surveys"), reason()) == ("+consent-given", "+consent-given")
    assert rebuild.differences() == 0


def by_anybody(client, *, slug="join", **ticked):
    """Whoever knows the address sends our page."""
    boxes = {f"choice-{name.replace('_', '-')}": "yes" for name in ticked}
    client.post(f"/forms/{slug}/", {"version": 1, "locale": "en-GB", "email": ADA, **boxes})


WAITS = pytest.mark.parametrize("kind", ["unseen", "double-opt-in"])


def asked(client, kind):
    """Ada gets both, and fills in: the newsletter yes, surveys no. Nothing of the yes counts before her button."""
    make.captured(choices={"newsletter-email": True, "surveys-email": True})
    make.published("other", [make.control("surveys-email", "surveys", label="Ask me.")])
    if kind == "unseen":
        no(client, "withdrawn")
    else:
        ConsentForm.objects.filter(slug="join").update(double_opt_in=True)
    by_anybody(client, newsletter_email=True)


@WAITS
def test_a_no_that_the_owner_confirms_is_not_taken_back_by_anybody(client, mailoutbox, kind):
    asked(client, kind)
    client.post(links(mailoutbox)[ADA])
    assert (reason(), reason("surveys")) == ("+consent-given", "consent-refused")
    by_anybody(client, slug="other", surveys_email=True)
    assert reason("surveys") == "consent-refused"
    assert rebuild.differences() == 0
    # Their own button does.
    client.post(links(mailoutbox)[ADA])
    assert reason("surveys") == "+consent-given"


@WAITS
def test_what_anybody_said_since_does_not_overtake_the_no_that_the_owner_confirms(client, mailoutbox, kind):
    asked(client, kind)
    link = links(mailoutbox)[ADA]
    by_anybody(client, slug="other", surveys_email=True)
    assert reason("surveys") == "+consent-given"
    page = text(client.get(link))
    assert "That counts already" not in page
    assert 'A yes to it stands now, and the button ends it:</p> <ul class="plain-list"><li>Ask me.</li></ul>' in page
    client.post(link)
    assert (reason(), reason("surveys")) == ("+consent-given", "consent-refused")


@WAITS
def test_what_the_owner_chose_since_stands_whatever_anybody_says_after_it(client, mailoutbox, kind):
    asked(client, kind)
    link = links(mailoutbox)[ADA]
    for is_on in (False, True):
        choose(surveys_email=is_on)
    by_anybody(client, slug="other", surveys_email=True)
    assert "the button ends it" not in text(client.get(link))
    client.post(link)
    assert (reason(), reason("surveys")) == ("+consent-given", "+consent-given")


def test_a_no_that_counted_at_once_is_told_as_one(client, mailoutbox):
    asked(client, "unseen")
    page = text(client.get(links(mailoutbox)[ADA]))
    assert ("That counts already" in page, "the button ends it" in page) == (True, False)


def test_a_parent_is_not_told_what_stands_for_the_child(client, mailoutbox):
    make.captured(choices={"newsletter-email": False, "surveys-email": True})
    send(client, choices=NEWSLETTER, **child())
    assert "the button ends it" not in text(client.get(links(mailoutbox)[PARENT]))


def test_a_no_that_nobody_answered_since_is_recorded_with_the_yes(client, mailoutbox):
    make.captured(choices={"newsletter-email": True, "surveys-email": True})
    ConsentForm.objects.filter(slug="join").update(double_opt_in=True)
    send(client, choices=NEWSLETTER)
    assert reason("surveys") == "+consent-given"
    client.post(links(mailoutbox)[ADA])
    assert reason("surveys") == "consent-refused"
