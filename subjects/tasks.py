"""What beat runs for this app."""

from celery import shared_task
from django.utils import timezone

from subjects import sharing


@shared_task
def put_sharing_right() -> int:
    """Nightly: call no identifier shared that one person alone has."""
    return sharing.put_right(now=timezone.now())
