"""Doors for the worker."""

from celery import shared_task
from django.utils import timezone

from staff import attempts


@shared_task
def sweep() -> None:
    attempts.sweep(now=timezone.now())
