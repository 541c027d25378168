"""The Celery application. Tasks make work happen sooner; the database says what work there is."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kraken_privacy.settings")

app = Celery("kraken_privacy")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
