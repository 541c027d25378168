"""A mailbox that several people have: who sends an answer is told what everybody is told; its owner gets a way out."""

import re
from collections import Counter

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from consents import opt_in, shared_mailboxes, unsubscribe
from consents.models import ConsentEvent, ConsentForm, PendingConsent, Suppression
from consents.unsubscribe import Recipient
from ledger.models import Entry
from office import merging
from subjects import people
from subjects.identifiers import Claim
from subjects.models import DataSubject, SubjectIdentifier
from tests import make_consents as make
from tests.make_unproven import (
    ADA,
    CONTROLS,
    DOORS,
    NEW,
    asked_by_a_system,
    by_browser,
    by_page,
    children,
    key,
    mailed,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shared(client):
    """Two customers of a system have one mailbox."""
    make.published(controls=CONTROLS)
    make.published("other", [make.control("surveys-email", "surveys", label="Ask me.")])
    for number in ("C1", "C2"):
        identity = {"email": ADA, "customer_number": number}
        told = asked_by_a_system(client, identity, form="other", choices={"surveys-email": True})
        assert told["states"] == {"surveys": "given"}
    assert set(SubjectIdentifier.objects.filter(identifier__type="email").values_list("is_shared", flat=True)) == {True}


@pytest.fixture
def site():
    return key()


def text(page):
    return re.sub(r"\s+", " ", page.content.decode())


def holders():
    return [people.find([Claim("customer_number", number)]) for number in ("C1", "C2")]


def waiting():
    return shared_mailboxes.for_staff(now=timezone.now(), limit=5)


def suppressed():
    """What the mailbox says no to. Nothing is written of those who have it, however many they are."""
    return Counter(Suppression.objects.filter(lifted_at=None).values_list("purpose__slug", "channel"))


def press(link):
    page = Client().post(link)
    assert page.status_code == 200
    return text(page)


@pytest.mark.parametrize("double_opt_in", [True, False])
@pytest.mark.parametrize("is_yes", [True, False])
@pytest.mark.parametrize("door", DOORS)
def test_whoever_sends_an_answer_is_told_what_everybody_is_told(site, door, is_yes, double_opt_in):
    ConsentForm.objects.update(double_opt_in=double_opt_in)
    said = (
        {"choices": {"newsletter-email": is_yes}} if door is by_browser else {"ticked": ("newsletter-email",)[:is_yes]}
    )
    told = [door(site, email, **said) for email in (ADA, NEW)]
    assert told[0].status_code == told[1].status_code
    assert told[0].status_code in (201, 303)
    if door is by_browser:
        answers = [{**one.json(), "consent": "", "receipt": ""} for one in told]
        assert answers[0] == answers[1]
    else:
        pages = [Client().get(one["Location"]).content.decode() for one in told]
        cleaned = [re.sub(r'(name="(receipt|csrfmiddlewaretoken)" value=)"[^"]+"', "", page) for page in pages]
        assert cleaned[0] == cleaned[1]


def test_sent_again_it_is_told_again(site):
    first = by_browser(site, once="1").json()
    assert by_browser(site, once="1").json() == first


@pytest.mark.parametrize("double_opt_in", [True, False])
def test_the_button_leads_to_staff_and_works_once_they_have_made_the_records_one(site, mailoutbox, double_opt_in):
    ConsentForm.objects.filter(slug="join").update(double_opt_in=double_opt_in)
    by_page(site)
    (link,) = mailed(mailoutbox)
    assert mailoutbox[0].to == [ADA]
    assert "You had said no" not in mailoutbox[0].body
    before = ConsentEvent.objects.count()
    told = press(link)
    assert "More than one person is known to us by this e-mail address" in told
    assert "mailto:" in told
    press(link)
    assert (ConsentEvent.objects.count(), DataSubject.objects.count()) == (before, 2)
    (row,) = waiting()
    assert set(row.people) == {person.uuid for person in holders()}
    assert Entry.objects.filter(kind="consent.mailbox-shared").count() == 1
    pending = PendingConsent.objects.get(shared_at__isnull=False)
    assert row.until == pending.requested_at + opt_in.KEPT
    merging.merge(*holders(), now=timezone.now(), actor=make.ACTOR)
    assert waiting() == []
    assert "Confirmed" in press(link)
    assert make.reason(now=timezone.now()) == "+consent-given"


def test_it_works_once_staff_have_taken_the_address_off_whose_it_is_not(site, mailoutbox):
    by_page(site)
    (link,) = mailed(mailoutbox)
    press(link)
    one, other = holders()
    address = SubjectIdentifier.objects.get(subject=other, identifier__type="email").identifier
    merging.take_off(other, address.uuid, now=timezone.now(), actor=make.ACTOR)
    assert waiting() == []
    assert "Confirmed" in press(link)
    assert ConsentEvent.objects.get(purpose=make.live().uuid, status="given").subject == one.uuid


def test_staff_see_it_among_what_waits_today(site, mailoutbox, admin_client):
    by_page(site)
    press(mailed(mailoutbox)[0])
    page = text(admin_client.get("/admin/"))
    assert "Mailboxes that several people have" in page
    assert all(reverse("admin:person", args=[person.uuid]) in page for person in holders())


def test_what_is_put_right_and_not_pressed_again_hides_nobody_who_still_waits(site, client, mailoutbox):
    for number in range(3):
        for side in "ab":
            identity = {"email": f"m{number}@example.com", "customer_number": f"{side}{number}"}
            asked_by_a_system(client, identity, form="other", choices={"surveys-email": True})
        by_browser(site, f"m{number}@example.com")
        press(mailed(mailoutbox)[-1])
    for number in range(2):
        pair = [people.find([Claim("customer_number", f"{side}{number}")]) for side in "ab"]
        merging.merge(*pair, now=timezone.now(), actor=make.ACTOR)
    (row,) = shared_mailboxes.for_staff(now=timezone.now(), limit=1)
    assert row.people == [people.find([Claim("customer_number", f"{side}2")]).uuid for side in "ab"]


def test_a_number_beside_it_that_several_have_keeps_no_mailbox_on_the_list(client, mailoutbox):
    phone = {"phone": "+447700900123"}
    for number in ("P1", "P2"):
        asked_by_a_system(client, {**phone, "customer_number": number}, form="other", choices={"surveys-email": True})
    ConsentForm.objects.create(slug="sure", double_opt_in=True)
    make.published("sure", CONTROLS)
    asked_by_a_system(client, {"email": ADA, **phone}, form="sure")
    press(mailed(mailoutbox)[0])
    (row,) = waiting()
    assert row.people == [person.uuid for person in holders()]
    merging.merge(*holders(), now=timezone.now(), actor=make.ACTOR)
    assert waiting() == []


@pytest.mark.parametrize("door", ["browser", "system"])
def test_whoever_calls_themself_the_parent_is_told_what_they_are_of_a_child_who_has_answered(
    site, client, mailoutbox, door
):
    make.captured(NEW, now=timezone.now())
    pages = []
    for email in (ADA, NEW):
        said = children(slug=f"kids-{email[:3]}", identity={"email": email})
        if door == "system" and email == ADA:
            asked_by_a_system(client, said.pop("identity"), **said)
        else:
            by_browser(site, **said)
        page = press(mailed(mailoutbox)[-1])
        pages.append(re.sub(r"works until [^.]+|[a-z]…@", "", page))
    assert pages[0] == pages[1]
    assert "still missing" in pages[0]
    # Nobody has pressed anything in that mailbox.
    assert waiting() == []


def test_a_child_there_is_told_what_everybody_is_told_there_and_the_button_works_once_it_is_put_right(site, mailoutbox):
    by_browser(site, **children(identity={"email": ADA}))
    press(mailed(mailoutbox)[0])
    own = mailed(mailoutbox)[-1]
    assert mailoutbox[-1].to == [ADA]
    assert "More than one person" in press(own)
    assert len(waiting()) == 1
    merging.merge(*holders(), now=timezone.now(), actor=make.ACTOR)
    assert "Your parent or guardian has agreed, and so have you" in press(own)
    assert make.reason(now=timezone.now()) == "+consent-given"


@pytest.fixture
def both(site, mailoutbox):
    """A form for children with double opt-in is filled in: the link of the parent, and the child's own."""
    said = children(identity={"email": ADA})
    ConsentForm.objects.filter(slug="kids").update(double_opt_in=True)
    by_browser(site, **said)
    found = mailed(mailoutbox)
    links = dict(zip([mail.to[0] for mail in mailoutbox], found, strict=True))
    return links["parent@example.net"], links[ADA]


def test_where_both_are_asked_the_childs_button_waits_for_staff_whoever_is_first(both):
    by_parent, own = both
    assert "More than one person" in press(own)
    assert "button is still missing" in press(by_parent)
    merging.merge(*holders(), now=timezone.now(), actor=make.ACTOR)
    assert "and so have you" in press(own)


def test_a_mailbox_that_comes_to_be_shared_after_the_childs_button_needs_it_again(both):
    by_parent, own = both
    made = merging.merge(*holders(), now=timezone.now(), actor=make.ACTOR)
    assert "has not agreed yet" in press(own)
    merging.undo(made, now=timezone.now(), actor=make.ACTOR)
    for _again in range(2):
        assert "button is still missing" in press(by_parent)
    assert len(waiting()) == 1
    merging.merge(*holders(), now=timezone.now(), actor=make.ACTOR)
    assert "and so have you" in press(own)


def test_of_a_number_that_several_have_a_parent_is_told_that_it_was_answered_before(site, client, mailoutbox):
    phone = {"phone": "+447700900123"}
    for number in ("P1", "P2"):
        identity = {**phone, "customer_number": number}
        asked_by_a_system(client, identity, form="other", choices={"surveys-email": True})
    by_browser(site, **children(identity=phone))
    page = Client().post(mailed(mailoutbox)[0])
    assert (page.status_code, "it was answered before" in text(page)) == (409, True)


def test_a_no_is_not_lost_and_nobody_is_asked_to_confirm_it(site, mailoutbox):
    by_browser(site, form="other", choices={"surveys-email": False})
    assert mailed(mailoutbox) == []
    assert suppressed() == {("surveys", "email"): 1}
    assert Entry.objects.filter(kind="consent.withdrawn").count() == 1


def test_what_stands_beside_a_yes_and_says_no_is_not_lost_either(site, mailoutbox):
    by_browser(site, choices={"newsletter-email": True, "surveys-email": False})
    assert suppressed() == {("surveys", "email"): 1}
    assert len(mailed(mailoutbox)) == 1
    assert "That counts already" in mailoutbox[0].body


def test_a_trial_writes_to_nobody(site, mailoutbox, client):
    for number in ("T1", "T2"):
        identity = {"email": "trial@example.com", "customer_number": number}
        asked_by_a_system(client, identity, form="other", choices={"surveys-email": True}, test=True)
    told = [by_browser(site, email, test=True).json() for email in ("trial@example.com", NEW)]
    assert told[0]["states"] == told[1]["states"]
    assert mailed(mailoutbox) == []


def test_a_system_is_told_that_it_has_to_decide(client):
    told = asked_by_a_system(client, {"email": ADA})
    assert told["code"] == "ambiguous-identity"
    # With the number of one of them it has.
    assert asked_by_a_system(client, {"email": ADA, "customer_number": "C1"})["states"]["newsletter"] == "given"


def test_their_choices_say_why_nothing_is_begun_there(client):
    page = reverse("consents:preferences", args=[unsubscribe.seal(Recipient(ADA, ""))])
    shown = text(client.get(page))
    assert "More than one person is known to us by this address" in shown
    assert 'type="checkbox"' not in shown
    box = "join:newsletter-email"
    assert client.post(page, {"act": "save", "shown": box, "empty": box, box: "on"}).status_code < 400
    assert not ConsentEvent.objects.filter(purpose=make.live().uuid).exists()
    client.post(page, {"act": "stop"})
    assert Suppression.objects.filter(lifted_at=None, reason="objection").exists()
