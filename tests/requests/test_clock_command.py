"""`manage.py clock`: JSON lines in, JSON lines out, in order; a bad line is answered with its field."""

import io
import json
import time

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.django_db


class Stdin:
    def __init__(self, data):
        self.buffer = io.BytesIO(data)


@pytest.fixture
def run(monkeypatch):
    def run(*lines):
        text = "".join(line if isinstance(line, str) else json.dumps(line) + "\n" for line in lines)
        monkeypatch.setattr("sys.stdin", Stdin(text.encode(errors="surrogateescape")))
        out = io.StringIO()
        try:
            call_command("clock", stdout=out)
            code = 0
        except SystemExit as end:
            code = end.code
        return code, [json.loads(line) for line in out.getvalue().splitlines()]

    return run


def test_answers_in_order_and_in_the_agreed_shape(run):
    code, answers = run(
        {"right": "access", "received": "2026-11-04"},
        {"right": "access", "received": "2026-11-02", "id_asked": "2026-11-03", "id_received": None},
        {"right": "access", "received": "2026-11-04", "clarifications": [["2026-11-10", None]]},
        {"complaint_received": "2026-06-19"},
        {"breach_aware": "2026-12-24T17:30Z"},
        {"breach_aware": "2026-12-24T17:30:05+01:00"},
    )
    assert code == 0
    assert list(answers[0]) == ["status", "start", "due", "extension_notice_by", "explanation"]
    assert answers[0]["due"] == answers[0]["extension_notice_by"] == "2026-12-04"
    assert "The answer is due by Friday 4 December 2026." in answers[0]["explanation"]
    assert [answer.get("status") for answer in answers[:3]] == ["running", "not_started", "paused"]
    assert answers[1]["due"] is answers[1]["start"] is answers[2]["due"] is None
    assert answers[3:] == [
        {"acknowledge_by": "2026-07-20"},
        {"notify_by": "2026-12-27T17:30Z"},
        {"notify_by": "2026-12-27T16:30:05Z"},
    ]


def test_divisions_differ(run):
    facts = {"right": "access", "received": "2026-12-02"}
    _code, answers = run(*({**facts, "division": place} for place in ("england-and-wales", "scotland")))
    assert [answer["due"] for answer in answers] == ["2027-01-04", "2027-01-05"]


GOOD = {"right": "access", "received": "2026-11-04"}


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("not json\n", None),
        ("\n", None),
        ("[1]\n", None),
        ('"text"\n', None),
        ("[" * 100_000 + "\n", None),
        ("\udcff\n", None),
        ('{"right": "access", "received": "2026-11-04", "received": "2026-11-05"}\n', "received"),
        ({}, "right"),
        ({"right": "access"}, "received"),
        ({"right": None, "received": "2026-11-04"}, "right"),
        ({**GOOD, "right": "everything"}, "right"),
        ({**GOOD, "right": ["access"]}, "right"),
        ({**GOOD, "regime": "US"}, "regime"),
        ({**GOOD, "division": "wales"}, "division"),
        ({**GOOD, "division": 7}, "division"),
        ({**GOOD, "recieved": "2026-11-04"}, "recieved"),
        ({**GOOD, "received": 20261104}, "received"),
        ({**GOOD, "received": "2026-02-30"}, "received"),
        ({**GOOD, "received": "0001-01-01"}, "received"),
        ({**GOOD, "received": "9999-12-31"}, "received"),
        ({**GOOD, "received": "2026-11-04T10:00"}, "received"),
        ({**GOOD, "received": "20261104"}, "received"),
        ({**GOOD, "received": "٢٠٢٦-11-04"}, "received"),
        ({**GOOD, "id_asked": True}, "id_asked"),
        ({**GOOD, "id_asked": "2026-11-03"}, "id_asked"),
        ({**GOOD, "id_asked": "2026-11-06", "id_received": "2026-11-05"}, "id_received"),
        ({**GOOD, "fee_charged": "2026-11-06", "fee_paid": "2026-11-05"}, "fee_paid"),
        ({**GOOD, "clarifications": "2026-11-06"}, "clarifications"),
        ({**GOOD, "clarifications": [["2026-11-06"]]}, "clarifications"),
        ({**GOOD, "clarifications": [[None, "2026-11-06"]]}, "clarifications"),
        ({**GOOD, "clarifications": [["2026-11-09", "2026-11-06"]]}, "clarifications"),
        ({**GOOD, "clarifications": [["2026-11-03", None]]}, "clarifications"),
        ({**GOOD, "extended_on": "2026-12-05"}, "extended_on"),
        ({**GOOD, "extended_on": "2026-11-03"}, "extended_on"),
        ({"complaint_received": "soon"}, "complaint_received"),
        ({"complaint_received": "2026-11-04", "right": "access"}, "right"),
        ({"complaint_received": "2026-11-04", "division": []}, "division"),
        ({"breach_aware": "2026-12-24T17:30"}, "breach_aware"),
        ({"breach_aware": "2026-12-24T25:30Z"}, "breach_aware"),
        ({"breach_aware": "0001-01-01T00:00+14:00"}, "breach_aware"),
        ({"breach_aware": None}, "breach_aware"),
    ],
)
def test_a_bad_line_names_its_field_and_the_rest_is_answered(run, line, field):
    code, answers = run(GOOD, line, GOOD)
    assert code == 1
    assert answers[0] == answers[2]
    assert answers[0]["due"] == "2026-12-04"
    assert list(answers[1]) == ["error", "line", "field"]
    assert (answers[1]["line"], answers[1]["field"]) == (2, field)
    assert answers[1]["error"].endswith(".")


def test_ten_thousand_lines_take_seconds(run):
    pause = {**GOOD, "clarifications": [["2026-11-06", "2026-11-10"]]}
    start = time.process_time()
    code, answers = run(*([GOOD, pause] * 5000))
    assert (code, len(answers)) == (0, 10_000)
    assert time.process_time() - start < 10
