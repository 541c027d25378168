"""What is ended on the page of somebody's choices reaches their browsers."""

from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from consents import unsubscribe
from consents.models import ConsentEvent, ConsentState
from consents.unsubscribe import Recipient
from consents.withdraw import withdraw
from cookies import choices, linking, stored, withdrawing
from cookies.choices import Proof
from cookies.models import CookieChoice
from subjects import people
from subjects.identifiers import Claim
from tests import make_consents
from tests import make_cookies as make

pytestmark = pytest.mark.django_db
NAME, ADA = "kp_cookies_shop", Claim("email", "ada@example.com")
BOX = "end:website-analytics:"


@pytest.fixture
def page(client):
    """Ada's choices in a browser that is hers and allows everything; another of hers does too."""
    version = make.published(origins=["http://localhost"], cookie_domain="testserver")
    people.find_or_create([ADA], now=make.NOW, actor=make.ACTOR)
    client.post("/cookies/shop/", {"choose": "all"})
    here = CookieChoice.objects.get()
    other = make.chosen(version)
    for row in (here, other):
        linking.link(row.consent_id, [ADA], now=make.NOW, actor=make.ACTOR)
    client.other = other.consent_id
    return f"/preferences/{unsubscribe.seal(Recipient(ADA.normalised, ''))}/"


def last(number):
    return CookieChoice.objects.filter(consent_id=number).latest("id")


def test_ended_on_the_page_it_is_ended_in_every_browser(page, client):
    assert f'name="{BOX}" value="on" checked' in client.get(page).content.decode()
    client.cookies["_seen_1"] = client.cookies["theme"] = "x"
    number = stored.read(client.cookies[NAME].value).consent_id
    answer = client.post(page, {"act": "save", "shown": [BOX]})
    kept = stored.read(answer.cookies[NAME].value)
    assert kept.consent_id == number
    assert kept.denied == {"website-analytics"}
    assert answer.cookies["_seen_1"]["max-age"] == 0
    assert "theme" not in answer.cookies
    for browser in (number, client.other):
        assert last(browser).denied == ["website-analytics"]
    assert BOX not in client.get(page).content.decode()
    assert make_consents.reason(purpose="website-analytics", channel="") == "consent-withdrawn"
    rows = CookieChoice.objects.count()
    client.post(page, {"act": "save", "shown": [BOX]})
    assert CookieChoice.objects.count() == rows


def test_another_choice_leaves_the_browser_alone(page, client):
    make_consents.published(now=make.NOW)
    rows = CookieChoice.objects.count()
    answer = client.post(page, {"act": "stop"})
    assert NAME not in answer.cookies
    assert CookieChoice.objects.count() == rows


def test_without_scripts_a_browser_shows_what_was_ended_in_another_one(page, client):
    rows = CookieChoice.objects.count()
    assert 'id="website-analytics-yes" aria-describedby="about-website-analytics" checked' in shown(client)
    withdraw([ADA], purposes=["website-analytics"], now=timezone.now(), actor=make.ACTOR)
    text = shown(client)
    assert 'id="website-analytics-no" aria-describedby="about-website-analytics" checked' in text
    assert "You ended this elsewhere" in text
    assert CookieChoice.objects.count() == rows
    # Looking wrote nothing; saving what is shown deletes what was stored.
    client.cookies["_seen_1"] = "x"
    answer = client.post("/cookies/shop/", {"choose": "some", "website-analytics": "no", "site-appearance": "yes"})
    assert answer.cookies["_seen_1"]["max-age"] == 0
    assert "You ended this elsewhere" not in answer.content.decode()
    assert "You ended this elsewhere" not in shown(client)


def shown(client):
    return client.get("/cookies/shop/").content.decode()


@pytest.fixture
def two():
    """Ada's two browsers allow two purposes; returns how to end one of them a month later, in the second browser."""
    site = make.site(origins=["http://localhost"], cookie_domain="testserver")
    make.line(site, "_ask", "surveys")
    version = make.published()
    people.find_or_create([ADA], now=make.NOW, actor=make.ACTOR)
    rows = []
    for number in (uuid4(), uuid4()):
        wanted = {"website-analytics": True, "surveys": True, "site-appearance": True}
        proof = Proof(uuid4(), number, wanted, "page", False, make.NOW)
        rows.append(choices.record(version, proof, now=make.NOW, actor=make.ACTOR))
        linking.link(number, [ADA], now=make.NOW, actor=make.ACTOR)
    assert make_consents.reason(purpose="surveys", channel="") == "+consent-given"

    def end(**headers):
        request = RequestFactory().get("/", headers=headers)
        request.COOKIES[NAME] = stored.of(rows[1])
        answer = HttpResponse()
        withdrawing.end(request, answer, ADA, {"website-analytics"}, make.days(30))
        return SimpleNamespace(cookie=answer.cookies[NAME], kept=stored.read(answer.cookies[NAME].value), rows=rows)

    return end


def test_what_is_left_is_neither_given_anew_nor_prolonged(two):
    before = ConsentState.objects.values_list("effective_at", "valid_until", "event").get(purpose__slug="surveys")
    done = two(**{"Sec-GPC": "1"})
    assert done.kept.granted == {"surveys"}
    assert (done.kept.at, done.cookie["max-age"]) == (make.NOW, timedelta(days=365 - 30).total_seconds())
    # The signal that came since goes on outweighing what was chosen without it.
    assert not choices.is_on({"id": "surveys", "need": "consent", "since": 1}, done.kept, is_gpc=True)
    assert {last(row.consent_id).is_gpc for row in done.rows} == {False}
    assert (
        ConsentState.objects.values_list("effective_at", "valid_until", "event").get(purpose__slug="surveys") == before
    )


def test_a_later_no_to_another_purpose_stands_and_reaches_the_browsers(two):
    withdraw([ADA], purposes=["surveys"], now=make.days(10), actor=make.ACTOR)
    done = two()
    assert not done.kept.granted
    for row in done.rows:
        assert set(last(row.consent_id).denied) == {"surveys", "website-analytics"}
    assert make_consents.reason(purpose="surveys", channel="", now=make.days(31)) == "consent-withdrawn"
    assert not ConsentEvent.objects.filter(status="given", effective_at__gt=make.days(10)).exists()
