"""What is ended on the page of somebody's choices reaches their browsers."""

import pytest

from consents import unsubscribe
from consents.unsubscribe import Recipient
from cookies import linking, stored
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
