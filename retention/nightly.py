"""The nightly sweep: every rule in force, on the controller's calendar, and what has outlived its own purpose."""

from datetime import datetime

from core.models import Controller
from retention import guard, runs, tombstones, writebacks
from retention.models import RetentionRule, Run
from retention.purge import Report


def rules_in_force() -> list[RetentionRule]:
    """In the order of their names, so that two sweeps take them in the same order."""
    active = RetentionRule.objects.filter(status=RetentionRule.Status.ACTIVE)
    return list(active.select_related("purpose", "category").order_by("slug"))


def rules_interrupted() -> list[RetentionRule]:
    """Rules whose run is open and nobody at work on it: it was resumed, or whoever was at it died."""
    begun = Run.objects.filter(status=Run.Status.RUNNING, paused_at=None)
    left = {run.rule_id for run in begun if not runs.is_at_work(run)}
    return [rule for rule in rules_in_force() if rule.pk in left]


def sweep(rule: RetentionRule, *, now: datetime) -> Report:
    """Apply one rule as of today, where the controller is."""
    return guard.apply(rule, as_of=now.astimezone(Controller.current().zone).date(), now=now)


def expire_tombstones(*, now: datetime) -> int:
    today = now.astimezone(Controller.current().zone).date()
    writebacks.expire(today=today)
    return tombstones.expire(today=today, now=now)
