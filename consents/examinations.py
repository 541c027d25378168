"""The part of `manage.py doctor` that looks ahead at assessments."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from consents import assessments
from core.doctor import OK, WARN, Finding, register
from core.models import Controller
from processing.models import Basis, PurposeVersion, Status

SOON = timedelta(days=30)


def reviews(now: datetime) -> Iterator[Finding]:
    today = now.astimezone(Controller.current().zone).date()
    live = PurposeVersion.objects.filter(status=Status.LIVE, basis=Basis.LEGITIMATE_INTEREST)
    due = [
        version.purpose.slug
        for version in live.select_related("purpose").order_by("purpose__slug")
        if assessments.in_date(version.purpose, today) and not assessments.in_date(version.purpose, today + SOON)
    ]
    if due:
        sentence = f"Assessments run out within {SOON.days} days: {', '.join(due)}."
        yield Finding(WARN, sentence, "Admin: write and approve the next round.")
    else:
        yield Finding(OK, f"No assessment runs out within {SOON.days} days.")


def register_all() -> None:
    register("reviews", reviews)
