from celery import shared_task
from django.utils import timezone

from office import merging


@shared_task
def sweep() -> None:
    """Merges that can no longer be undone."""
    merging.expire(now=timezone.now())
