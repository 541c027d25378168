"""A "yes" of somebody who has not shown that the address is theirs, against a "no" of whoever it belongs to."""

import json
import re
from datetime import date
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from consents import answers, capture, entered, opt_in, preferences, projection, rebuild
from consents.models import ConsentEvent, ConsentForm, ConsentState, PendingConsent, Suppression
from consents.unsubscribe import Recipient
from consents.withdraw import withdraw
from core.models import Outbox
from ledger import signing
from ledger.models import Entry
from notices import published
from subjects.identifiers import Claim
from subjects.models import DataSubject
from tests import make_consents as make
from tests.make_unproven import ADA, CONTROLS, DOORS, NEW, by_browser, by_page, children, key, mailed, no, reason

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def form():
    return make.published(controls=CONTROLS)


@pytest.fixture
def site():
    return key()


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("kind", ["withdrawn", "objected", "one-click", "refused-to-a-system"])
@pytest.mark.parametrize("known", [True, False])
def test_a_no_is_taken_back_by_the_owner_of_the_mailbox_only(site, mailoutbox, door, kind, known):
    if known:
        make.captured()
    no(kind)
    before = reason(), DataSubject.objects.count(), ConsentEvent.objects.count()
    response = door(site)
    assert response.status_code in (201, 303), response.content
    assert (reason(), DataSubject.objects.count()) == before[:2]
    assert not ConsentEvent.objects.filter(status="given", recorded_at__gt=make.days(1)).exists()
    assert not Suppression.objects.exclude(lifted_at=None).exists()
    (link,) = mailed(mailoutbox)
    assert mailoutbox[0].to == [ADA]
    assert "You had said no to this before, or paused it." in mailoutbox[0].body
    page = Client().get(link).content.decode()
    assert "E-mail me." in page
    assert reason() == before[0]
    assert "Confirmed" in Client().post(link).content.decode()
    assert reason() == "+consent-given"
    assert rebuild.differences() == 0


@pytest.mark.parametrize("door", DOORS)
def test_without_a_no_it_counts_at_once_and_mails_nobody(site, door):
    door(site)
    assert reason() == "+consent-given"
    door(site)
    assert not PendingConsent.objects.exists()
    assert not Outbox.objects.filter(kind="mail").exists()


def test_a_form_that_was_recalled_as_it_is_no_longer_waits_likewise(site, mailoutbox):
    ConsentForm.objects.update(double_opt_in=True)
    assert by_browser(site, NEW).json()["pending"]
    ConsentForm.objects.update(double_opt_in=False)
    no("objected")
    assert by_browser(site).json()["pending"] is False
    assert by_browser(site).json()["pending"] is False
    assert reason() == "objected"
    assert len(mailed(mailoutbox)) == 3


def test_a_browser_is_told_the_same_of_everybody(site):
    make.captured("known@example.com")
    make.captured(ADA)
    no("withdrawn", ADA)
    no("objected", "gone@example.com")
    told = {}
    for email in (NEW, "known@example.com", ADA, "gone@example.com"):
        # Nobody could tell twice either, or by asking again with the same key.
        first = by_browser(site, email, once=email).json()
        assert by_browser(site, email, once=email).json() == first
        told[email] = first
    shapes = []
    for answer in told.values():
        receipt = json.loads(signing.verify(answer["receipt"]))
        assert (receipt["jti"], receipt["sub"]) == (answer["consent"], answer["consent"])
        assert receipt["confirmation"] == "needed-after-a-no"
        named = {**receipt, "jti": "", "sub": "", "iat": 0, "entry": ""}
        named["choices"] = [{**one, "valid_until": bool(one["valid_until"])} for one in named["choices"]]
        shapes.append((named, {**answer, "consent": "", "receipt": ""}))
    assert shapes[0][1]["states"] == {"newsletter": "given", "surveys": "refused"}
    assert not shapes[0][1]["pending"]
    assert shapes[0][1]["subject"] is None
    assert all(shape == shapes[0] for shape in shapes)


def test_the_whole_receipt_tells_nobody_either(site):
    no("objected")
    ids = r"[0-9a-f]{8}-[0-9a-f-]{27}|\d{4}-\d\d-\d\dT[\d:.]+Z|\d{10}"
    records = []
    for email in (ADA, NEW):
        receipt = by_browser(site, email, path="?receipt=full").json()["receipt"]
        records.append(re.sub(ids, "", signing.verify(receipt).decode()))
    assert records[0] == records[1]
    assert "if any part of it was refused or paused before, nothing that it agrees to counts" in records[0]


def test_the_whole_receipt_names_the_notice_that_the_page_showed_in_either_case(site):
    for version, day in (("2026-1", 1), ("2026-2", 2)):
        since = date(2026, 1, day)
        published.publish(version=version, html="<p>So.</p>", effective_from=since, now=make.NOW, actor=make.ACTOR)
    make.published("noted", CONTROLS, notice_version="2026-1")
    no("objected")
    notices = []
    for email in (ADA, NEW):
        receipt = by_browser(site, email, form="noted", notice="2026-2", path="?receipt=full").json()["receipt"]
        notices.append(json.loads(signing.verify(receipt))["dpv:hasRecordOfActivity"][0]["dpv:hasNotice"])
    assert notices[0] == notices[1]
    assert "2026-2" in json.dumps(notices[0])


def test_the_page_and_the_receipt_it_offers_tell_nobody_either(site, client):
    no("objected")
    pages, receipts = [], []
    for email in (ADA, NEW):
        page = client.get(by_page(site, email)["Location"]).content.decode()
        token = re.search(r'name="receipt" value="([^"]+)"', page)[1]
        pages.append(re.sub(r'(name="(receipt|csrfmiddlewaretoken)" value=)"[^"]+"', "", page))
        text = client.post("/consent/receipt/", {"receipt": token}).content.decode()
        # The two answers may lie on both sides of a minute.
        moments = r"[0-9a-f]{8}-[0-9a-f-]{27}|\n[\w-]+\.[\w-]+\.[\w-]+\n|\d{1,2} [A-Z]\w+ \d{4} at \d\d:\d\d"
        receipts.append(re.sub(moments, "", text))
    assert pages[0] == pages[1]
    assert "If you had said no to any of this before" in pages[0]
    assert receipts[0] == receipts[1]
    assert "what you agreed to here counts once the button" in receipts[0]


def test_a_number_that_no_mail_reaches_keeps_its_no(site, mailoutbox):
    claim, identity = Claim("phone", "+447700900123"), {"phone": "+447700900123"}
    withdraw([claim], purposes="all-marketing", now=timezone.now(), actor=make.ACTOR)
    told = by_browser(site, identity=identity).json()
    other = by_browser(site, identity={"phone": "+447700900124"}).json()
    assert (told["pending"], told["states"]) == (other["pending"], other["states"])
    assert mailed(mailoutbox) == []
    assert not Suppression.objects.exclude(lifted_at=None).exists()
    assert DataSubject.objects.count() == 1


def test_what_an_answer_that_waits_says_no_to_does_not_wait(site):
    make.captured(choices={"newsletter-email": True, "surveys-email": True})
    no()
    assert make.reason(purpose="surveys", now=timezone.now()) == "+consent-given"
    by_page(site)
    assert make.reason(purpose="surveys", now=timezone.now()) == "consent-refused"
    assert reason() == "consent-withdrawn"


def test_a_no_to_something_else_stands_in_nobodys_way(site, mailoutbox):
    make.captured(choices={"newsletter-email": True, "surveys-email": True})
    withdraw([Claim("email", ADA)], purposes=["surveys"], now=timezone.now(), actor=make.ACTOR)
    by_page(site)
    assert mailed(mailoutbox) == []
    assert make.reason(purpose="surveys", now=timezone.now()) == "suppressed"


def test_who_has_confirmed_once_confirms_the_same_no_only_once(site, mailoutbox):
    no("objected")
    by_page(site)
    Client().post(mailed(mailoutbox)[0])
    by_page(site)
    assert len(mailed(mailoutbox)) == 1
    assert reason() == "+consent-given"


def test_a_refusal_that_nobody_proved_is_answered_by_a_yes_like_it(site, mailoutbox):
    for door in DOORS:
        door(site, **({"choices": {"newsletter-email": False}} if door is by_browser else {"ticked": ()}))
        assert reason() == "consent-refused"
        door(site)
        assert reason() == "+consent-given"
    assert mailed(mailoutbox) == []
    assert Entry.objects.filter(kind="consent.refused").latest("id").body.count('"unproven":true') == 1


def test_a_no_that_nobody_proved_hides_none_that_somebody_did(site, mailoutbox):
    make.captured()
    no("refused-to-a-system")
    by_page(site, ticked=())
    by_page(site)
    assert reason() == "consent-refused"
    assert len(mailed(mailoutbox)) == 1


def test_what_somebody_else_says_after_the_no_answers_nothing(site, mailoutbox):
    make.captured()
    no("objected")
    said = ConsentEvent.objects.get(status="given")
    said.pk, said.uuid, said.effective_at, said.origin = None, uuid4(), timezone.now(), "third_party"
    projection.append([said])
    assert ConsentState.objects.filter(event=said.uuid, status="given").exists()
    assert not reason().startswith("+")
    by_page(site)
    assert not reason().startswith("+")
    assert len(mailed(mailoutbox)) == 1


@pytest.mark.parametrize("how", ["secret-key", "choices", "staff"])
def test_a_yes_that_is_proved_counts_at_once(client, how):
    make.captured()
    no("objected")
    match how:
        case "secret-key":
            client.post("/api/v1/consents/", make.body(), content_type="application/json", **make.key())
        case "choices":
            preferences.save(Recipient(ADA, ""), {"join:newsletter-email": True}, now=timezone.now())
        case "staff":
            note = {"words": "Ada rang and asked for it.", "volunteered": "yes"}
            data = make.body()
            entered.enter(data, kind="phone", note=note, file=None, actor=make.ACTOR, now=timezone.now())
    assert reason() == "+consent-given"
    assert not PendingConsent.objects.exists()


def test_an_answer_that_waits_goes_like_any_other(site):
    no()
    by_page(site)
    later = timezone.now() + opt_in.KEPT + opt_in.LINK_LIVES
    assert opt_in.forget(now=later) == 1
    assert not ConsentState.objects.exists()


def test_a_trial_lifts_nothing_and_waits_for_nothing(site, mailoutbox):
    no()
    told = by_browser(site, test=True).json()
    assert told["states"]["newsletter"] == "given"
    assert not PendingConsent.objects.exists()
    assert not reason().startswith("+")


def test_a_no_between_looking_and_writing_is_seen():
    """The statement itself looks, so that no "no" slips in between."""
    make.captured()
    answer = answers.read(make.body(), now=timezone.now())
    no()
    with pytest.raises(capture.SaidNo):
        capture.capture(answer, now=timezone.now(), actor=make.ACTOR, unproven=True)


def test_who_calls_themself_a_parent_takes_back_no_no_of_the_child(site, client, mailoutbox):
    no("objected")
    assert by_browser(site, **children()).json()["pending"]
    (link,) = mailed(mailoutbox)
    assert mailoutbox[0].to == ["parent@example.net"]
    assert "said no" not in mailoutbox[0].body
    assert "Confirmed" not in client.post(link).content.decode()
    assert reason() == "objected"
    assert not Suppression.objects.exclude(lifted_at=None).exists()
    again, own = mailed(mailoutbox)
    assert mailoutbox[1].to == [ADA]
    assert "You had said no to this before, or paused it." in mailoutbox[1].body
    assert "Confirmed" not in client.post(again).content.decode()
    assert reason() == "objected"
    assert "Confirmed" in client.post(own).content.decode()
    assert reason() == "+consent-given"


def test_without_a_no_of_the_child_the_parent_is_enough(site, client, mailoutbox):
    by_browser(site, **children())
    (link,) = mailed(mailoutbox)
    assert "Confirmed" in client.post(link).content.decode()
    assert reason() == "+consent-given"


def test_a_child_without_a_mailbox_keeps_its_no(site, client, mailoutbox):
    claim, identity = Claim("phone", "+447700900123"), {"phone": "+447700900123"}
    withdraw([claim], purposes="all-marketing", now=timezone.now(), actor=make.ACTOR)
    by_browser(site, **children(identity=identity))
    (link,) = mailed(mailoutbox)
    assert client.post(link).status_code == 409
    assert not Suppression.objects.exclude(lifted_at=None).exists()
