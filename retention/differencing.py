"""What published tables of the same people tell together (differencing): each may be safe, and all of them not.

Every number that is shown is a sum over kinds of people, a kind being what the fields of all tables say together. What
those sums fix, somebody who has all tables can work out, though no table shows it. So a new table is weighed beside
those that are out: no group of fewer than `least` people that their fields describe may be fixed by all sums together,
nor by these and by what every reader knows: that nobody is counted less than once, and no cell left out is empty.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, product

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from retention.bounds import Bounds, Group
from retention.statistics import LEAST, OTHER, Rows, Table

# Sums are compared modulo this: exactly, and without numbers that grow. What is fixed by whole numbers stays fixed.
PRIME = (1 << 61) - 1
MOST_KINDS, MOST_STEPS = 5000, 5_000_000
# A table, and what it is by.
Told = tuple[Sequence[str], Table]
# What each field says of somebody, as the tables put it; and the number of a kind of people → how often it counts.
Kind = tuple[tuple[str, ...], ...]
Sum = dict[int, int]


class ToldTogether(DomainError):
    code = "tables-tell-together"
    message = _(
        "Together with the tables that are published already, this one would tell how many people are in a group of"
        " fewer than %(least)d: what one leaves out, the others add up to. Publish a table by other fields, or none."
    )

    def __init__(self, least: int) -> None:
        super().__init__(self.message % {"least": least})


class TooMuchToWeigh(DomainError):
    code = "too-much-to-weigh"
    message = _(
        "This table and those published already have too many cells to weigh together, and what cannot be weighed is"
        " not published. Choose fields with fewer values."
    )


class _Sums:
    """Sums that are known, in echelon form: each begins with a kind with which no other begins."""

    def __init__(self) -> None:
        self._by_lead: dict[int, Sum] = {}
        self._steps = 0

    def add(self, known: Sum) -> None:
        rest = self._rest(known)
        if rest:
            lead = min(rest)
            back = pow(rest[lead], -1, PRIME)
            self._by_lead[lead] = {kind: times * back % PRIME for kind, times in rest.items()}

    def fix(self, asked: Sum) -> bool:
        return not self._rest(asked)

    def _rest(self, asked: Sum) -> Sum:
        """What is left of it after the known sums are taken off, up to the first that none of them begins with."""
        rest = dict(asked)
        while rest and (known := self._by_lead.get(min(rest))):
            factor = rest[min(rest)]
            for kind, times in known.items():
                if left := (rest.get(kind, 0) - factor * times) % PRIME:
                    rest[kind] = left
                else:
                    rest.pop(kind, None)
            self._steps += len(known) + len(rest)
            if self._steps > MOST_STEPS:
                raise TooMuchToWeigh
        return rest


def weigh(rows: Rows, tables: Sequence[Told], *, least: int = LEAST) -> None:
    """Raises ToldTogether when these tables of the rows fix a small group together, or TooMuchToWeigh."""
    fields = sorted({name for by, _table in tables for name in by})
    counts = _counted(rows, fields, tables)
    numbers = _numbered(counts, fields, tables)
    known = _Sums()
    for told in sorted(_told(numbers, fields, tables), key=len):
        known.add(told)
    between = Bounds(
        {numbers[kind]: times for kind, times in counts.items()},
        [frozenset(told) for told in _told(numbers, fields, tables)],
        _left_out(numbers, fields, tables),
    )
    alike = _alike(numbers)
    for group in _small(counts, len(fields), least):
        # Kinds of which a table shows that there is nobody count for nothing.
        same = [alike[place, said] for place, said in enumerate(group) if said is not None]
        asked = min(same, key=len).intersection(*same)
        if asked and (known.fix(dict.fromkeys(asked, 1)) or between.meet(asked)):
            raise ToldTogether(least)


def _counted(rows: Rows, fields: Sequence[str], tables: Sequence[Told]) -> Counter[Kind]:
    counts: Counter[Kind] = Counter()
    for row, times in rows:
        counts[tuple(_labels(name, row[name], tables) for name in fields)] += times
    return counts


def _labels(name: str, value: str, tables: Sequence[Told]) -> tuple[str, ...]:
    """Where each table that is by this field puts the value. Values that all of them put together are one."""
    return tuple(
        value if value in (table.rows if by[0] == name else table.columns) else OTHER
        for by, table in tables
        if name in by
    )


def _numbered(counts: Iterable[Kind], fields: Sequence[str], tables: Sequence[Told]) -> dict[Kind, int]:
    """Every kind that somebody outside has to reckon with: whatever no table shows to be empty."""
    values = [sorted({kind[place] for kind in counts}) for place in range(len(fields))]
    total = 1
    for some in values:
        total *= len(some)
    if total > MOST_KINDS:
        raise TooMuchToWeigh
    cells = [
        {cell: count for cell, count in table.cells.items() if count == 0} if table.cells else {}
        for _by, table in tables
    ]
    possible = (
        kind
        for kind in product(*values)
        if not any(_cell(kind, fields, tables, n) in empty for n, empty in enumerate(cells))
    )
    return {kind: number for number, kind in enumerate(possible)}


def _cell(kind: Kind, fields: Sequence[str], tables: Sequence[Told], number: int) -> tuple[str, str]:
    """The cell of a table in which people of this kind are counted."""
    by, _table = tables[number]
    found = []
    for name in by:
        before = sum(name in other for other, _one in tables[:number])
        found.append(kind[fields.index(name)][before])
    return found[0], found[1] if len(found) == 2 else ""


def _told(numbers: Mapping[Kind, int], fields: Sequence[str], tables: Sequence[Told]) -> Iterator[Sum]:
    """The sums that the tables show: cells, the totals of rows and columns, and the total."""
    for place, (_by, table) in enumerate(tables):
        shown: dict[tuple[str | None, str | None], Sum] = {}
        for kind, number in numbers.items():
            row, column = _cell(kind, fields, tables, place)
            for cell in ((row, column), (row, None), (None, column), (None, None)):
                shown.setdefault(cell, {})[number] = 1
        for (row_name, column_name), told in shown.items():
            if row_name is None or column_name is None or table.cells[row_name, column_name] is not None:
                yield told


def _left_out(numbers: Mapping[Kind, int], fields: Sequence[str], tables: Sequence[Told]) -> list[list[Group]]:
    """Of each row and column of each table the cells that it leaves out."""
    cells = defaultdict[tuple[int, str, str], set[int]](set)
    for place, (_by, table) in enumerate(tables):
        for kind, number in numbers.items():
            row, column = _cell(kind, fields, tables, place)
            if table.cells[row, column] is None:
                cells[place, row, column].add(number)
    lines = defaultdict[tuple[int, int, str], list[Group]](list)
    for (place, row, column), kinds in cells.items():
        lines[place, 0, row].append(frozenset(kinds))
        lines[place, 1, column].append(frozenset(kinds))
    return list(lines.values())


def _small(counts: Mapping[Kind, int], width: int, least: int) -> Iterator[tuple[tuple[str, ...] | None, ...]]:
    """Groups of fewer people, by what some of the fields say of them."""
    for size in range(1, width + 1):
        for chosen in combinations(range(width), size):
            sizes: Counter[tuple[tuple[str, ...] | None, ...]] = Counter()
            for kind, times in counts.items():
                sizes[tuple(kind[place] if place in chosen else None for place in range(width))] += times
            yield from (group for group, times in sizes.items() if times < least)


def _alike(numbers: Mapping[Kind, int]) -> Mapping[tuple[int, tuple[str, ...]], Group]:
    """The kinds with the same value in one place."""
    found = defaultdict[tuple[int, tuple[str, ...]], set[int]](set)
    for kind, number in numbers.items():
        for place, said in enumerate(kind):
            found[place, said].add(number)
    return {one: frozenset(same) for one, same in found.items()}
