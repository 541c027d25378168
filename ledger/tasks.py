import logging
from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from ledger import seals, witness

logger = logging.getLogger(__name__)


@shared_task
def seal() -> None:
    now = timezone.now()
    seals.seal(now=now)
    if folder := witness.directory():
        witness.export(folder)
    # A transaction somewhere that never ends keeps everything after it unsealed.
    limit = timedelta(seconds=settings.UNSEALED_WARNING_SECONDS)
    if (age := seals.oldest_unsealed(now=now)) > limit:
        logger.warning("evidence has been waiting for a seal for %d seconds", age.total_seconds())
