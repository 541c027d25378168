"""The sweeps that beat calls. A missed night is made up for by the next: what is due stays due."""

import logging

from celery import shared_task
from django.utils import timezone

from retention.nightly import expire_tombstones, rules_in_force, sweep

log = logging.getLogger(__name__)


@shared_task
def nightly() -> None:
    now = timezone.now()
    for rule in rules_in_force():
        try:
            sweep(rule, now=now)
        except Exception as error:  # noqa: BLE001  (one rule that fails must not stop the others; its run stays open)
            log.error("retention rule %s failed: %s", rule, type(error).__name__)
    expire_tombstones(now=now)
