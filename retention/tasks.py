"""The sweeps that beat calls. A missed night is made up for by the next: what is due stays due."""

import logging
from datetime import datetime

from celery import shared_task
from django.utils import timezone

from retention.models import RetentionRule
from retention.nightly import expire_tombstones, rules_in_force, rules_interrupted, sweep

log = logging.getLogger(__name__)


@shared_task
def nightly() -> None:
    now = timezone.now()
    _sweep(rules_in_force(), now=now)
    expire_tombstones(now=now)


@shared_task
def resume() -> None:
    """Take up what a killed worker left, without waiting for the night."""
    now = timezone.now()
    _sweep(rules_interrupted(now=now), now=now)


def _sweep(rules: list[RetentionRule], *, now: datetime) -> None:
    for rule in rules:
        try:
            sweep(rule, now=now)
        except Exception as error:  # noqa: BLE001  (one rule that fails must not stop the others; its run stays open)
            log.error("retention rule %s failed: %s", rule, type(error).__name__)
