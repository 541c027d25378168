"""What beat runs for this app."""

from celery import shared_task
from django.utils import timezone

from cookies import choices


@shared_task
def forget() -> int:
    """Nightly: delete the choices of three years ago."""
    return choices.forget(now=timezone.now())
