"""The nightly sweep: every rule in force, on the controller's calendar, and what has outlived its own purpose."""

from datetime import datetime, timedelta

from core.models import Controller
from retention import guard, tombstones, writebacks
from retention.models import RetentionRule, Run
from retention.purge import Report

# Every batch renews the heartbeat; after this long without one, nobody is at work.
ABANDONED = timedelta(minutes=10)


def rules_in_force() -> list[RetentionRule]:
    """In the order of their names, so that two sweeps take them in the same order."""
    active = RetentionRule.objects.filter(status=RetentionRule.Status.ACTIVE)
    return list(active.select_related("purpose", "category").order_by("slug"))


def rules_interrupted(*, now: datetime) -> list[RetentionRule]:
    """Rules whose run was left open by a worker that died."""
    left = Run.objects.filter(status=Run.Status.RUNNING, heartbeat_at__lt=now - ABANDONED, paused_at=None)
    return [rule for rule in rules_in_force() if rule.pk in set(left.values_list("rule", flat=True))]


def sweep(rule: RetentionRule, *, now: datetime) -> Report:
    """Apply one rule as of today, where the controller is."""
    return guard.apply(rule, as_of=now.astimezone(Controller.current().zone).date(), now=now)


def expire_tombstones(*, now: datetime) -> int:
    today = now.astimezone(Controller.current().zone).date()
    writebacks.expire(today=today)
    return tombstones.expire(today=today, now=now)
