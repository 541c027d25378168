"""Doors for the worker. The rows say what is to be done, so a lost or repeated message does no harm."""

from celery import shared_task
from django.utils import timezone

from imports import staging, work
from imports.models import Import


@shared_task
def advance(import_id: int) -> None:
    for job in Import.objects.filter(pk=import_id):
        work.advance(job, now=timezone.now())


@shared_task
def sweep() -> None:
    now = timezone.now()
    for job in work.waiting():
        work.advance(job, now=now)
    staging.sweep(now=now)
