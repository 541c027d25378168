"""Children: who is old enough to consent to an online service alone, and who answers for them if not (UK GDPR Art 8).

Below the age a parent or guardian must authorise it, and reasonable efforts must be made to see that it is them: they
are asked by e-mail at an address that is not the child's. What they said ends when the child is old enough to be asked.
Only the month is asked for, so that is when it is over: on its first day a child born on its last is still too young.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from dateutil.relativedelta import relativedelta
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, Text
from core.models import Controller
from subjects.identifiers import Claim, parse_identity
from subjects.models import Identifier

MEMBERS = {"of_age", "guardian"}
MONTH = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{1,2})|(?P<month2>\d{1,2}|[a-z]{3,9})[ ./,-]+(?P<year2>\d{4})", re.IGNORECASE
)
# Not in the language of the page: what was typed is read again later, when nobody knows that any more.
NAMES = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)


class Asked(Protocol):
    """A form as far as age goes."""

    @property
    def minimum_age(self) -> int | None: ...


@dataclass(frozen=True)
class Guardian:
    """Who answers for a child, and until when."""

    # Nobody to write to, where they have signed.
    claim: Claim | None
    until: datetime


@dataclass(frozen=True)
class Child:
    """Whom a parent or guardian is asked about: what they need to know the child again, and to see a wrong month."""

    addresses: list[str]
    age: int | None
    # The month in which the child has that age.
    turns: date | None
    # The day on which the consent ends, where its form lets it last no longer than until before that.
    ends: date | None


def child_of(said: Mapping[str, Any], age: int | None, *, lasts_until: datetime | None = None) -> Child:
    """`said` is an answer as it was typed: identity and guardian. The addresses are masked."""
    month = month_of(said["guardian"].get("until"))
    is_first = lasts_until is not None and (month is None or lasts_until < of_age_from(month))
    ends = lasts_until.astimezone(Controller.current().zone).date() if lasts_until and is_first else None
    masked = [claim.masked for claim in parse_identity(said["identity"])]
    return Child(masked, age, month.date() if month else None, ends)


def read(
    data: Mapping[str, Any],
    shown: Asked | None,
    claims: list[Claim],
    *,
    says_yes: bool,
    now: datetime,
    signed: bool = False,
) -> Guardian | None:
    """Who answers for the person, if they are too young to. Raises Invalid. A "no" needs nobody's leave.

    `signed`: staff hold what shows that the parent or guardian has agreed, so nobody is asked by e-mail.
    """
    if shown is None or shown.minimum_age is None:
        if MEMBERS & set(data):
            raise Invalid(fields={name: _("This form does not ask for an age.") for name in MEMBERS & set(data)})
        return None
    guardian, of_age = data.get("guardian"), data.get("of_age", False)
    if not isinstance(of_age, bool):
        raise Invalid(fields={"of_age": _("Say true or false.")})
    if of_age and guardian is not None:
        raise Invalid(fields={"guardian": _("Whoever is old enough answers alone.")})
    if of_age or not says_yes:
        return None
    if guardian is None:
        if signed:
            sentence = _("Say whether the person is %(age)s or older; if not, a parent or guardian answers.")
        else:
            sentence = _(
                "Say whether you are %(age)s or older. If you are younger, a parent or guardian answers for you."
            )
        raise Invalid(fields={"of_age": sentence % {"age": shown.minimum_age}})
    if signed:
        sentence = _("Give the month in which the child turns %(age)s, for example 2029-05.")
        return Guardian(None, _until(guardian, shown.minimum_age, sentence, now=now))
    return _guardian(guardian, shown.minimum_age, claims, now=now)


def _guardian(data: object, age: int, claims: list[Claim], *, now: datetime) -> Guardian:
    if not isinstance(data, Mapping) or set(data) != {"email", "until"}:
        raise Invalid(fields={"guardian": _("Give an object with email and until.")})
    claim = Claim(Identifier.Type.EMAIL, data["email"] if isinstance(data["email"], str) else "")
    errors: dict[str, Text] = {}
    try:
        address = claim.normalised
    except Invalid:
        errors["guardian.email"] = _("Give the e-mail address of a parent or guardian.")
    else:
        if any(one.type == Identifier.Type.EMAIL and one.normalised == address for one in claims):
            errors["guardian.email"] = _("This is your own address. We need to ask a grown-up.")
    try:
        until = _until(data, age, _("Give the month in which you turn %(age)s, for example May 2029."), now=now)
    except Invalid as error:
        raise Invalid(fields={**errors, **error.fields}) from error
    if errors:
        raise Invalid(fields=errors)
    return Guardian(claim, until)


def _until(data: object, age: int, sentence: Text, *, now: datetime) -> datetime:
    """Raises Invalid with this sentence."""
    month = month_of(data.get("until")) if isinstance(data, Mapping) else None
    if month is None or not (now < of_age_from(month) and month <= now.replace(year=now.year + age, day=1)):
        raise Invalid(fields={"guardian.until": sentence % {"age": age}})
    return of_age_from(month)


def of_age_from(month: datetime) -> datetime:
    """From when on everybody born in this month of their year has the age: the first moment of the month after."""
    return month + relativedelta(months=1)


def month_of(text: object) -> datetime | None:
    """The first moment of the month: 2029-05, 05 2029, May 2029 or a shorter name of the month."""
    found = MONTH.fullmatch(text.strip()) if isinstance(text, str) else None
    if found is None:
        return None
    year, said = int(found["year"] or found["year2"]), (found["month"] or found["month2"]).lower()
    named = (place for place, name in enumerate(NAMES, start=1) if name.startswith(said))
    month = int(said) if said.isdecimal() else next(named, 0)
    if not 1 <= month <= 12 or not 1900 < year < 3000:
        return None
    return datetime(year, month, 1, tzinfo=Controller.current().zone)
