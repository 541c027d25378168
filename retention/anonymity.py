"""How well a table hides its people, measured: k-anonymity, l-diversity, t-closeness and (alpha,k)-anonymity.

Rows that agree in every quasi-identifier form a class. k is the size of the smallest class (Sweeney 2002). Within each
class, the sensitive values are counted: distinct and entropy l-diversity (Machanavajjhala et al. 2007), t-closeness
(Li et al. 2007) as the distance between the distribution in the class and in the whole table, alpha as the largest
share of one value (Wong et al. 2006). The worst class decides. A file that misses a threshold is pseudonymised at best,
which is personal data still (UK GDPR Art 4(5); recital 26).
"""

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from itertools import accumulate
from math import exp, log
from typing import Any, TextIO

from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, Text

Class = tuple[str, ...]
# Quasi-identifiers and sensitive values: rows of one kind cannot be told apart.
Kind = tuple[Class, Class]
DIGITS = 12


@dataclass(frozen=True)
class Thresholds:
    """What a table must reach before its rows may be called anonymous. The regulator sets no number; these are ours."""

    k: int = 5
    l: int = 3  # noqa: E741 - the field's name for it
    t: float = 0.2


@dataclass(frozen=True)
class Sensitive:
    """The worst class for one sensitive column. `entropy_l` is exp of the entropy; `alpha` a share from 0 to 1."""

    l: int  # noqa: E741
    entropy_l: float
    t: float
    alpha: float


@dataclass(frozen=True)
class Measured:
    """A whole table. Without a sensitive column only `k` is known, and the others are None."""

    rows: int
    classes: int
    k: int
    # Rows that are alone in their class: each singles somebody out.
    unique: int
    sensitive: Mapping[str, Sensitive] = field(default_factory=dict)

    @property
    def l(self) -> int | None:  # noqa: E743
        return min((one.l for one in self.sensitive.values()), default=None)

    @property
    def entropy_l(self) -> float | None:
        return min((one.entropy_l for one in self.sensitive.values()), default=None)

    @property
    def t(self) -> float | None:
        return max((one.t for one in self.sensitive.values()), default=None)

    @property
    def alpha(self) -> float | None:
        return max((one.alpha for one in self.sensitive.values()), default=None)

    def missed(self, thresholds: Thresholds) -> list[str]:
        """Which of k, l and t the table does not reach. What was not measured is not reached."""
        reached = {
            "k": self.k >= thresholds.k,
            "l": self.l is not None and self.l >= thresholds.l,
            "t": self.t is not None and self.t <= thresholds.t,
        }
        return [name for name, is_reached in reached.items() if not is_reached]


def measure(rows: Iterable[Kind], *, sensitive: Sequence[str] = (), order: Sequence[str] | None = None) -> Measured:
    """Measure rows given as (quasi-identifiers, sensitive values), the latter in the order of the names `sensitive`.

    With `order`, t is the earth mover's distance between ordered values: those listed, or numbers when it is empty.
    Without, every two values are equally far apart: the total variation distance. Raises Invalid without rows, and for
    a value that has no place in the order.
    """
    return measure_counts(Counter(rows), sensitive=sensitive, order=order)


def measure_counts(
    kinds: Mapping[Kind, int], *, sensitive: Sequence[str] = (), order: Sequence[str] | None = None
) -> Measured:
    """The same of rows that are counted already: how many there are of each kind."""
    sizes: Counter[Class] = Counter()
    # A number is the same however it is written: 1, 1.0 and 1e0.
    numbers: dict[Decimal, str] = {}

    def same(name: str, value: str) -> str:
        if order is None:
            return value
        return value.strip() if order else numbers.setdefault(_number(name, value), value.strip())

    counts: list[defaultdict[Class, Counter[str]]] = [defaultdict(Counter) for _name in sensitive]
    for (quasi, values), times in kinds.items():
        sizes[quasi] += times
        for name, counted, value in zip(sensitive, counts, values, strict=True):
            counted[quasi][same(name, value)] += times
    if not sizes:
        raise _refuse("file", _("There are no rows to measure."))
    return Measured(
        rows=sizes.total(),
        classes=len(sizes),
        k=min(sizes.values()),
        unique=sum(size == 1 for size in sizes.values()),
        sensitive={
            name: _worst(list(counted.values()), _ordered(name, counted.values(), order))
            for name, counted in zip(sensitive, counts, strict=True)
        },
    )


def told(measured: Measured, thresholds: Thresholds) -> dict[str, Any]:
    """What was measured, for JSON."""
    missed = measured.missed(thresholds)
    return {
        "rows": measured.rows,
        "classes": measured.classes,
        "unique": measured.unique,
        "k": measured.k,
        "l": measured.l,
        "entropy_l": _rounded(measured.entropy_l),
        "t": _rounded(measured.t),
        "alpha": _rounded(measured.alpha),
        "sensitive": {
            name: {"l": one.l, "entropy_l": _rounded(one.entropy_l), "t": _rounded(one.t), "alpha": _rounded(one.alpha)}
            for name, one in measured.sensitive.items()
        },
        "thresholds": {"k": thresholds.k, "l": thresholds.l, "t": thresholds.t},
        "missed": missed,
        "status": "pseudonymised" if missed else "anonymous by these thresholds",
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, DIGITS)


def read(file: TextIO, *, quasi: Sequence[str], sensitive: Sequence[str], delimiter: str = ",") -> Iterable[Kind]:
    """The named columns of a CSV file with a header, row by row. Raises Invalid naming the column or the line."""
    try:
        reader = csv.reader(file, delimiter=delimiter, strict=True, skipinitialspace=True)
    except (TypeError, ValueError) as error:
        raise _refuse("delimiter", _("Give one character that stands between values.")) from error
    try:
        header = [name.strip() for name in next(reader, [])]
        places = [_place(header, name, "quasi") for name in quasi]
        hidden = [_place(header, name, "sensitive") for name in sensitive]
        for row in reader:
            if not row:
                continue
            if len(row) != len(header):
                raise _refuse_line(reader.line_num, _("This line does not have as many values as the header."))
            yield tuple(row[place] for place in places), tuple(row[place] for place in hidden)
    except csv.Error as error:
        raise _refuse_line(reader.line_num, _("This line is not CSV: %(why)s.") % {"why": error}) from error
    except UnicodeDecodeError as error:
        raise _refuse_line(reader.line_num + 1, _("This is not text in UTF-8.")) from error


def _worst(classes: list[Counter[str]], ordered: list[str] | None) -> Sensitive:
    whole: Counter[str] = Counter()
    for counted in classes:
        whole.update(counted)
    return Sensitive(
        l=min(len(counted) for counted in classes),
        entropy_l=min(_entropy_l(counted) for counted in classes),
        t=float(max(_distance(counted, whole, ordered) for counted in classes)),
        alpha=float(max(Fraction(max(counted.values()), counted.total()) for counted in classes)),
    )


def _entropy_l(counted: Counter[str]) -> float:
    total = counted.total()
    return exp(-sum(count / total * log(count / total) for count in counted.values()))


def _distance(counted: Counter[str], whole: Counter[str], ordered: list[str] | None) -> Fraction:
    """How far the class is from the whole, as a fraction: sums of many small floats would not end where they should."""
    size, total = counted.total(), whole.total()
    values = whole if ordered is None else ordered
    # Over the common denominator size times total.
    differences = [counted[value] * total - whole[value] * size for value in values]
    if ordered is None:
        return Fraction(sum(map(abs, differences)), 2 * size * total)
    steps = len(ordered) - 1
    return Fraction(sum(map(abs, accumulate(differences))), steps * size * total) if steps else Fraction(0)


def _ordered(name: str, classes: Iterable[Counter[str]], order: Sequence[str] | None) -> list[str] | None:
    """The values in their order, each once; None when they have none."""
    if order is None:
        return None
    values = {value for counted in classes for value in counted}
    if order:
        strange = values - set(order)
        if strange:
            raise _refuse("order", _("Column %(name)s has a value that is not in the order given.") % {"name": name})
        return [value for value in dict.fromkeys(order) if value in values]
    return sorted(values, key=lambda value: _number(name, value))


def _number(name: str, value: str) -> Decimal:
    try:
        number = Decimal(value.strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        message = _("Column %(name)s holds something that is no number. Give the order of its values instead.")
        raise _refuse("ordered", message % {"name": name})
    return number


def _place(header: list[str], name: str, option: str) -> int:
    if header.count(name) != 1:
        message = _("The header has %(n)d columns named %(name)s; one is needed.")
        raise _refuse(option, message % {"n": header.count(name), "name": name})
    return header.index(name)


def _refuse(name: str, message: Text) -> Invalid:
    return Invalid(message, fields={name: message})


def _refuse_line(line: int, message: Text) -> Invalid:
    return Invalid(_("Line %(line)d: %(message)s") % {"line": line, "message": message}, fields={"file": message})
