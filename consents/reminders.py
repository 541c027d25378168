"""Before a consent runs out: one mail, in neutral words, to those whom we may write to about it at all.

ICO: consent is looked at again in good time, and silence renews nothing. A mail that asks for consent to marketing is
marketing itself (PECR reg 22), so it goes only where the old "yes" still allows one by e-mail. Each "yes" is decided
about once; whoever does not answer is not asked again because of it (consents/renewing.py is the answer). Of a child
who is old enough by then, a parent's "yes" is asked of the child (consents/coming_of_age.py).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from consents import asking, coming_of_age, permission, renewing, unsubscribe
from consents.coming_of_age import ByParent
from consents.models import ConsentReminder, ConsentRenewal, ConsentState, Status
from consents.states import YES
from consents.unsubscribe import Recipient
from consents.verdicts import Reason
from core.models import Controller
from core.outbox import post_mail
from ledger import entries
from subjects.models import DataSubject
from subjects.people import hold

ACTOR = "system:reminder"
# How long before the end, and how long a "yes" must last for anybody to be reminded of it.
BEFORE = timedelta(days=30)
LEAST = 2 * BEFORE
# For how long after its end staff are shown what nobody was asked about.
AFTER = timedelta(days=60)
KeptBack = ConsentReminder.KeptBack
FOR_STAFF = (KeptBack.BY_GUARDIAN, KeptBack.CHILD_NOT_REACHED)
# The verdicts under which staff may ask: what ended is over, or a changed form asks for something else.
ASKABLE = (*renewing.RENEWABLE, Reason.CONSENT_MISSING)
# Those about whom nothing is decided yet, the soonest first. A form with an age may have been answered by a parent a
# week before the child is old enough. Test people are nobody.
DUE = """
SELECT state.subject FROM consents_consentstate state
JOIN subjects_datasubject person ON person.uuid = state.subject AND NOT person.is_test
WHERE state.status IN ('given', 'renewed') AND state.valid_until > %s AND state.valid_until <= %s
  AND (state.valid_until - state.effective_at >= make_interval(days => %s) OR EXISTS (
      SELECT FROM consents_consentevent said JOIN consents_consentformversion shown ON shown.id = said.form_version
      WHERE said.uuid = state.event AND shown.minimum_age IS NOT NULL))
  AND NOT EXISTS (SELECT FROM consents_consentreminder known WHERE known.event = state.event)
GROUP BY state.subject ORDER BY min(state.valid_until), state.subject LIMIT %s
"""


def remind_due(*, now: datetime, limit: int = 200) -> int:
    """Decide about a batch of those whose "yes" runs out soon; returns of how many people."""
    with connection.cursor() as cursor:
        cursor.execute(DUE, [now, now + BEFORE, LEAST.days, limit])
        people = [subject for (subject,) in cursor.fetchall()]
    return sum(_remind(subject, now=now) for subject in people)


def for_staff(*, now: datetime, limit: int = 200) -> list[ConsentReminder]:
    """What a parent agreed to, of which nobody could be asked whether it goes on; what ends first at the top.

    Until somebody has answered, or it has ended two months ago, and only while nothing else stands against asking.
    """
    open_ones = ConsentReminder.objects.filter(kept_back__in=FOR_STAFF, until__gt=now - AFTER)
    same = ConsentState.objects.filter(
        subject=OuterRef("subject"), purpose=OuterRef("purpose"), channel=OuterRef("channel")
    )
    answered = same.exclude(event=OuterRef("event")).exclude(status__in=[Status.EXPIRED, Status.INVALIDATED])
    rows = open_ones.exclude(Exists(answered)).select_related("purpose").order_by("until", "pk")
    return list(islice((row for row in rows if _may_be_asked(row, now=now)), limit))


def tell_staff(subject: UUID, states: Sequence[ConsentState], *, until: datetime, now: datetime) -> None:
    """Of what a parent agreed to, and a changed form outgrew: it ends sooner than it was to, and nobody is mailed."""
    parents = coming_of_age.by_parents([state.event for state in states])
    rows = [
        _decided(
            *(subject, state, until),
            KeptBack.BY_GUARDIAN if until < parents[state.event].until else KeptBack.CHILD_NOT_REACHED,
            now=now,
        )
        for state in states
    ]
    ConsentReminder.objects.bulk_create(
        rows, update_conflicts=True, unique_fields=["event"], update_fields=["until", "kept_back"]
    )


def _may_be_asked(row: ConsentReminder, *, now: datetime) -> bool:
    """Whether no objection, restriction or pause has come since it was decided."""
    person = DataSubject.objects.filter(uuid=row.subject).first()
    if person is None:
        return False
    return permission.may_process(person, row.purpose.slug, row.channel, now=now).reason in ASKABLE


@transaction.atomic
def _remind(subject: UUID, *, now: datetime) -> bool:
    person = DataSubject.objects.filter(uuid=subject).first()
    if person is None or not hold(person):
        return False
    states = _undecided(subject, now=now)
    parents = coming_of_age.by_parents([state.event for state in states])
    address = asking.address_of(person)
    reasons = {
        state.event: _of_child(person, state, parent, address, now=now)
        if (parent := parents.get(state.event))
        else _kept_back(person, state, address, now=now)
        for state in states
    }
    ConsentReminder.objects.bulk_create(
        _decided(subject, state, state.valid_until or now, reasons[state.event], now=now) for state in states
    )
    told = [state for state in states if not reasons[state.event]]
    own = [state for state in told if state.event not in parents]
    if own:
        _mail(person, address, own, now=now)
    if grown := [state for state in told if state.event in parents]:
        _mail(person, address, grown, parents=[parents[state.event] for state in grown], now=now)
    return bool(states)


def _decided(subject: UUID, state: ConsentState, until: datetime, kept_back: str, *, now: datetime) -> ConsentReminder:
    same = {"purpose": state.purpose, "channel": state.channel, "event": state.event}
    return ConsentReminder(
        subject=subject, **same, until=until, decided_at=now, told_at=None if kept_back else now, kept_back=kept_back
    )


def _undecided(subject: UUID, *, now: datetime) -> list[ConsentState]:
    known = ConsentReminder.objects.filter(subject=subject).values("event")
    ending = ConsentState.objects.filter(
        subject=subject, status__in=YES, valid_until__gt=now, valid_until__lte=now + BEFORE
    )
    return list(ending.exclude(event__in=known).select_related("purpose").order_by("valid_until", "pk"))


def _kept_back(person: DataSubject, state: ConsentState, address: str, *, now: datetime) -> str:
    """Why this is not written about; empty when it is."""
    if state.valid_until and state.valid_until - state.effective_at < LEAST:
        return KeptBack.SHORT
    if ConsentRenewal.objects.filter(event=state.event).exists():
        # They have been asked already, in the words that the form has now.
        return KeptBack.OUTGROWN
    if not asking.may_write(person, state.purpose.slug, state.channel, now=now):
        return KeptBack.NOT_ALLOWED
    if not renewing.is_asked(state):
        return KeptBack.NOT_ASKED_ANY_MORE
    return "" if address else KeptBack.NO_ADDRESS


def _of_child(person: DataSubject, state: ConsentState, parent: ByParent, address: str, *, now: datetime) -> str:
    """The same of what a parent agreed to. Whom nobody can write to, staff are told of (`for_staff`): also who wants
    to hear nothing on that day, once the pause is over.
    """
    verdict = permission.may_process(person, state.purpose.slug, state.channel, now=now)
    if not verdict.allowed and verdict.reason is not Reason.PAUSED:
        return KeptBack.NOT_ALLOWED
    if state.valid_until and state.valid_until < parent.until and state.valid_until != parent.former:
        return KeptBack.BY_GUARDIAN
    if not renewing.is_asked(state, parent):
        return KeptBack.NOT_ASKED_ANY_MORE
    if not address or not asking.may_write(person, state.purpose.slug, state.channel, now=now):
        return KeptBack.CHILD_NOT_REACHED
    return ""


def _mail(
    person: DataSubject,
    address: str,
    states: Sequence[ConsentState],
    *,
    parents: Sequence[ByParent] = (),
    now: datetime,
) -> None:
    """`parents`: of each state that a parent agreed to, how long they answer for the person."""
    age = max((parent.age for parent in parents), default=None)
    own_from = [parent.until for parent in parents] if parents else [state.valid_until for state in states]
    controller = Controller.current()
    token = unsubscribe.seal(Recipient(address, ""))
    way_out = unsubscribe.for_mail(address, {state.purpose.slug for state in states})
    with translation.override(person.locale), timezone.override(controller.zone):
        ends = min(state.valid_until for state in states if state.valid_until)
        text = render_to_string(
            "consents/mail/coming_of_age.txt" if age else "consents/mail/ending.txt",
            {
                "controller": controller,
                "endings": [
                    {"label": renewing.label_of(state), "until": _day(state.valid_until), "own_from": _day(day)}
                    for state, day in zip(states, own_from, strict=True)
                ],
                "age": age,
                "link": f"{settings.BASE_URL}{reverse('consents:renew', args=[token])}",
                "choices": way_out.preferences,
            },
        )
        words = _("From %(day)s you decide yourself") if age else _("What you agreed to ends on %(day)s")
        subject = words % {"day": _day(min(parent.until for parent in parents) if parents else ends)}
    entries.record(
        kind="consent.reminded",
        at=now,
        actor=ACTOR,
        subject=person.uuid,
        data={
            "until": entries.instant(ends),
            "choices": sorted(f"{state.purpose.slug}:{state.channel}" for state in states),
            **({"age": age} if age else {}),
        },
    )
    post_mail(to=address, subject=subject, text=text, headers=dict(way_out.headers), about=person.uuid, now=now)


def _day(at: datetime | None) -> str:
    return date_format(timezone.localtime(at), "j F Y") if at else ""
