"""Whole journeys through a browser: each kind of "no", data taken along and sent on, a letter on paper, a complaint."""

import json
import os
import re
import zipfile
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from consents import permission
from core.outbox import deliver_due
from ledger import signing
from processing.models import DecisionSystem, Purpose
from requests import objecting
from requests.models import Complaint, RightsRequest
from subjects import relationships
from subjects.identifiers import Claim
from tests import make_consents, make_register, make_subjects
from tests import make_office as make
from tests.e2e.browser import opened
from tests.make_transfers import LOOPBACK, Receiver
from tests.requests.test_public_accessibility import sticks_out, violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def browser(chromium, live_server, monkeypatch, settings):
    # The browser's driver runs an event loop in this thread; the database is used by the server's own.
    monkeypatch.setitem(os.environ, "DJANGO_ALLOW_ASYNC_UNSAFE", "1")
    settings.BASE_URL = live_server.url
    make.register()
    with opened(chromium) as browser:
        yield browser


@pytest.fixture
def somebody(browser, live_server) -> Page:
    return browser.new_context(
        viewport={"width": 320, "height": 800}, base_url=live_server.url, accept_downloads=True
    ).new_page()


@pytest.fixture
def officer(browser, live_server) -> Page:
    client = Client()
    client.force_login(make.staff())
    context = browser.new_context(base_url=live_server.url)
    context.add_cookies([{"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}])
    return context.new_page()


@pytest.fixture
def receiver(tmp_path, settings):
    """The server of another controller."""
    settings.OUTGOING_NETWORKS = LOOPBACK
    made = Receiver(tmp_path).start()
    yield made
    made.stop()


def unfold(where):
    """Open the parts of the page that it lies in."""
    where.evaluate("node => { while (node = node.parentElement.closest('details')) node.open = true }")


def press(page, name):
    button = page.get_by_role("button", name=name, exact=True, include_hidden=True).first
    unfold(button)
    with page.expect_navigation():
        button.click()


def good(page):
    """Nothing sticks out at 320 px, and nothing is in the way of somebody who cannot see."""
    assert not sticks_out(page), page.url
    assert violations(page) == [], page.url


def ask(page, right, *answers):
    """The public form, from the first question to the last page."""
    page.goto("/rights/")
    page.check(f"input[value={right}]")
    press(page, "Continue")
    for field, value in (*answers, ("#id_name", "Grace Hopper"), ("#id_email", make.EMAIL), ("#id_details", "")):
        if field.startswith("input"):
            page.check(field)
        else:
            page.fill(field, value)
        press(page, "Continue")
    press(page, "Send request")
    good(page)
    return RightsRequest.objects.get()


def mail(mailoutbox, pattern):
    deliver_due(now=timezone.now())
    return next(found for one in reversed(mailoutbox) if (found := re.search(pattern, one.body, re.M))).group(1)


def show_the_mailbox(page, mailoutbox):
    page.goto(mail(mailoutbox, r"(http\S+/rights/confirm/\S+)"))
    press(page, page.get_by_role("button").last.inner_text())


def submit(page, action, **given):
    """Fill in one of the office's forms, known by where it goes."""
    form = page.locator(f"form[action$='{action}']" if action else "form.of-sheet").first
    unfold(form)
    for name, value in given.items():
        field = form.locator(f"[name='{name}']").first
        if field.evaluate("field => field.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
    with page.expect_navigation():
        form.locator("button[type=submit]").first.click()


def send_letter(page, name, **words):
    """Write it, look at it as it would go, and send it."""
    press(page, name)
    for field, value in words.items():
        where = page.locator(f"[name='{field}']").first
        if where.evaluate("field => field.tagName") == "SELECT":
            where.select_option(value)
        else:
            where.fill(value)
    press(page, "Look at the letter")
    press(page, "Send the letter")


def read(page):
    """The letter on the page where answers are collected."""
    with page.expect_navigation():
        page.get_by_role("button", name=re.compile("^Read the letter")).first.click()
    good(page)
    return page.locator("main").inner_text()


def collect(page, mailoutbox):
    page.goto(mail(mailoutbox, r"(http\S+/collect/\S+)"))
    press(page, "Send me a code")
    page.fill("#id_code", mail(mailoutbox, r"^(\d{8})$"))
    press(page, "Continue")
    good(page)


def verdict(slug):
    found = permission.may_process(Claim("email", make.EMAIL), slug, "", now=timezone.now())
    return found.allowed, found.reason


def test_somebody_stops_marketing_and_has_the_proof(somebody, mailoutbox):
    make.person("direct-sales")
    found = ask(somebody, "marketing")
    text = somebody.locator("main").inner_text()
    assert "Stopped at once: All direct marketing." in text
    assert "You need do nothing more." in text
    assert (found.state, found.due_on) == ("fulfilled", None)
    assert verdict("direct-sales") == (False, "objected")
    receipt = json.loads(signing.verify(mail(mailoutbox, r"(eyJ[\w-]+\.[\w-]+\.[\w-]+)")))
    assert {choice["status"] for choice in receipt["choices"]} == {"withdrawn"}


def test_somebody_objects_on_their_own_grounds_and_hears_why(somebody, officer, mailoutbox):
    now = timezone.now()
    for slug in ("fraud-screening", "contact-enquiries"):
        purpose = make_register.purpose(slug, "f", categories=("name",))
        make_consents.assessment(purpose, approved=now)
        subject = make.person(slug)
        relationships.establish(subject, purpose, role="prospect", ground="met", now=now, actor="x")
    assert verdict("fraud-screening")[0]
    found = ask(somebody, "objection", ("#id_objection", "Somebody used my name. I am screened for what they did."))
    show_the_mailbox(somebody, mailoutbox)
    assert verdict("fraud-screening") == (False, "restricted")
    officer.goto(reverse("admin:rights-request", args=[found.uuid]))
    assert (
        "Held still while it is weighed: Contact enquiries, Fraud screening" in officer.locator("body").text_content()
    )
    card = officer.locator(".of-card", has=officer.get_by_role("heading", name="Fraud screening"))
    card.locator("select").select_option("compelling-grounds")
    card.locator("textarea").fill("Two deliveries in your name were never paid, whoever ordered them.")
    with officer.expect_navigation():
        card.get_by_role("button", name="Decide").click()
    press(officer, "Confirm the open proposal")
    press(officer, "Check the answer")
    assert "Two deliveries in your name" in officer.locator(".of-letter").inner_text()
    press(officer, "Send the answer")
    assert "Answered, partly refused" in officer.locator("body").inner_text()
    collect(somebody, mailoutbox)
    letter = read(somebody)
    for words in ("We uphold your objection in part.", "Two deliveries in your name", "164A"):
        assert words in letter
    assert objecting.lift_answered(now=timezone.now()) == 1
    assert verdict("fraud-screening")[0]
    assert verdict("contact-enquiries") == (False, "objected")


def test_somebody_takes_their_data_along_and_gives_it_to_another_company(
    browser, live_server, somebody, officer, mailoutbox, tmp_path, receiver
):
    make.person("newsletter", token="TOKEN")
    make_subjects.item(
        make.person(), "newsletter", content="INFERRED", category="name", nature="inferred", now=timezone.now()
    )
    found = ask(somebody, "portability", ("input[value=me]", ""))
    show_the_mailbox(somebody, mailoutbox)
    officer.goto(reverse("admin:rights-request", args=[found.uuid]))
    press(officer, "Make the set of data")
    assert "1 record goes along; 1 that was inferred does not." in officer.locator("body").text_content()
    there, words = f"http://127.0.0.1:{receiver.port}/take", "Send it to Squid, too."
    submit(officer, "/transfers/", name="Squid Ltd", address=there, told="request", words=words)
    press(officer, "Send it to them")
    deliver_due(now=timezone.now())
    officer.reload()
    assert "They have it" in officer.locator("body").text_content()
    press(officer, "Check the answer")
    press(officer, "Send the answer")
    collect(somebody, mailoutbox)
    with somebody.expect_download() as taken:
        somebody.get_by_role("button", name="Download my data").click()
    taken.value.save_as(tmp_path / "mine.zip")
    data = zipfile.ZipFile(tmp_path / "mine.zip").read("data/data.jsonld").decode()
    assert "TOKEN" in data
    assert "INFERRED" not in data
    with somebody.expect_navigation():
        somebody.get_by_role("link", name="Make a link for somebody else").click()
    press(somebody, "Make the link")
    assert "There is a problem" in somebody.locator("main").inner_text()
    good(somebody)
    somebody.fill("#id_name", "Octopus Ltd")
    press(somebody, "Make the link")
    good(somebody)
    link = somebody.locator("code").inner_text()
    other = browser.new_context(viewport={"width": 320, "height": 800}, base_url=live_server.url).new_page()
    other.goto(link)
    good(other)
    assert "Grace" not in other.locator("body").inner_text()
    with other.expect_download() as handed:
        other.get_by_role("button", name="Download it").click()
    handed.value.save_as(tmp_path / "theirs.zip")
    assert (tmp_path / "theirs.zip").read_bytes() == (tmp_path / "mine.zip").read_bytes()
    other.goto(link)
    assert "This link does not work any more" in other.locator("main").inner_text()
    good(other)
    with somebody.expect_navigation():
        somebody.get_by_role("link", name="Back", exact=True).click()
    assert re.search(r"Octopus Ltd\s+Used\s+They downloaded it on", somebody.locator("main").inner_text())
    good(somebody)
    officer.reload()
    assert "Octopus Ltd" in officer.locator("body").text_content()
    other.context.close()
    assert zipfile.ZipFile(receiver.kept[0]).read("data/data.jsonld").decode() == data
    letter = read(somebody)
    assert "Squid Ltd" in letter
    assert "They confirmed that they have it." in letter


def test_a_solicitors_letter_on_paper_is_answered_on_paper(officer):
    """A decision by a computer, entered days after it came, for somebody without a mailbox."""
    make.person("direct-sales")
    DecisionSystem.objects.create(
        slug="offers",
        purpose=Purpose.objects.get(slug="direct-sales"),
        name="Which offers you see",
        logic="Orders are counted.",
        consequences="You see fewer.",
        by_computer_alone=True,
    )
    officer.goto(reverse("admin:case-add"))
    officer.get_by_label("Have an automated decision reviewed").check()
    came = timezone.localdate() - timedelta(days=5)
    address = {"name": "Grace Hopper", "address": "1 Sea Street", "received_on": came.isoformat()}
    acting = {"capacity": "solicitor", "representative": "Ada Lovelace LLP, 2 Hill Road"}
    submit(officer, "", channel="letter", details="A computer gave her no discount.", **address, **acting)
    assert "say why it is entered only now" in officer.locator("body").inner_text()
    submit(officer, "", late="forwarded")
    found = RightsRequest.objects.get()
    assert (found.right, found.case.received_on) == ("adm_review", came)
    assert "not shown yet: nothing may be disclosed" in officer.locator("body").text_content()
    text = officer.locator("body").inner_text()
    assert "no mailbox is waited for" in text
    assert "Find out who asks, and record how they showed it." in text
    assert "Record what shows that they may." in text
    submit(officer, "/identify/", how="in-person", note="Came to the counter with her solicitor.")
    submit(officer, "/tie/", kind="email", value=make.EMAIL)
    press(officer, "Check the answer")
    assert "Record first what shows that they may." in officer.locator("body").inner_text()
    submit(officer, "/authority/", authority="signed", competence="adult", note="A letter that she signed.")
    asked = officer.locator("input[name=asked][value=human_review]")
    unfold(asked)
    asked.check()
    submit(officer, "/reviews/", system="offers", decision="No discount on 3 November.")
    for box in officer.locator("input[name=meant]").all():
        unfold(box)
        box.check()
    review = found.reviews.get()
    submit(officer, f"/reviews/{review.uuid}/", outcome="changed", reasons="You had ordered twice. You get it.")
    press(officer, "Check the answer")
    assert "You had ordered twice." in officer.locator(".of-letter").inner_text()
    press(officer, "Send the answer")
    assert "Not given yet: print it and send it by post." in officer.locator("body").text_content()
    with officer.expect_download() as printed:
        officer.locator("form[action$='.pdf'] button").first.click()
    assert printed.value.path().read_bytes().startswith(b"%PDF")
    press(officer, "It is in the post")
    assert "Answered in full" in officer.locator("body").inner_text()
    found.refresh_from_db()
    assert found.case.closed_at
    assert found.letters.get().given_by == "post"


def test_somebody_takes_back_a_consent_and_complains(somebody, officer, mailoutbox):
    make.consent(make.person("newsletter"), now=timezone.now())
    taken = ask(somebody, "withdrawal", ("input[value=newsletter]", ""))
    assert "Stopped at once: Newsletter." in somebody.locator("main").inner_text()
    assert (taken.state, verdict("newsletter")[0]) == ("fulfilled", False)
    receipt = json.loads(signing.verify(mail(mailoutbox, r"(eyJ[\w-]+\.[\w-]+\.[\w-]+)")))
    assert receipt["choices"] == [{"purpose": "newsletter", "status": "withdrawn"}]
    somebody.goto(reverse("requests:complain"))
    press(somebody, "Send complaint")
    assert "There is a problem" in somebody.locator("main").inner_text()
    good(somebody)
    somebody.fill("#id_complaint", "You wrote to me after I had said no.")
    somebody.fill("#id_name", "Grace Hopper")
    somebody.fill("#id_email", make.EMAIL)
    press(somebody, "Send complaint")
    good(somebody)
    complaint = Complaint.objects.get()
    assert complaint.reference in somebody.locator("main").inner_text()
    assert complaint.reference in mail(mailoutbox, r"(KP-\w{4}-\w{4})")
    officer.goto(reverse("admin:complaints"))
    with officer.expect_navigation():
        officer.get_by_role("link", name=complaint.reference).first.click()
    press(officer, "Show")
    assert "You wrote to me after I had said no." in officer.locator("body").text_content()
    issue = officer.get_by_label("Marketing that was not wanted")
    unfold(issue)
    issue.check()
    about = {"describe-about": taken.reference}
    submit(officer, "/describe/", **about)
    submit(officer, "/enquiry/", **{"enquiry-text": "Asked Sales: the list was an old one."})
    send_letter(officer, "Tell the person how far we are", text="We have asked Sales.")
    collect(somebody, mailoutbox)
    assert "We have asked Sales." in read(somebody)
    words = {"findings": "The list was an old one.", "changes": "We are sorry. The list is gone."}
    send_letter(officer, "Give the outcome", outcome="upheld", cause="process", **words)
    assert "Upheld" in officer.locator("body").inner_text()
    collect(somebody, mailoutbox)
    letter = read(somebody)
    for words in ("The list was an old one.", "We are sorry.", "Information Commissioner"):
        assert words in letter
    complaint.refresh_from_db()
    assert (complaint.about, complaint.issues, bool(complaint.case.closed_at)) == (taken, ["marketing"], True)
