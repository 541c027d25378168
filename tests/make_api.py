"""Every call of the API once: how it is made, what it needs, and what it answers. Read by the tests in tests/api/."""

from dataclasses import dataclass, field
from datetime import date

from django.apps import apps
from django.db import connection
from rest_framework.test import APIClient

from core import apikeys
from kraken_privacy.demo.entry import SCOPES
from notices import published
from processing.models import Recipient
from tests import make_complaints, make_consents, make_register, make_requests, make_subjects

NOTICE_DAY = date(2026, 1, 1)


@dataclass(frozen=True)
class Call:
    """`answer` are the members of a good answer, `required` those of the body that may not be left out."""

    method: str
    path: str
    scope: str
    status: int
    answer: set[str]
    body: dict = field(default_factory=dict)
    required: set[str] = field(default_factory=set)
    # Sent again with an Idempotency-Key, it makes nothing again.
    replays: bool = False


IDENTITY = {"email": "ada@example.com"}
ITEM = {
    "category": "email",
    "purposes": ["customer-support"],
    "content": "ada@example.com",
    "source": "website",
    "nature": "provided",
    "collected_at": "2026-03-03T12:00:00Z",
}
COMPLAINT = {
    *("reference", "state", "received_on", "acknowledge_by", "acknowledged_at", "issues", "about"),
    *("regulator_reference", "outcome", "outcome_at", "remedies", "cause", "letters", "allowed_moves"),
}
CALLS = {
    "forms": Call(
        "GET", "forms/join/", "forms:read", 200,
        {
            *("slug", "version", "locale", "sha256", "title", "intro", "controls", "controllers", "notice"),
            *("double_opt_in", "minimum_age", "network_reason", "withdrawal"),
        },
    ),
    "consents": Call(
        "POST", "consents/", "consents:write", 201, {"consent", "subject", "pending", "states", "receipt"},
        {**make_consents.body(), "given_at": "2026-03-03T12:00:00Z", "test": False},
        {"form", "version", "identity", "choices", "source"}, replays=True,
    ),
    "withdraw": Call(
        "POST", "consents/withdraw/", "consents:withdraw", 200, {"states", "receipt"},
        {"identity": IDENTITY, "purposes": ["newsletter"], "test": False}, {"identity", "purposes"}, replays=True,
    ),
    "permissions": Call(
        "POST", "permissions/check/", "permissions:read", 200, {"purpose", "as_of", "results"},
        {"purpose": "newsletter", "channel": "email", "type": "email", "values": ["ada@example.com", "x@example.com"]},
        {"purpose", "type", "values"},
    ),
    "disclosure": Call(
        "POST", "permissions/disclosure/", "permissions:read", 200, {"recipient", "purpose", "as_of", "results"},
        {"recipient": "partner", "purpose": "newsletter", "type": "email", "values": ["ada@example.com"]},
        {"recipient", "purpose", "type", "values"},
    ),
    "collect": Call(
        "POST", "collect/", "subjects:write", 201, {"subject", "items"},
        {
            "identity": IDENTITY,
            "organisation": {"name": "Octopus Ltd", "legal_type": "company"},
            "relationship": {"role": "prospect", "ground": "met-at-fair", "purpose": "customer-support"},
            "items": [ITEM],
            "consents": [{name: part for name, part in make_consents.body().items() if name != "identity"}],
            "notice": "1",
            "interaction": {"purpose": "customer-support", "at": "2026-03-04T09:00:00Z", "channel": "phone"},
            "locale": "en-GB",
            "test": False,
        },
        {"identity", "notice"}, replays=True,
    ),
    "interactions": Call(
        "POST", "interactions/", "subjects:write", 201, {"subject", "purpose", "last_interaction_on"},
        {"identity": IDENTITY, "purpose": "customer-support", "at": "2026-03-04T09:00:00Z", "channel": "phone",
         "test": False},
        {"identity", "purpose", "at", "channel"}, replays=True,
    ),
    "requests": Call(
        "POST", "requests/", "requests:write", 202, {"case", "requests"},
        {
            "rights": ["access", "erasure"],
            "requester": {"name": "Ada Lovelace", "email": "ada@example.com", "phone": "07700 900123"},
            "details": "Everything.",
            "channel": "letter",
            "received_on": "2026-11-02",
            "late": "forwarded",
            "locale": "en-GB",
            "test": False,
        },
        {"rights", "requester"}, replays=True,
    ),
    "request": Call(
        "GET", "requests/{reference}/", "requests:read", 200,
        {"reference", "right", "state", "received_on", "due", "clock", "elsewhere", "allowed_moves", "duplicate_of"},
    ),
    "complaints": Call(
        "POST", "complaints/", "requests:write", 202, COMPLAINT,
        {
            "requester": {"name": "Ada Lovelace", "email": "ada@example.com", "address": "1 Sea Street"},
            "complaint": "You never answered.",
            "wish": "An answer.",
            "channel": "letter",
            "received_on": "2026-11-02",
            "late": "forwarded",
            "locale": "en-GB",
            "test": False,
        },
        {"requester", "complaint"}, replays=True,
    ),
    "complaints_list": Call("GET", "complaints/", "requests:work", 200, {"next", "previous", "results"}),
    "complaint": Call("GET", "complaints/{complaint}/", "requests:read", 200, COMPLAINT),
    "letters": Call("GET", "letters/", "requests:letters", 200, {"next", "previous", "results"}),
    "notice": Call(
        "GET", "notices/privacy-policy/?on=2026-11-01", "", 200, {"version", "effective_from", "html", "sha256"}
    ),
    "seals": Call("GET", "ledger/seals/", "ledger:read", 200, {"next", "previous", "results"}),
    "events": Call("GET", "events/", "events:read", 200, {"events", "next", "more"}),
}  # fmt: skip
# Tried in tests/retention and tests/requests: what one system is asked, by a key of its own.
OF_SYSTEMS = {
    f"systems/{path}/"
    for path in (
        *("erasures", "erasures/{task}", "erasures/{task}/records"),
        *("requests", "requests/{task}", "requests/{task}/documents"),
    )
}
# Tried in tests/consents: rows instead of JSON, a receipt of a consent that is there. In tests/office: hiring.
ELSEWHERE = {"consents/import/", "consents/{consent}/receipt/"} | {
    f"{act}/" for act in ("applications/close", "applications/reopen", "employments/end", "employments/resume")
}
# Steps on a request that is there and in the right state: tests/requests tries them, from intake to the closed case.
STEPS = (
    {
        f"requests/{{reference}}/{step}/"
        for step in (
            *("work", "moves", "tasks/{system}", "decisions", "where", "prepare", "release", "messages"),
            *("corrections", "corrections/{correction}", "reviews", "reviews/{review}"),
            *("doubt", "doubt/approval", "doubt/arrived", "doubt/not-enough", "doubt/withdrawal", "identity", "person"),
            *("clarification", "clarification/answer", "extension", "exam", "fee", "fee/paid", "where/answer"),
            *("refusal", "refusal/release", "taking-back", "only-marketing", "rights", "duplicate", "duplicate/undo"),
            *("recipients", *(f"recipients/{{recipient}}/{told}" for told in ("told", "impossible", "replied"))),
            *("restriction/scope", "restriction/notice", "restriction/end"),
            *("restriction/uses", "restriction/uses/{use}/end", "evidence", "evidence/{evidence}", "doubt/letter"),
            *("transfers", "transfers/{transfer}/start", "transfers/{transfer}/cancel"),
        )
    }
    | {
        f"complaints/{{complaint}}/{step}/"
        for step in ("description", "acknowledgement", "enquiries", "progress", "outcome")
    }
    | {"letters/{letter}/pdf/", "letters/{letter}/posted/"}
)
POSTS = {name: call for name, call in CALLS.items() if call.method == "POST"}


def world():
    """What the calls refer to: a form, live purposes, a notice, and a request whose reference is returned."""
    make_subjects.purposes("customer-support")
    make_register.purpose("service-notices", "b")
    make_consents.published()
    Recipient.objects.create(slug="partner", name="Partner Ltd", role="controller")
    published.publish(
        version="1", html="<h2>Told</h2>", effective_from=NOTICE_DAY, now=make_requests.NOW, actor="user:1"
    )
    return {
        "reference": make_requests.case("access", email="grace@example.com").requests.get().reference,
        "complaint": make_complaints.complain().reference,
    }


def client(*scopes, **headers):
    """Somebody with a key with these scopes (all of them if none)."""
    text = apikeys.create("tests", scopes or SCOPES)[1]
    return APIClient(headers={"Authorization": f"Api-Key {text}", **headers})


def send(api, call, refers, body=None, **headers):
    path = "/api/v1/" + call.path.format(**refers)
    if call.method == "GET":
        return api.get(path, headers=headers)
    return api.post(path, call.body if body is None else body, format="json", headers=headers)


def rows():
    """How many rows each table has, but for keys and what Django keeps for itself; asked in one question."""
    ours = [model for model in apps.get_models() if model._meta.label not in ("core.ApiKey", "sessions.Session")]
    tables = {model._meta.label: model._meta.db_table for model in ours if model._meta.managed}
    counts = " UNION ALL ".join(f'SELECT %s, count(*) FROM "{table}"' for table in tables.values())
    with connection.cursor() as cursor:
        cursor.execute(counts, list(tables))
        return dict(cursor.fetchall())
