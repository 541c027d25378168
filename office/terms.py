"""Until when an item is kept: its retention rules counted from what has happened, or why nobody can say yet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from office.templatetags.office_tags import day
from retention import cases
from retention.models import RetentionRule, Trigger
from retention.rules import TRIGGER_DATES, period
from subjects.models import ItemPurpose, Relationship

Action = RetentionRule.Action
NOT_YET: dict[str, str | Promise] = {
    Trigger.LAST_INTERACTION: gettext_lazy("the person has never turned to us for this"),
    Trigger.CONTRACT_END: gettext_lazy("the contract has not ended"),
    Trigger.APPLICATION_CLOSED: gettext_lazy("the application is not closed"),
    Trigger.CASE_CLOSED: gettext_lazy("a case is open, or none was ever closed"),
    Trigger.CONSENT_ENDED: gettext_lazy("the consent still stands"),
    Trigger.ENDED: gettext_lazy("the relationship has not ended"),
}


@dataclass(frozen=True)
class Term:
    """When one rule lets go of one thing. Without a date, `why` says what it is waiting for."""

    rule: RetentionRule
    until: date | None
    why: str = ""

    @property
    def sentence(self) -> str:
        words = {"rule": str(self.rule), "day": day(self.until), "why": self.why}
        words |= {"from": str(self.rule.get_trigger_display()).lower(), "period": length_in_words(self.rule.period)}
        if self.until is None:
            return _("no date yet: indeterminate, because %(why)s (%(period)s from %(from)s, rule %(rule)s)") % words
        if self.rule.action == Action.ERASE:
            return _("until %(day)s (%(period)s from %(from)s, rule %(rule)s)") % words
        if self.rule.action == Action.RESTRICT:
            return _("for storage only after %(day)s (%(period)s from %(from)s, rule %(rule)s)") % words
        return _("to be reviewed after %(day)s (%(period)s from %(from)s, rule %(rule)s)") % words


def terms_of(need: ItemPurpose, tie: Relationship | None, rules: Iterable[RetentionRule]) -> list[Term]:
    """What the active rules of the need's purpose say about it, the earliest first, those without a date last."""
    bearing = [rule for rule in rules if rule.category_id in (None, need.category_id) and _is_about(rule, need)]
    terms = [_term(rule, need, tie) for rule in bearing if rule.purpose_id == need.purpose_id]
    return sorted(terms, key=lambda term: (term.until is None, term.until or date.max, term.rule.pk))


def _is_about(rule: RetentionRule, need: ItemPurpose) -> bool:
    return rule.fixed_on is None or need.collected_on <= rule.fixed_on


def length_in_words(text: str) -> str:
    """P12M: 12 months."""
    length = period(text)
    parts = [
        (length.years, ngettext("%(n)d year", "%(n)d years", length.years)),
        (length.months, ngettext("%(n)d month", "%(n)d months", length.months)),
        (length.days, ngettext("%(n)d day", "%(n)d days", length.days)),
    ]
    return ", ".join(words % {"n": number} for number, words in parts if number)


def _term(rule: RetentionRule, need: ItemPurpose, tie: Relationship | None) -> Term:
    column = TRIGGER_DATES[Trigger(rule.trigger)]
    if rule.fixed_on:
        return Term(rule, rule.fixed_on + period(rule.period))
    start = need.collected_on if column == "collected_on" else _date_of(tie, column.removeprefix("relationship__"))
    if start is None:
        return Term(rule, None, str(NOT_YET[rule.trigger]))
    return Term(rule, start + period(rule.period))


def _date_of(tie: Relationship | None, column: str) -> date | None:
    found: date | None = getattr(tie, column, None) if tie else None
    return found


def by_purpose(ties: Iterable[Relationship]) -> Mapping[int, Relationship]:
    return {tie.purpose_id: tie for tie in ties}


def date_cases(ties: Iterable[Relationship], rules: Iterable[RetentionRule]) -> None:
    """Note the day of the last closed case at the ties whose rule counts from it, as if it stood there."""
    counted = {rule.purpose_id for rule in rules if rule.trigger == Trigger.CASE_CLOSED}
    for tie in ties:
        files = cases.of(tie.purpose.slug) if tie.purpose_id in counted else None
        closed = files.person() if files else None
        if closed is not None:
            known = Relationship.objects.filter(pk=tie.pk).values_list(closed, flat=True)
            tie.case_closed_on = known.get()  # type: ignore[attr-defined]
