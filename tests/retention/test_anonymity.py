"""How well a table hides its people: published examples, a reference that is too slow to use, and broken files."""

import csv
import json
import subprocess
import sys
from fractions import Fraction
from io import StringIO

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from retention import anonymity

# The salaries of Li, Li and Venkatasubramanian (2007): three classes of three, told apart by age.
SALARIES = {"2*": (3, 4, 5), ">=40": (6, 11, 8), "3*": (7, 9, 10)}
ILLS = {"2*": ("gastric ulcer", "gastritis", "stomach cancer"), ">=40": ("gastritis", "flu", "bronchitis")}
ILLS["3*"] = ("bronchitis", "pneumonia", "stomach cancer")


@pytest.fixture
def salaries(tmp_path):
    path = tmp_path / "salaries.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["zip", "age", "salary", "disease"])
        for number, (age, values) in enumerate(SALARIES.items()):
            writer.writerows(
                [f"476{number}*", age, f"{value}000", ill] for value, ill in zip(values, ILLS[age], strict=True)
            )
    return path


def measured(path, *options):
    out = StringIO()
    call_command("anonymity", str(path), *options, stdout=out)
    return json.loads(out.getvalue())


def refused(path, *options):
    out = StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("anonymity", str(path), *options, stdout=out)
    assert ended.value.code == 1
    return json.loads(out.getvalue())


def test_the_published_example_has_its_published_distance(salaries):
    told = measured(salaries, "--quasi", "zip,age", "--sensitive", "salary", "--ordered")
    assert (told["rows"], told["classes"], told["k"], told["l"]) == (9, 3, 3, 3)
    assert told["t"] == 0.375
    assert told["entropy_l"] == pytest.approx(3)
    assert told["alpha"] == pytest.approx(1 / 3)


def test_without_an_order_every_two_values_are_equally_far_apart(salaries):
    told = measured(salaries, "--quasi", "zip,age", "--sensitive", "salary")
    assert told["t"] == pytest.approx(2 / 3)


def test_several_sensitive_columns_are_as_good_as_the_worst(salaries):
    told = measured(salaries, "--quasi", "age", "--sensitive", "salary,disease")
    assert set(told["sensitive"]) == {"salary", "disease"}
    assert told["t"] == max(one["t"] for one in told["sensitive"].values())
    assert told["l"] == 3


def test_an_order_of_words_counts_the_steps(tmp_path):
    path = tmp_path / "words.csv"
    path.write_text("q,s\na,low\na,low\nb,mid\nb,high\n")
    told = measured(path, "--quasi", "q", "--sensitive", "s", "--order", "low,mid,high")
    # Class a lacks 1/4 at each of mid and high: 1/2 moved one step and 1/4 another, over two steps.
    assert told["t"] == 0.375
    assert refused(path, "--quasi", "q", "--sensitive", "s", "--order", "low,high")["field"] == "order"
    assert measured(path, "--quasi", "q", "--sensitive", "s", "--order", "low,mid,mid,high") == told


def test_one_person_alone_is_singled_out_and_the_file_is_not_called_anonymous(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("area,ill\n" + "TS1,flu\nTS1,cold\nTS1,ache\n" * 5 + "TS9,flu\n")
    told = measured(path, "--quasi", "area", "--sensitive", "ill")
    assert (told["k"], told["unique"], told["l"]) == (1, 1, 1)
    assert told["missed"] == ["k", "l", "t"]
    assert told["status"] == "pseudonymised"
    fine = measured(path, "--quasi", "area", "--sensitive", "ill", "--k", "1", "--l", "1", "--t", "1")
    assert fine["missed"] == []


def test_what_was_not_measured_does_not_count_as_reached(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("area\n" + "TS1\n" * 20)
    told = measured(path, "--quasi", "area")
    assert (told["k"], told["l"], told["t"]) == (20, None, None)
    assert told["missed"] == ["l", "t"]


@pytest.mark.parametrize(
    ("content", "options", "field", "says"),
    [
        (b"", ["--quasi", "q"], "quasi", "0 columns named q"),
        (b"q\n", ["--quasi", "q"], "file", "no rows"),
        (b"q,q\n1,2\n", ["--quasi", "q"], "quasi", "2 columns"),
        (b"q,s\n1,2\n1\n", ["--quasi", "q", "--sensitive", "s"], "file", "Line 3"),
        (b'q,s\n1,"2\n', ["--quasi", "q", "--sensitive", "s"], "file", "Line 2"),
        (b"q,s\n1,\xff\n", ["--quasi", "q", "--sensitive", "s"], "file", "UTF-8"),
        (b"q,s\n1,x\n", ["--quasi", "q", "--sensitive", "s", "--ordered"], "ordered", "no number"),
        (b"q,s\n1,nan\n", ["--quasi", "q", "--sensitive", "s", "--ordered"], "ordered", "no number"),
        (b"q,s\n1,2\n", ["--quasi", "q", "--sensitive", "z"], "sensitive", "0 columns named z"),
    ],
)
def test_a_broken_file_gets_one_clear_line(tmp_path, content, options, field, says):
    path = tmp_path / "broken.csv"
    path.write_bytes(content)
    told = refused(path, *options)
    assert told["field"] == field
    assert says in told["error"]


@pytest.mark.parametrize(("option", "value"), [("delimiter", r"\t"), ("delimiter", ""), ("t", "nan"), ("t", "2")])
def test_an_option_that_means_nothing_gets_one_clear_line(salaries, option, value):
    assert refused(salaries, "--quasi", "age", "--sensitive", "salary", f"--{option}", value)["field"] == option


def test_a_missing_file_gets_one_clear_line(tmp_path):
    assert refused(tmp_path / "none.csv", "--quasi", "q")["field"] == "file"


def test_it_reads_a_pipe_with_a_byte_order_mark(settings):
    text = "\ufeffq;s\r\na;1\r\na;2\r\n"
    done = subprocess.run(
        [sys.executable, "manage.py", "anonymity", "-", "--quasi", "q", "--sensitive", "s", "--delimiter", ";"],
        input=text.encode(),
        capture_output=True,
        cwd=settings.BASE_DIR,
        check=True,
    )
    assert json.loads(done.stdout)["k"] == 2


ROWS = st.lists(st.tuples(st.tuples(st.sampled_from("ab")), st.tuples(st.sampled_from("1234"))), min_size=1)


@given(ROWS, st.booleans())
def test_it_agrees_with_the_definitions(rows, is_ordered):
    told = anonymity.measure(rows, sensitive=["s"], order=[] if is_ordered else None)
    classes = {quasi: [value for (q, (value,)) in rows if q == quasi] for quasi, _values in rows}
    everybody = [value for _quasi, (value,) in rows]
    values = sorted(set(everybody))

    def share(some, value):
        return Fraction(some.count(value), len(some))

    def distance(some):
        apart = [share(some, value) - share(everybody, value) for value in values]
        if not is_ordered:
            return sum(map(abs, apart)) / 2
        moved = [abs(sum(apart[: n + 1])) for n in range(len(values))]
        return sum(moved) / max(len(values) - 1, 1)

    assert told.k == min(map(len, classes.values()))
    assert told.l == min(len(set(some)) for some in classes.values())
    assert told.t == pytest.approx(float(max(map(distance, classes.values()))))
    assert told.alpha == pytest.approx(float(max(share(some, v) for some in classes.values() for v in some)))
    assert 1 <= told.entropy_l <= told.l + 1e-9


def test_rows_must_have_as_many_values_as_columns():
    with pytest.raises(Invalid):
        anonymity.measure([], sensitive=["s"])
