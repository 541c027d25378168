"""The nightly sweep: every rule in force, on the controller's calendar, and what has outlived its own purpose."""

from datetime import datetime

from core.models import Controller
from retention import tombstones
from retention.models import RetentionRule
from retention.purge import Report, purge


def rules_in_force() -> list[RetentionRule]:
    """In the order of their names, so that two sweeps take them in the same order."""
    active = RetentionRule.objects.filter(status=RetentionRule.Status.ACTIVE)
    return list(active.select_related("purpose", "category").order_by("slug"))


def sweep(rule: RetentionRule, *, now: datetime) -> Report:
    """Apply one rule as of today, where the controller is."""
    return purge(rule, as_of=now.astimezone(Controller.current().zone).date(), commit=True, now=now)


def expire_tombstones(*, now: datetime) -> int:
    return tombstones.expire(today=now.astimezone(Controller.current().zone).date(), now=now)
