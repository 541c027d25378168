"""Doors for the worker."""

from celery import shared_task
from django.utils import timezone

from inbox import expiry, polling


@shared_task
def poll() -> None:
    polling.poll(now=timezone.now())


@shared_task
def expire() -> None:
    expiry.expire(now=timezone.now())
