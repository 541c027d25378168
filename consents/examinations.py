"""The part of `manage.py doctor` about choices: assessments ahead, the notice that forms name, ways to unsubscribe."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from consents import assessments, notice_versions
from consents.models import ConsentFormVersion
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


def notices(now: datetime) -> Iterator[Finding]:
    """What a form names should be what its link shows."""
    current = notice_versions.in_force(now.astimezone(Controller.current().zone).date())
    on_show = ConsentFormVersion.objects.filter(published_at__isnull=False, superseded_at=None)
    behind = on_show.exclude(notice_version=current).select_related("form").order_by("form__slug", "locale")
    named = [f"{version.form.slug} {version.locale}" for version in behind] if current else []
    if named:
        sentence = f"Consent forms on show name another privacy notice than the one in force: {', '.join(named)}."
        yield Finding(WARN, sentence, "Admin: publish them again with the notice in force, as an editorial change.")
    else:
        yield Finding(OK, "Every consent form on show names the privacy notice in force.")


def unsubscribing(now: datetime) -> Iterator[Finding]:
    """Some mail programs unsubscribe by mail alone, and large providers ask senders for both ways (RFC 2369)."""
    versions = PurposeVersion.objects.filter(status=Status.LIVE)
    if settings.MAILBOX_URL or not versions.filter(Q(direct_marketing=True) | Q(basis=Basis.CONSENT)).exists():
        yield Finding(OK, "Whoever unsubscribes by mail is heard, or nothing is sent that somebody unsubscribes from.")
    else:
        sentence = "Nobody reads a mailbox here, so List-Unsubscribe has the one-click link and no mailto:."
        yield Finding(WARN, sentence, "Set MAILBOX_URL (docs/mailbox.md). The one-click link works without it.")


def register_all() -> None:
    register("unsubscribing", unsubscribing)
    register("reviews", reviews)
    register("form-notices", notices)
