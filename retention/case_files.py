"""The case files that a run lets go of, each by its owner's own function (retention/cases.py) and counted with it."""

from collections.abc import Callable
from datetime import date, datetime

from django.db import transaction

from retention import cases, exact, runs
from retention.models import RetentionRule, Run
from retention.pace import Pace


def expire(run: Run, rule: RetentionRule, clock: Callable[[], datetime]) -> None:
    """A file and its count are one transaction, so whoever takes the run up goes on from there.

    Before the run is over: one that is broken off here stays open, with what was approved for it, and is taken up.
    """
    kept = cases.ruled_by(rule)
    if kept is None:
        return
    approval, now, pace = exact.of(run), clock(), Pace(1)
    for rows in exact.files(rule, run.cutoff or date.min, now=now):
        chosen = exact.only(rows, approval, exact.Kind.FILE)
        for pk in list(chosen.order_by("pk").values_list("pk", flat=True)):
            with pace, transaction.atomic():
                gone = kept.expire(rows.filter(pk=pk), now)
                runs.go_on(run, case_files=gone, now=clock())
