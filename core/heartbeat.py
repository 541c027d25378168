"""Whether the workers and the schedule are alive: the last time that each kind of work was done, as rows."""

from datetime import datetime, timedelta

from core.models import Heartbeat

# The schedule hands the worker something every ten seconds, so one row tells of both.
SCHEDULE = "schedule"


def beat(name: str, *, now: datetime) -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"at": now})


def age(name: str, *, now: datetime) -> timedelta | None:
    """How long ago; None for never."""
    last = Heartbeat.objects.filter(name=name).values_list("at", flat=True).first()
    return None if last is None else max(now - last, timedelta())
