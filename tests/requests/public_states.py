"""Every state of the public pages, one after the other in one browser: as it opens, and with a mistake in it."""

import re
from datetime import date, timedelta

from django.utils import timezone

from consents import unsubscribe
from consents.models import ConsentForm
from consents.unsubscribe import Recipient
from core.models import Controller
from core.outbox import deliver_due
from notices import published
from tests import make_consents, make_office

LONG = "x" * 6000
# Step → the mistake, then the right answer, each a list of (action, where, what).
FOLLOW_UPS = {
    "not-sure": ([], [("check", "#id_wish_5", "")]),
    "words": ([("fill", "#id_words", LONG)], [("fill", "#id_words", "Somebody called me.")]),
    "correction": ([("fill", "#id_correct", "Sea Street")], [("fill", "#id_wrong", "My street")]),
    "consent": ([], [("check", "#id_purposes_0", "")]),
    "objection": ([], [("fill", "#id_objection", "Calls at night")]),
    "pause": ([], [("check", "#id_grounds_0", "")]),
    "transfer": ([("check", "#id_receiver_1", "")], [("fill", "#id_organisation", "Octopus Ltd")]),
    "decision": ([], [("fill", "#id_decision", "The refused application")]),
    "name": ([], [("fill", "#id_name", "Grace Hopper")]),
    "email": ([("fill", "#id_email", "grace")], [("fill", "#id_email", "grace@example.com")]),
    "details": ([("fill", "#id_details", LONG)], [("fill", "#id_details", "The restaurant")]),
}


def prepare():
    """A controller with everything a page can show, a consent to take back, and two notices."""
    make_office.controller()
    controllers = [Controller.current().name]
    make_consents.published(controllers=controllers)
    ConsentForm.objects.create(slug="letter", double_opt_in=True)
    letters = make_consents.control("surveys-email", "surveys", label="Ask me what I think.")
    make_consents.published("letter", [letters], title="Surveys", controllers=controllers)
    ConsentForm.objects.create(slug="young", double_opt_in=True)
    make_consents.published("young", title="For the young", controllers=controllers, minimum_age=13)
    now = timezone.now()
    html = "<h2 id='who'>Who we are</h2><p>Kraken IM. <a href='#who'>Up</a></p>"
    for version, day in (("1.0", date(2026, 1, 1)), ("2.0", date(2026, 6, 19))):
        published.publish(version=version, html=html, effective_from=day, now=now, actor="user:1")


def act(page, actions):
    for action, where, what in actions:
        page.check(where) if action == "check" else page.fill(where, what)


def press(page, name="Continue"):
    # Every button of these pages leads to a page. Without waiting, the old one or half a new one is looked at.
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).click()


def follow(page, link):
    with page.expect_navigation():
        page.click(link)


def states(page, mailbox):
    """Yields the name of each state while the page is in it."""
    page.goto("/")
    yield "hub"
    yield from form(page)
    yield from after_sending(page, mailbox)
    yield from by_post(page)
    yield from elsewhere(page)
    yield from consent_form(page, mailbox)
    yield from child(page, mailbox)
    yield from choices(page, mailbox)
    yield from policy(page)


def form(page):
    page.goto("/rights/")
    yield "rights"
    press(page)
    yield "rights, with a mistake"
    for box in page.locator("input[name=rights]").all():
        box.check()
    press(page)
    for step, (mistake, answer) in FOLLOW_UPS.items():
        assert page.url.endswith(f"/rights/{step}/"), (step, page.url)
        yield step
        if step != "details":
            act(page, mistake)
            press(page)
            yield f"{step}, with a mistake"
        act(page, answer)
        press(page)
    yield "check"
    page.evaluate("document.getElementById('id_website').value = 'spam'")
    press(page, "Send request")
    yield "check, with a mistake"
    page.fill("#id_website", "")
    press(page, "Send request")
    yield "sent"


def after_sending(page, mailbox):
    follow(page, "text=Correct it here")
    yield "new address"
    press(page, "Change the address")
    yield "new address, with a mistake"
    page.fill("#id_email", "ada@example.com")
    press(page, "Change the address")
    yield "sent, corrected"
    deliver_due(now=timezone.now())
    link = next(found for mail in reversed(mailbox) if (found := re.search(r"/rights/confirm/[^/\s]+/", mail.body)))
    page.goto(link.group(0))
    yield "confirm"
    press(page, "Confirm")
    page.click("details summary")
    yield "status"
    yield from conversation(page, mailbox)
    page.goto("/rights/confirm/unknown/")
    yield "unusable link"


def conversation(page, mailbox):
    follow(page, "a[href*='/rights/messages/']")
    yield "messages, before the code"
    press(page, "Send me a code")
    yield "messages, code"
    press(page)
    yield "messages, code with a mistake"
    deliver_due(now=timezone.now())
    code = next(found for mail in reversed(mailbox) if (found := re.search(r"\b\d{4} ?\d{4}\b", mail.body)))
    page.fill("#id_code", code.group(0))
    press(page)
    yield "messages, none yet"
    press(page, "Send message")
    yield "messages, with a mistake"
    page.fill("#id_message", "Here is my old letter.")
    page.set_input_files("#id_attached", {"name": "letter.txt", "mimeType": "text/plain", "buffer": b"Dear people"})
    press(page, "Send message")
    yield "messages, sent"


def by_post(page):
    page.goto("/rights/")
    page.check("#id_rights_0")
    press(page)
    follow(page, "text=Tell us for whom")
    yield "somebody else"
    press(page)
    yield "somebody else, with a mistake"
    follow(page, "text=Give your own name")
    page.fill("#id_name", "Grace Hopper")
    press(page)
    follow(page, "text=We write to you by post")
    yield "address"
    press(page)
    yield "address, with a mistake"
    page.fill("#id_address", "1 Sea Street\nWhitby")
    press(page)
    press(page)
    yield "check, by post"
    press(page, "Send request")
    yield "sent, by post"


def consent_form(page, mailbox):
    """The hosted form without and with double opt-in, to the receipt that is taken along."""
    page.goto("/forms/join/")
    yield "consent form"
    press(page, "Save my choice")
    yield "consent form, with a mistake"
    page.fill("#id_email", "hedy@example.com")
    page.check("#choice_1")
    press(page, "Save my choice")
    yield "consent form, saved"
    receipt(page)
    page.goto("/forms/letter/")
    page.fill("#id_email", "hedy@example.com")
    page.check("#choice_1")
    press(page, "Save my choice")
    yield "consent form, to be confirmed"
    deliver_due(now=timezone.now())
    link = next(found for mail in reversed(mailbox) if (found := re.search(r"/consent/confirm/[^/\s]+/", mail.body)))
    page.goto(link.group(0))
    yield "consent to be confirmed"
    press(page, "Yes, that was me")
    yield "consent confirmed"
    receipt(page)
    page.goto(link.group(0))
    yield "consent, link used up"


def child(page, mailbox):
    """A child and their parent confirm, and the parent ends it."""
    page.goto("/forms/young/")
    page.fill("#id_email", "cleo@example.com")
    page.check("#choice_1")
    press(page, "Save my choice")
    yield "consent form for children, with a mistake"
    page.check("#id_age_1")
    page.fill("#id_guardian_email", "parent@example.org")
    page.fill("#id_guardian_until", f"05 {timezone.now().year + 2}")
    press(page, "Save my choice")
    yield "consent of a child, to be confirmed by both"
    page.goto(mailed(mailbox, "parent@example.org", "confirm"))
    yield "consent of a child, to be confirmed by the parent"
    press(page, "I am their parent or guardian, and I agree")
    yield "consent of a child, confirmed by the parent"
    page.goto(mailed(mailbox, "cleo@example.com", "confirm"))
    yield "consent of a child, to be confirmed by the child"
    press(page, "Yes, that was me")
    yield "consent of a child, confirmed by both"
    page.goto(mailed(mailbox, "parent@example.org", "parent"))
    yield "consent of a child, the parent's way back"
    press(page, "End it")
    yield "consent of a child, ended"
    page.goto(mailed(mailbox, "parent@example.org", "parent"))
    yield "consent of a child, nothing left to end"


def mailed(mailbox, address, kind):
    """The last link of this kind that this address got."""
    deliver_due(now=timezone.now())
    mails = (mail.body for mail in reversed(mailbox) if address in mail.to)
    return next(found[0] for body in mails if (found := re.search(rf"/consent/{kind}/[^/\s]+/", body)))


def receipt(page):
    with page.expect_download() as got:
        page.get_by_role("button", name="Download your receipt").click()
    assert "/.well-known/jwks.json" in got.value.path().read_text()


def choices(page, mailbox):
    page.goto("/preferences/")
    yield "choices, asked for"
    press(page, "Send me a code")
    yield "choices, asked for with a mistake"
    page.fill("#id_email", "grace@example.com")
    press(page, "Send me a code")
    yield "choices, code"
    press(page, "Show my choices")
    yield "choices, code with a mistake"
    press(page, "Send another code")
    yield "choices, another code"
    deliver_due(now=timezone.now())
    page.fill("#id_code", re.search(r"\d{4} \d{4}", mailbox[-1].body).group(0))
    press(page, "Show my choices")
    yield "choices"
    page.check("#a_1_1")
    press(page, "Save my choices")
    yield "choices, saved"
    page.fill("#id_until", "")
    press(page, "Pause")
    yield "choices, pause with a mistake"
    page.fill("#id_until", (timezone.localdate() + timedelta(days=40)).isoformat())
    press(page, "Pause")
    yield "choices, paused"
    press(page, "Stop all marketing")
    yield "choices, all marketing stopped"
    token = unsubscribe.seal(Recipient("grace@example.com", "newsletter"))
    page.goto("/preferences/unknown/")
    yield "choices, unusable link"
    page.goto(f"/u/{token}/")
    yield "unsubscribe"
    press(page, "Stop these e-mails")
    yield "unsubscribed"


def elsewhere(page):
    for path, button, answers in (
        ("/rights/status/", "Send link", {"#id_reference": "KP-2222-2222", "#id_email": "a@example.com"}),
        ("/rights/lost-mailbox/", "Leave message", {"#id_reference": "KP-2222-2222", "#id_message": "Call me."}),
        ("/complain/", "Send complaint", {"#id_complaint": "Calls", "#id_name": "Grace", "#id_address": "1 Sea St"}),
    ):
        page.goto(path)
        yield path
        press(page, button)
        yield f"{path}, with a mistake"
        for where, what in answers.items():
            page.fill(where, what)
        press(page, button)
        yield f"{path}, sent"
    for path in ("/rights/paper/", "/nowhere/", "/collect/unknown/", "/dev/mail/"):
        page.goto(path)
        yield path


def policy(page):
    page.goto("/policy/")
    yield "policy"
    page.fill("#id_on", "2020-01-01")
    press(page, "Show that version")
    yield "policy, with a mistake"
    page.fill("#id_on", "2026-05-03")
    press(page, "Show that version")
    yield "policy of a day"
