"""`manage.py clock` fed with what nobody should send: one clear line for each, the rest answered, in order."""

import io
import json
import sys
from contextlib import suppress

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from requests.facts import RIGHTS, Facts
from requests.lines import LONGEST

pytestmark = pytest.mark.django_db
GOOD = b'{"right": "access", "received": "2026-11-04"}'
FIELDS = sorted({*Facts.__dataclass_fields__, "complaint_received", "breach_aware", "due", "", "\ud800"})
STAMP = "2026-11-04T00:00Z"  # A good answer to one question only.
ODD = [
    *(b"", b" ", b"\r", b"\x00", b"\xff\xfe", b"\xc3(", b"null", b"true", b"0", b'"x"', b"[]", b"{", b"}", b"{}}"),
    *(b"NaN", b"-Infinity", b'{"a": NaN}', b"{'right': 'access'}", b'{"right": "access",}', b"1" * 5000, b"[" * 9999),
    *(b'{"received":' * 5000, b'{"\\ud800": 1}', b'{"right": "\\ud800", "received": "2026-11-04"}', b"\xef\xbb\xbf"),
    *(GOOD * 2, GOOD + b" x", GOOD[:-1], b"\xef\xbb\xbf" * 2 + GOOD, GOOD.decode().encode("utf-16"), b"#" + GOOD),
]
DATES = [
    *("2026-02-30", "2026-13-01", "20261104", "2026-W45-3", "2026-309", "0001-01-01", "9999-12-31", "2018-05-24"),
    *("2035-01-01", STAMP, "2026-11-04 ", " 2026-11-04", "2026-11-4", "-2026-11-04", "04/11/2026"),
    *("2026\u201311\u201304", "\uff12\uff10\uff12\uff16-11-04", "", "today", "2026-11-04\n", "2026-11-04\x00"),
]
VALUES = [
    *(0, -1, 1.5, 10**400, True, False, {}, [], [[]], [[[]]], [None], {"a": {"b": []}}, "\ud800", "x" * 10_000),
    *DATES,
    *([["2026-11-05"]], [["2026-11-05", "2026-11-04"]], [[None, None]], [["2026-11-05", None, None]], ["2026-11-05"]),
]


def ask(lines, monkeypatch):
    """What the command says to these lines, as bytes: what a pipe would carry."""
    monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": io.BytesIO(b"\n".join(lines) + b"\n")}))
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="strict", newline="")
    code = 0
    try:
        call_command("clock", stdout=out)
    except SystemExit as end:
        code = end.code
    out.flush()
    return code, [json.loads(line) for line in out.buffer.getvalue().splitlines()]


def hostile():
    """Thousands: everything odd, and every value in every place."""
    yield from ODD
    for field in FIELDS:
        for value in VALUES:
            bad = {"right": "access", "received": "2026-11-04", field: value}
            if not is_good(bad) and not is_good(
                {"right": "access", "received": "2026-11-04", "clarifications": [[value, None]]}
            ):
                yield json.dumps(bad).encode()
                if (field, value) != ("breach_aware", STAMP):
                    yield json.dumps({field: value}).encode()
                yield b'{"right": "access", "received": "2026-11-04", "clarifications": [[%b, null]]}' % (
                    json.dumps(value).encode()
                )
                yield b'{"right": "access", "received": "2026-11-04", %b: 1, %b: 1}' % (
                    (json.dumps(field).encode(),) * 2
                )
    for first in ("2026-11-04", "soon", 7):
        for second in ("2026-12-24T17:30Z", "2026-12-24", None, {}):
            mixed = {"complaint_received": first, "breach_aware": second, "right": "access"}
            yield json.dumps(mixed).encode()


def is_good(data):
    with suppress(Exception):
        return bool(Facts.from_json(data))
    return False


def test_thousands_of_bad_lines_each_get_one_and_the_rest_is_answered(monkeypatch):
    bad = list(hostile())
    assert len(bad) > 2000
    code, answers = ask([line for one in bad for line in (one, GOOD)], monkeypatch)
    assert code == 1
    assert len(answers) == 2 * len(bad)
    for number, refused in enumerate(answers[::2]):
        assert list(refused) == ["error", "line", "field"], (bad[number], refused)
        assert refused["line"] == 2 * number + 1
        assert refused["error"].endswith(".")
        assert len(refused["error"]) < 200
    assert {answer["due"] for answer in answers[1::2]} == {"2026-12-04"}


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        (b"", "This line is empty."),
        (b"\r", "This line is empty."),
        (b'{"right": "\xff"}', "This line is not UTF-8."),
        (b'{"right": "' + b"x" * LONGEST + b'"}', "This line is too long."),
        (b" " * (3 * LONGEST + 7), "This line is too long."),
    ],
)
def test_the_sentence_says_what_is_wrong_with_the_line(line, sentence, monkeypatch):
    code, answers = ask([GOOD, line, GOOD], monkeypatch)
    assert code == 1
    assert answers[1] == {"error": sentence, "line": 2, "field": None}
    assert answers[0] == answers[2]


@pytest.mark.parametrize(
    "line",
    [
        b"\xef\xbb\xbf" + GOOD,
        GOOD + b"\r",
        b"\t" + GOOD + b"  ",
        '{"right": "access", "received": "2026-11-04", "id_asked": null, "fee_paid": null}',
        '{"right": "access", "received": "2026-11-04", "complaint_received": null, "breach_aware": null}',
        '{"right": "access", "received": "2026-11-04", "regime": null, "division": null, "clarifications": null}',
    ],
)
def test_what_other_systems_write_is_read(line, monkeypatch):
    code, answers = ask([line if isinstance(line, bytes) else line.encode()], monkeypatch)
    assert code == 0
    assert answers[0]["due"] == "2026-12-04"


def test_null_beside_the_question_that_is_asked(monkeypatch):
    lines = [
        b'{"complaint_received": "2026-06-19", "breach_aware": null}',
        b'{"complaint_received": null, "breach_aware": "2026-12-24T17:30Z"}',
        b'{"complaint_received": null}',
        b'{"complaint_received": null, "breach_aware": null}',
    ]
    code, answers = ask(lines, monkeypatch)
    assert code == 1
    assert answers[:2] == [{"acknowledge_by": "2026-07-20"}, {"notify_by": "2026-12-27T17:30Z"}]
    assert [answer["field"] for answer in answers[2:]] == ["complaint_received", "complaint_received"]


def test_each_answer_leaves_before_the_next_line_is_read(monkeypatch):
    """Somebody types, or a program waits for each answer before it asks again."""
    seen = []

    class Out(io.StringIO):
        def flush(self):
            seen.append(self.getvalue().count("\n"))

    class Source:
        asked = 0

        def readline(self, _size):
            self.asked += 1
            assert self.asked == 1 or seen[-1] == self.asked - 1
            return GOOD + b"\n" if self.asked < 4 else b""

    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": Source()}))
    call_command("clock", stdout=Out())
    assert seen[-1] == 3


scalar = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from(DATES), st.dates().map(str)
)
value = st.recursive(scalar, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3))
field = st.sampled_from(FIELDS) | st.text(max_size=9)
anything = st.dictionaries(field, value | st.sampled_from(RIGHTS), max_size=6)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(st.one_of(st.binary(max_size=60), anything.map(lambda data: json.dumps(data).encode())), max_size=8)
)
def test_whatever_comes_has_an_answer(lines, monkeypatch):
    lines = [line.replace(b"\n", b" ") for line in lines]
    code, answers = ask([*lines, GOOD], monkeypatch)
    assert len(answers) == len(lines) + 1
    assert answers[-1]["due"] == "2026-12-04"
    assert code == int(any("error" in answer for answer in answers))
