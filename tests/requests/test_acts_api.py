"""What moves a due date, over the API: each act with its way back, its refusals, and nothing done twice."""

import json
from datetime import date
from string import Formatter
from uuid import uuid4

import pytest
from django.test import override_settings
from django.utils import timezone

from requests.models import Asking
from tests import make_office as make
from tests import make_requests
from tests.make_api import STEPS, client
from tests.requests.test_work_api import Api

pytestmark = pytest.mark.django_db
CLARIFY = {"reason": "which-data", "unclear": "Which account?"}
EXTEND = {"reason": "complexity", "explanation": "Four systems."}
CHARGE = {"reason": "further-copy", "explanation": "A second one.", "amount": "12.50", "basis": "Post."}
DOUBT = {"reason": "details-differ", "doubt": "Another name.", "ways": ["something-known"]}
REFUSE = {"reason": "excessive", "explanation": "The fifth this week."}


def today():
    return timezone.localdate().isoformat()


@pytest.fixture
def api(mailoutbox):
    make.register()
    make.person("newsletter")
    return Api(make.confirmed("access", mailbox=mailoutbox, now=timezone.now()).requests.get())


def status(api):
    return api.get().json()["clock"]["status"]


@pytest.mark.parametrize(
    ("path", "body", "stands", "back", "given"),
    [
        ("clarification/", CLARIFY, "paused", "clarification/answer/", {"day": today, "answer": "The first."}),
        ("clarification/", CLARIFY, "paused", "taking-back/", {"kind": "clarification"}),
        ("extension/", EXTEND, "running", "taking-back/", {"kind": "extension"}),
        ("fee/", CHARGE, "not_started", "fee/paid/", {"day": today}),
        ("doubt/", DOUBT, "not_started", "doubt/withdrawal/", {}),
        ("doubt/", DOUBT, "not_started", "identity/", {"how": "questions", "note": "Knew the last invoice."}),
        ("doubt/", DOUBT, "not_started", "doubt/arrived/", {"day": today, "kind": "something-known", "words": "7001"}),
    ],
)
def test_it_moves_the_clock_and_comes_back(api, path, body, stands, back, given):
    due = api.get().json()["due"]
    key = {"Idempotency-Key": str(uuid4())}
    done = api.post(path, headers=key, **body)
    assert (done.status_code, done.json()["clock"]["status"]) == (200, stands)
    assert done.json()["due"] != due
    assert make_requests.written().get().is_given
    assert api.post(path, headers=key, **body).json() == done.json()
    assert api.post(path, **body).json()["code"] in ("already-asked", "invalid")
    [asked] = api.get("work/").json()["asked"]
    assert (asked["reason"], asked["ended"]) == (body["reason"], "")
    # What is collected on one day may run on the next.
    said = {name: value() if callable(value) else value for name, value in given.items()}
    assert api.post(back, **said).json()["clock"]["status"] == "running"
    assert api.get().json()["due"] == due
    assert Asking.objects.count() == make_requests.written().count() == 1


def test_what_came_may_not_be_enough(api):
    api.post("doubt/", **DOUBT)
    api.post("doubt/arrived/", day=today(), kind="something-known", words="7001")
    assert api.post("doubt/not-enough/", doubt="Another invoice.", ways=["call-back"]).status_code == 200
    assert status(api) == "not_started"


def test_a_late_doubt_and_a_refusal_take_two_keys(mailoutbox):
    make.register()
    make.person("newsletter")
    request = make.confirmed("access", mailbox=mailoutbox).requests.get()
    make_requests.came_on(request, date(2026, 9, 1))
    one, other = Api(request), Api(request)
    assert one.post("doubt/", **DOUBT).status_code == 200
    assert not make_requests.written().exists()
    assert one.post("doubt/approval/").json()["code"] == "second-person-needed"
    assert other.post("doubt/approval/", doubt=str(uuid4())).json()["code"] == "letter-changed"
    assert other.post("doubt/approval/", doubt=str(Asking.objects.get().uuid)).status_code == 200
    other.post("doubt/withdrawal/")
    with override_settings(TWO_PERSON_RELEASE=True):
        assert one.post("refusal/release/").json()["code"] == "nothing-prepared"
        assert one.post("refusal/", **REFUSE).json()["state"] == "received"
        assert one.post("refusal/release/").json()["code"] == "two-people-needed"
        assert other.post("refusal/release/").json()["state"] == "refused"
    assert other.post("clarification/", **CLARIFY).json()["code"] == "request-closed"


def test_somebody_without_a_mailbox_is_identified_and_found():
    make.register()
    person = make.person("newsletter")
    api = Api(make_requests.case("access", email="", channel="letter").requests.get())
    assert api.post("person/", kind="email", value=make.EMAIL).json()["code"] == "not-identified"
    assert api.post("identity/", how="in-person", note="Came to the counter.").status_code == 200
    assert api.post("person/", kind="email", value="nobody@example.com").status_code == 404
    assert api.post("person/", kind="person", value=str(person.uuid)).status_code == 200
    assert api.get("work/").json()["person_known"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("doubt/", {**DOUBT, "ways": ["photo-id"]}, "ways"),
        ("clarification/", {**CLARIFY, "unclear": ""}, "unclear"),
        ("extension/", {**EXTEND, "reason": "busy"}, "reason"),
        ("fee/", {**CHARGE, "amount": "-1"}, "amount"),
        ("refusal/", {**REFUSE, "reason": "no"}, "reason"),
        ("taking-back/", {"kind": "identity"}, "kind"),
        ("doubt/withdrawal/", {"colour": "red"}, "colour"),
        ("restriction/notice/", {"on": "soon", "why": "x"}, "on"),
        ("restriction/scope/", {"purpose": "no-such", "items": []}, "purpose"),
    ],
)
def test_what_is_wrong_is_named(api, path, body, field):
    answer = api.post(path, **body)
    assert answer.status_code == 400, answer.content
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not Asking.objects.exists()


def test_every_step_needs_the_scope_to_work_and_says_when_nothing_is_there():
    reader, worker = client("requests:read", "requests:write"), client("requests:work", "requests:letters")
    names = {"reference": "KP-AAAA-AAAA", "complaint": "KP-AAAA-AAAA", "system": "crm", "recipient": "printer"}
    for step in STEPS:
        others = {name for _text, name, *_rest in Formatter().parse(step) if name} - names.keys()
        path = "/api/v1/" + step.format(**names, **dict.fromkeys(others, uuid4()))
        method = "get" if step.endswith(("/work/", "/recipients/", "letters/")) else "post"
        method = "delete" if "{evidence}" in step else method
        assert getattr(reader, method)(path, {}, format="json").status_code == 403, path
        answer = getattr(worker, method)(path, {}, format="json")
        assert answer.status_code in (400, 404), path
        assert json.loads(answer.content)["status"] == answer.status_code


def test_exam_marks_over_the_api():
    make.register()
    request = make_requests.case("access").requests.get()
    api = Api(request)
    answer = api.post("exam/", reason="expected", day="2026-12-03", why="GCSE Latin.")
    assert answer.json()["due"] == "2027-01-12"
    assert api.post("exam/", reason="expected", day="soon", why="x").status_code == 400
    assert api.post("taking-back/", kind="exam").json()["due"] == "2026-12-04"
