"""Before a consent runs out: one mail, in neutral words, to those whom we may write to about it at all.

ICO: consent is looked at again in good time, and silence renews nothing. A mail that asks for consent to marketing is
marketing itself (PECR reg 22), so it goes only where the old "yes" still allows one by e-mail. Each "yes" is decided
about once; whoever does not answer is not asked again because of it (consents/renewing.py is the answer).
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from consents import asking, renewing, unsubscribe
from consents.models import ConsentEvent, ConsentReminder, ConsentRenewal, ConsentState
from consents.states import YES
from consents.unsubscribe import Recipient
from core.models import Controller, Owner
from core.outbox import post_mail
from core.vault import keys_of
from ledger import entries
from subjects.models import DataSubject
from subjects.people import hold

ACTOR = "system:reminder"
# How long before the end, and how long a "yes" must last for anybody to be reminded of it.
BEFORE = timedelta(days=30)
LEAST = 2 * BEFORE
KeptBack = ConsentReminder.KeptBack
# Those about whom nothing is decided yet, the soonest first. Test people are nobody.
DUE = """
SELECT state.subject FROM consents_consentstate state
JOIN subjects_datasubject person ON person.uuid = state.subject AND NOT person.is_test
WHERE state.status IN ('given', 'renewed') AND state.valid_until > %s AND state.valid_until <= %s
  AND state.valid_until - state.effective_at >= make_interval(days => %s)
  AND NOT EXISTS (SELECT FROM consents_consentreminder known WHERE known.event = state.event)
GROUP BY state.subject ORDER BY min(state.valid_until), state.subject LIMIT %s
"""


def remind_due(*, now: datetime, limit: int = 200) -> int:
    """Decide about a batch of those whose "yes" runs out soon; returns of how many people."""
    with connection.cursor() as cursor:
        cursor.execute(DUE, [now, now + BEFORE, LEAST.days, limit])
        people = [subject for (subject,) in cursor.fetchall()]
    return sum(_remind(subject, now=now) for subject in people)


@transaction.atomic
def _remind(subject: UUID, *, now: datetime) -> bool:
    person = DataSubject.objects.filter(uuid=subject).first()
    if person is None or not hold(person):
        return False
    states = _undecided(subject, now=now)
    address = asking.address_of(person)
    reasons = {state.event: _kept_back(person, state, address, now=now) for state in states}
    _stop_for_guardians(states, reasons)
    ConsentReminder.objects.bulk_create(
        ConsentReminder(
            subject=subject,
            purpose=state.purpose,
            channel=state.channel,
            event=state.event,
            until=state.valid_until or now,
            decided_at=now,
            kept_back=reasons[state.event],
        )
        for state in states
    )
    told = [state for state in states if not reasons[state.event]]
    if told:
        _mail(person, address, told, now=now)
    return bool(states)


def _undecided(subject: UUID, *, now: datetime) -> list[ConsentState]:
    known = ConsentReminder.objects.filter(subject=subject).values("event")
    ending = ConsentState.objects.filter(
        subject=subject, status__in=YES, valid_until__gt=now, valid_until__lte=now + BEFORE
    )
    found = ending.exclude(event__in=known).select_related("purpose").order_by("valid_until", "pk")
    return [state for state in found if state.valid_until and state.valid_until - state.effective_at >= LEAST]


def _kept_back(person: DataSubject, state: ConsentState, address: str, *, now: datetime) -> str:
    """Why this is not written about; empty when it is."""
    if ConsentRenewal.objects.filter(event=state.event).exists():
        # They have been asked already, in the words that the form has now.
        return KeptBack.OUTGROWN
    if not asking.may_write(person, state.purpose.slug, state.channel, now=now):
        return KeptBack.NOT_ALLOWED
    if not renewing.is_asked(state.purpose.slug, state.channel):
        return KeptBack.NOT_ASKED_ANY_MORE
    return "" if address else KeptBack.NO_ADDRESS


def _stop_for_guardians(states: Sequence[ConsentState], reasons: dict[UUID, str]) -> None:
    """What a parent said ends when the child is old enough. Nobody asks the child before that (Art 8)."""
    wanted = [state.event for state in states if not reasons[state.event]]
    events = list(ConsentEvent.objects.filter(uuid__in=wanted, proof__isnull=False))
    keys = keys_of(Owner.CONSENT, {event.consent for event in events})
    for event in events:
        if event.proof and event.consent in keys:
            proof = json.loads(keys[event.consent].open("proof", bytes(event.proof)))
            if "guardian" in proof:
                reasons[event.uuid] = KeptBack.BY_GUARDIAN


def _mail(person: DataSubject, address: str, states: Sequence[ConsentState], *, now: datetime) -> None:
    controller = Controller.current()
    token = unsubscribe.seal(Recipient(address, ""))
    way_out = unsubscribe.for_mail(address, {state.purpose.slug for state in states})
    with translation.override(person.locale), timezone.override(controller.zone):
        ends = min(state.valid_until for state in states if state.valid_until)
        text = render_to_string(
            "consents/mail/ending.txt",
            {
                "controller": controller,
                "endings": [{"label": renewing.label_of(state), "until": _day(state.valid_until)} for state in states],
                "link": f"{settings.BASE_URL}{reverse('consents:renew', args=[token])}",
                "choices": way_out.preferences,
            },
        )
        subject = _("What you agreed to ends on %(day)s") % {"day": _day(ends)}
    entries.record(
        kind="consent.reminded",
        at=now,
        actor=ACTOR,
        subject=person.uuid,
        data={
            "until": entries.instant(ends),
            "choices": sorted(f"{state.purpose.slug}:{state.channel}" for state in states),
        },
    )
    post_mail(to=address, subject=subject, text=text, headers=dict(way_out.headers), about=person.uuid, now=now)


def _day(at: datetime | None) -> str:
    return date_format(timezone.localtime(at), "j F Y") if at else ""
