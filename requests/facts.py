"""The dated facts a clock is computed from, read strictly: a doubtful fact is refused and named, never guessed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, Text

RIGHTS = (
    "access",
    "rectification",
    "erasure",
    "restriction",
    "portability",
    "objection",
    "withdrawal",
    "adm_review",
    "general",
)
REGIMES = ("UK", "EU")
DIVISIONS = ("england-and-wales", "scotland", "northern-ireland")
# From the day the law applies, and as long as the public holidays of the months after are known.
FIRST, LAST = date(2018, 5, 25), date(2034, 12, 31)
OUT_OF_RANGE = _("The date must be from 25 May 2018 to 31 December 2034.")
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


def refuse(field: str, message: Text) -> Invalid:
    return Invalid(message, fields={field: message})


@dataclass(frozen=True)
class Facts:
    """One request's facts. Optional dates are None until they happen; a clarification without an end is open."""

    right: str
    received: date
    regime: str = "UK"
    division: str = "england-and-wales"
    id_asked: date | None = None
    id_received: date | None = None
    fee_charged: date | None = None
    fee_paid: date | None = None
    clarifications: tuple[tuple[date, date | None], ...] = ()
    extended_on: date | None = None
    # Of a request for exam marks: when the results are announced, or are expected to be (DPA 2018 Sch 2 ¶25).
    exam_results: date | None = None

    def __post_init__(self) -> None:
        _known("right", self.right, RIGHTS)
        _known("regime", self.regime, REGIMES)
        _known("division", self.division, DIVISIONS)
        for field in ("id_asked", "id_received", "fee_charged", "fee_paid", "extended_on"):
            _not_before(
                field, getattr(self, field), self.received, _("This cannot be before the request was received.")
            )
        _not_before("id_received", self.id_received, self.id_asked, _("This cannot be before the identity was asked."))
        _not_before("fee_paid", self.fee_paid, self.fee_charged, _("This cannot be before the fee was charged."))
        if self.exam_results and (self.right != "access" or self.regime != "UK"):
            raise refuse("exam_results", _("Only a request for access under UK law has the time of exam marks."))
        for asked, answered in self.clarifications:
            early = _("A question cannot be asked before the request was received.")
            _not_before("clarifications", asked, self.received, early)
            _not_before("clarifications", answered, asked, _("A question cannot be answered before it was asked."))

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Facts":
        """Read JSON as the clock command and RightsRequest.facts have it; raises Invalid that names the field."""
        for field in data:
            if field not in cls.__dataclass_fields__:
                raise refuse(str(field)[:40], _("There is no such field."))
        for field in ("right", "received"):
            if data.get(field) is None:
                raise refuse(field, _("This is needed."))
        given = {field: value for field, value in data.items() if value is not None}
        values: dict[str, Any] = {field: _READ[field](field, value) for field, value in given.items()}
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        """What `from_json` reads back; absent facts are left out."""
        dates = ("id_asked", "id_received", "fee_charged", "fee_paid", "extended_on", "exam_results")
        known = {name: getattr(self, name).isoformat() for name in dates if getattr(self, name)}
        if self.clarifications:
            known["clarifications"] = [
                [asked.isoformat(), answered and answered.isoformat()] for asked, answered in self.clarifications
            ]
        base = {"right": self.right, "regime": self.regime, "division": self.division}
        return {**base, "received": self.received.isoformat(), **known}


def read_date(field: str, value: object) -> date:
    """A calendar date written YYYY-MM-DD, in the years this law and its holidays are known for."""
    if not isinstance(value, str) or not ISO_DATE.fullmatch(value):
        raise refuse(field, _("Write a date as YYYY-MM-DD."))
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise refuse(field, _("There is no such date.")) from error
    if not FIRST <= day <= LAST:
        raise refuse(field, OUT_OF_RANGE)
    return day


def _read_text(field: str, value: object) -> str:
    if not isinstance(value, str):
        raise refuse(field, _("Write this as text."))
    return value


def _read_pairs(field: str, value: object) -> tuple[tuple[date, date | None], ...]:
    if not isinstance(value, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in value):
        raise refuse(field, _("Write a list of pairs: the day asked, and the day answered or null."))
    return tuple(
        (read_date(field, asked), None if answered is None else read_date(field, answered)) for asked, answered in value
    )


_READ = {
    "right": _read_text,
    "regime": _read_text,
    "division": _read_text,
    "clarifications": _read_pairs,
    **dict.fromkeys(("received", "id_asked", "id_received", "fee_charged", "fee_paid", "extended_on"), read_date),
    "exam_results": read_date,
}


def _known(field: str, value: str, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise refuse(field, _("This must be one of: %(choices)s.") % {"choices": ", ".join(choices)})


def _not_before(field: str, day: date | None, earlier: date | None, message: Text) -> None:
    if day and earlier and day < earlier:
        raise refuse(field, message)
