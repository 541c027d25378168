"""Figures for the business, from anonymous rows only: tables without small cells, and counts with noise.

A cell of a few people says something about them, and one that is left out can be worked out again from its row and
column. So what is left out is chosen such that every small cell lies on closed ways of such cells, from row to column
and back: one more here is one less there, and all sums stay as they are. Zeros are shown, so whoever works it out knows
that each cell left out holds somebody. With that, too, a small cell could be any of `least` numbers or more: what the
sums leave open is counted, not only that they leave something open. What the published thresholds tell beside the sums
is not counted (docs/statistics.md). Values too rare to have a row or column of their own become “other”.

Noise hides anybody's presence altogether (differential privacy): what all releases of a year tell together is bounded,
and kept in a ledger that can only grow.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from heapq import heappop, heappush

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Sum
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid
from core.models import Controller
from retention import told_again
from retention.anonymise import ANONYMOUS, Result
from retention.models_safety import EpsilonSpent

LEAST = 10
# As fine as the ledger keeps an epsilon.
FINEST = Decimal("0.001")
OTHER = "other"
Cell = tuple[str, str]
# A row or a column, and the cells in it that somebody is in.
Place = tuple[str, str]
Near = Mapping[Place, list[Cell]]
# Anonymous rows, and how many there are of each.
Rows = Iterable[tuple[Mapping[str, str], int]]


class NotAnonymous(DomainError):
    code = "not-anonymous"
    message = _(
        "These rows are pseudonymised, which is personal data still. Statistics are made from anonymous rows only."
    )


class TooSparse(DomainError):
    code = "too-sparse"
    message = _("There are too few people in too many cells. Choose coarser groups.")


class Overspent(DomainError):
    code = "epsilon-spent"
    message = _("This would tell more about people than may be told in a year. Ask for less, or wait for the new year.")


@dataclass(frozen=True)
class Table:
    """Counts by two fields, or by one (then the only column is ""). None: left out."""

    rows: list[str]
    columns: list[str]
    cells: Mapping[Cell, int | None]
    row_totals: Mapping[str, int]
    column_totals: Mapping[str, int]
    total: int
    # How many of those left out hold too few people; the others are left out beside them.
    small: int = 0

    @property
    def left_out(self) -> int:
        return sum(count is None for count in self.cells.values())


def table(result: Result, by: Sequence[str], *, least: int = LEAST) -> Table:
    """Count by one or two fields that stayed. Raises NotAnonymous, Invalid or TooSparse."""
    _only_anonymous(result)
    return table_of(((row, 1) for row in result.rows), by, least=least)


def table_of(rows: Rows, by: Sequence[str], *, least: int = LEAST) -> Table:
    """The same of anonymous rows that are counted already."""
    down, across = by[0] if by else "", by[1] if len(by) == 2 else ""
    pairs: Counter[Cell] = Counter()
    for row, times in rows:
        if len(by) not in (1, 2) or len(set(by)) != len(by) or any(name not in row for name in by):
            raise Invalid(fields={"by": _("Name one or two fields that stayed.")})
        pairs[row[down], row[across] if across else ""] += times
    return publish(_merged(_merged(pairs, 0, least), 1, least), least=least)


def publish(counts: Mapping[Cell, int], *, least: int = LEAST) -> Table:
    """The table of these counts with what must be left out left out. Every total is at least `least`."""
    rows, columns = (sorted({cell[part] for cell in counts}) for part in (0, 1))
    whole = {(row, column): counts.get((row, column), 0) for row in rows for column in columns}
    hidden = {cell for cell, count in whole.items() if 0 < count < least}
    small, near = len(hidden), _near(cell for cell, count in whole.items() if count)
    dark = _near(hidden)
    for cell in sorted(hidden, key=lambda cell: (whole[cell], cell)):
        ways = _hiding(cell, whole, near, dark, hidden, least - 1) - hidden
        for place, more in _near(ways).items():
            dark[place] += more
        hidden |= ways
    totals = [defaultdict[str, int](int), defaultdict[str, int](int)]
    for (row, column), count in whole.items():
        totals[0][row] += count
        totals[1][column] += count
    shown = {cell: None if cell in hidden else count for cell, count in whole.items()}
    return Table(rows, columns, shown, dict(totals[0]), dict(totals[1]), sum(whole.values()), small)


def _near(cells: Iterable[Cell]) -> defaultdict[Place, list[Cell]]:
    """The cells of each row and column."""
    near = defaultdict[Place, list[Cell]](list)
    for cell in cells:
        near["row", cell[0]].append(cell)
        near["column", cell[1]].append(cell)
    return near


def _hiding(cell: Cell, whole: Mapping[Cell, int], near: Near, dark: Near, hidden: set[Cell], width: int) -> set[Cell]:
    """What to leave out so that `cell` could hold as many as `width` more or fewer, for all that the table says.

    Other tables with the same sums are made one after the other, first with more and then with fewer in the cell, in
    which every cell that is left out holds somebody still. Raises TooSparse when there are not so many. `dark`: of
    `near` what is `hidden`, where most ways are found, and soon.
    """
    room, ways = 0, set[Cell]()
    for is_more in (True, False):
        other = dict(whole)
        while room < width and (
            way := _way_back(cell, other, dark, hidden, is_more=is_more)
            or _way_back(cell, other, near, hidden | ways, is_more=is_more)
        ):
            # Along the way every second cell gives what the others get.
            giving = way[::2] if is_more else [cell, *way[1::2]]
            step = min(width - room, *(other[one] - 1 for one in giving))
            for one in (cell, *way):
                other[one] += -step if one in giving else step
            room, ways = room + step, ways | set(way)
    if room < width:
        raise TooSparse
    return ways


def _way_back(cell: Cell, other: Mapping[Cell, int], near: Near, hidden: set[Cell], *, is_more: bool) -> list[Cell]:
    """The cells of the cheapest way from the cell's column back to its row, in order; none if there is none.

    Rows and columns are places and cells the ways between them; what is hidden already costs nothing, and an empty cell
    is no way. Whoever goes from a column to a row takes from the cell, so that somebody has to stay there; for fewer in
    the cell it is the other way round.
    """
    if not is_more and other[cell] < 2:
        return []
    start, goal = ("column", cell[1]), ("row", cell[0])
    cost: dict[tuple[str, str], int] = {start: 0}
    came: dict[tuple[str, str], tuple[tuple[str, str], Cell]] = {}
    waiting = [(0, start)]
    while waiting:
        so_far, place = heappop(waiting)
        if place == goal:
            return list(_followed(came, goal, start))[::-1]
        if so_far > cost[place]:
            continue
        for way in near[place]:
            here, there = ("row", way[0]), ("column", way[1])
            if way == cell or ((place == there) == is_more and other[way] < 2):
                continue
            onward = there if place == here else here
            price = so_far + (0 if way in hidden else other[way])
            if onward not in cost or price < cost[onward]:
                cost[onward], came[onward] = price, (place, way)
                heappush(waiting, (price, onward))
    return []


def _followed(
    came: Mapping[tuple[str, str], tuple[tuple[str, str], Cell]], place: tuple[str, str], start: tuple[str, str]
) -> Iterator[Cell]:
    while place != start:
        place, way = came[place]
        yield way


def _merged(pairs: Counter[Cell], part: int, least: int) -> Counter[Cell]:
    """Values with fewer than `least` rows become “other”, with the next rare ones until it has enough itself."""
    sizes: Counter[str] = Counter()
    for pair, times in pairs.items():
        sizes[pair[part]] += times
    rare: set[str] = set()
    for value, size in sorted(sizes.items(), key=lambda item: (item[1], item[0])):
        if size >= least and (not rare or sum(sizes[one] for one in rare) >= least):
            break
        rare.add(value)
    if rare and (sum(sizes[one] for one in rare) < least or len(rare) == len(sizes)):
        raise TooSparse
    merged: Counter[Cell] = Counter()
    for (row, column), times in pairs.items():
        merged[OTHER if part == 0 and row in rare else row, OTHER if part == 1 and column in rare else column] += times
    return merged


def noisy_counts(
    result: Result,
    by: str,
    values: Sequence[str],
    *,
    epsilon: Decimal,
    name: str,
    each: int = 1,
    actor: str,
    now: datetime,
) -> dict[str, int]:
    """`noisy_counts_of` rows that were worked in memory."""
    _only_anonymous(result)
    rows = ((row, 1) for row in result.rows)
    return noisy_counts_of(rows, by, values, epsilon=epsilon, name=name, each=each, actor=actor, now=now)


@transaction.atomic
def noisy_counts_of(
    rows: Rows,
    by: str,
    values: Sequence[str],
    *,
    epsilon: Decimal,
    name: str,
    each: int = 1,
    actor: str,
    now: datetime,
) -> dict[str, int]:
    """How many rows have each of these values, with noise for `epsilon`; the rest is “other”. Spends of the year's sum.

    The values are named beforehand, since which ones occur tells of people too. `each`: the most rows of one person.
    Negative counts are noise and shown as zero.
    """
    import opendp.prelude as dp  # loads a native library, which no other command needs

    if not values or len(set(values)) != len(values) or OTHER in values:
        raise Invalid(fields={"values": _("Name each value that is to be counted once.")})
    if each < 1:
        raise Invalid(fields={"each": _("A person has at least one row.")})
    known: Counter[str] = Counter()
    for row, times in rows:
        if by not in row:
            raise Invalid(fields={"by": _("Name a field that stayed.")})
        known[row[by] if row[by] in values else OTHER] += times
    spend(epsilon, name=name, actor=actor, now=now)
    dp.enable_features("contrib")
    space = dp.vector_domain(dp.atom_domain(T=int)), dp.l1_distance(T=int)
    # One person's rows change the counts by at most `each` in all.
    noise = space >> dp.m.then_laplace(scale=float(each / epsilon))
    names = [*values, OTHER]
    told = noise([known[value] for value in names])
    return {value: max(count, 0) for value, count in zip(names, told, strict=True)}


@transaction.atomic
def spend(epsilon: Decimal, *, name: str, actor: str, now: datetime) -> EpsilonSpent:
    """Enter a release into the ledger of its year. Raises Invalid or Overspent."""
    most = Decimal(str(settings.EPSILON_PER_RELEASE))
    if not (epsilon.is_finite() and 0 < epsilon <= most):
        raise Invalid(fields={"epsilon": _("Give an epsilon above 0 and at most %(most)s.") % {"most": most}})
    # The ledger would round it, and the year would tell more than its sum says.
    if epsilon != epsilon.quantize(FINEST):
        raise Invalid(fields={"epsilon": _("Give an epsilon with three decimals at most, such as 0.125.")})
    with connection.cursor() as cursor:
        # Two releases at once must not both find room.
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('retention epsilon', 0))")
    year = now.astimezone(Controller.current().zone).year
    if spent_in(year) + epsilon > Decimal(str(settings.EPSILON_PER_YEAR)):
        raise Overspent
    made = EpsilonSpent.objects.create(year=year, name=name, epsilon=epsilon, at=now, actor=actor)
    told_again.note_released(made)
    return made


def spent_in(year: int) -> Decimal:
    total: Decimal = EpsilonSpent.objects.filter(year=year).aggregate(sum=Sum("epsilon", default=Decimal(0)))["sum"]
    return total


def _only_anonymous(result: Result) -> None:
    if result.status != ANONYMOUS:
        raise NotAnonymous


def lines(found: Table) -> Iterable[list[str]]:
    """The table as rows of text, for CSV. What is left out is a “c”, as official statistics write it."""
    has_columns = found.columns != [""]
    yield ["", *(found.columns if has_columns else []), "total"]
    for row in found.rows:
        cells = [found.cells[row, column] for column in found.columns] if has_columns else []
        yield [row, *("c" if cell is None else str(cell) for cell in cells), str(found.row_totals[row])]
    sums = [str(found.column_totals[column]) for column in found.columns] if has_columns else []
    yield ["total", *sums, str(found.total)]
