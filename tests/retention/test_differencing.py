"""Several published tables of the same people: what they fix together is found, whatever each of them hides."""

from collections import Counter
from fractions import Fraction
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retention import differencing, statistics

FIELDS = ("a", "b", "c")


def rows_of(counts):
    return [(dict(zip(FIELDS, kind, strict=True)), times) for kind, times in counts.items() if times]


def tables(counts, *bys):
    rows = rows_of(counts)
    return rows, [(list(by), statistics.table_of(rows, list(by))) for by in bys]


def test_a_column_beside_a_table_by_two_fields_tells_nothing_new():
    counts = {("x", "m", ""): 30, ("x", "w", ""): 4, ("y", "m", ""): 44, ("y", "w", ""): 12}
    differencing.weigh(*tables(counts, "ab", "a", "b"))


def test_what_one_hides_another_must_not_give_back():
    """Three of x are w. The first table leaves them out; by c they are told apart."""
    counts = {("x", "m", "p"): 20, ("x", "w", "q"): 3, ("y", "m", "q"): 30, ("y", "w", "p"): 25}
    rows, both = tables(counts, "ab", "bc")
    assert None in both[0][1].cells.values()
    shown = both[1][1]
    assert shown.cells["w", "q"] is None
    # As if somebody had published it with that cell.
    told = statistics.Table(
        shown.rows, shown.columns, {**shown.cells, ("w", "q"): 3}, shown.row_totals, shown.column_totals, shown.total
    )
    with pytest.raises(differencing.ToldTogether):
        differencing.weigh(rows, [both[0], (both[1][0], told)])


def test_too_much_to_weigh_is_refused(monkeypatch):
    monkeypatch.setattr(differencing, "MOST_STEPS", 10)
    counts = {("x", "m", ""): 30, ("x", "w", ""): 14, ("y", "m", ""): 44, ("y", "w", ""): 12}
    with pytest.raises(differencing.TooMuchToWeigh):
        differencing.weigh(*tables(counts, "ab", "a"))


def rank(lines):
    """Of a matrix of fractions."""
    left, found = [list(line) for line in lines], 0
    for column in range(len(left[0]) if left else 0):
        at = next((n for n in range(found, len(left)) if left[n][column]), None)
        if at is None:
            continue
        left[found], left[at] = left[at], left[found]
        for n in range(found + 1, len(left)):
            factor = left[n][column] / left[found][column]
            left[n] = [value - factor * own for value, own in zip(left[n], left[found], strict=True)]
        found += 1
    return found


def fixed(counts, told):
    """Whether all shown numbers fix a group of fewer than ten, over every combination of values: slow and plain."""
    fields = sorted({name for by, _table in told for name in by})
    where = [FIELDS.index(name) for name in fields]
    values = [sorted({kind[place] for kind, times in counts.items() if times}) for place in where]
    kinds = [()]
    for some in values:
        kinds = [(*kind, value) for kind in kinds for value in some]

    def place(kind, by, table):
        row, column = ([kind[fields.index(name)] for name in by] + [""])[:2]
        row = row if row in table.rows else statistics.OTHER
        return row, "" if len(by) == 1 else column if column in table.columns else statistics.OTHER

    kinds = [k for k in kinds if not any(table.cells[place(k, by, table)] == 0 for by, table in told)]
    lines = []
    for by, table in told:
        at = [place(kind, by, table) for kind in kinds]
        lines += [[Fraction(one == cell) for one in at] for cell, n in table.cells.items() if n]
        for part in (0, 1):
            lines += [[Fraction(one[part] == name) for one in at] for name in {cell[part] for cell in table.cells}]
    base = rank(lines)
    for size in range(1, len(fields) + 1):
        for chosen in combinations(range(len(fields)), size):
            for group in {tuple(kind[n] for n in chosen) for kind in kinds}:
                people = sum(times for kind, times in counts.items() if tuple(kind[where[n]] for n in chosen) == group)
                line = [Fraction(tuple(kind[n] for n in chosen) == group) for kind in kinds]
                if 0 < people < 10 and rank([*lines, line]) == base:
                    return True
    return False


COUNTS = st.lists(st.sampled_from([0, 0, 3, 6, 12, 30, 41]), min_size=8, max_size=8)


@settings(deadline=None)
@given(COUNTS, st.sampled_from([("ab", "bc"), ("ab", "bc", "ac"), ("ab", "c"), ("ab", "a")]))
def test_it_finds_what_a_plain_search_finds(numbers, bys):
    kinds = [(a, b, c) for a in "xy" for b in "mw" for c in "pq"]
    counts = dict(zip(kinds, numbers, strict=True))
    try:
        rows, told = tables(counts, *bys)
    except statistics.TooSparse:
        return
    if fixed(counts, told):
        with pytest.raises(differencing.ToldTogether):
            differencing.weigh(rows, told)
    elif all_could_move(counts, told):
        differencing.weigh(rows, told)


def all_could_move(counts, told):
    """Whether for every small group another world has the same tables, and another number of people in the group.

    Worlds are tried that differ by at most one person of each kind.
    """
    kinds = list(counts)
    cells = [
        {kind: [kind[FIELDS.index(name)] if kind[FIELDS.index(name)] in side else statistics.OTHER
                for name, side in zip(by, (table.rows, table.columns), strict=False)] for kind in kinds}
        for by, table in told
    ]  # fmt: skip

    def shown(world):
        seen = []
        for (_by, table), at in zip(told, cells, strict=True):
            found = Counter()
            for kind, n in world.items():
                row, column = [*at[kind], ""][:2]
                found[row, column] += n
                found[row, None] += n
                found[None, column] += n
            hidden = {cell for cell, n in table.cells.items() if n is None}
            if any(found[cell] < 1 for cell in hidden):
                return None
            seen.append({cell: n for cell, n in found.items() if cell not in hidden and n})
        return seen

    here, still = shown(counts), set()
    fields = sorted({name for by, _table in told for name in by})
    where = [FIELDS.index(name) for name in fields]
    for size in range(1, len(where) + 1):
        for chosen in combinations(where, size):
            sizes = Counter()
            for kind, n in counts.items():
                sizes[tuple((at, kind[at]) for at in chosen)] += n
            still |= {group for group, n in sizes.items() if 0 < n < 10}
    for move in product((-1, 0, 1), repeat=len(kinds)):
        if not still:
            return True
        world = {kind: n + step for (kind, n), step in zip(counts.items(), move, strict=True)}
        if min(world.values()) >= 0 and shown(world) == here:
            by_kind = list(zip(kinds, move, strict=True))
            still = {g for g in still if not sum(step for kind, step in by_kind if all(kind[at] == v for at, v in g))}
    return not still


def test_what_is_fixed_because_no_hidden_cell_is_empty_is_refused():
    """98 of 100 are shown, and two cells beside them are not: each holds one. Linear algebra alone leaves that open."""
    counts = {(a, b, ""): n for a in "xy" for b, n in (("m", 1), ("w", 1), ("z", 98))}
    counts |= {("v", "m", ""): 20, ("v", "w", ""): 20, ("v", "z", ""): 960}
    rows = rows_of(counts)
    cells = {(a, b): n if n > 9 else None for (a, b, _c), n in counts.items()}
    columns = {"m": 22, "w": 22, "z": 1156}
    bare = statistics.Table(["v", "x", "y"], ["m", "w", "z"], cells, {"v": 1000, "x": 100, "y": 100}, columns, 1200)
    assert not fixed(counts, [(["a", "b"], bare)])
    with pytest.raises(differencing.ToldTogether):
        differencing.weigh(rows, [(["a", "b"], bare)])
    differencing.weigh(*tables(counts, "ab"))
