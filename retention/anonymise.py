"""From rows about people to rows about nobody in particular, and the measurement that says whether it came to that.

A recipe has a strategy for each field, names the quasi-identifiers and the sensitive fields among those that stay, and
the thresholds. Whatever stays must be one or the other, so nothing passes unmeasured. The rows are called anonymous
only when k, l and t are all reached (recital 26); otherwise they are pseudonymised, personal data still, and stay in
scope of every rule and right.
"""

import csv
import io
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, TextIO

from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from retention.anonymity import Class, Kind, Measured, Thresholds, measure_counts
from retention.strategies import Strategy, strategy

Row = Mapping[str, str]
ANONYMOUS, PSEUDONYMISED = "anonymous", "pseudonymised"


@dataclass(frozen=True)
class Recipe:
    """Checked when it is made: see `recipe`."""

    columns: Mapping[str, Strategy]
    removed: frozenset[str]
    quasi: Sequence[str]
    sensitive: Sequence[str]
    thresholds: Thresholds
    # The largest share of rows that may be left out because too few others are like them.
    leave_out: float = 0.0

    def kind(self, row: Mapping[str, str]) -> Kind:
        """What can be told of a changed row: all of it, since each field that stays is one or the other."""
        return tuple([row[name] for name in self.quasi]), tuple([row[name] for name in self.sensitive])

    def row(self, kind: Kind) -> dict[str, str]:
        """The row again."""
        return dict(zip((*self.quasi, *self.sensitive), (*kind[0], *kind[1]), strict=True))


@dataclass(frozen=True)
class Weighed:
    """Rows that cannot be told apart are counted: how many of each kind stay, and what they come to together."""

    kept: Mapping[Kind, int]
    left_out: int
    measured: Measured | None
    missed: list[str] = field(default_factory=list)

    @property
    def status(self) -> str:
        return PSEUDONYMISED if self.missed else ANONYMOUS


@dataclass(frozen=True)
class Result:
    """The rows in a random order, what was measured, and the word for it."""

    rows: list[dict[str, str]]
    left_out: int
    measured: Measured | None
    missed: list[str] = field(default_factory=list)

    @property
    def status(self) -> str:
        return PSEUDONYMISED if self.missed else ANONYMOUS


def recipe(source: Mapping[str, Any]) -> Recipe:
    """Read a recipe: `fields` (name → strategy and options), `quasi`, `sensitive`, `thresholds`, `leave_out`."""
    fields = source.get("fields")
    if not isinstance(fields, Mapping) or not all(isinstance(options, Mapping) for options in fields.values()):
        raise _wrong("fields", _("Name each field with its strategy."))
    found = {str(name): strategy(str(name), options) for name, options in fields.items()}
    # Values come again and again: dates, grades, places.
    columns = {name: lru_cache(maxsize=10_000)(change) for name, change in found.items() if change}
    quasi, sensitive = _names(source, "quasi"), _names(source, "sensitive")
    for name in (*quasi, *sensitive):
        if name not in columns:
            raise _wrong(name, _("This is measured, so it must be a field that stays."))
    for name in columns:
        if (name in quasi) == (name in sensitive):
            raise _wrong(name, _("A field that stays is either a quasi-identifier or sensitive."))
    if not quasi or not sensitive:
        raise _wrong("quasi", _("Name at least one quasi-identifier and one sensitive field."))
    return Recipe(
        columns, frozenset(found) - frozenset(columns), quasi, sensitive, _thresholds(source), _leave_out(source)
    )


def _names(source: Mapping[str, Any], part: str) -> list[str]:
    given = source.get(part) or []
    if not isinstance(given, list):
        raise _wrong(part, _("Write a list of fields, such as [born, town]."))
    return [str(name) for name in given]


def _thresholds(source: Mapping[str, Any]) -> Thresholds:
    given = source.get("thresholds") or {}
    try:
        found = Thresholds(
            int(given.get("k", Thresholds.k)), int(given.get("l", Thresholds.l)), float(given.get("t", Thresholds.t))
        )
    except (TypeError, ValueError, OverflowError, AttributeError) as error:
        raise _wrong("thresholds", _("Thresholds are numbers: k, l and t.")) from error
    if found.k < 2 or found.l < 1 or not 0 <= found.t <= 1:
        raise _wrong("thresholds", _("k is 2 or more, l 1 or more, t from 0 to 1."))
    return found


def _leave_out(source: Mapping[str, Any]) -> float:
    try:
        share = float(source.get("leave_out", 0))
    except (TypeError, ValueError, OverflowError):
        share = -1
    if not 0 <= share <= 0.5:
        raise _wrong("leave_out", _("The share of rows to leave out is from 0 to 0.5."))
    return share


def change(row: Row, by: Recipe) -> dict[str, str]:
    """One row as it would be. Raises Invalid for a field that the recipe does not name."""
    for name in row:
        if name not in by.columns and name not in by.removed:
            raise _wrong(name, _("The recipe does not say what becomes of this field."))
    return {name: change_value(str(row.get(name) or "").strip()) for name, change_value in by.columns.items()}


def anonymise(rows: Iterable[Row], by: Recipe) -> Result:
    """Change every row, leave out the few that stand alone, break the order, and measure."""
    return judged([change(row, by) for row in rows], by)


def judged(changed: list[dict[str, str]], by: Recipe) -> Result:
    """The same of rows that are changed already."""
    weighed = weigh(Counter(by.kind(row) for row in changed), by)
    kept = [row for row in changed if by.kind(row) in weighed.kept]
    # Who knew the order of the original could otherwise go by it.
    secrets.SystemRandom().shuffle(kept)
    return Result(kept, weighed.left_out, weighed.measured, weighed.missed)


def weigh(kinds: Mapping[Kind, int], by: Recipe) -> Weighed:
    """Rows as how many there are of each kind: without the few that stand alone, measured."""
    total = sum(kinds.values())
    kept = _without_the_few(kinds, total, by)
    if not kept:
        return Weighed({}, total, None, ["rows"])
    measured = measure_counts(kept, sensitive=by.sensitive)
    return Weighed(kept, total - measured.rows, measured, measured.missed(by.thresholds))


def large_enough(kinds: Mapping[Kind, int], by: Recipe) -> dict[Kind, int]:
    """Without the classes smaller than k."""
    sizes: Counter[Class] = Counter()
    for (quasi, _values), times in kinds.items():
        sizes[quasi] += times
    return {kind: times for kind, times in kinds.items() if sizes[kind[0]] >= by.thresholds.k}


def _without_the_few(kinds: Mapping[Kind, int], total: int, by: Recipe) -> Mapping[Kind, int]:
    """Without the rows of classes smaller than k, if these are no more than the recipe allows."""
    kept = large_enough(kinds, by)
    few = total - sum(kept.values())
    return kinds if few > by.leave_out * total else kept


def read(file: TextIO) -> list[dict[str, str]]:
    """The rows of a CSV file with a header. Raises Invalid naming the line."""
    reader = csv.DictReader(file, strict=True, skipinitialspace=True)
    rows = []
    try:
        for row in reader:
            if None in row or None in row.values():
                raise _wrong("file", _("Line %(line)d is not as long as the header.") % {"line": reader.line_num})
            rows.append({name.strip(): value for name, value in row.items()})
    except (csv.Error, UnicodeDecodeError) as error:
        raise _wrong(
            "file", _("The file is not CSV in UTF-8 from line %(line)d on.") % {"line": reader.line_num}
        ) from error
    return rows


def written(result: Result, by: Recipe) -> str:
    """The rows as CSV."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(by.columns), lineterminator="\n")
    writer.writeheader()
    writer.writerows(result.rows)
    return out.getvalue()


def _wrong(name: str, sentence: Any) -> Invalid:
    return Invalid(sentence, fields={name: sentence})
