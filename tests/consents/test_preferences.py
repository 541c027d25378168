"""The page of a person's choices: everything that stands, each change with its receipt and its way back."""

import json
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from consents import projection, unsubscribe, withdraw
from consents.models import ConsentEvent, ConsentState, Pause, Suppression
from consents.unsubscribe import Recipient
from core import codes
from core.models import Outbox
from core.outbox import deliver_due
from ledger import signing
from ledger.models import Entry
from processing.models import Purpose, PurposeVersion
from subjects import people, relationships
from subjects.identifiers import Claim
from subjects.models import DataSubject
from tests import make_consents as make
from tests import make_register

pytestmark = pytest.mark.django_db
ADA = "ada@example.com"
CLAIMS = [Claim("email", ADA)]
CONTROLS = [
    make.control(),
    make.control("newsletter-sms", channel="sms", label="Text me."),
    make.control("surveys-email", "surveys", label="Ask me."),
]


@pytest.fixture
def centre():
    make.published("join", CONTROLS)
    make.captured(choices={"newsletter-email": True, "newsletter-sms": True, "surveys-email": False})
    return address(ADA)


def address(email):
    return f"/preferences/{unsubscribe.seal(Recipient(email, 'newsletter'))}/"


def shown(client, url):
    page = client.get(url).content.decode()
    boxes = re.findall(r'type="checkbox"[^>]*name="([^"]+)" value="on"( checked)?', page)
    return {name: bool(checked) for name, checked in boxes}


def save(client, url, **changes):
    return submit(client, url, shown(client, url), **changes)


def submit(client, url, before, **changes):
    """Send the page that showed these boxes, perhaps long ago."""
    on = {name: "on" for name, is_on in {**before, **changes}.items() if is_on}
    empty = [name for name, is_on in before.items() if not is_on]
    return client.post(url, {"shown": list(before), "empty": empty, "act": "save", **on})


def press(client, response, act):
    """Press the button of this act as it stands in the page, with what its form hides."""
    form = next(f for f in re.findall(r"<form.*?</form>", response.content.decode(), re.S) if f'value="{act}"' in f)
    data = {"act": act}
    for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form):
        data.setdefault(name, []).append(value)
    return client.post(response.request["PATH_INFO"], data)


def standing(purpose, channel="", **fields):
    """A consent that no form on show asks for."""
    subject, now = people.find(CLAIMS), make.NOW
    fields = {"status": "given", "origin": "direct", "collected_by": "import", "actor": make.ACTOR, **fields}
    same = {"entry": Entry.objects.latest("id").uuid, "effective_at": now, "recorded_at": now}
    event = ConsentEvent(
        consent=subject.uuid, subject=subject.uuid, purpose=purpose.uuid, channel=channel, **same, **fields
    )
    projection.append([event])
    return event


def test_the_choices_are_as_they_stand(centre, client):
    assert shown(client, centre) == {
        "join:newsletter-email": True,
        "join:newsletter-sms": True,
        "join:surveys-email": False,
    }
    page = client.get(centre).content.decode()
    assert ADA not in page
    assert "You agreed on 3 March 2026. It ends by itself on 3 March 2028." in page


def test_every_consent_is_there_also_one_that_no_form_asks_for(centre, client):
    talent = make_register.purpose("talent-pool", "a", title="Later vacancies")
    standing(talent)
    standing(Purpose.objects.get(slug="newsletter"), "post")
    PurposeVersion.objects.filter(purpose=talent).update(status="suspended")
    assert shown(client, centre)["end:talent-pool:"]
    save(client, centre, **{"end:talent-pool:": False, "end:newsletter:post": False})
    boxes = shown(client, centre)
    assert not {"end:talent-pool:", "end:newsletter:post"} & set(boxes)
    # The other channels of the same topic go on.
    assert boxes["join:newsletter-email"]
    assert boxes["join:newsletter-sms"]
    assert ConsentState.objects.get(channel="post").status == "withdrawn"
    assert Suppression.objects.get(channel="post").purpose.slug == "newsletter"
    # What the page does not offer to begin, it does not begin.
    client.post(centre, {"shown": ["end:talent-pool:"], "end:talent-pool:": "on"})
    assert "end:talent-pool:" not in shown(client, centre)


def test_saving_nothing_renews_nothing(centre, client):
    events = ConsentEvent.objects.count()
    assert "Nothing was changed" in save(client, centre).content.decode()
    assert ConsentEvent.objects.count() == events


def test_a_page_from_before_a_no_does_not_undo_it(centre, client):
    page, tab = client.get(centre).content.decode(), shown(client, centre)
    assert re.findall(r'name="empty" value="([^"]+)"', page) == ["join:surveys-email"]
    unsubscribe.stop(Recipient(ADA, "newsletter"), now=timezone.now())
    submit(client, centre, tab, **{"join:surveys-email": True})
    assert shown(client, centre) == {**dict.fromkeys(tab, False), "join:surveys-email": True}
    assert Suppression.objects.filter(purpose__slug="newsletter", lifted_at=None).exists()


def test_one_channel_ends_and_the_other_stays(centre, client):
    save(client, centre, **{"join:newsletter-sms": False})
    assert shown(client, centre)["join:newsletter-email"]
    assert not shown(client, centre)["join:newsletter-sms"]
    now = Entry.objects.latest("id").at
    assert make.reason(channel="email", now=now) == "+consent-given"
    assert make.reason(channel="sms", now=now) == "consent-withdrawn"
    # Known outside the state as well: to an import, and to a backup that is restored.
    assert Suppression.objects.get(lifted_at=None).channel == "sms"
    assert json.loads(Entry.objects.get(kind="consent.withdrawn").body)["data"]["channel"] == "sms"
    assert Outbox.objects.filter(kind="journal").count() == 1


def test_a_topic_ends_with_its_last_box_and_can_be_set_back(centre, client):
    done = save(client, centre, **{"join:newsletter-sms": False, "join:newsletter-email": False})
    assert not any(shown(client, centre).values())
    assert Suppression.objects.filter(lifted_at=None).count() == 1
    back = press(client, done, "undo")
    assert "It is as it was before." in back.content.decode()
    assert shown(client, centre)["join:newsletter-email"]
    assert shown(client, centre)["join:newsletter-sms"]
    assert not Suppression.objects.filter(lifted_at=None, channel__in=["", "email", "sms"]).exists()
    assert 'value="undo"' not in back.content.decode()


def test_a_yes_given_here_is_evidence_like_any_other_and_can_be_set_back(centre, client):
    done = save(client, centre, **{"join:surveys-email": True})
    given = ConsentEvent.objects.get(status="given", collected_by="hosted_form")
    assert given.form_version
    assert shown(client, centre)["join:surveys-email"]
    # The boxes that were left alone were not answered again.
    assert ConsentEvent.objects.filter(consent=given.consent).count() == 1
    press(client, done, "undo")
    assert not shown(client, centre)["join:surveys-email"]


@pytest.mark.parametrize(("box", "is_on"), [("join:surveys-email", True), ("join:newsletter-sms", False)])
def test_each_change_has_a_receipt_that_only_its_own_link_opens(centre, client, box, is_on):
    done = save(client, centre, **{box: is_on}).content.decode()
    where = re.search(r'<br><a href="(/preferences/[^"]+/receipts/[^"]+)"', done)[1]
    entries = Entry.objects.count()
    text = client.get(where).content.decode()
    assert signing.verify(re.search(r"^eyJ\S+$", text, re.M)[0])
    assert ADA not in text
    assert Entry.objects.count() == entries
    other = address("bob@example.com") + "receipts/" + where.partition("/receipts/")[2]
    assert client.get(other).status_code == 404
    assert client.get("/preferences/x/receipts/" + where.partition("/receipts/")[2]).status_code == 404


@pytest.mark.parametrize("email", [ADA, "nobody@example.com"])
def test_a_no_has_a_receipt_whether_or_not_we_know_the_person(centre, client, email):
    done = client.post(address(email), {"act": "stop"}).content.decode()
    assert "All our marketing: ended" in done
    where = re.search(r'<br><a href="(/preferences/[^"]+/receipts/[^"]+)"', done)[1]
    assert "Withdrawn (dpv:ConsentWithdrawn)" in client.get(where).content.decode()
    assert Suppression.objects.get(purpose=None).reason == "objection"


def test_stopping_all_marketing_can_be_set_back(centre, client):
    done = client.post(centre, {"act": "stop"})
    assert not shown(client, centre)["join:newsletter-email"]
    press(client, done, "undo")
    assert shown(client, centre)["join:newsletter-email"]
    assert make.reason(now=timezone.now()) == "+consent-given"


def test_every_consent_that_stands_has_its_receipt(centre, client):
    """Also one that no form on show asks for, and that came another way."""
    talent = standing(make_register.purpose("talent-pool", "a", title="Later vacancies"))
    page = client.get(centre).content.decode()
    found = dict(re.findall(r'href="(/preferences/[^"]+/receipts/([^"]+)/)"', page))
    # What was answered in one go has one receipt.
    assert len(found) == 2
    assert str(talent.consent) in found.values()
    texts = [client.get(where).content.decode() for where in found]
    assert all("Given (dpv:ConsentGiven)" in text for text in texts)
    save(client, centre, **{"join:newsletter-email": False, "join:newsletter-sms": False})
    page = client.get(centre).content.decode()
    assert "Your receipts" in page
    assert page.count("/receipts/") == 1


def test_a_box_that_was_not_on_the_page_is_not_touched(centre, client):
    client.post(centre, {"shown": ["join:surveys-email", "join:made-up", "stop:invoices"], "join:made-up": "on"})
    assert shown(client, centre)["join:newsletter-email"]


def test_the_choices_need_the_pages_own_form(centre):
    for act in ("stop", "save", "pause", "language", "undo"):
        assert Client(enforce_csrf_checks=True).post(centre, {"act": act}).status_code == 403


def test_marketing_without_consent_can_be_ended_here(centre, client):
    sales = make_register.purpose("direct-sales", "f", direct_marketing=True, channels=["email"])
    subject = people.find(CLAIMS)
    assert "You have objected" not in (before := client.get(centre).content.decode())
    assert "We do not write to you about this now" in before
    relationships.touch(subject, sales, at=make.NOW, channel="correspondence", now=make.NOW, actor=make.ACTOR)
    assert shown(client, centre)["stop:direct-sales"]
    save(client, centre, **{"stop:direct-sales": False})
    assert "stop:direct-sales" not in shown(client, centre)
    assert "You have objected" in client.get(centre).content.decode()


def test_a_no_to_calls_leaves_mail_about_marketing_on(centre, client):
    sales = make_register.purpose("direct-sales", "f", direct_marketing=True, channels=["email", "phone"])
    subject = people.find(CLAIMS)
    relationships.touch(subject, sales, at=make.NOW, channel="correspondence", now=make.NOW, actor=make.ACTOR)
    withdraw.withdraw(CLAIMS, purposes=["direct-sales"], channel="phone", now=make.NOW, actor=make.ACTOR)
    assert shown(client, centre)["stop:direct-sales"]


def test_what_cannot_be_declined_is_said_with_its_reason(centre, client):
    notices = make_register.purpose("service-notices", "b", title="Service notices", channels=["email"])
    make_register.purpose("tax", "c", title="Tax", is_service_message=True)
    page = client.get(centre).content.decode()
    # With nobody of whom we know of no contract is it said that there is one.
    assert "<li>Service notices</li>" in page.partition("only while you have a contract with us")[2]
    assert "A contract with you" not in page
    assert "<dt>Tax</dt><dd>The law obliges us to.</dd>" in page
    subject = people.find(CLAIMS)
    relationships.touch(subject, notices, at=make.NOW, channel="correspondence", now=make.NOW, actor=make.ACTOR)
    page = client.get(centre).content.decode()
    assert "<dt>Service notices</dt><dd>A contract with you needs it" in page
    assert "only while you have a contract" not in page


def test_a_pause_is_asked_for_seen_and_ended(centre, client):
    now, until = timezone.now(), (timezone.now() + timedelta(days=40)).date()
    page = client.post(centre, {"act": "pause", "topic": "newsletter", "until": until.isoformat()})
    assert f"Paused until {until.day} {until:%B %Y}." in page.content.decode()
    assert make.reason(now=now + timedelta(days=1)) == "paused"
    assert shown(client, centre)["join:newsletter-email"]
    client.post(centre, {"act": "resume"})
    assert make.reason(now=timezone.now() + timedelta(days=1)) == "+consent-given"


def test_what_has_ended_is_not_said_to_be_paused(centre, client):
    until = (timezone.now() + timedelta(days=40)).date().isoformat()
    assert "Paused until" in client.post(centre, {"act": "pause", "topic": "", "until": until}).content.decode()
    client.post(centre, {"act": "stop"})
    page = client.get(centre).content.decode()
    for words in ("Paused until", "counts again afterwards"):
        assert words not in page


@pytest.mark.parametrize(("topic", "until"), [("newsletter", ""), ("", "2020-01-01"), ("", "2999-01-01"), ("x", "")])
def test_a_pause_that_makes_no_sense_is_named_in_words(centre, client, topic, until):
    page = client.post(centre, {"act": "pause", "topic": topic, "until": until}).content.decode()
    assert "There is a problem" in page
    assert not Pause.objects.exists()


def test_a_language_is_kept_with_the_person_and_the_page_follows(centre, client):
    assert 'name="language"' not in client.get(centre).content.decode()
    welsh = [{**CONTROLS[0], "label": "Anfonwch e-bost ataf."}, *CONTROLS[1:]]
    make.published("join", welsh, locale="cy-GB")
    for _again in range(2):
        page = client.post(centre, {"act": "language", "language": "cy-GB"}).content.decode()
    assert '<label for="a_1_1" lang="cy-GB">Anfonwch e-bost ataf.</label>' in page
    assert DataSubject.objects.get().locale == "cy-GB"
    assert Entry.objects.filter(kind="subject.language-chosen").count() == 1
    assert "There is a problem" in client.post(centre, {"act": "language", "language": "xx"}).content.decode()
    # An answer is then one to the words that were read.
    save(client, centre, **{"join:surveys-email": True})
    given = ConsentEvent.objects.get(status="given", collected_by="hosted_form")
    assert given.form_version == make.ConsentFormVersion.objects.get(locale="cy-GB").pk
    unknown = client.post(address("nobody@example.com"), {"act": "language", "language": "cy-GB"})
    assert unknown.status_code == 200


def mailed(client, email=ADA):
    """The page that takes the code, and the code."""
    where = client.post("/preferences/", {"email": email})["Location"]
    assert "@" not in where
    deliver_due(now=timezone.now())
    return where


def test_a_code_opens_the_choices_once(centre, client, mailoutbox):
    where = mailed(client, " ADA@example.com")
    (mail,) = mailoutbox
    assert mail.to == [ADA]
    code = re.search(r"\d{4} \d{4}", mail.body)[0]
    assert client.post(where, {"code": "00000000"}).status_code == 200
    opened = client.post(where, {"code": code})
    assert shown(client, opened["Location"])["join:newsletter-email"]
    assert "not right" in client.post(where, {"code": code}).content.decode()


def test_the_way_is_the_same_for_whoever_is_known_and_unknown(centre, client, mailoutbox):
    pages = []
    for email in (ADA, "nobody@example.com"):
        where = mailed(client, email)
        page = client.get(where).content.decode() + mailoutbox[-1].body
        pages.append(re.sub(r"\d{4} \d{4}|/preferences/\S+?/", "", page))
    assert re.sub(r'value="\w{64}"', "", pages[0]) == re.sub(r'value="\w{64}"', "", pages[1])


def test_five_tries_and_four_codes_an_hour(centre, client, mailoutbox):
    where = mailed(client)
    code = re.search(r"\d{4} \d{4}", mailoutbox[-1].body)[0]
    for _try in range(codes.ATTEMPTS):
        client.post(where, {"code": "1"})
    assert client.post(where, {"code": code}).status_code == 200
    for _again in range(6):
        assert "Another code is on its way" in client.post(where, {"again": "1"}).content.decode()
    assert Outbox.objects.filter(kind="mail").count() == codes.PER_HOUR


def test_the_name_of_the_page_for_the_code_opens_nothing_by_itself(centre, client):
    sealed = mailed(client).rstrip("/").rpartition("/")[2]
    assert client.get(f"/preferences/{sealed}/").status_code == 404
    assert client.post("/preferences/code/x/", {"code": "12345678"}).status_code == 200
    assert client.post("/preferences/code/x/", {"again": "1"}).status_code == 200


@pytest.mark.parametrize("email", ["", "no address", "a@b\x00.uk", "x" * 300])
def test_a_wrong_address_is_named_in_words(centre, client, email):
    page = client.post("/preferences/", {"email": email}).content.decode()
    assert "There is a problem" in page
    assert not Outbox.objects.filter(kind="mail").exists()
