"""Rules that were put in force after a backup: in force again before anything is applied in the restored database.

The version before may keep less long, and the next night would delete by it what the newer one keeps.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from processing.models import DataCategory, Purpose
from retention import rules
from retention.models import RetentionRule


def activate_again(data: Mapping[str, Any], *, now: datetime, actor: str) -> bool:
    """Inside the caller's transaction. False if nothing here is of its purpose or category, or was ruled by it."""
    names = {"slug": data["rule"], "version": data["version"]}
    rule = RetentionRule.objects.filter(**names).first() or RetentionRule(**names)
    at = datetime.fromisoformat(data["approved_at"])
    is_over = RetentionRule.objects.filter(slug=data["rule"], approved_at__gt=at).exists()
    purpose = Purpose.objects.filter(slug=data["purpose"]).first()
    category = DataCategory.objects.filter(slug=data["category"]).first()
    if purpose is None or (data["category"] and category is None):
        # The register is of before it. What the version before it was about is ruled by nothing, and stays.
        return not is_over and rules.retire_others(rule, now=now) > 0
    rule.purpose, rule.category, rule.action = purpose, category, data["does"]
    for name in rules.PLAIN:
        setattr(rule, name, data[name])
    rule.fixed_on, rule.review_due = (_day(data[name]) for name in ("fixed_on", "review_due"))
    if is_over:
        # Another version took its place, or was there and is over too. Whatever the journal's order, that stays.
        rule.status, rule.approved_at = RetentionRule.Status.RETIRED, at
    rule.save()
    if is_over:
        return True
    rules.put_in_force(rule, by=data["approved_by"], at=at, actor=actor, now=now)
    return True


def is_known(data: Mapping[str, Any]) -> bool:
    """Whether this version was ever in force here."""
    same = RetentionRule.objects.filter(slug=data["rule"], version=data["version"])
    return same.exclude(status=RetentionRule.Status.DRAFT).exists()


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None
