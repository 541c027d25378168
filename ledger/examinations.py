"""The ledger's part of `manage.py doctor`."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings

from core.doctor import OK, WARN, Finding, register
from ledger import seals, witness


def evidence(now: datetime) -> Iterator[Finding]:
    age = seals.oldest_unsealed(now=now)
    if age > timedelta(seconds=settings.UNSEALED_WARNING_SECONDS):
        sentence = f"Evidence has been waiting for its seal for {age.total_seconds() / 60:.0f} min."
        way_out = "See schedule; else a transaction is left open: SELECT pid, xact_start FROM pg_stat_activity."
        yield Finding(WARN, sentence, way_out)
    else:
        yield Finding(OK, "Evidence is sealed.")
    if witness.directory() is None:
        way_out = "Name a place in WITNESS_DIR, best on a machine whose owner is somebody else."
        yield Finding(WARN, "No copy of the seals is kept outside the database.", way_out)


def register_all() -> None:
    register("evidence", evidence)
