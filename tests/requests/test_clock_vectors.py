"""The worked examples of the law and its counting, put to `manage.py clock` under their names; and its speed."""

import io
import json
import time

import pytest
from django.core.management import call_command

pytestmark = pytest.mark.django_db
DUE = {
    "V01": ({"received": "2026-11-04"}, "2026-12-04"),
    "V02": ({"received": "2026-09-03"}, "2026-10-05"),
    "V03": ({"received": "2027-01-31"}, "2027-03-01"),
    "V04": ({"received": "2028-01-31"}, "2028-02-29"),
    "V05": ({"received": "2026-08-31"}, "2026-09-30"),
    "V06": ({"received": "2026-11-22"}, "2026-12-22"),
    "V07": ({"received": "2026-11-25"}, "2026-12-29"),
    "V08": ({"received": "2026-11-26"}, "2026-12-29"),
    "V09": ({"received": "2026-12-01"}, "2027-01-04"),
    "V12": ({"received": "2026-11-02", "id_asked": "2026-11-03", "id_received": "2026-11-20"}, "2026-12-21"),
    "V13": ({"received": "2026-11-02", "id_asked": "2026-11-03"}, None),
    "V14": ({"received": "2026-11-02", "clarifications": [["2026-11-09", "2026-11-18"]]}, "2026-12-14"),
    "V15": ({"received": "2026-11-02", "clarifications": [["2026-11-02", "2026-11-05"]]}, "2026-12-07"),
    "V17": ({"received": "2026-11-02", "clarifications": [["2026-11-09", None]]}, None),
    "V18": (
        {"right": "erasure", "received": "2026-11-02", "clarifications": [["2026-11-09", "2026-11-18"]]},
        "2026-12-02",
    ),
    "V20": ({"received": "2026-11-30", "extended_on": "2026-12-30"}, "2027-03-01"),
    "V23": ({"received": "2026-11-04", "clarifications": [["2026-12-10", None]]}, "2026-12-04"),
}
STATUS = {"V13": "not_started", "V17": "paused"}
OTHERS = {
    "C1": ({"complaint_received": "2026-06-19"}, {"acknowledge_by": "2026-07-20"}),
    "C2": ({"complaint_received": "2026-11-22"}, {"acknowledge_by": "2026-12-22"}),
    "B1": ({"breach_aware": "2026-12-24T17:30Z"}, {"notify_by": "2026-12-27T17:30Z"}),
}


@pytest.fixture
def run(monkeypatch):
    def run(lines):
        data = "".join(json.dumps(line) + "\n" for line in lines).encode()
        monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": io.BytesIO(data)}))
        out = io.StringIO()
        call_command("clock", stdout=out)
        return [json.loads(line) for line in out.getvalue().splitlines()]

    return run


def test_every_vector_at_once(run):
    answers = run([{"right": "access", **facts} for facts, _due in DUE.values()])
    assert {name: answer["due"] for name, answer in zip(DUE, answers, strict=True)} == {
        name: due for name, (_facts, due) in DUE.items()
    }
    assert {name: answer["status"] for name, answer in zip(DUE, answers, strict=True)} == {
        name: STATUS.get(name, "running") for name in DUE
    }
    assert answers[list(DUE).index("V20")]["extension_notice_by"] is not None


def test_the_notice_of_an_extension(run):
    [plain] = run([{"right": "access", "received": "2026-11-30"}])
    assert plain["extension_notice_by"] == "2026-12-30"  # V20


@pytest.mark.parametrize("name", OTHERS)
def test_complaints_and_breaches(name, run):
    line, answer = OTHERS[name]
    assert run([line]) == [answer]


def test_ten_thousand_different_lines_take_seconds(run):
    """Every vector, in every division and both regimes, over and over."""
    places = ("england-and-wales", "scotland", "northern-ireland")
    made = [
        {"right": "access", **facts, "division": places[n % 3], "regime": ("UK", "EU")[n % 2]}
        for n in range(10_000 // len(DUE) + 1)
        for facts, _due in DUE.values()
    ][:10_000]
    start = time.process_time()
    answers = run(made)
    took = time.process_time() - start
    assert len(answers) == 10_000
    assert took < 10
