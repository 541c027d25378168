"""Published tables: nobody can work out what is left out. Noise: bounded over a year, and never refunded."""

import json
from collections import defaultdict
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.db.utils import DatabaseError
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.errors import Invalid
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


def every_way(total, names):
    """Every way to part a total among so many cells of at least one each."""
    if len(names) == 1:
        return [{names[0]: total}] if total >= 1 else []
    first = range(1, total - len(names) + 2)
    return [{names[0]: n, **rest} for n in first for rest in every_way(total - n, names[1:])]


def could_be(table):
    """What each cell left out could hold, by trying every table of whole numbers: who has it knows that none is 0."""
    rest = {
        name: table.column_totals[name] - sum(table.cells[r, name] or 0 for r in table.rows) for name in table.columns
    }
    found = defaultdict(set)

    def fill(rows, left, so_far):
        if not rows:
            if not any(left.values()):
                for cell, n in so_far.items():
                    found[cell].add(n)
            return
        names = [c for c in table.columns if table.cells[rows[0], c] is None]
        total = table.row_totals[rows[0]] - sum(table.cells[rows[0], c] or 0 for c in table.columns)
        for way in every_way(total, names) if names else [{}]:
            if all(n <= left[name] for name, n in way.items()):
                less = {name: n - way.get(name, 0) for name, n in left.items()}
                fill(rows[1:], less, so_far | {(rows[0], name): n for name, n in way.items()})

    fill(table.rows, rest, {})
    return found


@settings(deadline=None)
@given(st.lists(st.lists(st.sampled_from([0, 1, 1, 2, 4, 7, 15]), min_size=3, max_size=3), min_size=2, max_size=3))
def test_a_small_cell_could_hold_any_of_many_numbers(counts):
    """With the least number 4, so that everything can be tried."""
    whole = {(f"r{r}", f"c{c}"): count for r, row in enumerate(counts) for c, count in enumerate(row)}
    try:
        table = statistics.publish(whole, least=4)
    except statistics.TooSparse:
        assume(False)
    possible = could_be(table)
    for cell, count in table.cells.items():
        if count is None and whole[cell] < 4:
            assert whole[cell] in possible[cell]
            assert max(possible[cell]) - min(possible[cell]) >= 3


@pytest.mark.parametrize("small", [1, 2])
def test_two_hidden_cells_whose_rest_leaves_no_choice_are_not_published_so(small):
    """1980: c c 98 | 100 would say that each c is 1, since a cell of nobody is shown as 0."""
    rows = [("1980", "x", small), ("1980", "y", small), ("1980", "z", 98), ("1990", "x", small), ("1990", "y", small)]
    rows += [("1990", "z", 98), ("2000", "x", 20), ("2000", "y", 20), ("2000", "z", 960)]
    table = statistics.publish({(a, b): n for a, b, n in rows})
    assert set(table.cells.values()) == {None}
    by_one = {("a", "x"): 1, ("a", "y"): 12, ("b", "x"): 1, ("b", "y"): 40}
    with pytest.raises(statistics.TooSparse):
        statistics.publish(by_one)


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
@pytest.mark.parametrize("epsilon", ["0", "0.0004", "0.0015", "1e-9999999", "1e9", "nan", "inf"])
def test_nothing_is_told_that_the_ledger_would_round(epsilon):
    with pytest.raises(Invalid) as error:
        statistics.noisy_counts(
            result(("n", "x", 1000)), "a", ["n"], epsilon=Decimal(epsilon), name="regions", actor="user:1", now=NOW
        )
    assert list(error.value.fields) == ["epsilon"]
    assert statistics.spent_in(2026) == 0


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
