"""One-click unsubscribe as mailbox providers do it (RFC 8058), the page behind the link, and the choices."""

import re
from email.parser import HeaderParser
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from consents import unsubscribe
from consents.models import ConsentEvent, Suppression
from consents.unsubscribe import Recipient
from core.errors import Invalid
from core.models import Outbox
from core.outbox import deliver_due
from ledger.models import Entry
from processing.models import Purpose
from subjects import erasure, people, relationships
from subjects.identifiers import Claim
from subjects.models import DataSubject
from tests import make_consents as make
from tests import make_register

pytestmark = pytest.mark.django_db
ADA = "ada@example.com"
BODY = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def newsletter():
    make.published()
    make.captured()
    assert make.reason() == "+consent-given"


def link(email=ADA, purpose="newsletter"):
    return unsubscribe.links(purpose, [email])[0]


def path(url):
    return "/" + url.split("/", 3)[3]


def click(url, body=BODY, **options):
    """As a mailbox provider: another site, no cookies, no referrer."""
    return Client(enforce_csrf_checks=True).post(path(url), body, **options)


def test_the_headers_are_those_of_the_rfc_and_name_nobody(newsletter):
    one = link()
    message = HeaderParser().parsestr("\n".join(f"{name}: {value}" for name, value in one.headers) + "\n\n")
    uris = re.findall(r"<([^>]+)>", message["List-Unsubscribe"])
    assert [uri.partition(":")[0].rstrip("s") for uri in uris] == ["http", "mailto"]
    assert uris[0] == one.url
    assert f"subject=unsub-{one.url.rstrip('/').rpartition('/')[2]}" in uris[1]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "@" not in one.url
    assert link("  ADA@Example.com ").url == one.url


def test_one_click_ends_the_list_at_once_without_cookies_login_or_redirect(newsletter):
    response = click(link().url)
    assert (response.status_code, response.content, response.cookies) == (200, b"", {})
    assert make.reason() == "consent-withdrawn"
    assert ConsentEvent.objects.filter(collected_by="one_click", status="withdrawn").exists()
    assert Suppression.objects.filter(lifted_at=None).count() == 1


def test_it_may_come_as_multipart(newsletter):
    boundary, named = "x1", 'Content-Disposition: form-data; name="List-Unsubscribe"'
    body = f"--{boundary}\r\n{named}\r\n\r\nOne-Click\r\n--{boundary}--\r\n"
    response = Client().generic(
        "POST", path(link().url), body, content_type=f"multipart/form-data; boundary={boundary}"
    )
    assert (response.status_code, response.content) == (200, b"")
    assert make.reason() == "consent-withdrawn"


def test_looking_changes_nothing(newsletter, client):
    one = link()
    for url in (one.url, one.preferences):
        for _again in range(2):
            response = client.get(path(url))
            assert response.status_code == 200
            assert client.head(path(url)).status_code == 200
    assert make.reason() == "+consent-given"


def test_the_same_click_again_says_nothing_new(newsletter):
    url = link().url
    click(url)
    entries = Entry.objects.count()
    assert click(url).status_code == 200
    assert Entry.objects.count() == entries


def test_a_later_yes_can_be_ended_by_the_old_link(newsletter):
    click(link().url)
    now = Entry.objects.latest("id").at
    make.captured(now=now + make.timedelta(minutes=1))
    assert make.reason(now=now + make.timedelta(hours=1)) == "+consent-given"
    assert unsubscribe.stop(Recipient(ADA, "newsletter"), now=now + make.timedelta(hours=2))
    assert make.reason(now=now + make.timedelta(hours=3)) == "consent-withdrawn"


def test_an_address_that_nobody_has_is_suppressed_and_told_the_same(newsletter):
    known, unknown = click(link().url), click(link("nobody@example.com").url)
    assert (known.status_code, known.content) == (unknown.status_code, unknown.content)
    assert Suppression.objects.count() == 2
    page, other = (Client().get(path(link(email).url)).content for email in (ADA, "someone@example.com"))
    tidy = [re.sub(rb"/(u|preferences)/[^/\"]+/", b"", text) for text in (page, other)]
    assert tidy[0] == tidy[1]


@pytest.mark.parametrize(
    "token", ["x", "t1.", "t1.AAAA", "t1." + "A" * 60, "t9.AAAA", "t1.%C3%A9", "." * 50, "t1." + "A" * 700]
)
def test_a_link_that_is_not_ours_gets_the_neutral_answer_and_does_nothing(newsletter, token):
    entries = Entry.objects.count()
    response = Client().post(f"/u/{token}/", BODY)
    assert (response.status_code, response.content) == (200, b"")
    assert Client().get(f"/u/{token}/").status_code == 200
    assert Client().get(f"/preferences/{token}/").status_code == 404
    assert Entry.objects.count() == entries


@given(st.integers(0, 200))
def test_a_changed_link_is_not_ours(place):
    token = unsubscribe.seal(Recipient(ADA, "newsletter"))
    assert unsubscribe.read(token) == Recipient(ADA, "newsletter")
    place = 3 + place % (len(token) - 3)
    changed = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
    read = unsubscribe.read(changed)
    # The last character of base64 may carry bits that mean nothing.
    assert read is None or place == len(token) - 1


def test_it_works_after_the_person_was_erased(newsletter):
    url, subject = link().url, DataSubject.objects.get()
    with transaction.atomic():
        erasure.erase(
            subject=subject, purposes=list(Purpose.objects.all()), request=uuid4(), actor=make.ACTOR, now=make.NOW
        )
    assert not DataSubject.objects.exists()
    assert click(url).status_code == 200
    assert Suppression.objects.filter(lifted_at=None).exists()


def test_stopping_everything_is_an_objection_to_all_marketing(newsletter, client):
    response = client.post(path(link().url), {"stop": "marketing"})
    assert "All our marketing to you has ended" in response.content.decode()
    assert Suppression.objects.get(purpose=None).reason == "objection"


def test_only_what_can_be_refused_gets_links(newsletter):
    make_register.purpose("invoices", "b")
    for slug in ("invoices", "nothing"):
        with pytest.raises(Invalid):
            unsubscribe.links(slug, [ADA])


def test_links_over_the_api_in_order_with_what_is_no_address_left_empty(newsletter, client):
    body = {"purpose": "newsletter", "values": [ADA, "not an address", "bob@example.com"]}
    response = client.post("/api/v1/unsubscribe/links/", body, content_type="application/json", **make.key())
    assert response.status_code == 200, response.content
    results = response.json()["results"]
    assert [bool(one["url"]) for one in results] == [True, False, True]
    assert set(results[0]["headers"]) == {"List-Unsubscribe", "List-Unsubscribe-Post"}
    assert results[0]["url"] != results[2]["url"]


@pytest.mark.parametrize(
    "body", [[], {"purpose": "newsletter"}, {"purpose": 1, "values": []}, {"values": ["a"], "x": 1}]
)
def test_a_question_for_links_that_makes_no_sense_is_a_problem(newsletter, client, body):
    response = client.post("/api/v1/unsubscribe/links/", body, content_type="application/json", **make.key())
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"


CONTROLS = [
    make.control(),
    make.control("newsletter-sms", channel="sms", label="Text me."),
    make.control("surveys-email", "surveys", label="Ask me."),
]


@pytest.fixture
def centre():
    make.published("join", CONTROLS)
    make.captured(choices={"newsletter-email": True, "newsletter-sms": True, "surveys-email": False})
    return path(link().preferences)


def shown(client, url):
    page = client.get(url).content.decode()
    boxes = re.findall(r'type="checkbox"[^>]*name="([^"]+)" value="on"( checked)?', page)
    return {name: bool(checked) for name, checked in boxes}


def save(client, url, **changes):
    state = {**shown(client, url), **changes}
    on = {name: "on" for name, is_on in state.items() if is_on}
    return client.post(url, {"shown": list(state), **on})


def test_the_choices_are_as_they_stand(centre, client):
    assert shown(client, centre) == {
        "join:newsletter-email": True,
        "join:newsletter-sms": True,
        "join:surveys-email": False,
    }
    assert ADA not in client.get(centre).content.decode()


def test_saving_nothing_renews_nothing(centre, client):
    events = ConsentEvent.objects.count()
    assert "Nothing was changed" in save(client, centre).content.decode()
    assert ConsentEvent.objects.count() == events


def test_one_channel_ends_and_the_other_stays(centre, client):
    save(client, centre, **{"join:newsletter-sms": False})
    assert shown(client, centre)["join:newsletter-email"]
    assert not shown(client, centre)["join:newsletter-sms"]
    now = Entry.objects.latest("id").at
    assert make.reason(channel="email", now=now) == "+consent-given"
    assert make.reason(channel="sms", now=now) != "+consent-given"


def test_a_topic_ends_when_its_last_box_is_cleared(centre, client):
    save(client, centre, **{"join:newsletter-sms": False, "join:newsletter-email": False})
    assert not any(shown(client, centre).values())
    assert Suppression.objects.filter(lifted_at=None).count() == 1


def test_a_yes_given_here_is_evidence_like_any_other(centre, client):
    save(client, centre, **{"join:surveys-email": True})
    given = ConsentEvent.objects.get(purpose__isnull=False, status="given", collected_by="hosted_form")
    assert given.form_version
    assert shown(client, centre)["join:surveys-email"]
    # The boxes that were left alone were not answered again.
    assert ConsentEvent.objects.filter(consent=given.consent).count() == 1


def test_a_box_that_was_not_on_the_page_is_not_touched(centre, client):
    client.post(centre, {"shown": ["join:surveys-email", "join:made-up", "stop:invoices"], "join:made-up": "on"})
    assert shown(client, centre)["join:newsletter-email"]


def test_the_choices_need_the_pages_own_form(centre):
    assert Client(enforce_csrf_checks=True).post(centre, {"stop": "marketing"}).status_code == 403


def test_marketing_without_consent_can_be_ended_here(centre, client):
    sales = make_register.purpose("direct-sales", "f", direct_marketing=True, channels=["email"])
    subject = people.find([Claim("email", ADA)])
    relationships.touch(subject, sales, at=make.NOW, channel="correspondence", now=make.NOW, actor=make.ACTOR)
    assert shown(client, centre)["stop:direct-sales"]
    save(client, centre, **{"stop:direct-sales": False})
    assert "stop:direct-sales" not in shown(client, centre)


def test_the_link_is_mailed_to_whoever_asks_three_times_a_day(centre, client):
    for email in (ADA, "nobody@example.com"):
        for _again in range(5):
            response = client.post("/preferences/", {"email": email})
            assert "whether or not we have written" in response.content.decode()
    assert Outbox.objects.filter(kind="mail").count() == 6


def test_the_mailed_link_opens_the_choices(centre, client, mailoutbox):
    client.post("/preferences/", {"email": " ADA@example.com"})
    deliver_due(now=Outbox.objects.get().due_at)
    (mail,) = mailoutbox
    assert mail.to == [ADA]
    url = re.search(r"https?://\S+/preferences/\S+", mail.body)[0]
    assert shown(client, path(url))["join:newsletter-email"]


@pytest.mark.parametrize("email", ["", "no address", "a@b\x00.uk", "x" * 300])
def test_a_wrong_address_is_named_in_words(centre, client, email):
    page = client.post("/preferences/", {"email": email}).content.decode()
    assert "There is a problem" in page
    assert not Outbox.objects.filter(kind="mail").exists()
