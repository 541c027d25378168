"""The body of an entry is canonical JSON and never changes shape under our feet."""

import json
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest
import rfc8785
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.entries import Pattern, encode, instant

ID = uuid.UUID("5f0c954e-7a22-4ab5-b1a6-2f3c3b6f0f10")
SUBJECT = uuid.UUID("0d9e2f5a-5f2a-4a3e-8a83-52f15e6a0c11")
AT = datetime(2026, 5, 3, 9, 8, 7, 60, tzinfo=UTC)
# Frozen: what an old entry looks like can never change, or its seal would no longer hold.
GOLDEN = (
    '{"actor":"api:k","at":"2026-05-03T09:08:07.000060Z","data":{"a":[1,true,null],"form":"news-2"},'
    '"id":"5f0c954e-7a22-4ab5-b1a6-2f3c3b6f0f10","kind":"consent.given","object":null,"purpose":"newsletter",'
    '"subject":"0d9e2f5a-5f2a-4a3e-8a83-52f15e6a0c11","v":1}'
)


def made(**changes) -> str:
    members = {
        "kind": "consent.given",
        "at": AT,
        "actor": "api:k",
        "subject": SUBJECT,
        "purpose": "newsletter",
        "data": {"form": "news-2", "a": [1, True, None]},
        "entry": ID,
    }
    return encode(**{**members, **changes})[1]


def test_golden_body() -> None:
    assert made() == GOLDEN


CODES = st.text("ABZabz059_.:+/=-", max_size=12)
LEAVES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | CODES
DATA = st.dictionaries(CODES, st.recursive(LEAVES, lambda of: st.lists(of) | st.dictionaries(CODES, of), max_leaves=10))


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine proves nothing
@given(DATA, CODES, CODES)
def test_body_is_canonical(data: dict, actor: str, purpose: str) -> None:
    body = made(data=data, actor=actor, purpose=purpose)
    assert rfc8785.dumps(json.loads(body)).decode() == body


def test_time_is_written_in_utc_whatever_its_zone() -> None:
    assert made(at=AT.astimezone(timezone(timedelta(hours=5)))) == GOLDEN


def test_id_is_new_each_time_unless_given() -> None:
    first, second = (encode(kind="a.b", at=AT, actor="system") for _ in range(2))
    assert first[0] != second[0]
    assert json.loads(first[1])["id"] == str(first[0])


@pytest.mark.parametrize(
    "changes",
    [
        {"data": {"who": "ada@example.org"}},
        {"data": {"who": "Ada Lovelace"}},
        {"data": {"deep": [{"x": "two words"}]}},
        {"data": {"a key": 1}},
        {"data": {"share": 0.5}},
        {"data": {"huge": 2**53}},
        {"data": {"raw": b"x"}},
        {"data": {"long": "x" * 201}},
        {"actor": "Ada Lovelace"},
        {"purpose": "for you"},
        {"kind": "Consent"},
        {"kind": "consent"},
        {"at": datetime(2026, 1, 1)},  # noqa: DTZ001
    ],
)
def test_words_about_people_do_not_fit(changes: dict) -> None:
    with pytest.raises(ValueError, match=r"Evidence|written like|time zone") as refused:
        made(**changes)
    assert "ada" not in str(refused.value).lower()


def test_a_pattern_says_what_encoding_anew_would_say():
    at, said = datetime(2026, 11, 22, 9, 0, 0, 5, tzinfo=UTC), datetime(2025, 2, 28, 23, 59, tzinfo=UTC)
    same = {"kind": "consent.given", "actor": "api:web"}
    data = {"form": "newsletter", "choices": {"newsletter:email": "given"}, "new": True}
    pattern = Pattern(**same, data=data, ids=["subject", "object"], times=["at", "given_at"])
    for entry, subject, thing in [[uuid.uuid4() for _id in range(3)] for _row in range(2)]:
        written = {"given_at": instant(said)}
        anew = encode(**same, at=at, subject=subject, object=thing, data=data | written, entry=entry)[1]
        assert pattern.body(entry=entry, subject=subject, object=thing, at=instant(at), **written) == anew


def test_a_pattern_refuses_words_as_encoding_does():
    with pytest.raises(ValueError, match="codes"):
        Pattern(kind="consent.given", actor="api:web", data={"note": "Ada Lovelace"}, times=["at"])


def test_a_pattern_is_filled_in_with_all_that_differs_and_nothing_else():
    pattern = Pattern(kind="consent.given", actor="api:web", data={}, ids=["subject"], at=AT)
    for differs in ({"entry": ID}, {"entry": ID, "subject": SUBJECT, "object": ID}):
        with pytest.raises(ValueError, match="entry, subject"):
            pattern.body(**differs)
