"""Which privacy notice applies on which day, and how a new one is published."""

from datetime import date, datetime
from hashlib import sha256

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, NotFound
from core.models import Controller
from ledger import entries
from notices.models import PrivacyNotice

LOCALE = "en-GB"


class NoNotice(NotFound):
    code = "no-notice"
    message = _("No privacy notice was in force on this day.")


class Backdated(DomainError):
    code = "notice-backdated"
    message = _("A new version starts after the one before it, so that no day is told two things.")


class Taken(DomainError):
    code = "notice-version-taken"
    message = _("There is a version of this name already. What was published stays as it is.")


def current(on: date, locale: str = LOCALE) -> PrivacyNotice:
    """The notice in force on this local day. Raises NoNotice before the first."""
    notice = versions(locale).filter(effective_from__lte=on).first()
    if notice is None:
        raise NoNotice
    return notice


def of_version(version: str, locale: str = LOCALE) -> PrivacyNotice:
    notice = versions(locale).filter(version=version).first()
    if notice is None:
        raise NoNotice(_("There is no version of this name."))
    return notice


def versions(locale: str = LOCALE) -> QuerySet[PrivacyNotice]:
    """Every version, the newest first."""
    return PrivacyNotice.objects.filter(locale=locale).order_by("-effective_from")


def days(locale: str = LOCALE) -> dict[str, date]:
    """Each version with the day from which it applies."""
    return dict(PrivacyNotice.objects.filter(locale=locale).values_list("version", "effective_from"))


def local_date(now: datetime) -> date:
    """Notices change at midnight where the controller is."""
    return now.astimezone(Controller.current().zone).date()


@transaction.atomic
def publish(
    *,
    version: str,
    html: str,
    effective_from: date,
    changes: str = "",
    locale: str = LOCALE,
    now: datetime,
    actor: str,
) -> PrivacyNotice:
    """Publish a version. It may start later than today: people are told of a change before it applies."""
    # Whoever publishes at the same time waits here, so what is in force is asked after that.
    versions(locale).select_for_update().first()
    if versions(locale).filter(version=version).exists():
        raise Taken(fields={"version": Taken.message})
    if versions(locale).filter(effective_from__gte=effective_from).exists():
        raise Backdated(fields={"effective_from": Backdated.message})
    digest = sha256(html.encode()).hexdigest()
    notice = PrivacyNotice.objects.create(
        version=version, locale=locale, html=html, sha256=digest, effective_from=effective_from, changes=changes
    )
    data = {"version": version, "locale": locale, "sha256": digest, "effective_from": effective_from.isoformat()}
    entries.record(kind="notice.published", at=now, actor=actor, data=data)
    return notice
