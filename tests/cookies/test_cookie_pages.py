"""The cookie page without JavaScript, the script, the signal's resource, the calls of the API, and staff's page."""

import gzip
import json
from uuid import uuid4

import pytest

from consents import withdraw
from cookies import linking
from cookies.models import Cookie, CookieChoice, SiteVersion
from subjects.models import Identifier
from tests import make_cookies as make
from tests import make_staff, make_subjects

pytestmark = pytest.mark.django_db
PAGE = "/cookies/shop/"
NAME = "kp_cookies_shop"
LIMIT = 10_000


@pytest.fixture
def version():
    return make.published(origins=["http://localhost"], cookie_domain="testserver")


def test_reading_changes_nothing(client, version):
    for path in (PAGE, "/cookies/", f"{PAGE}banner.js", "/.well-known/gpc.json"):
        for headers in ({}, {"Sec-GPC": "1"}):
            response = client.get(path, headers=headers)
            assert response.status_code in (200, 302)
            assert NAME not in response.cookies
    assert not CookieChoice.objects.exists()


def test_the_signal_is_told_of(client):
    assert client.get("/.well-known/gpc.json").json() == {"gpc": True, "lastUpdate": "2026-11-22"}


@pytest.mark.parametrize(
    ("post", "granted", "denied"),
    [
        ({"choose": "all"}, ["website-analytics"], []),
        ({"choose": "none"}, [], ["site-appearance", "website-analytics"]),
        ({"choose": "some"}, [], ["site-appearance", "website-analytics"]),
        ({"choose": "some", "website-analytics": "yes"}, ["website-analytics"], ["site-appearance"]),
    ],
)
def test_a_choice_without_javascript(client, version, post, granted, denied):
    answer = client.post(PAGE, post)
    row = CookieChoice.objects.get()
    assert (row.granted, row.denied, row.how, row.actor) == (granted, denied, "page", "public")
    cookie = answer.cookies[NAME]
    assert (cookie["domain"], cookie["path"], cookie["samesite"]) == ("testserver", "/", "Lax")
    assert b"Your choice is saved" in answer.content
    assert str(row.consent_id).encode() in client.get(PAGE).content


def test_withdrawing_deletes_what_is_ours_and_names_what_is_not(client, version):
    Cookie.objects.filter(pattern="_seen*").update(provider="Example Ltd")
    make.line(version.site, "_other", domain="video.example.com", provider="Example Video Ltd")
    make.published(now=make.days(1))
    client.post(PAGE, {"choose": "all"})
    client.cookies["_seen_1"] = client.cookies["theme"] = client.cookies["sessionid2"] = "x"
    answer = client.post(PAGE, {"choose": "some", "site-appearance": "yes"})
    assert {name for name, cookie in answer.cookies.items() if cookie["max-age"] == 0} == {"_seen_1"}
    assert b"_other (Example Video Ltd)" in answer.content
    assert b"cannot delete" in answer.content


@pytest.mark.parametrize(
    ("value", "is_signal"), [("1", True), ("true", False), ("0", False), ("1,0", True), ("11", False)]
)
def test_the_signal_stands_until_somebody_chose_in_spite_of_it(client, version, value, is_signal):
    headers = {"Sec-GPC": value}
    shown = client.get(PAGE, headers=headers)
    assert (b"asks not to be followed" in shown.content) == is_signal
    assert "Sec-GPC" in shown.headers["Vary"]
    # Which look is remembered is on unless somebody objects: the signal does.
    assert (b'id="site-appearance-yes" aria-describedby="about-site-appearance" checked' in shown.content) != is_signal
    client.post(PAGE, {"choose": "all"}, headers=headers)
    assert CookieChoice.objects.get().is_gpc == is_signal
    kept = client.get(PAGE, headers=headers)
    assert b'id="website-analytics-yes" aria-describedby="about-website-analytics" checked' in kept.content


def test_a_page_that_cannot_reach_the_site_says_where_to_choose(client):
    make.published()
    assert b"You choose on shop.example.com itself" in client.get(PAGE).content
    client.post(PAGE, {"choose": "all"})
    assert not CookieChoice.objects.exists()
    assert client.get("/cookies/elsewhere/").status_code == 404


def test_one_client_cannot_fill_the_evidence(client, version, settings):
    settings.FORM_POSTS_PER_CLIENT = 0
    assert client.post(PAGE, {"choose": "all"}).status_code == 429
    assert not CookieChoice.objects.exists()


def test_the_script_is_small_and_carries_what_is_told(client, version):
    version.site.intro = "</script>\u2028"
    version.site.save()
    make.published(now=make.days(1))
    answer = client.get(f"{PAGE}banner.js")
    text = answer.content.decode()
    assert "</script" not in text
    assert "\u2028" not in text
    assert len(gzip.compress(answer.content, mtime=0)) < LIMIT
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "stale-if-error" in answer.headers["Cache-Control"]
    again = client.get(f"{PAGE}banner.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def call(client, path, body, key):
    return client.post(f"/api/v1/cookies/{path}", json.dumps(body), content_type="application/json", **key)


def test_a_proof_over_the_api_is_stored_once(client, version):
    origin = "https://shop.example.com"
    key = make.key("consents:write", kind="publishable", origins=[origin])
    key = {"headers": {**key["headers"], "Origin": origin, "Sec-GPC": "1"}}
    body = make.body(version)
    first, again = call(client, "shop/choices/", body, key), call(client, "shop/choices/", body, key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["receipt"]
    assert first.json()["entry"] == again.json()["entry"]
    assert first.headers["Access-Control-Allow-Origin"] == origin
    assert CookieChoice.objects.get().is_gpc


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"choice": "x"}, "choice"),
        ({"consent_id": None}, "consent_id"),
        ({"version": 9}, "version"),
        ({"version": True}, "version"),
        ({"choices": {"website-analytics": "yes"}}, "choices"),
        ({"choices": {"website-analytics": True}}, "choices"),
        ({"choices": {"newsletter": True}}, "choices.newsletter"),
        ({"how": "gpc"}, "how"),
        ({"gpc": "1"}, "gpc"),
        ({"chosen_at": "yesterday"}, "chosen_at"),
        ({"email": "ada@example.com"}, "email"),
    ],
)
def test_a_proof_that_makes_no_sense_is_a_problem(client, version, change, field):
    answer = call(client, "shop/choices/", {**make.body(version), **change}, make.key("consents:write"))
    assert answer.status_code == 400
    assert field in {error["field"] for error in answer.json()["errors"]}


def test_a_browser_is_told_what_its_person_ended_elsewhere(client, version):
    """However they ended it; a browser of nobody, and a number of nobody, get the same empty answer."""
    make_subjects.person(verified=True)
    key, email = make.key("consents:write"), make_subjects.email()
    hers, nobodys = make.chosen(version).consent_id, make.chosen(version).consent_id
    linking.link(hers, [email], now=make.NOW, actor=make.ACTOR)

    def told(number):
        return call(client, "shop/choices/standing/", {"consent_id": str(number)}, key).json()

    assert told(hers) == told(nobodys) == told(uuid4()) == {"ended": []}
    withdraw.withdraw([email], purposes=["website-analytics"], now=make.days(1), actor=make.ACTOR)
    assert (told(hers), told(nobodys)) == ({"ended": ["website-analytics"]}, {"ended": []})
    make.chosen(version, browser=hers, at=make.days(2))
    assert told(hers) == {"ended": []}
    assert call(client, "shop/choices/standing/", {"consent_id": "x"}, key).status_code == 400
    assert CookieChoice.objects.count() == 3


def test_linking_answers_everybody_alike(client, version):
    browser = make.chosen(version).consent_id
    make_subjects.person(verified=True)
    key = make.key("subjects:write")
    answers = [
        call(client, "links/", {"consent_id": str(number), "identity": {"email": email}}, key)
        for number, email in (
            (browser, "nobody@example.com"),
            (uuid4(), "ada@example.com"),
            (browser, "ada@example.com"),
        )
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert {tuple(answer.json()) for answer in answers} == {("consent_id",)}
    assert Identifier.objects.filter(type="cookie").count() == 1
    public = make.key("consents:write", kind="publishable", origins=["https://shop.example.com"])
    public["headers"]["Origin"] = "https://shop.example.com"
    assert call(client, "links/", {"consent_id": str(browser), "identity": {}}, public).status_code == 403


def test_staff_put_a_register_on_show_and_find_a_proof(client, version):
    client.force_login(make_staff.account("desk", "registrar"))
    version.site.cookies.filter(pattern="theme").delete()
    sites = {"action": "publish", "_selected_action": [version.site.pk]}
    page = client.post("/admin/cookies/site/", sites, follow=True).content.decode()
    assert "version 2 is on show" in page
    assert SiteVersion.objects.count() == 2
    assert "Nothing has changed" in client.post("/admin/cookies/site/", sites, follow=True).content.decode()
    assert "banner.js" in client.get(f"/admin/cookies/site/{version.site.pk}/change/").content.decode()
    row = make.chosen(version, at=make.NOW)
    found = client.post("/admin/cookie-proof/", {"consent_id": str(row.consent_id)}).content.decode()
    assert str(row.entry) in found
    assert "given" in found
    assert "Nothing is stored" in client.post("/admin/cookie-proof/", {"consent_id": str(uuid4())}).content.decode()
