"""The Celery application. Tasks make work happen sooner; the database says what work there is."""

import os

from celery import Celery
from celery.signals import worker_process_init

from kraken_privacy.embedded.grandchild import die_with_supervisor

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kraken_privacy.settings")

app = Celery("kraken_privacy")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_process_init.connect
def _die_with_worker(**_: object) -> None:
    die_with_supervisor()
