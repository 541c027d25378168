"""Double opt-in of a child: the parent's button and the one in the child's own mailbox, and nothing before both."""

import json
import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from consents import opt_in, pending
from consents.models import ConsentEvent, ConsentForm, ConsentState, PendingConsent, Suppression
from core.models import DataKey, Outbox, Owner
from core.outbox import deliver_due
from core.vault import key_of
from ledger.models import Entry
from subjects.models import DataSubject, SubjectIdentifier
from tests import make_consents as make

pytestmark = pytest.mark.django_db
CHILD, PARENT = "cleo@example.com", "parent@example.org"
# Of a child who is young enough, whenever this is run.
YEAR = timezone.now().year + 3
SAID = {
    "version": "1",
    "locale": "en-GB",
    "email": CHILD,
    "choice-newsletter-email": "yes",
    "age": "younger",
    "guardian_email": PARENT,
    "guardian_until": f"05 {YEAR}",
}
ORDERS = pytest.mark.parametrize("order", [(CHILD, PARENT), (PARENT, CHILD)])


@pytest.fixture(autouse=True)
def form():
    ConsentForm.objects.create(slug="join", double_opt_in=True)
    return make.published(minimum_age=13)


@pytest.fixture
def links(client, mailoutbox):
    """The child has filled in the form: the link in each mailbox."""
    assert client.post("/forms/join/", SAID)["Location"] == "/forms/join/done/?mail=both"
    return mailed(mailoutbox)


def mailed(mailoutbox):
    for row in Outbox.objects.filter(sent_at=None):
        deliver_due(now=row.due_at)
    found = {mail.to[0]: re.search(r"/consent/confirm/\S+/", mail.body) for mail in mailoutbox}
    return {to: link[0] for to, link in found.items() if link}


def text(page):
    return re.sub(r"\s+", " ", page.content.decode())


def now():
    return Entry.objects.latest("id").at


@ORDERS
def test_nothing_counts_before_both_have_pressed_whoever_is_first(client, links, order):
    first, last = (links[one] for one in order)
    assert "Nothing has begun" in text(client.get(first))
    assert client.get(last).status_code == 200
    assert (ConsentEvent.objects.exists(), DataSubject.objects.exists()) == (False, False)
    assert client.post(first).status_code == 200
    # Again, and looked at again: the other one is still missing.
    for page in (client.post(first), client.get(first)):
        assert "One button is still missing" in text(page)
    assert (ConsentEvent.objects.exists(), DataSubject.objects.exists()) == (False, False)
    assert make.reason(CHILD, now=now()) == "unknown-person"
    assert "Confirmed. Thank you" in text(client.post(last))
    assert make.reason(CHILD, now=now()) == "+consent-given"
    # Each works once.
    entries = Entry.objects.count()
    assert {client.post(link).status_code for link in links.values()} == {404}
    assert Entry.objects.count() == entries


@ORDERS
def test_the_evidence_says_when_each_of_them_did(client, links, order):
    for one in order:
        client.post(links[one])
    event = ConsentEvent.objects.get()
    kinds = list(Entry.objects.filter(object=event.consent).order_by("id").values_list("kind", flat=True))
    assert kinds == ["consent.requested", "consent.confirmed-in-part", "consent.given"]
    part = json.loads(Entry.objects.get(kind="consent.confirmed-in-part").body)["data"]
    assert part == {"by": {CHILD: "double-opt-in", PARENT: "guardian"}[order[0]]}
    proof = json.loads(key_of(Owner.CONSENT, event.consent).open("proof", bytes(event.proof)))
    pressed = {CHILD: proof["own_at"], PARENT: proof["parent_at"]}
    assert pressed[order[0]] < pressed[order[1]] == proof["confirmed_at"]
    assert proof["by"] == "guardian"
    # Their mailbox was shown to be theirs.
    assert SubjectIdentifier.objects.get().verified_how == "double-opt-in"


def test_whoever_calls_themself_a_child_signs_up_nobody(client, links):
    """The parent's mailbox alone may be anybody's."""
    client.post(links[PARENT])
    assert make.reason(CHILD, now=now()) == "unknown-person"
    assert not DataSubject.objects.exists()


def test_each_is_told_what_is_still_missing(client, links, mailoutbox):
    mails = {mail.to[0]: re.sub(r"\s+", " ", mail.body) for mail in mailoutbox}
    assert "we ask a parent or guardian by e-mail as well" in mails[CHILD]
    assert "We also ask the child by e-mail" in mails[PARENT]
    assert all("only once both have pressed the button" in mail for mail in mails.values())
    assert "we ask your parent or guardian by e-mail as well" in text(client.get(links[CHILD]))
    assert "We ask the child by e-mail as well" in text(client.get(links[PARENT]))
    assert "Your parent or guardian has not agreed yet" in text(client.post(links[CHILD]))
    assert "The child has pressed the button in their own e-mail already" in text(client.get(links[PARENT]))
    assert "You have agreed for a child to:" in text(client.post(links[PARENT]))


def test_the_child_is_told_that_the_parent_was_first(client, links):
    assert "button is still missing" in text(client.post(links[PARENT]))
    assert "A parent or guardian has agreed already" in text(client.get(links[CHILD]))
    assert "Your parent or guardian has agreed, and so have you" in text(client.post(links[CHILD]))


def test_the_page_after_the_form_names_both(client, links):
    assert "before both of you have pressed" in text(client.get("/forms/join/done/?mail=both"))


@ORDERS
def test_both_have_two_days_and_what_half_was_confirmed_goes_with_its_key(client, links, order):
    client.post(links[order[0]])
    asked = PendingConsent.objects.get().requested_at
    for link in links.values():
        with pytest.raises(opt_in.LinkOver):
            opt_in.confirm(link.split("/")[3], now=asked + opt_in.LINK_LIVES)
    assert opt_in.forget(now=asked + opt_in.KEPT + timedelta(seconds=1)) == 1
    assert not DataKey.objects.filter(owner=Owner.CONSENT).exists()
    assert not ConsentEvent.objects.exists()


@pytest.mark.parametrize("purposes", [["newsletter"], "all-marketing"])
def test_a_no_between_the_two_is_not_undone_by_the_other(client, links, purposes):
    client.post(links[CHILD])
    said = {"identity": {"email": CHILD}, "purposes": purposes}
    client.post("/api/v1/consents/withdraw/", said, content_type="application/json", **make.key())
    assert client.post(links[PARENT]).status_code == 409
    assert Suppression.objects.filter(lifted_at=None).exists()
    assert not ConsentEvent.objects.filter(status="given").exists()


def test_a_refusal_between_the_two_is_not_undone_by_the_other(client, links, mailoutbox):
    client.post(links[CHILD])
    client.post("/forms/join/", {name: SAID[name] for name in ("version", "locale", "email")})
    assert ConsentState.objects.get().status == "refused"
    assert client.post(links[PARENT]).status_code == 409
    assert ConsentState.objects.get().status == "refused"
    # Asked anew, both can say yes.
    client.post("/forms/join/", SAID)
    for link in mailed(mailoutbox).values():
        client.post(link)
    assert make.reason(CHILD, now=now()) == "+consent-given"


def test_a_child_without_an_address_cannot_be_asked(client):
    said = make.body(identity={"phone": "+447700900123"}, guardian={"email": PARENT, "until": f"{YEAR}-05"})
    answer = client.post("/api/v1/consents/", said, content_type="application/json", **make.key())
    assert answer.json()["errors"][0]["field"] == "identity.email"


def test_without_double_opt_in_the_parent_alone_is_asked(client, mailoutbox):
    ConsentForm.objects.update(double_opt_in=False)
    assert client.post("/forms/join/", SAID)["Location"] == "/forms/join/done/?mail=parent"
    (link,) = mailed(mailoutbox).values()
    assert [mail.to for mail in mailoutbox] == [[PARENT]]
    assert "Confirmed. Thank you" in text(client.post(link))
    assert make.reason(CHILD, now=now()) == "+consent-given"


def test_an_erasure_takes_what_half_was_confirmed_with_it(client, links, mailoutbox):
    for link in links.values():
        client.post(link)
    mailoutbox.clear()
    client.post("/forms/join/", SAID)
    client.post(mailed(mailoutbox)[PARENT])
    assert pending.forget_people([DataSubject.objects.get().pk]) == 1
    assert not PendingConsent.objects.filter(confirmed_at=None).exists()


def test_the_parent_sees_which_child_it_is_and_the_month_and_nobody_else_does(client, links, mailoutbox):
    ConsentForm.objects.update(valid_for="P9Y")
    told = text(client.get(links[PARENT]))
    assert "c…@example.com" in told
    assert f"They turn 13 in</dt><dd>May {YEAR}" in told
    assert f"What you agree to ends with May {YEAR} at the latest" in told
    assert "relies on your answer: Example Ltd." in told
    assert CHILD not in told
    # The mail may lie in a stranger's mailbox.
    (mail,) = (mail for mail in mailoutbox if mail.to == [PARENT])
    assert "example.com" not in re.sub(r"https?://\S+|dpo@\S+", "", mail.body)
    assert f"May {YEAR}" not in mail.body
    assert "shows which child it is" in mail.body
    assert f"privacy notice: {settings.BASE_URL}/policy/" in mail.body
    assert f"May {YEAR}" not in text(client.get(links[CHILD]))
    assert "c…@example.com" in text(client.post(links[PARENT]))


def test_a_child_without_an_e_mail_address_is_told_apart_by_their_number(client, mailoutbox):
    ConsentForm.objects.update(double_opt_in=False)
    said = make.body(identity={"phone": "+447700900123"}, guardian={"email": PARENT, "until": f"{YEAR}-05"})
    client.post("/api/v1/consents/", said, content_type="application/json", **make.key())
    told = text(client.get(mailed(mailoutbox)[PARENT]))
    assert "<dd>…23</dd>" in told
    assert f"May {YEAR}" in told
