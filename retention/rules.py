"""Retention rules: a period and today give a cutoff; nothing stores a computed expiry.

A period runs until the last hour of its last day (Reg 1182/71 Art 3(2)(c)): what is kept for twelve months from
22 November 2025 is kept for all of 22 November 2026. A row is due when trigger date + period < as_of, not before.
"""

import re
from datetime import date, datetime, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import outbox
from core.errors import DomainError, Invalid
from core.models import Outbox
from ledger.entries import record
from retention import cases
from retention.anonymise import recipe
from retention.models import Approval, KeptRow, RetentionRule, Trigger, WaitingSet

PERIOD = re.compile(r"P(?:(?P<years>\d{1,3})Y)?(?:(?P<months>\d{1,4})M)?(?:(?P<days>\d{1,5})D)?")
DAY = timedelta(days=1)
ACTIVATED = "retention.activated"
# What the journal keeps of a rule as it stands.
PLAIN = ("trigger", "period", "grace", "recipe", "legal_reason", "owner", "drafted_by", "approved_by")

# Where the date of each trigger stands, as seen from a need (ItemPurpose); retention/due.py joins `relationship`.
TRIGGER_DATES = {
    Trigger.COLLECTION: "collected_on",
    Trigger.LAST_INTERACTION: "relationship__last_interaction_on",
    Trigger.CONTRACT_END: "relationship__contract_ended_on",
    Trigger.APPLICATION_CLOSED: "relationship__application_closed_on",
    Trigger.CONSENT_ENDED: "relationship__consent_ended_on",
    Trigger.ENDED: "relationship__ended_on",
    # The last case of the person (retention/cases.py).
    Trigger.CASE_CLOSED: "case_closed_on",
    # In the order of collection: the date itself is the rule's, the same for every row.
    Trigger.FIXED_DATE: "collected_on",
}


class TwoPeopleNeeded(DomainError):
    code = "two-people-needed"
    message = _("You have drafted this rule yourself. Somebody else must look at it and put it in force.")


def period(text: str) -> relativedelta:
    """An ISO 8601 period of years, months and days. Raises Invalid for anything else, and for one without length."""
    match = PERIOD.fullmatch(text)
    parts = {name: int(number) for name, number in match.groupdict(default="0").items()} if match else {}
    if not any(parts.values()):
        raise Invalid(fields={"period": _("Give a period such as P6M for six months or P2Y for two years.")})
    return relativedelta(years=parts["years"], months=parts["months"], days=parts["days"])


def check(rule: RetentionRule) -> None:
    """Whether the rule can be applied as it is written. Raises Invalid naming the field."""
    period(rule.period)
    if rule.grace:
        period(rule.grace)
    dated(rule.trigger, rule.fixed_on)
    if rule.trigger == Trigger.CASE_CLOSED and not cases.of(rule.purpose.slug):
        known = ", ".join(cases.purposes())
        raise Invalid(fields={"trigger": _("Cases are kept for these purposes only: %(known)s.") % {"known": known}})
    if rule.action not in RetentionRule.Action.values:
        raise Invalid(fields={"action": _("This action is not known.")})
    described(rule.action, rule.recipe)


def dated(trigger: str, fixed_on: date | None) -> None:
    """A rule has a date of its own if it counts from that, and only then. Raises Invalid."""
    if (trigger == Trigger.FIXED_DATE) != bool(fixed_on):
        raise Invalid(fields={"fixed_on": _("Give the date that the rule counts from, and none for another event.")})


def described(action: str, how: Any) -> None:
    """A rule that anonymises says how. Raises Invalid naming the recipe, or what is wrong in it."""
    if action == RetentionRule.Action.ANONYMISE:
        if not how:
            raise Invalid(fields={"recipe": _("Say what becomes of each field, and how it is measured.")})
        recipe(how)


def cutoff(rule: RetentionRule, as_of: date) -> date:
    """The first trigger date that is not due yet on `as_of`: rows with an earlier one are.

    Subtracting is not the inverse of adding at the end of a month (31 March - P1M is 28 February, which is over on
    28 March already), so the subtraction is only the first guess.
    """
    kept = length(rule)
    try:
        guess = as_of - kept
    except (ValueError, OverflowError):
        return date.min
    while guess + kept < as_of:
        guess += DAY
    while guess > date.min and guess - DAY + kept >= as_of:
        guess -= DAY
    return guess


def length(rule: RetentionRule) -> relativedelta:
    """The period, and the grace after it."""
    return period(rule.period) + (period(rule.grace) if rule.grace else relativedelta())


@transaction.atomic
def draft(rule: RetentionRule, *, by: str, now: datetime) -> RetentionRule:
    """Keep a rule as the draft of its name's next version, or what was changed in a draft. `by` is an actor id."""
    check(rule)
    if rule.pk:
        if RetentionRule.objects.select_for_update().get(pk=rule.pk).status != RetentionRule.Status.DRAFT:
            raise DomainError(_("Only a draft can be changed. Write a new version."), code="not-a-draft")
    else:
        same = RetentionRule.objects.filter(slug=rule.slug)
        rule.version = 1 + max(same.select_for_update().values_list("version", flat=True), default=0)
    rule.status, rule.drafted_by = RetentionRule.Status.DRAFT, by
    rule.save()
    data = {"rule": rule.slug, "version": rule.version, "trigger": rule.trigger, "period": rule.period}
    record(kind="retention.drafted", at=now, actor=by, purpose=rule.purpose.slug, data=data | {"action": rule.action})
    return rule


@transaction.atomic
def discard(rule: RetentionRule, *, by: str, now: datetime) -> None:
    """Throw a draft away. What was ever in force is kept: evidence names it."""
    locked = RetentionRule.objects.select_for_update().select_related("purpose").get(pk=rule.pk)
    if locked.status != RetentionRule.Status.DRAFT:
        raise DomainError(_("Only a draft can be thrown away."), code="not-a-draft")
    data = {"rule": locked.slug, "version": locked.version}
    record(kind="retention.discarded", at=now, actor=by, purpose=locked.purpose.slug, data=data)
    locked.delete()


@transaction.atomic
def activate(rule: RetentionRule, *, approved_by: str, now: datetime) -> None:
    """Put a draft in force; the version before it retires. `approved_by` is an actor id."""
    RetentionRule.objects.select_for_update().get(pk=rule.pk)
    rule.refresh_from_db()
    if rule.status != RetentionRule.Status.DRAFT:
        raise DomainError(_("Only a draft can be put in force."), code="not-a-draft")
    check(rule)
    exception = _second_person(rule, approved_by)
    put_in_force(rule, by=approved_by, at=now, actor=approved_by, exception=exception, now=now)
    outbox.post(Outbox.Kind.JOURNAL, _line(rule), about=None, now=now)


def put_in_force(rule: RetentionRule, *, by: str, at: datetime, actor: str, exception: str = "", now: datetime) -> None:
    """A draft that `by` approved, inside the caller's transaction."""
    retire_others(rule, now=now)
    rule.status, rule.approved_by, rule.approved_at = RetentionRule.Status.ACTIVE, by, at
    rule.save(update_fields=["status", "approved_by", "approved_at"])
    record(
        kind=ACTIVATED,
        at=now,
        actor=actor,
        purpose=rule.purpose.slug,
        data={"rule": rule.slug, "version": rule.version, "trigger": rule.trigger, "period": rule.period}
        | {"action": rule.action, "category": rule.category.slug if rule.category else "", "grace": rule.grace}
        | ({"fixed_on": rule.fixed_on.isoformat()} if rule.fixed_on else {})
        | ({"exception": exception} if exception else {}),
    )


def _line(rule: RetentionRule) -> dict[str, object]:
    """For a restore (retention/rules_again.py): after one that is older, the version of then would delete."""
    days = {"fixed_on": rule.fixed_on, "review_due": rule.review_due, "approved_at": rule.approved_at}
    return {
        "action": ACTIVATED,
        "rule": rule.slug,
        "version": rule.version,
        "purpose": rule.purpose.slug,
        "category": rule.category.slug if rule.category else "",
        "does": rule.action,
        **{name: getattr(rule, name) for name in PLAIN},
        **{name: day.isoformat() if day else "" for name, day in days.items()},
    }


def _second_person(rule: RetentionRule, approved_by: str) -> str:
    """Whoever drafted a rule does not put it in force, unless there is nobody else: then the ledger says so."""
    if not rule.drafted_by or rule.drafted_by != approved_by:
        return ""
    if not settings.SOLE_OFFICER:
        raise TwoPeopleNeeded
    return "sole-officer"


def retire_others(rule: RetentionRule, *, now: datetime) -> int:
    """The version before this one, which takes its place. Returns how many there were."""
    before = list(RetentionRule.objects.filter(slug=rule.slug, status=RetentionRule.Status.ACTIVE))
    for one in before:
        _retire(one, rule, now=now)
    return len(before)


def _retire(rule: RetentionRule, after: RetentionRule, *, now: datetime) -> None:
    """A run that is open stops at its next batch: nobody may go on under a rule that is no longer in force.

    What was approved or waits goes with it. Rows that were kept until a day stay kept, if the next version asks too.
    """
    # What is due is counted there by the dates of this module.
    from retention import stopping

    rule.status = RetentionRule.Status.RETIRED
    rule.save(update_fields=["status"])
    stopping.stop(rule, why=stopping.REPLACED, now=now)
    WaitingSet.objects.filter(rule=rule).delete()
    Approval.objects.filter(rule=rule, run=None, refused_at=None).update(refused_at=now)
    kept = KeptRow.objects.filter(rule=rule)
    if after.pk and after.action == RetentionRule.Action.REVIEW:
        kept.update(rule=after)
    else:
        kept.delete()
