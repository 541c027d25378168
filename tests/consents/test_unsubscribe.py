"""One-click unsubscribe as mailbox providers do it (RFC 8058), the page behind the link, and the choices."""

import re
import time
from email.parser import HeaderParser
from functools import partial
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from consents import braking, examinations, unsubscribe, withdraw
from consents.models import ConsentEvent, Suppression
from consents.unsubscribe import Recipient
from core.errors import Invalid
from ledger.models import Entry
from processing.models import Purpose
from subjects import erasure
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


def test_the_headers_are_those_of_the_rfc_and_name_nobody(newsletter, settings):
    settings.MAILBOX_URL = "imaps://u:p@mail.example.com/"
    one = link()
    message = HeaderParser().parsestr("\n".join(f"{name}: {value}" for name, value in one.headers) + "\n\n")
    uris = re.findall(r"<([^>]+)>", message["List-Unsubscribe"])
    assert [uri.partition(":")[0].rstrip("s") for uri in uris] == ["http", "mailto"]
    assert uris[0] == one.url
    assert f"subject=unsub-{one.url.rstrip('/').rpartition('/')[2]}" in uris[1]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert "@" not in one.url
    assert link("  ADA@Example.com ").url == one.url


def test_a_mailbox_that_nobody_reads_is_not_offered(newsletter, settings):
    settings.MAILBOX_URL = ""
    one = link()
    assert dict(one.headers)["List-Unsubscribe"] == f"<{one.url}>"
    (said,) = examinations.unsubscribing(make.NOW)
    assert (said.status, "no mailto:" in said.sentence) == ("warn", True)
    settings.MAILBOX_URL = "imaps://u:p@mail.example.com/"
    assert [one.status for one in examinations.unsubscribing(make.NOW)] == ["ok"]


def test_only_the_same_link_again_and_again_is_braked_and_nobody_elses(newsletter, settings, monkeypatch):
    """A mailbox provider presses for all its readers from one address."""
    settings.FORM_POSTS_PER_CLIENT, settings.API_CALLS_PER_CLIENT = 3, 2
    # The minute does not turn while we press.
    monkeypatch.setattr(braking, "time", SimpleNamespace(time=partial(float, time.time())))
    # Of this run alone: the counts are kept where another test may have left some.
    own = [f"{uuid4().hex}@example.com" for _each in range(6)]
    assert [click(link(email).url).status_code for email in own] == [200] * 6
    assert [click(link(own[0]).url).status_code for _again in range(3)] == [200, 200, 429]
    assert click(link(own[1]).url).status_code == 200
    address = {"REMOTE_ADDR": f"2001:db8:{uuid4().hex[:4]}:{uuid4().hex[:4]}::1"}
    guesses = [Client().post(f"/u/{uuid4().hex}/", BODY, **address).status_code for _each in range(3)]
    assert guesses == [200, 200, 429]
    assert Client().post(f"/consent/confirm/{uuid4().hex}/", **address).status_code == 429
    assert click(link(own[2]).url, **address).status_code == 200


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


@pytest.mark.parametrize("body", [{}, {"foo": "bar"}, {"List-Unsubscribe": "1"}, {"stop": "everything"}])
def test_nothing_ends_by_what_neither_a_provider_nor_our_button_sends(newsletter, client, body):
    answers = [client.post(path(link().url), body), client.post("/u/t1.AAAA/", body)]
    for answer in answers:
        assert (answer.status_code, answer.cookies) == (200, {})
        assert "Nothing has changed yet" in answer.content.decode()
    assert make.reason() == "+consent-given"
    assert not Suppression.objects.exists()
    client.post(path(link().url), {"stop": "list"})
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


def test_a_no_to_calls_alone_does_not_make_the_click_say_nothing(newsletter):
    """Of somebody whom nobody knows there is nothing else that would say so."""
    to_calls = {"purposes": ["newsletter"], "channel": "phone", "now": make.NOW, "actor": make.ACTOR}
    withdraw.withdraw([Claim("email", "gone@example.com")], **to_calls)
    click(link("gone@example.com").url)
    assert set(Suppression.objects.values_list("channel", flat=True)) == {"", "phone"}


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
    entries = Entry.objects.count()
    client.post(path(link().url), {"stop": "marketing"})
    assert Entry.objects.count() == entries


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


def test_a_list_that_is_none_any_more_has_ended(newsletter):
    url = f"/u/{unsubscribe.seal(Recipient(ADA, 'gone'))}/"
    assert Client().post(url, BODY).status_code == 200
    assert make.reason() == "+consent-given"
