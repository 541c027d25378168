"""“Not now”: somebody whose consent ends does not want to decide yet (DPV ConsentRequestDeferred).

That is no consent and no refusal: what they agreed to ends on its day. They ask to be asked again, so one more mail
goes out later, and once in the life of a consent. It needs no consent of its own: PECR reg 22 is about what nobody
asked for.
"""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from consents import asking, projection, renewing, unsubscribe
from consents.asking import Question
from consents.models import ConsentEvent, ConsentReminder, Status
from consents.renewing import Ending
from consents.unsubscribe import Recipient
from consents.verdicts import Reason
from core.models import Controller
from core.outbox import post_mail
from ledger import entries
from processing.models import Purpose
from subjects import people
from subjects.models import DataSubject

LATER = timedelta(days=90)
# For an address, where there is none on the day.
LOOK_AGAIN = timedelta(days=7)
PAUSED = Reason.PAUSED.value
ACTOR = "system:reminder"


@transaction.atomic
def defer(recipient: Recipient, *, now: datetime) -> datetime | None:
    """Put off what could be renewed now; returns when they are asked again, or nothing where nothing can be put off."""
    subject = people.find([recipient.claim])
    if subject is None or not people.hold(subject):
        return None
    said = [ending.said for ending in renewing.of(recipient, now=now) if ending.can_wait and ending.said]
    if not said:
        return None
    purposes = {purpose.uuid: purpose for purpose in Purpose.objects.filter(uuid__in={event.purpose for event in said})}
    again_at, consent = now + LATER, uuid4()
    entry = entries.record(
        kind="consent.deferred",
        at=now,
        actor="public",
        subject=subject.uuid,
        object=consent,
        data={
            "until": entries.instant(again_at),
            "choices": sorted(f"{purposes[event.purpose].slug}:{event.channel}" for event in said),
        },
        test=subject.is_test,
    )
    projection.append([_event(event, consent, entry, now=now) for event in said])
    for event in said:
        ConsentReminder.objects.update_or_create(
            event=event.uuid,
            defaults={"again_at": again_at},
            create_defaults={
                "subject": subject.uuid,
                "purpose": purposes[event.purpose],
                "channel": event.channel,
                "until": event.valid_until or now,
                "decided_at": now,
                "again_at": again_at,
            },
        )
    return again_at


def ask_again_due(*, now: datetime, limit: int = 200) -> int:
    """Ask a batch of those who put it off, once more; returns of how many people it was decided."""
    due = ConsentReminder.objects.filter(again_at__lte=now, asked_again_at=None).order_by("again_at", "pk")
    subjects = dict.fromkeys(due.values_list("subject", flat=True)[:limit])
    for subject in subjects:
        _ask_again(subject, now=now)
    return len(subjects)


@transaction.atomic
def _ask_again(subject: UUID, *, now: datetime) -> None:
    rows = ConsentReminder.objects.filter(subject=subject, again_at__lte=now, asked_again_at=None)
    events = set(rows.select_for_update().values_list("event", flat=True))
    person = DataSubject.objects.filter(uuid=subject, is_test=False).first()
    later: dict[UUID, datetime] = {}
    if person and people.hold(person):
        address = asking.address_of(person)
        found = renewing.of(Recipient(address, ""), now=now) if address else []
        left = {ending.said.uuid: ending for ending in found if ending.said and ending.said.uuid in events}
        # Whoever has answered since, or said no to anything that covers it, is left in peace.
        questions = {event: _question(address, ending, now=now) for event, ending in left.items()}
        may_ask = [left[event] for event, question in questions.items() if question.may_ask]
        if may_ask:
            _mail(person, address, may_ask, now=now)
        # A pause is no "no", and a mailbox that is missing says nothing: what they asked for waits.
        later = {event: one.not_before for event, one in questions.items() if one.reason == PAUSED and one.not_before}
        if not address:
            fresh = rows.filter(until__gt=now - renewing.AFTER)
            later = dict.fromkeys(fresh.values_list("event", flat=True), now + LOOK_AGAIN)
    for event, again_at in later.items():
        ConsentReminder.objects.filter(event=event).update(again_at=again_at)
    ConsentReminder.objects.filter(event__in=events - set(later)).update(asked_again_at=now)


def _question(address: str, ending: Ending, *, now: datetime) -> Question:
    questions = asking.questions([Recipient(address, "").claim], ending.version, now=now)
    return next(question for question in questions if question.key == ending.name.partition(":")[2])


def _mail(person: DataSubject, address: str, endings: list[Ending], *, now: datetime) -> None:
    controller, token = Controller.current(), unsubscribe.seal(Recipient(address, ""))
    purposes = {ending.purpose for ending in endings}
    way_out = unsubscribe.for_mail(address, purposes)
    with translation.override(person.locale), timezone.override(controller.zone):
        text = render_to_string(
            "consents/mail/ask_again.txt",
            {
                "controller": controller,
                "labels": [ending.label for ending in endings],
                "link": f"{settings.BASE_URL}{reverse('consents:renew', args=[token])}",
                "choices": way_out.preferences,
            },
        )
        subject = _("You wanted to be asked again")
    data = {"again": True, "purposes": sorted(purposes)}
    entries.record(kind="consent.reminded", at=now, actor=ACTOR, subject=person.uuid, data=data)
    post_mail(to=address, subject=subject, text=text, headers=dict(way_out.headers), about=person.uuid, now=now)


def _event(said: ConsentEvent, consent: UUID, entry: UUID, *, now: datetime) -> ConsentEvent:
    return ConsentEvent(
        consent=consent,
        subject=said.subject,
        purpose=said.purpose,
        channel=said.channel,
        status=Status.DEFERRED,
        effective_at=now,
        recorded_at=now,
        origin="direct",
        collected_by="hosted_form",
        actor="public",
        entry=entry,
    )
