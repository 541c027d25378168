"""After the door: sessions that end, second steps that are required, accounts that are made and closed."""

import json
import time

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.core.checks import run_checks
from django.test import Client

from core.models import User
from ledger.models import Entry
from staff.middleware import SEEN
from tests import make_staff as make

pytestmark = pytest.mark.django_db


def signed_in(name="sam", *roles, **given):
    make.account(name, *(roles or ("dpo",)))
    client = Client(**given)
    assert make.sign_in(client, name).status_code == 302
    client.get("/admin/")
    return client


def idle(client, minutes):
    session = client.session
    session[SEEN] = int(time.time()) - minutes * 60
    session.save()


def bodies(kind):
    return [json.loads(body) for body in Entry.objects.filter(kind=kind).values_list("body", flat=True)]


def test_whoever_is_away_is_signed_out_and_told():
    client = signed_in()
    idle(client, 31)
    page = client.get("/admin/rights/", follow=True)
    assert page.redirect_chain[-1][0].startswith("/staff/sign-in/?next=/admin/rights/")
    assert "nothing had happened for a while" in page.content.decode()
    assert bodies("staff.signed-out")[0]["data"] == {"why": "idle"}


def test_whoever_is_there_stays():
    client = signed_in()
    idle(client, 29)
    assert client.get("/admin/").status_code == 200
    assert client.session[SEEN] > time.time() - 5


def test_a_form_sent_too_late_is_not_carried_out():
    client = signed_in()
    idle(client, 31)
    answer = client.post("/admin/core/bankholiday/add/", {"title": "x"})
    assert answer["Location"] == "/staff/sign-in/"


def test_the_page_warns_and_the_button_keeps_the_session(settings):
    client = signed_in()
    for address in ("/admin/", "/staff/security/"):
        page = client.get(address).content.decode()
        assert f'data-seconds="{30 * 60 - 30}"' in page
        assert "/static/idle.js" in page
    idle(client, 20)
    assert client.post("/staff/stay/").status_code == 204
    assert client.session[SEEN] > time.time() - 5
    assert Client().post("/staff/stay/").status_code == 403
    assert Client().get("/staff/stay/").status_code == 405


def test_pages_for_the_public_know_of_no_session():
    answer = Client().get("/")
    assert "idle" not in answer.content.decode()
    assert "Cookie" not in answer.get("Vary", "")


def test_own_sessions_are_listed_and_the_others_ended():
    here = signed_in()
    browser = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
    there = Client(headers={"user-agent": browser}, REMOTE_ADDR="203.0.113.9")
    make.sign_in(there)
    page = here.get("/staff/sessions/").content.decode()
    assert "Firefox on Windows" in page
    assert "203.0.113.9" in page
    here.post("/staff/sessions/")
    assert there.get("/admin/").status_code == 302
    assert here.get("/admin/").status_code == 200


def test_where_required_nothing_opens_before_the_second_step(settings):
    client = signed_in()
    settings.REQUIRE_MFA = True
    for address in ("/admin/", "/admin/rights/", "/admin/core/user/"):
        assert client.get(address)["Location"] == "/staff/security/"
    assert client.post("/admin/rights/find/", {"reference": "x"})["Location"] == "/staff/security/"
    assert "Set up a second step first" in client.get("/staff/security/").content.decode()
    make.with_app(User.objects.get(username="sam"))
    assert client.get("/admin/").status_code == 200


def test_a_demo_invites_to_set_one_up():
    client = signed_in()
    assert "Set up a second step" in client.get("/admin/").content.decode()
    make.with_app(User.objects.get(username="sam"))
    assert "Set up a second step" not in client.get("/admin/").content.decode()


def test_an_app_is_set_up_with_its_code(monkeypatch, django_capture_on_commit_callbacks):
    client = signed_in()
    page = client.get("/staff/security/totp/activate/")
    assert 'src="data:image/svg+xml' in page.content.decode()
    monkeypatch.setattr(make, "SECRET", page.context["form"].secret)
    wrong = client.post("/staff/security/totp/activate/", {"code": "000000"})
    assert "There is a problem" in wrong.content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        done = client.post("/staff/security/totp/activate/", {"code": make.code()}, follow=True)
    assert "Recovery codes" in done.content.decode()
    assert {body["data"]["type"] for body in bodies("staff.factor-added")} >= {"totp"}
    assert client.get("/staff/security/recovery-codes/download/").status_code == 200


def test_the_last_factor_stays_where_one_is_required(settings):
    client = signed_in()
    make.with_app(User.objects.get(username="sam"))
    settings.REQUIRE_MFA = True
    client.post("/staff/security/totp/deactivate/")
    assert Authenticator.objects.filter(type="totp").exists()
    settings.REQUIRE_MFA = False
    client.post("/staff/security/totp/deactivate/")
    assert not Authenticator.objects.filter(type="totp").exists()
    assert bodies("staff.factor-removed")


def test_much_later_the_password_is_asked_for_again(monkeypatch):
    client = signed_in()
    now = time.time()
    monkeypatch.setattr("staff.adapter.time.time", lambda: now + 600)
    page = client.get("/staff/security/totp/activate/", follow=True)
    assert "Show that it is you" in page.content.decode()
    done = client.post(page.redirect_chain[-1][0], {"password": make.PASSWORD})
    assert done["Location"] == "/staff/security/totp/activate/"


@pytest.mark.parametrize(
    "address",
    ["/staff/sign-in/", "/staff/password/reset/", "/staff/password/reset/sent/", "/staff/password/reset/done/"],
)
def test_pages_before_the_door(client, address):
    page = client.get(address)
    assert page.status_code == 200
    assert "unsafe" not in page["Content-Security-Policy"]


@pytest.mark.parametrize(
    "address",
    [
        "security/", "security/totp/activate/", "security/totp/deactivate/", "security/webauthn/",
        "security/webauthn/add/", "security/recovery-codes/", "security/recovery-codes/generate/", "password/",
        "sessions/", "sign-out/", "again/", "security/reauthenticate/",
    ],
)  # fmt: skip
def test_pages_behind_the_door_have_no_script_in_them(address):
    client = signed_in()
    if "totp/activate" not in address:
        make.with_app(User.objects.get(username="sam"))
    page = client.get(f"/staff/{address}")
    assert page.status_code == 200
    assert "unsafe" not in page["Content-Security-Policy"]
    text = page.content.decode()
    assert all("src=" in tag or "application/json" in tag for tag in text.split("<script")[1:])
    assert " style=" not in text


def test_the_dpo_makes_and_closes_accounts():
    client = signed_in()
    role = Group.objects.get(name="caseworker")
    data = {"username": "new", "password1": make.PASSWORD, "password2": make.PASSWORD, "groups": [role.pk]}
    assert client.post("/admin/core/user/add/", data).status_code == 302
    made = User.objects.get(username="new")
    assert made.is_staff
    assert not made.is_superuser
    assert bodies("staff.account-made")[0]["data"] == {"roles": "caseworker", "state": "open"}
    change = {"username": "new", "groups": [], "is_superuser": "on"}
    client.post(f"/admin/core/user/{made.pk}/change/", change)
    made.refresh_from_db()
    assert (made.is_active, made.is_superuser) == (False, False)
    assert bodies("staff.account-changed")[0]["data"] == {"roles": "", "state": "closed"}
    assert client.post(f"/admin/core/user/{made.pk}/delete/", {"post": "yes"}).status_code == 404


def test_a_lost_telephone_is_forgotten_by_the_dpo_and_nobody_less():
    lost = make.with_app(make.account("lost", "caseworker"))
    data = {"action": "forget_factors", "_selected_action": [lost.pk]}
    signed_in("auditor", "auditor").post("/admin/core/user/", data)
    assert Authenticator.objects.filter(user=lost).exists()
    signed_in().post("/admin/core/user/", data)
    assert not Authenticator.objects.filter(user=lost).exists()
    assert bodies("staff.factors-forgotten")[0]["object"] == str(lost.uuid)


def test_the_dpo_cannot_take_over_a_superuser():
    root = User.objects.create_superuser("root", password=make.PASSWORD)
    client = signed_in()
    answer = client.post(f"/admin/core/user/{root.pk}/password/", {"password1": "x", "password2": "x"})
    assert answer.status_code in (302, 404)
    root.refresh_from_db()
    assert root.check_password(make.PASSWORD)


def test_rows_of_the_door_are_not_in_the_admin_site():
    client = signed_in()
    for model in ("mfa/authenticator", "account/emailaddress", "usersessions/usersession", "auth/group"):
        assert client.get(f"/admin/{model}/").status_code == 404


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"REQUIRE_MFA": False, "DEMO_MODE": False}, "staff.W001"),
        ({"SECRET_KEY": "short", "DEMO_MODE": False}, "staff.E001"),
        ({"SOLE_OFFICER": True}, "staff.W002"),
        ({"IDLE_MINUTES": 0}, "staff.E002"),
    ],
)
def test_misuse_is_said_with_a_hint(settings, changed, code):
    for name, value in changed.items():
        setattr(settings, name, value)
    found = {message.id: message for message in run_checks()}
    assert found[code].hint
