"""`manage.py anonymity` says what another program says of the same tables: pycanon, whose answers lie beside them."""

import json
from io import StringIO
from pathlib import Path
from runpy import run_path

import pytest
from django.core.management import call_command

ORACLE = Path(__file__).parent / "oracle"
TABLES = run_path(str(ORACLE / "answer.py"))["TABLES"]
TOLD = json.loads((ORACLE / "answers.json").read_text())["tables"]


def test_every_table_was_answered():
    assert TOLD.keys() == TABLES.keys() == {path.stem for path in ORACLE.glob("*.csv")}


@pytest.mark.parametrize("name", TABLES)
def test_it_agrees_with_the_other_program(name):
    quasi, sensitive, is_number = TABLES[name]
    out, more = StringIO(), ["--ordered"] if is_number else []
    path = str(ORACLE / f"{name}.csv")
    call_command("anonymity", path, "--quasi", ",".join(quasi), "--sensitive", sensitive, *more, stdout=out)
    ours, theirs = json.loads(out.getvalue()), TOLD[name]
    assert (ours["k"], ours["l"], ours["k"]) == (theirs["k"], theirs["l"], theirs["alpha_k"])
    assert ours["t"] == pytest.approx(theirs["t"])
    assert ours["alpha"] == pytest.approx(theirs["alpha"])
    # It cuts off what is behind the point, also of a 3 that arithmetic made 2.9999999999999996.
    assert theirs["entropy_l"] in {int(ours["entropy_l"] + 1e-9), int(ours["entropy_l"] - 1e-9)}
