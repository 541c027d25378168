"""Published tables: nobody can work out what is left out. Noise: bounded over a year, and never refunded."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.utils import DatabaseError
from hypothesis import assume, given
from hypothesis import strategies as st

from retention import statistics
from retention.anonymise import Result
from retention.models_safety import EpsilonSpent

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def result(*pairs, missed=()):
    return Result([{"a": a, "b": b} for a, b, times in pairs for _ in range(times)], 0, None, list(missed))


def determined(table):
    """Cells left out that the sums fix: those that are zero in every vector of the sums' null space."""
    hidden = [cell for cell, count in table.cells.items() if count is None]
    sums = [[Fraction(cell[part] == name) for cell in hidden] for part in (0, 1) for name in {c[part] for c in hidden}]
    pivots = []
    for column in range(len(hidden)):
        at = next((n for n in range(len(pivots), len(sums)) if sums[n][column]), None)
        if at is None:
            continue
        row = len(pivots)
        sums[row], sums[at] = sums[at], sums[row]
        sums[row] = [value / sums[row][column] for value in sums[row]]
        for n in range(len(sums)):
            if n != row and sums[n][column]:
                factor = sums[n][column]
                sums[n] = [value - factor * own for value, own in zip(sums[n], sums[row], strict=True)]
        pivots.append(column)
    free = [column for column in range(len(hidden)) if column not in pivots]
    return [hidden[column] for row, column in enumerate(pivots) if not any(sums[row][other] for other in free)]


@given(st.lists(st.lists(st.integers(0, 40), min_size=4, max_size=4), min_size=2, max_size=4))
def test_nothing_left_out_can_be_worked_out(counts):
    whole = {(f"r{r}", f"c{c}"): count for r, row in enumerate(counts) for c, count in enumerate(row)}
    try:
        table = statistics.publish(whole)
    except statistics.TooSparse:
        assume(False)
    assert all(count is None for cell, count in table.cells.items() if 0 < whole[cell] < 10)
    assert determined(table) == []
    # Each could be one more or one less without any becoming negative.
    assert all(whole[cell] > 0 for cell, count in table.cells.items() if count is None)


def test_small_cells_and_others_with_them():
    found = statistics.table(result(("n", "x", 3), ("n", "y", 20), ("s", "x", 30), ("s", "y", 12)), ["a", "b"])
    assert set(found.cells.values()) == {None}
    assert list(statistics.lines(found))[1] == ["n", "c", "c", "23"]
    alone = statistics.table(result(("n", "", 3), ("s", "", 20), ("w", "", 8)), ["a"])
    assert alone.row_totals == {"other": 11, "s": 20}


def test_rare_values_have_no_row_of_their_own_and_too_few_no_table():
    with pytest.raises(statistics.TooSparse):
        statistics.table(result(("n", "x", 3), ("s", "x", 50)), ["a"])


def test_only_what_was_measured_as_anonymous_is_counted():
    with pytest.raises(statistics.NotAnonymous):
        statistics.table(result(("n", "x", 30), missed=["k"]), ["a"])


@pytest.mark.django_db
def test_a_year_tells_no_more_than_it_may(settings):
    settings.EPSILON_PER_YEAR = 1.5
    rows = result(("n", "x", 1000), ("s", "x", 3))
    ask = {"epsilon": Decimal(1), "name": "regions", "actor": "user:1", "now": NOW}
    found = statistics.noisy_counts(rows, "a", ["n", "w"], **ask)
    assert set(found) == {"n", "w", "other"}
    assert abs(found["n"] - 1000) < 40, "noise of scale 1 is this large once in 10 to the 17th"
    with pytest.raises(statistics.Overspent):
        statistics.noisy_counts(rows, "a", ["n"], **ask)
    assert statistics.spent_in(2026) == 1
    statistics.noisy_counts(rows, "a", ["n"], **{**ask, "now": NOW.replace(year=2027)})
    with pytest.raises(DatabaseError), transaction.atomic():
        EpsilonSpent.objects.update(epsilon=0)


@pytest.mark.django_db
def test_the_commands(tmp_path, capsys):
    recipe, rows, out = tmp_path / "recipe.yml", tmp_path / "rows.csv", tmp_path / "out.csv"
    recipe.write_text(
        "fields:\n  name: {strategy: suppress}\n  born: {strategy: date, to: decade}\n  paid: {strategy: keep}\n"
        "quasi: [born]\nsensitive: [paid]\nthresholds: {k: 10, l: 2, t: 0.2}\n"
    )
    lines = [f"name{n},198{n % 10}-01-01,{'yes' if n % 2 else 'no'}" for n in range(40)]
    rows.write_text("name,born,paid\n" + "\n".join(lines) + "\n")
    call_command("anonymise", str(rows), recipe=str(recipe), sample=1, out=str(out))
    before, after, told = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (before["before"]["name"], after["after"]["born"]) == ("name0", "1980s")
    assert (told["status"], told["k"], told["rows"]) == ("anonymous by these thresholds", 40, 40)
    assert "name" not in out.read_text()
    call_command("statistics", str(rows), recipe=str(recipe), by="paid")
    assert "yes,20" in capsys.readouterr().out
    call_command("statistics", str(rows), recipe=str(recipe), by="paid", values="yes,no", epsilon="1", name="paid")
    assert "epsilon left in 2" in capsys.readouterr().err
    rows.write_text("name,born,paid\na,1980-01-01,yes\n")
    with pytest.raises(CommandError, match="pseudonymised"):
        call_command("anonymise", str(rows), recipe=str(recipe), out=str(tmp_path / "no.csv"))
    with pytest.raises(CommandError, match="pseudonymised"):
        call_command("statistics", str(rows), recipe=str(recipe), by="paid")
