"""The hosted page, plain form posts of other sites, and the path by a parent or guardian."""

import json
import re
import time
from datetime import timedelta
from unittest import mock

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from consents import answers, capture, forms, opt_in, receipts_offered
from consents.models import ConsentEvent, ConsentForm, ConsentFormVersion, PendingConsent
from consents.withdraw import withdraw
from core import apikeys
from core.models import Owner
from core.outbox import deliver_due
from core.vault import key_of
from ledger import signing
from subjects.identifiers import Claim
from tests import make_consents as make

pytestmark = pytest.mark.django_db
SITE = "https://www.example.com"
DONE = "/forms/join/done/"


@pytest.fixture(autouse=True)
def version():
    return make.published()


def answer(client, path="/forms/join/", *, version=1, email="ada@example.com", ticked=("newsletter-email",), **more):
    boxes = {f"choice-{key}": "yes" for key in ticked}
    origin = more.pop("origin", None)
    headers = {"Origin": origin} if origin else {}
    data = {"version": version, "locale": "en-GB", "email": email, "website": "", **boxes, **more}
    return client.post(path, data, headers=headers)


def plain(client, *, origin=SITE, scopes=("consents:write",), **more):
    _row, key = apikeys.create("site", scopes, kind="publishable", origins=[SITE])
    return answer(client, "/forms/join/answer/", origin=origin, **{"key": key, **more})


def test_the_page_asks_and_nothing_is_ticked(client):
    page = client.get("/forms/join/").content.decode()
    for words in ("Stay in touch", "E-mail me.", "Example Ltd", "You can withdraw at any time.", 'href="/policy/"'):
        assert words in page
    assert " checked" not in page
    assert not ConsentEvent.objects.exists()


def test_the_other_languages_are_offered_by_their_names(client):
    make.published(locale="cy-GB", title="Cadwch mewn cysylltiad", controls=[make.control(label="E-bostiwch fi.")])
    page = client.get("/forms/join/").content.decode()
    assert 'href="/forms/join/?locale=cy-GB" hreflang="cy-GB" lang="cy-GB">Cymraeg</a>' in page
    welsh = client.get("/forms/join/?locale=cy-GB").content.decode()
    assert "E-bostiwch fi." in welsh
    assert ">English</a>" in welsh
    answer(client, locale="cy-GB")
    assert ConsentFormVersion.objects.get(pk=ConsentEvent.objects.get().form_version).locale == "cy-GB"


def test_an_answer_is_captured_and_the_thanks_tell_nothing(client):
    first, again, refused = answer(client), answer(client), answer(client, ticked=())
    assert (first.status_code, first["Location"].partition("?receipt=")[0]) == (303, DONE)
    assert refused["Location"].partition("?receipt=")[0] == DONE
    assert list(ConsentEvent.objects.order_by("id").values_list("status", "collected_by")) == [
        ("given", "hosted_form"),
        ("given", "hosted_form"),
        ("refused", "hosted_form"),
    ]
    thanks, same, no = (client.get(one["Location"]).content.decode() for one in (first, again, refused))
    assert "Your choice is saved" in thanks
    hidden = r'(name="(receipt|csrfmiddlewaretoken)" value=)"[^"]+"'
    assert re.sub(hidden, "", thanks) == re.sub(hidden, "", same)
    # Whoever refused everything is told of no "yes" and of no e-mail.
    assert "Your choice is saved" in no
    assert ("agree" in no, "e-mail" in no) == (False, False)


def test_the_thanks_name_each_choice_and_say_that_an_empty_box_was_a_no(client):
    make.published(controls=[make.control(), make.control("surveys-email", "surveys", label="Ask me.")])
    nothing, all_of_it = "You said no to everything in this form", ("newsletter-email", "surveys-email")
    some, every, none = (
        client.get(answer(client, version=2, email=f"{len(ticked)}@example.com", ticked=ticked)["Location"])
        for ticked in (all_of_it[:1], all_of_it, ())
    )
    yes, _words, no = some.content.decode().partition("You said no to, because the box was left empty:")
    assert ("E-mail me." in yes.partition("You said yes to:")[2], "Ask me." in yes, "Ask me." in no) == (
        True,
        False,
        True,
    )
    assert "You said no" not in every.content.decode()
    no = none.content.decode().partition(nothing)[2]
    assert ("E-mail me." in no, "Ask me." in no, "You said yes" in no) == (True, True, False)


def test_the_thanks_name_the_same_where_the_answer_waits_unseen(client):
    open_to_all = client.get(answer(client)["Location"]).content.decode()
    withdraw([Claim("email", "ada@example.com")], purposes=["newsletter"], now=timezone.now(), actor=make.ACTOR)
    waits = client.get(answer(client)["Location"]).content.decode()
    assert PendingConsent.objects.filter(is_unseen=True).exists()
    hidden = r'(name="(receipt|csrfmiddlewaretoken)" value=)"[^"]+"'
    assert "You said yes to:" in waits
    assert re.sub(hidden, "", waits) == re.sub(hidden, "", open_to_all)
    assert "You said" not in client.get(f"{DONE}?receipt=forged").content.decode()


def test_the_receipt_is_taken_along_at_once_and_verified_by_the_published_keys(client):
    done = answer(client)["Location"]
    assert ConsentEvent.objects.get().consent.hex not in done.partition("?")[0]
    page = client.get(done).content.decode()
    assert "Download your receipt" in page
    name = re.search(r'name="receipt" value="([^"]+)"', page)[1]
    file = client.post("/consent/receipt/", {"receipt": name})
    assert file["Content-Disposition"].startswith('attachment; filename="receipt-')
    text = file.content.decode()
    for words in ("Given (dpv:ConsentGiven)", "/preferences/", "/.well-known/jwks.json", "signed by us"):
        assert words in text
    assert "ada@example.com" not in text
    keys = client.get("/.well-known/jwks.json").json()
    record = json.loads(signing.verify(re.search(r"^eyJ\S+$", text, re.M)[0], published=keys))
    assert record["jti"] == str(ConsentEvent.objects.get().consent)
    later = time.time() + receipts_offered.LIVES.total_seconds() + 1
    with mock.patch("django.core.signing.time.time", return_value=later):
        assert "Download your receipt" not in client.get(done).content.decode()
        late = client.post("/consent/receipt/", {"receipt": name})
    assert (late.status_code, "among your choices" in late.content.decode()) == (410, True)
    assert client.post("/consent/receipt/", {"receipt": "x"}).status_code == 410
    assert client.get("/consent/receipt/").status_code == 405


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"email": ""}, "Enter your e-mail address"),
        ({"email": "nonsense"}, "There is a problem"),
        ({"website": "https://spam.example.com"}, "Leave this field empty"),
        ({"version": 7}, "never published"),
    ],
)
def test_what_is_wrong_is_said_and_the_rest_stays_filled_in(client, sent, words):
    page = answer(client, **sent)
    assert page.status_code == 400
    assert words in page.content.decode()
    assert " checked" in page.content.decode()
    assert not ConsentEvent.objects.exists()


def test_a_form_of_ours_needs_our_token_and_few_are_taken_at_once(settings):
    strict = Client(enforce_csrf_checks=True)
    assert answer(strict).status_code == 403
    settings.FORM_POSTS_PER_CLIENT = 0
    assert answer(Client()).status_code == 429


def test_a_site_without_a_server_posts_a_plain_form(version):
    strict = Client(enforce_csrf_checks=True)
    done = plain(strict, **{"return": f"{SITE}/thanks?from=form"})
    # With a receipt on the spot, as whoever answers elsewhere gets one, and the way back to the site.
    assert (done.status_code, done["Location"].startswith(f"{DONE}?receipt=")) == (303, True)
    page = strict.get(done["Location"]).content.decode()
    assert f'href="{SITE}/thanks?from=form"' in page
    assert "Download your receipt" in page
    assert ConsentEvent.objects.get().collected_by == "html_form"
    forged = strict.get(DONE, {"back": f"https://evil.example/:{'x' * 43}"}).content.decode()
    assert "evil.example" not in forged


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example/", "//evil.example/", "javascript:alert(1)", f"{SITE}@evil.example/",
        f"{SITE}.evil.example", f"{SITE}/\nx", "/elsewhere", "http://www.example.com/", "https://[",
    ],
)  # fmt: skip
def test_nobody_is_led_to_another_site(client, address):
    done = plain(client, **{"return": address})["Location"]
    assert done.startswith(f"{DONE}?receipt=")
    assert "Go back to the website" not in client.get(done).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://evil.example"}, {"origin": None}, {"origin": "null"}, {"key": "kp_x_y"},
        {"scopes": ["forms:read"]},
    ],
)  # fmt: skip
def test_a_plain_form_comes_from_a_page_of_its_key(client, wrong):
    assert plain(client, **wrong).status_code == 403
    assert not ConsentEvent.objects.exists()


def test_a_cached_page_may_show_the_version_before_for_a_while(client, version):
    ConsentForm.objects.update(grace_days=1)
    now = timezone.now()
    forms.publish(make.draft(controls=[make.control("other")]), now=now, actor=make.ACTOR)
    assert plain(client).status_code == 303
    # The trigger keeps published rows; only their end may be moved, as time does.
    type(version).objects.filter(pk=version.pk).update(superseded_at=now - timedelta(days=2))
    page = plain(client).content.decode()
    assert "has been replaced" in page
    assert 'name="version" value="2"' in page


def test_the_script_for_other_sites_is_small_and_anybodys(client):
    script = client.get("/forms/embed.js")
    assert script["Content-Type"].startswith("text/javascript")
    assert script["Access-Control-Allow-Origin"] == "*"
    assert len(script.content) < 10_000


CHILDREN = {"age": "younger", "guardian_email": "parent@example.com", "guardian_until": "05 2031"}


def test_for_a_child_a_parent_is_asked_and_the_child_is_not(client, mailoutbox):
    make.published(minimum_age=13, now=make.days(-1))
    assert "13 or older" in client.get("/forms/join/").content.decode()
    assert "Say whether you are 13 or older." in answer(client, version=2).content.decode()
    assert (
        "own address" in answer(client, version=2, **{**CHILDREN, "guardian_email": "ada@example.com"}).content.decode()
    )
    # Everything that is missing is said at once.
    missing = answer(client, version=2, age="younger").content.decode()
    for said in ("Give the e-mail address of a parent or guardian.", "Give the month in which you turn 13"):
        assert f'">{said}' in missing
    assert answer(client, version=2, **CHILDREN)["Location"] == "/forms/join/done/?mail=parent"
    assert not ConsentEvent.objects.exists()
    deliver_due(now=timezone.now())
    assert mailoutbox[-1].to == ["parent@example.com"]
    link = re.search(r"/consent/confirm/\S+", mailoutbox[-1].body)[0]
    assert "parent or guardian" in client.get(link).content.decode()
    client.post(link)
    event = ConsentEvent.objects.get()
    assert event.status == "given"
    proof = key_of(Owner.CONSENT, event.consent).open("proof", bytes(event.proof)).decode()
    assert "parent@example.com" in proof
    assert '"by": "guardian"' in proof


@pytest.mark.parametrize("month", ["May 2031", "may, 2031", "5/2031", "2031-05"])
def test_the_month_may_be_written_as_a_word(client, mailoutbox, month):
    make.published(minimum_age=13, now=make.days(-1))
    assert answer(client, version=2, **{**CHILDREN, "guardian_until": month})["Location"] == f"{DONE}?mail=parent"
    deliver_due(now=timezone.now())
    link = re.search(r"/consent/confirm/\S+", mailoutbox[-1].body)[0]
    assert "May 2031" in client.get(link).content.decode()


@pytest.mark.parametrize("month", ["Ma 2031", "Mayor 2031", "13 2031", "2031 5"])
def test_what_is_no_month_is_said_with_an_example(client, month):
    make.published(minimum_age=13, now=make.days(-1))
    page = answer(client, version=2, **{**CHILDREN, "guardian_until": month})
    assert (page.status_code, "for example May 2029" in page.content.decode()) == (400, True)


def test_whoever_is_old_enough_answers_alone_and_a_no_needs_nobody(client):
    make.published(minimum_age=13, now=make.days(-1))
    assert answer(client, version=2, age="older")["Location"].startswith(f"{DONE}?receipt=")
    assert answer(client, version=2, email="tom@example.com", ticked=())["Location"].startswith(f"{DONE}?receipt=")
    assert sorted(ConsentEvent.objects.values_list("status", flat=True)) == ["given", "refused"]


def test_what_a_parent_said_ends_when_the_child_is_old_enough():
    make.published(minimum_age=13, now=make.days(-1))
    body = make.body(version=2, guardian={"email": "parent@example.com", "until": "2026-09"})
    done = capture.capture(answers.read(body, now=make.NOW), now=make.NOW, actor=make.ACTOR)
    assert ConsentEvent.objects.get(consent=done.consent).valid_until.isoformat().startswith("2026-09-30T23")


@override_settings(CONSENT_AGE=13)
def test_what_nobody_confirms_is_destroyed_after_a_month(client):
    ConsentForm.objects.update(double_opt_in=True)
    assert answer(client)["Location"] == "/forms/join/done/?mail=own"
    pending = PendingConsent.objects.get()
    assert opt_in.forget(now=pending.requested_at + opt_in.KEPT - timedelta(seconds=1)) == 0
    assert opt_in.forget(now=pending.requested_at + opt_in.KEPT + timedelta(seconds=1)) == 1
    assert not PendingConsent.objects.exists()
