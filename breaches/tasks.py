"""A door for the worker."""

from celery import shared_task
from django.utils import timezone

from breaches.expiry import expire


@shared_task
def forget() -> None:
    expire(now=timezone.now())
