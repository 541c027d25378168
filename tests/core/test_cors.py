"""What pages of other sites may do: ask for a form and post choices, with a key that names their origin."""

import pytest

from core import apikeys
from core.errors import Invalid
from subjects.models import DataSubject
from tests import make_consents as make

pytestmark = pytest.mark.django_db
ORIGIN = "https://www.example.com"
FORM, CONSENTS, WITHDRAW = "/api/v1/forms/join/", "/api/v1/consents/", "/api/v1/consents/withdraw/"
ALLOWED = "Access-Control-Allow-Origin"


@pytest.fixture
def page():
    make.published()
    _row, text = apikeys.create("site", ["forms:read", "consents:write"], kind="publishable", origins=[ORIGIN])
    return {"Authorization": f"Api-Key {text}", "Origin": ORIGIN}


def preflight(client, path, method, origin=ORIGIN):
    return client.options(path, headers={"Origin": origin, "Access-Control-Request-Method": method})


@pytest.mark.parametrize(("path", "method"), [(FORM, "GET"), (CONSENTS, "POST")])
def test_a_preflight_is_answered_alike_for_everybody_without_a_query(client, path, method, django_assert_num_queries):
    with django_assert_num_queries(0):
        answers = [preflight(client, path, method, origin) for origin in (ORIGIN, "https://evil.example")]
    for answer in answers:
        assert (answer.status_code, answer.content) == (204, b"")
        assert method in answer.headers["Access-Control-Allow-Methods"]
        assert "authorization" in answer.headers["Access-Control-Allow-Headers"].lower()
        assert "Access-Control-Allow-Credentials" not in answer.headers
    told = [{name: text for name, text in answer.headers.items() if name != "X-Request-ID"} for answer in answers]
    assert told[0] == told[1]


@pytest.mark.parametrize("path", [WITHDRAW, "/api/v1/permissions/check/", "/api/v1/collect/", "/api/v1/requests/"])
def test_no_other_call_is_open_to_pages(client, page, path):
    answer = preflight(client, path, "POST")
    assert answer.status_code in (401, 403, 405)
    assert ALLOWED not in answer.headers
    answer = client.post(path, {}, content_type="application/json", headers=page)
    assert answer.status_code == 403
    assert ALLOWED not in answer.headers


def test_the_page_may_read_form_choice_and_refusal(client, page):
    answers = [
        client.get(FORM, headers=page),
        client.post(CONSENTS, make.body(), content_type="application/json", headers=page),
        client.post(CONSENTS, {}, content_type="application/json", headers=page),
    ]
    assert [answer.status_code for answer in answers] == [200, 201, 400]
    for answer in answers:
        assert answer.headers[ALLOWED] == ORIGIN
        assert "Origin" in answer.headers["Vary"]


@pytest.mark.parametrize("origin", ["https://evil.example", "https://www.example.com.evil.example", "null", ""])
def test_another_origin_gets_nothing(client, page, origin):
    answer = client.post(CONSENTS, make.body(), content_type="application/json", headers=page | {"Origin": origin})
    assert answer.status_code == 401
    assert ALLOWED not in answer.headers
    assert "Origin" in answer.headers["Vary"]
    assert not DataSubject.objects.exists()


def test_a_secret_key_is_not_for_pages(client):
    make.published()
    answer = client.get(FORM, headers=make.key()["headers"] | {"Origin": ORIGIN})
    assert answer.status_code == 200
    assert ALLOWED not in answer.headers


def test_the_wrong_method_is_405_with_a_wrong_key_too(client):
    answer = client.delete(CONSENTS, headers={"Authorization": "Api-Key nonsense", "Origin": ORIGIN})
    assert answer.status_code == 405


def test_a_key_for_browsers_cannot_be_made_to_withdraw(client, page):
    with pytest.raises(Invalid):
        apikeys.create("site", ["consents:withdraw"], kind="publishable", origins=[ORIGIN])
    row, text = apikeys.create("other", ["forms:read"], kind="publishable", origins=[ORIGIN])
    row.scopes = ["consents:withdraw"]
    row.save(update_fields=["scopes"])
    headers = page | {"Authorization": f"Api-Key {text}"}
    body = {"identity": {"email": "ada@example.com"}, "purposes": "all-marketing"}
    assert client.post(WITHDRAW, body, content_type="application/json", headers=headers).status_code == 403


def test_writing_choices_does_not_include_withdrawing(client):
    make.published()
    headers = make.key("consents:write")["headers"]
    body = {"identity": {"email": "ada@example.com"}, "purposes": ["newsletter"]}
    assert client.post(WITHDRAW, body, content_type="application/json", headers=headers).status_code == 403
