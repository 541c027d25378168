"""What a process recalls about a key or a form is never used once somebody has changed it."""

import pytest

from consents import forms
from consents.models import ConsentEvent, ConsentForm
from core import apikeys, prepared
from core.models import ApiKey
from subjects.models import DataSubject
from tests import make_consents as make

pytestmark = pytest.mark.django_db
URL = "/api/v1/consents/"


@pytest.fixture
def call(client):
    """Calls with one key that this process has in memory, as it has the form."""
    make.published()
    header = make.key()["headers"]

    def post(number=0, **more):
        return client.post(
            URL, make.body(f"p{number}@example.com", **more), content_type="application/json", headers=header
        )

    for number in (901, 902, 903):
        assert post(number).status_code == 201
    return post


def change(**fields):
    """As another process does it: nothing of this one is told."""
    assert ApiKey.objects.update(**fields) == 1


def count():
    """What has been recorded since. Nobody is made by a call that is refused."""
    people, events = DataSubject.objects.count(), ConsentEvent.objects.count()
    assert people == events
    return events - 3


def test_a_call_costs_one_statement(call, monkeypatch, django_assert_num_queries):
    seen, real = [], prepared.fetch_one
    monkeypatch.setattr(prepared, "fetch_one", lambda sql, params: seen.append(sql) or real(sql, params))
    with django_assert_num_queries(0):
        assert call().status_code == 201
    assert len(seen) == 1


@pytest.mark.parametrize("fields", [{"revoked_at": make.NOW}, {"expires_at": make.NOW}, {"digest": b"x" * 32}])
@pytest.mark.parametrize("more", [{}, {"version": 9}, {"choices": {}}])
def test_a_key_that_is_no_longer_valid_opens_nothing_from_the_next_call_on(call, fields, more):
    change(**fields)
    assert call(**more).status_code == 401
    assert count() == 0


def test_a_deleted_key_opens_nothing(call):
    ApiKey.objects.all().delete()
    assert call().status_code == 401
    assert count() == 0


def test_for_a_known_person_neither(call):
    change(revoked_at=make.NOW)
    assert call(901).status_code == 401
    assert count() == 0


def test_a_scope_taken_or_given_counts_from_the_next_call_on(call):
    change(scopes=["forms:read"])
    assert call().status_code == 403
    change(scopes=["consents:write"])
    assert call().status_code == 201
    assert count() == 1


def test_a_key_valid_again_opens_from_the_next_call_on(call):
    change(revoked_at=make.NOW)
    assert call().status_code == 401
    change(revoked_at=None)
    assert call().status_code == 201


def test_a_key_for_browsers_is_held_to_the_origins_it_has_now(client):
    make.published()
    here, there = "https://a.example", "https://b.example"
    _row, key = apikeys.create("site", ["consents:write"], kind="publishable", origins=[here])

    def post(number, origin):
        headers = {"Authorization": f"Api-Key {key}", "Origin": origin}
        body = make.body(f"q{number}@example.com")
        return client.post(URL, body, content_type="application/json", headers=headers).status_code

    assert [post(number, here) for number in range(3)] == [201] * 3
    change(origins=[there])
    assert (post(4, here), post(5, there)) == (401, 201)


def test_a_form_that_is_replaced_without_grace_takes_no_more_answers(call):
    ConsentForm.objects.update(grace_days=0)
    forms.publish(make.draft(), now=make.days(1), actor=make.ACTOR)
    assert call().status_code == 400
    assert call(version=2).status_code == 201
    assert count() == 1


def test_how_long_an_answer_holds_is_what_the_form_says_now(call):
    ConsentForm.objects.update(valid_for="P1M")
    assert call().status_code == 201
    event = ConsentEvent.objects.order_by("id").last()
    assert (event.valid_until - event.effective_at).days < 32
