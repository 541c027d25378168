"""The Celery application. Tasks make work happen sooner; the database says what work there is."""

import logging
import os
import time
from typing import Any

from celery import Celery, Task
from celery.signals import setup_logging, task_failure, task_postrun, task_prerun, worker_process_init

from core import logs
from kraken_privacy.embedded.grandchild import die_with_supervisor
from kraken_privacy.settled import settle

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kraken_privacy.settings")

app = Celery("kraken_privacy", task_cls="kraken_privacy.gate:GuardedTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
logger = logging.getLogger("kraken.task")


@worker_process_init.connect
def _begin_process(**_: object) -> None:
    die_with_supervisor()
    settle()


@setup_logging.connect
def _keep_our_logging(**_: object) -> None:
    """Celery sets up no logging of its own while somebody listens here."""


@task_prerun.connect
def _begin(task_id: str, task: Task, **_: object) -> None:
    task.request.update(began=time.perf_counter())
    logs.current.set(task_id)


@task_postrun.connect
def _end(task_id: str, task: Task, state: str | None = None, **_: object) -> None:
    took = round((time.perf_counter() - getattr(task.request, "began", time.perf_counter())) * 1000, 1)
    logger.info("%s %s %s ms", task.name, state, took, extra={"task": task.name, "ms": took})
    logs.current.set("-")


@task_failure.connect
def _failed(sender: Task, exception: BaseException, **_: Any) -> None:
    """Celery's own line would quote the exception."""
    logger.error("%s failed", sender.name, exc_info=exception, extra={"task": sender.name})
