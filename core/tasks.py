"""Doors for the worker. Each works from rows, so a lost or repeated message does no harm."""

from celery import shared_task
from django.utils import timezone

from core import heartbeat, idempotency, outbox


@shared_task
def deliver(outbox_id: int) -> None:
    outbox.deliver_one(outbox_id, now=timezone.now())


@shared_task
def sweep_outbox() -> None:
    now = timezone.now()
    heartbeat.beat(heartbeat.SCHEDULE, now=now)
    outbox.deliver_due(now=now)
    outbox.sweep(now=now)


@shared_task
def sweep_idempotency() -> None:
    idempotency.sweep(now=timezone.now())
