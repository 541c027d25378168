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
from typing import Any, TextIO

from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from retention.anonymity import Measured, Thresholds, measure
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
    columns = {name: change for name, change in found.items() if change}
    quasi, sensitive = ([str(name) for name in source.get(part) or []] for part in ("quasi", "sensitive"))
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


def _thresholds(source: Mapping[str, Any]) -> Thresholds:
    given = source.get("thresholds") or {}
    try:
        found = Thresholds(
            int(given.get("k", Thresholds.k)), int(given.get("l", Thresholds.l)), float(given.get("t", Thresholds.t))
        )
    except (TypeError, ValueError, AttributeError) as error:
        raise _wrong("thresholds", _("Thresholds are numbers: k, l and t.")) from error
    if found.k < 2 or found.l < 1 or not 0 <= found.t <= 1:
        raise _wrong("thresholds", _("k is 2 or more, l 1 or more, t from 0 to 1."))
    return found


def _leave_out(source: Mapping[str, Any]) -> float:
    try:
        share = float(source.get("leave_out", 0))
    except (TypeError, ValueError):
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
    kept = _without_the_few(changed, by)
    # Who knew the order of the original could otherwise go by it.
    secrets.SystemRandom().shuffle(kept)
    if not kept:
        return Result([], len(changed), None, ["rows"])
    pairs = ((_values(row, by.quasi), _values(row, by.sensitive)) for row in kept)
    measured = measure(pairs, sensitive=by.sensitive)
    return Result(kept, len(changed) - len(kept), measured, measured.missed(by.thresholds))


def _without_the_few(rows: list[dict[str, str]], by: Recipe) -> list[dict[str, str]]:
    """Without the rows of classes smaller than k, if these are no more than the recipe allows."""
    sizes = Counter(_values(row, by.quasi) for row in rows)
    few = sum(size for size in sizes.values() if size < by.thresholds.k)
    if not few or few > by.leave_out * len(rows):
        return list(rows)
    return [row for row in rows if sizes[_values(row, by.quasi)] >= by.thresholds.k]


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


def _values(row: Mapping[str, str], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(row[name] for name in names)


def _wrong(name: str, sentence: Any) -> Invalid:
    return Invalid(sentence, fields={name: sentence})
