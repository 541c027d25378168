"""What a kind of file can say, and how a cell becomes a value. A doubtful value is refused and named, never guessed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, Text

Values = Mapping[str, str]


@dataclass(frozen=True)
class Field:
    """One thing a column may hold. `guesses` are headings it goes by (`tidy`); `is_own` differs in every row."""

    name: str
    label: Text
    hint: Text = ""
    is_needed: bool = False
    guesses: tuple[str, ...] = ()
    is_own: bool = False


@dataclass(frozen=True)
class Kind:
    """One kind of file: what it may say (`fields`), what one row means (`read`), and how it is taken in (`store`).

    `read(values, now=)` returns what to show and to store, `store(read, actor=, now=)` takes it in through the domain's
    own function; both raise DomainErrors that name fields. `about` is what two rows must not both describe.
    """

    slug: str
    label: Text
    teaser: Text
    permission: str
    fields: Callable[[], list[Field]]
    read: Callable[..., dict[str, Any]]
    store: Callable[..., object]
    about: Callable[[Values], str] = lambda values: ""
    # What `read` calls a field by another name.
    names: Mapping[str, str] = field(default_factory=dict)


def tidy(text: str) -> str:
    """A heading or a choice without case, punctuation and double spaces."""
    return " ".join(re.sub(r"[^\w]+|_", " ", text.casefold()).split())


class Reader:
    """Takes the values of one row apart and collects every error; `done` raises them together."""

    def __init__(self, values: Values, *, today: date):
        self.values, self.today = values, today
        self.errors: dict[str, Text] = {}

    def text(self, name: str, *, longest: int = 200, needed: bool = False) -> str:
        value = self.values.get(name, "")
        if needed and not value:
            self.errors[name] = _("This is needed.")
        if len(value) > longest:
            self.errors[name] = _("This is too long.")
        return value

    def day(self, name: str, *, needed: bool = False, may_lie_ahead: bool = False) -> date | None:
        """YYYY-MM-DD, or day first as people here write it; a time after it is left out."""
        value = self.text(name, needed=needed)
        if not value:
            return None
        day = _day(value)
        if day is None:
            self.errors[name] = _("Write a date like 2026-11-22 or 22/11/2026.")
        elif day > self.today and not may_lie_ahead:
            self.errors[name] = _("This lies in the future.")
        return day

    def choice(self, name: str, words: Mapping[str, str], *, default: str = "", needed: bool = False) -> str:
        """The value that one of these words (tidied) means."""
        value = self.text(name, needed=needed and not default)
        if not value:
            return default
        found = words.get(tidy(value))
        if found is None:
            self._not_among(name, words)
        return found or default

    def choices(self, name: str, words: Mapping[str, str], *, needed: bool = False) -> list[str]:
        values = self.many(name, needed=needed)
        found = [words[tidy(value)] for value in values if tidy(value) in words]
        if len(found) < len(values):
            self._not_among(name, words)
        return list(dict.fromkeys(found))

    def many(self, name: str, *, needed: bool = False) -> list[str]:
        """Several values in one cell, cut at semicolons or new lines, or at commas where there is neither."""
        value = self.text(name, longest=2000, needed=needed)
        cut = r"[;|\n]" if re.search(r"[;|\n]", value) else ","
        return [part.strip() for part in re.split(cut, value) if part.strip()]

    def flag(self, name: str) -> bool:
        return self.choice(name, YES_NO) == "yes"

    def done(self) -> None:
        if self.errors:
            raise Invalid(fields=self.errors)

    def _not_among(self, name: str, words: Mapping[str, str]) -> None:
        known = ", ".join(dict.fromkeys(words.values()))
        self.errors[name] = _("This must be one of: %(choices)s.") % {"choices": known}


YES_NO = {"yes": "yes", "y": "yes", "true": "yes", "1": "yes", "x": "yes"}
YES_NO |= {"no": "no", "n": "no", "false": "no", "0": "no"}


def words_of(choices: Any, **more: str) -> dict[str, str]:
    """A TextChoices by its values and labels, and by more words (underscores for spaces).

    Its members are the values as text, and know how to be shown.
    """
    found = {tidy(word): one for one in choices for word in (one.value, str(one.label))}
    return found | {tidy(word): choices(value) for word, value in more.items()}


def _day(text: str) -> date | None:
    text = re.split(r"[T ](?=\d{1,2}:)", text.strip())[0]
    for form in ("%Y-%m-%d", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%d/%m/%y", "%d %b %Y", "%d %B %Y", "%Y/%m/%d"):
        try:
            day = datetime.strptime(text, form).date()  # noqa: DTZ007 - a date has no zone
        except ValueError:
            continue
        return day if 1900 <= day.year <= 2100 else None
    return None
