"""The sweeps that beat calls. A missed night is made up for by the next: what is due stays due."""

import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from celery import shared_task
from django.utils import timezone

from processing.models import Purpose
from retention import exact, guard, holds_review, restricting, reviewing, waiting
from retention.models import RetentionRule
from retention.nightly import expire_tombstones, rules_in_force, rules_interrupted, sweep
from retention.purge import Paused
from retention.runs import Busy

log = logging.getLogger(__name__)


@shared_task
def nightly() -> None:
    now = timezone.now()
    _sweep(rules_in_force(), now=now)
    restricting.settle_all(now=now)
    expire_tombstones(now=now)
    exact.forget(now=now)
    reviewing.forget(now=now)
    holds_review.remind(now=now)
    waiting.remind_of_systems(now=now)


@shared_task
def settle(purpose: int | None = None) -> None:
    """Lift what rules restricted and what is not due any more, after a rule or a hold has ended."""
    now = timezone.now()
    if purpose is None:
        restricting.settle_all(now=now)
        return
    for one in Purpose.objects.filter(pk=purpose):
        restricting.settle(one, now=now)


@shared_task
def resume() -> None:
    """Take up what a killed worker left, and what was approved or resumed, without waiting for the night."""
    now = timezone.now()
    _sweep(rules_interrupted(), now=now)
    for approval in guard.unused(now=now):
        _try(approval.rule, partial(guard.carry_out, approval, now=now))


def _sweep(rules: list[RetentionRule], *, now: datetime) -> None:
    for rule in rules:
        _try(rule, partial(sweep, rule, now=now))


def _try(rule: RetentionRule, act: Callable[[], object]) -> None:
    try:
        act()
    except (guard.ApprovalNeeded, Paused) as waits:
        log.warning("retention rule %s waits for somebody: %s", rule, waits.code)
    except Busy as busy:
        log.info("retention rule %s: %s", rule, busy.code)
    except Exception as error:  # noqa: BLE001  (one rule that fails must not stop the others; its run stays open)
        log.error("retention rule %s failed: %s", rule, type(error).__name__)
