"""The whole public flow as a browser without JavaScript sees it."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from core.outbox import deliver_due
from kraken_privacy import pages
from requests.models import CaseFile, RightsRequest
from requests.questions import OFFERED
from subjects.identifiers import Claim
from subjects.people import find_or_create
from tests.make_requests import EMAIL, NOW

pytestmark = pytest.mark.django_db

ANSWERS = [
    ("/rights/", {"rights": ["access", "erasure"]}),
    ("/rights/name/", {"name": "Zaphod Quux"}),
    ("/rights/email/", {"email": "zaphod.quux@example.com"}),
    ("/rights/details/", {"details": "the restaurant"}),
]


@pytest.fixture(autouse=True)
def _fresh_cache():
    cache.clear()


def text_of(response):
    return re.sub(r"\s+", " ", response.content.decode())


def answer_all(client, **other):
    for url, answers in ANSWERS:
        response = client.post(url, {name: other.get(name, value) for name, value in answers.items()})
        assert response.status_code == 302
    return client.get("/rights/check/")


def token_of(page):
    return re.search(r'name="token" value="([^"]+)"', page.content.decode()).group(1)


def send(client, **other):
    page = answer_all(client, **other)
    return client.post("/rights/check/", {"token": token_of(page), "website": ""}, follow=True)


def title(response):
    return re.search(r"<title>(.*?)</title>", text_of(response)).group(1)


def test_from_the_hub_to_a_case(client):
    assert 'href="/rights/"' in client.get("/").content.decode()
    assert "What would you like us to do?" in text_of(client.get("/rights/"))
    page = answer_all(client)
    labels = [str(label) for right, label in OFFERED if right in ("access", "erasure")]
    for words in ("Zaphod Quux", "zaphod.quux@example.com", "the restaurant", *labels):
        assert words in text_of(page)
    assert not CaseFile.objects.exists()
    done = client.post("/rights/check/", {"token": token_of(page), "website": ""}, follow=True)
    assert done.redirect_chain == [("/rights/sent/", 302)]
    for request in RightsRequest.objects.all():
        assert request.reference in text_of(done)
        assert f"{request.due_on:%A} {request.due_on.day} {request.due_on:%B %Y}" in text_of(done)
    assert CaseFile.objects.get().locale == "en-GB"
    assert text_of(client.get("/rights/sent/")) == text_of(done)


def test_the_draft_is_unreadable_in_the_session_and_gone_when_sent(client):
    answer_all(client)
    session = client.session
    kept = str(dict(session.items())) + "".join(Session.objects.values_list("session_data", flat=True))
    for token in ("Zaphod", "quux", "restaurant"):
        assert token not in kept
    assert "rights_draft" in session
    assert client.cookies["rights_draft"]["httponly"]
    send(client)
    assert "rights_draft" not in client.session
    assert client.cookies["rights_draft"].value == ""


def test_without_the_cookie_the_draft_cannot_be_opened(client):
    answer_all(client)
    del client.cookies["rights_draft"]
    assert client.get("/rights/check/").url == "/rights/"


def test_sent_twice_is_one_case(client):
    page = answer_all(client)
    for _ in range(2):
        response = client.post("/rights/check/", {"token": token_of(page), "website": ""})
        assert response.url == "/rights/sent/"
    assert CaseFile.objects.count() == 1


def test_pages_cannot_be_skipped(client):
    for url in ("/rights/name/", "/rights/details/", "/rights/check/"):
        assert client.get(url).url == "/rights/"
    assert client.post("/rights/check/", {"token": "x"}).url == "/rights/"
    assert client.get("/rights/sent/").url == "/"


def test_one_answer_can_be_changed_and_leads_back_to_the_check(client):
    assert "/rights/email/?change=1" in text_of(answer_all(client))
    page = client.get("/rights/email/?change=1")
    assert 'value="zaphod.quux@example.com"' in text_of(page)
    assert 'href="/rights/check/"' in text_of(page)
    assert client.post("/rights/email/?change=1", {"email": "z@example.org"}).url == "/rights/check/"
    assert "z@example.org" in text_of(client.get("/rights/check/"))


@pytest.mark.parametrize(
    ("step", "given", "message", "target"),
    [
        (0, {}, "Select what you would like us to do", "id_rights_0"),
        (0, {"rights": ["everything"]}, "Select what you would like us to do", "id_rights_0"),
        (1, {"name": "  "}, "Enter your full name", "id_name"),
        (1, {"name": "x" * 201}, "Your name must be 200 characters or fewer", "id_name"),
        (2, {"email": ""}, "Enter your e-mail address", "id_email"),
        (2, {"email": "a@b"}, "Enter an e-mail address in the correct format, like name@example.com", "id_email"),
        (3, {"details": "x" * 5001}, "Your message must be 5,000 characters or fewer", "id_details"),
    ],
)
def test_a_mistake_is_named_twice_in_the_same_words_and_the_answer_kept(client, step, given, message, target):
    for url, answers in ANSWERS[:step]:
        client.post(url, answers)
    url = ANSWERS[step][0]
    assert not title(client.get(url)).startswith("Error")
    response = client.post(url, given)
    page = text_of(response)
    assert response.status_code == 200
    assert title(response).startswith("Error: ")
    assert page.count(message) == 2
    assert f'<a href="#{target}">{message}</a>' in page
    assert f'id="{target}"' in page
    assert "There is a problem" in page
    assert page.index("There is a problem") < page.index("<h1")
    assert "autofocus" in page
    for value in given.values():
        assert isinstance(value, list) or value.strip() in page


def test_nothing_is_marked_required_and_browsers_do_not_check(client):
    answer_all(client)
    for url in ("/rights/", "/rights/name/", "/rights/email/", "/rights/details/", "/rights/check/", "/rights/status/"):
        page = text_of(client.get(url))
        assert re.search(r'<form method="post" novalidate>', page)
        assert not re.search(r"<(input|textarea)[^>]* (required|maxlength)", page)
        assert page.count("<h1") == 1
        assert "csrfmiddlewaretoken" in page
        assert "style=" not in page
        assert "<script" not in page


def test_forms_tell_browsers_what_they_ask(client):
    answer_all(client)
    assert 'autocomplete="name"' in text_of(client.get("/rights/name/"))
    assert 'autocomplete="email"' in text_of(client.get("/rights/email/"))


def test_the_trap_never_loses_a_request_silently(client):
    page = answer_all(client)
    caught = client.post("/rights/check/", {"token": token_of(page), "website": "http://spam.example"})
    assert title(caught).startswith("Error: ")
    assert text_of(caught).count("Leave the last field empty, then send the request again") == 2
    assert not CaseFile.objects.exists()
    client.post("/rights/check/", {"token": token_of(page), "website": ""})
    assert CaseFile.objects.exists()


def test_a_form_from_another_site_is_refused():
    client = Client(enforce_csrf_checks=True)
    response = client.post("/rights/", {"rights": "access"})
    assert response.status_code == 403
    assert "go back, load the page again" in text_of(response)


def test_robots_are_braked(client, monkeypatch):
    monkeypatch.setattr("requests.throttle.AN_HOUR", 3)
    page = answer_all(client)
    for _ in range(3):
        client.post("/rights/status/", {"reference": "KP-2345-BCDF", "email": EMAIL})
    response = client.post("/rights/status/", {"reference": "KP-2345-BCDF", "email": EMAIL})
    assert response.status_code == 429
    assert "privacy@" in text_of(response)
    # Another action has its own count: the right itself can still be exercised.
    assert client.post("/rights/check/", {"token": token_of(page), "website": ""}).url == "/rights/sent/"


def scrubbed(page):
    page = re.sub(r"KP-\w{4}-\w{4}", "REFERENCE", page)
    return re.sub(r'value="[\w-]{32,64}"', "VALUE", page)


def test_known_and_unknown_see_the_same():
    find_or_create([Claim("email", EMAIL)], now=NOW, actor="test")
    pages = []
    for email in (EMAIL, "nobody@example.com"):
        visitor = Client()
        done = send(visitor, email=email)
        link = visitor.post("/rights/status/", {"reference": "KP-2345-BCDF", "email": email}, follow=True)
        pages.append([done.status_code, scrubbed(text_of(done)), link.status_code, scrubbed(text_of(link))])
    assert pages[0] == pages[1]


def confirm_url(mailbox):
    deliver_due(now=CaseFile.objects.order_by("-pk")[0].received_at)
    return re.search(r"/rights/confirm/[^/\s]+/", mailbox[-1].body).group(0)


def test_only_the_button_confirms(client, mailoutbox):
    send(client)
    url = confirm_url(mailoutbox)
    stranger = Client()
    for _ in range(2):
        page = stranger.get(url)
        assert "Confirm your e-mail address" in text_of(page)
        assert stranger.head(url).status_code == 200
        assert CaseFile.objects.get().confirmed_at is None
    assert stranger.post(url).url == url
    confirmed_at = CaseFile.objects.get().confirmed_at
    assert confirmed_at
    status = text_of(stranger.get(url))
    assert "Your e-mail address is confirmed." in status
    assert RightsRequest.objects.first().reference in status
    assert stranger.post(url).url == url
    assert CaseFile.objects.get().confirmed_at == confirmed_at


def test_unknown_and_expired_links_look_alike_and_lead_on(client, mailoutbox):
    send(client)
    url = confirm_url(mailoutbox)
    CaseFile.objects.update(confirm_expires_at=CaseFile.objects.get().received_at - timedelta(days=1))
    expired, unknown = client.get(url), client.get(reverse("requests:confirm", args=["unknown"]))
    assert expired.status_code == unknown.status_code == 404
    assert text_of(expired) == text_of(unknown)
    assert 'href="/rights/status/"' in text_of(unknown)
    assert client.post(url).status_code == 404
    assert CaseFile.objects.get().confirmed_at is None


def test_pages_with_answers_are_not_kept_by_browsers_or_proxies(client):
    answer_all(client)
    for url in ("/rights/", "/rights/check/", "/rights/status/", "/rights/confirm/x/"):
        assert "no-store" in client.get(url)["Cache-Control"]


@pytest.mark.parametrize(("url", "status"), [("/nowhere/", 404), ("/rights/nowhere/", 404)])
def test_wrong_addresses_get_a_page(client, url, status):
    response = client.get(url)
    assert response.status_code == status
    assert "Page not found" in text_of(response)


def test_pages_are_small(client):
    sheet = Path(settings.BASE_DIR, "static", "kraken.css").stat().st_size
    assert len(client.get("/").content) + sheet < 30_000


def test_a_closed_request_says_so_and_how_to_take_it_up_again(client, mailoutbox):
    send(client, rights=["access"])
    url = confirm_url(mailoutbox)
    client.post(url)
    request = RightsRequest.objects.get()
    request.tasks.update(outcome="nothing_found", answered_at=NOW)
    request.move("in_progress", actor="user:test", now=NOW)
    request.move("fulfilled", actor="user:test", now=NOW)
    page = text_of(client.get(url))
    assert "We have dealt with it and written to you." in page
    assert "we will take it up again" in page
    assert "Answer due by" not in page


def test_a_crash_needs_no_database(rf):
    response = pages.crashed(rf.get("/"))
    assert response.status_code == 500
    assert "It is our fault, not yours." in text_of(response)
    assert pages.bad_request(rf.get("/"), Exception()).status_code == 400
