"""Asking those whose "yes" a changed form outgrew: once, by e-mail, and only while we may write to them about it."""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from consents import asking, coming_of_age, reminders, unsubscribe
from consents.models import ConsentFormVersion, ConsentRenewal, ConsentState
from consents.states import YES
from consents.unsubscribe import Recipient
from core.models import Controller
from core.outbox import post_mail
from subjects.models import DataSubject


def ask_due(*, now: datetime, limit: int = 200) -> int:
    """Ask a batch of those who have not been asked yet; returns of how many people it was decided."""
    waiting = ConsentRenewal.objects.filter(asked_at=None, kept_back=False, ended_at=None).order_by("id")
    pairs = dict.fromkeys(waiting.values_list("subject", "form_version")[:limit])
    for subject, version in pairs:
        _ask(subject, version, now=now)
    return len(pairs)


@transaction.atomic
def _ask(subject: UUID, version: int, *, now: datetime) -> None:
    rows = ConsentRenewal.objects.filter(subject=subject, form_version=version, asked_at=None, ended_at=None)
    marked = list(rows.select_for_update().select_related("purpose"))
    person = DataSubject.objects.filter(uuid=subject).first()
    standing = {
        state.event: state
        for state in ConsentState.objects.filter(
            event__in=[row.event for row in marked], status__in=YES
        ).select_related("purpose")
    }
    # Nobody asks a child to agree before they are old enough (Art 8): staff are told that it ends.
    young = {event for event, parent in coming_of_age.by_parents(standing).items() if parent.until > now}
    if young:
        until = min(row.until for row in marked if row.event in young)
        reminders.tell_staff(subject, [standing[event] for event in young], until=until, now=now)
        rows.filter(event__in=young).update(kept_back=True)
        rows = rows.exclude(event__in=young)
    allowed = [
        row
        for row in marked
        if person
        and row.event in standing
        and row.event not in young
        # Asking for consent to marketing is marketing (PECR reg 22): the old "yes" must still allow it.
        and asking.may_write(person, row.purpose.slug, row.channel, now=now)
    ]
    address = asking.address_of(person) if person and allowed else ""
    if not address or person is None:
        rows.update(kept_back=True)
        return
    _mail(person, address, ConsentFormVersion.objects.select_related("form").get(pk=version), allowed, now=now)
    rows.update(asked_at=now)


def _mail(
    person: DataSubject, address: str, version: ConsentFormVersion, rows: list[ConsentRenewal], *, now: datetime
) -> None:
    controller, token = Controller.current(), unsubscribe.seal(Recipient(address, ""))
    way_out = unsubscribe.for_mail(address, {row.purpose.slug for row in rows})
    asked = {(row.purpose.slug, row.channel) for row in rows}
    with translation.override(version.locale), timezone.override(controller.zone):
        text = render_to_string(
            "consents/mail/renew.txt",
            {
                "controller": controller,
                "labels": [one["label"] for one in version.controls if (one["purpose"], one["channel"]) in asked],
                "until": date_format(timezone.localtime(min(row.until for row in rows)), "j F Y"),
                "link": f"{settings.BASE_URL}{reverse('consents:renew', args=[token])}",
                "choices": way_out.preferences,
            },
        )
        subject = _("Do you still agree? %(title)s") % {"title": version.title}
    post_mail(to=address, subject=subject, text=text, headers=dict(way_out.headers), about=person.uuid, now=now)
