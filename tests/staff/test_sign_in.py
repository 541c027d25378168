"""The door: password, second step, throttle, and the same answer for everybody who is not let in."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection

from core import outbox
from core.models import Outbox
from ledger.models import Entry
from staff import attempts, sealing
from staff.models import Attempt
from tests import make_staff as make

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def kinds():
    return [kind for kind in Entry.objects.order_by("id").values_list("kind", flat=True) if kind.startswith("staff.")]


@pytest.mark.django_db
def test_the_admin_site_leads_to_the_door_and_back(client):
    make.account("sam", "dpo")
    answer = client.get("/admin/rights/", follow=True)
    assert answer.redirect_chain[-1][0] == "/staff/sign-in/?next=/admin/rights/"
    answer = client.post("/staff/sign-in/", {"login": "sam", "password": make.PASSWORD, "next": "/admin/rights/"})
    assert answer["Location"] == "/admin/rights/"
    assert kinds() == ["staff.signed-in"]
    assert client.post("/admin/logout/")["Location"] == "/staff/sign-out/"
    client.post("/staff/sign-out/")
    assert kinds() == ["staff.signed-in", "staff.signed-out"]


@pytest.mark.django_db
def test_no_redirect_leaves_the_site(client):
    make.account()
    answer = client.post(
        "/staff/sign-in/", {"login": "sam", "password": make.PASSWORD, "next": "https://evil.example/"}
    )
    assert answer["Location"] == "/admin/"


@pytest.mark.django_db
def test_nobody_signs_up(client):
    assert client.get("/staff/signup/").status_code == 404
    assert client.get("/accounts/signup/").status_code == 404


def error_of(answer):
    page = answer.content.decode()
    return re.search(r'<div class="error-summary".*?</div>', page, re.S)[0]


@pytest.mark.django_db
def test_known_and_unknown_accounts_get_the_same_answer(client):
    make.account()
    known = [error_of(make.sign_in(client, "sam", "wrong")) for _ in range(7)]
    unknown = [error_of(make.sign_in(client, "nobody", "wrong")) for _ in range(7)]
    assert known == unknown
    assert known[0] == known[4] != known[5]


@pytest.mark.django_db
def test_after_five_failures_even_the_right_password_waits(client, settings):
    make.account()
    for _ in range(5):
        make.sign_in(client, password="wrong")
    assert make.sign_in(client).status_code == 200
    Attempt.objects.update(began_at=NOW - timedelta(days=300))
    assert make.sign_in(client).status_code == 302


@pytest.mark.django_db
def test_another_address_is_not_made_to_wait(client):
    make.account()
    for _ in range(6):
        make.sign_in(client, password="wrong", REMOTE_ADDR="203.0.113.7")
    assert make.sign_in(client, REMOTE_ADDR="198.51.100.2").status_code == 302


@pytest.mark.django_db
def test_success_starts_the_count_anew(client):
    make.account()
    for _ in range(3):
        for _ in range(4):
            make.sign_in(client, password="wrong")
        assert make.sign_in(client).status_code == 302
        client.post("/staff/sign-out/")


@pytest.mark.django_db
def test_attempts_name_nobody_and_failures_are_evidence(client):
    user = make.account()
    make.sign_in(client, password="wrong")
    make.sign_in(client, name="nobody", password="wrong")
    assert all(len(bytes(key)) == 32 for key in Attempt.objects.values_list("key", flat=True))
    first, second = (json.loads(body) for body in Entry.objects.order_by("id").values_list("body", flat=True))
    assert (first["object"], second["object"]) == (str(user.uuid), None)
    assert first["actor"] == second["actor"] == "public"
    assert "sam" not in json.dumps([first, second])


@pytest.mark.django_db(transaction=True)
def test_attempts_that_come_together_are_counted_one_by_one(client):
    def one(_n):
        try:
            return attempts.take("x", limit=5, now=NOW)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(one, range(24))) == 5


@pytest.mark.django_db
def test_windows_end_and_are_swept():
    assert attempts.take("x", limit=1, now=NOW)
    assert not attempts.take("x", limit=1, now=NOW + timedelta(minutes=4))
    assert attempts.take("x", limit=1, now=NOW + timedelta(minutes=5))
    attempts.sweep(now=NOW + timedelta(days=2))
    assert not Attempt.objects.exists()


@pytest.mark.django_db
def test_the_second_step_is_asked_for_and_a_code_works_once(client):
    make.with_app(make.account("sam", "dpo"))
    assert make.sign_in(client)["Location"] == "/staff/security/authenticate/"
    assert client.get("/admin/").status_code == 302
    assert "This code is not right" in client.post("/staff/security/authenticate/", {"code": "000000"}).content.decode()
    right = make.code()
    assert client.post("/staff/security/authenticate/", {"code": right})["Location"] == "/admin/"
    client.post("/staff/sign-out/")
    make.sign_in(client)
    assert client.post("/staff/security/authenticate/", {"code": right}).status_code == 200
    assert "staff.factor-failed" in kinds()


@pytest.mark.django_db
def test_codes_cannot_be_tried_through(client):
    make.with_app(make.account())
    make.sign_in(client)
    for _ in range(5):
        client.post("/staff/security/authenticate/", {"code": "000000"})
    answer = client.post("/staff/security/authenticate/", {"code": make.code()})
    assert "Too many" in answer.content.decode()


@pytest.mark.django_db
def test_a_recovery_code_opens_once(client):
    user = make.with_app(make.account("sam", "dpo"))
    spare = Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()[0]
    make.sign_in(client)
    assert client.post("/staff/security/authenticate/", {"code": spare}).status_code == 302
    client.post("/staff/sign-out/")
    make.sign_in(client)
    assert client.post("/staff/security/authenticate/", {"code": spare}).status_code == 200


@pytest.mark.django_db
def test_secrets_of_factors_are_sealed():
    make.with_app(make.account())
    stored = json.dumps(list(Authenticator.objects.values_list("data", flat=True)))
    assert make.SECRET not in stored
    assert sealing.unseal(sealing.seal("x")) == "x"


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["sam@example.org", "nobody@example.org"])
def test_a_reset_answers_alike_and_goes_through_the_outbox(client, address):
    make.account("sam", email="sam@example.org")
    answer = client.post("/staff/password/reset/", {"email": address})
    assert answer["Location"] == "/staff/password/reset/sent/"
    assert Outbox.objects.count() == (address == "sam@example.org")


@pytest.mark.django_db
def test_the_link_changes_the_password_and_not_the_second_step(client, mailoutbox):
    make.with_app(make.account("sam", "dpo", email="sam@example.org"))
    client.post("/staff/password/reset/", {"email": "sam@example.org"})
    outbox.deliver_due(now=datetime.now(UTC))
    link = re.search(r"http://testserver(/staff/password/reset/\S+)", mailoutbox[0].body)[1]
    form = client.get(link)["Location"]
    changed = client.post(form, {"password1": "correct horse battery", "password2": "correct horse battery"})
    assert changed.status_code == 302
    assert "staff.password-reset" in kinds()
    assert make.sign_in(client, password="correct horse battery")["Location"] == "/staff/security/authenticate/"
