"""Consents that staff enter: given on paper, by phone or in person; or collected by somebody else, with what shows it.

Art 7(1): a paper is kept as it was signed, a conversation as a note made at the time with the script that was read out.
What somebody else collected counts only once it is shown that we were named for that channel: until then its status is
Unknown, and nothing may be done with it. It counts for a few months only, from the day it was given: the longer ago
somebody said yes to others, the less they expect us (ICO). An answer of their own to us has a life of its own.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from dateutil.relativedelta import relativedelta
from django.conf import settings
from django.db import transaction
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from consents import answers, asking, capture, evidence, opt_in, projection
from consents.answers import Answer
from consents.models import ConsentEvent, ConsentEvidence, ConsentFormVersion, ConsentState, Status
from core.errors import DomainError, Invalid, NotFound, Text
from core.files import File
from core.models import Controller
from ledger import entries
from processing.models import Channel, Purpose
from subjects import people
from subjects.identifiers import Claim
from subjects.models import DataSubject, Relationship

THIRD_PARTY = "third_party"
# Where somebody of ours may have put the question.
ASKED = (ConsentEvidence.Kind.PHONE, ConsentEvidence.Kind.IN_PERSON)
# What has to be held before the first use of a consent that somebody else collected.
NEEDED = ("seller", "named_as", "told", "chain", "screened_on", "sampled", "informed_on")


class AlreadyKnown(DomainError):
    code = "evidence-already-there"
    message = _("The evidence of this consent is there already.")


class TooOld(DomainError):
    code = "consent-too-old"
    message = _("This was given too long ago to count, since somebody else collected it. Ask the person.")


@transaction.atomic
def enter(
    data: Mapping[str, Any], *, kind: str, note: Mapping[str, str], file: File | None, actor: str, now: datetime
) -> UUID:
    """Record what somebody answered on paper or in a conversation, with what shows it. Raises Invalid.

    `data` is an answer as the API takes it; `given_at` is when they gave it. Returns the consent.
    """
    if kind == ConsentEvidence.Kind.PAPER and file is None:
        raise Invalid(fields={"file": _("Attach a copy of the signed paper.")})
    if kind != ConsentEvidence.Kind.PAPER and not note.get("words", "").strip():
        raise Invalid(fields={"words": _("Say who was spoken to, and which words were read out.")})
    # A parent or guardian who is not written to has signed, or said so in front of staff.
    signed = "email" not in (data.get("guardian") or {})
    answer = answers.read(data, now=now, signed=signed)
    if answer.guardian is not None and signed:
        if not note.get("guardian", "").strip():
            raise Invalid(fields={"guardian_words": _("Say how you know that this is their parent or guardian.")})
        answer = replace(answer, proof={**answer.proof, "by": "guardian"})
    elif answer.guardian is not None:
        asked = opt_in.ask(answer, dict(data), now=now, actor=actor, collected_by="staff")
        return asked.consent
    if kind in ASKED and not note.get("volunteered"):
        _peace(answer)
    done = capture.capture(answer, now=now, actor=actor, collected_by="staff")
    evidence.add(done.consent, kind=kind, note=note, file=file, subject=_of(done), actor=actor, now=now)
    return done.consent


@dataclass(frozen=True)
class Told:
    """What somebody else says: who consented, to what, on which channels, and when."""

    claims: Sequence[Claim]
    purpose: str
    channels: Sequence[str]
    given_at: datetime


@transaction.atomic
def tell(told: Told, *, actor: str, now: datetime) -> UUID:
    """Record a consent that somebody else says they collected: Unknown, and unusable. Returns the consent."""
    purpose = Purpose.objects.filter(slug=told.purpose).first()
    errors: dict[str, Text] = {}
    if purpose is None:
        errors["purpose"] = _("There is no purpose of this name.")
    if not told.channels or set(told.channels) - set(Channel.values):
        errors["channels"] = _("Say for which channels we were named.")
    if told.given_at > now:
        errors["given_at"] = _("This lies in the future.")
    if errors or purpose is None:
        raise Invalid(fields=errors)
    subject = people.find_or_create(list(told.claims), now=now, actor=actor)
    people.hold(subject)
    consent = uuid4()
    entry = entries.record(
        kind="consent.told",
        at=now,
        actor=actor,
        subject=subject.uuid,
        object=consent,
        purpose=purpose.slug,
        data={"channels": sorted(told.channels), "origin": THIRD_PARTY},
    )
    common = _Common(consent, subject.uuid, purpose.uuid, actor, now, entry)
    projection.append([common.event(Status.UNKNOWN, channel, at=told.given_at) for channel in told.channels])
    return consent


@transaction.atomic
def accept(consent: UUID, *, note: Mapping[str, str], file: File, actor: str, now: datetime) -> None:
    """What shows that we were named: from now on the consent counts, from the day it was given.

    A later "no" of the person stands all the same, and so does whatever is suppressed: only they lift that themselves.
    Raises Invalid while something is missing, NotFound, AlreadyKnown, or TooOld.
    """
    if missing := [name for name in NEEDED if not note.get(name, "").strip()]:
        raise Invalid(fields={name: _("This must be known before the consent is used.") for name in missing})
    events = list(ConsentEvent.objects.filter(consent=consent, origin=THIRD_PARTY).order_by("id"))
    person = DataSubject.objects.filter(uuid=events[0].subject).first() if events else None
    if person is None or not people.hold(person):
        raise NotFound
    if any(event.status == Status.GIVEN for event in events):
        raise AlreadyKnown
    until = counts_until(events[0].effective_at)
    if until <= now:
        raise TooOld
    purpose = Purpose.objects.get(uuid=events[0].purpose)
    row = evidence.add(
        consent, kind=ConsentEvidence.Kind.THIRD_PARTY, note=note, file=file, subject=person.uuid, actor=actor, now=now
    )
    entry = entries.record(
        kind="consent.given",
        at=now,
        actor=actor,
        subject=person.uuid,
        object=consent,
        data={
            "choices": {f"{purpose.slug}:{event.channel}": Status.GIVEN.value for event in events},
            "given_at": entries.instant(events[0].effective_at),
            "origin": THIRD_PARTY,
            "evidence": str(row.uuid),
            "valid_until": entries.instant(until),
        },
    )
    common = _Common(consent, person.uuid, purpose.uuid, actor, now, entry)
    projection.append(
        [common.event(Status.GIVEN, event.channel, at=event.effective_at, until=until) for event in events]
    )
    _relate(person, purpose, consent)


def _peace(answer: Answer) -> None:
    """Whoever said no is not asked again for a while. What they bring up themselves is taken."""
    version = ConsentFormVersion.objects.get(pk=answer.shown.key)
    said_yes = [key for key, choice in answer.choices.items() if choice]
    if asking.objected(answer.claims, version, said_yes, at=answer.given_at):
        sentence = _("They have objected to marketing, and nobody asks them. Did they bring it up themselves?")
        raise Invalid(fields={"volunteered": sentence})
    if until := asking.disturbed(answer.claims, version, said_yes, at=answer.given_at):
        day = date_format(until.astimezone(Controller.current().zone), "j F Y")
        sentence = _(
            "They have said no or asked for a pause, and nobody asks them before %(day)s. Did they bring it up?"
        )
        raise Invalid(fields={"volunteered": sentence % {"day": day}})


def counts_until(given_at: datetime) -> datetime:
    """How long a consent counts that somebody else collected."""
    return given_at + relativedelta(months=settings.CONSENT_INDIRECT_MONTHS)


def untold() -> list[ConsentEvent]:
    """What somebody else says and nothing shows yet, the oldest first: one event for each consent."""
    shown = ConsentEvidence.objects.filter(kind=ConsentEvidence.Kind.THIRD_PARTY).values("consent")
    waiting = ConsentEvent.objects.filter(status=Status.UNKNOWN, origin=THIRD_PARTY).exclude(consent__in=shown)
    return list(waiting.order_by("consent", "id").distinct("consent")[:200])


@dataclass(frozen=True)
class _Common:
    """What all events of one such consent share."""

    consent: UUID
    subject: UUID
    purpose: UUID
    actor: str
    now: datetime
    entry: UUID

    def event(self, status: str, channel: str, *, at: datetime, until: datetime | None = None) -> ConsentEvent:
        return ConsentEvent(
            consent=self.consent,
            subject=self.subject,
            purpose=self.purpose,
            channel=channel,
            status=status,
            effective_at=at,
            valid_until=until,
            recorded_at=self.now,
            origin=THIRD_PARTY,
            collected_by="staff",
            actor=self.actor,
            entry=self.entry,
        )


def _relate(person: DataSubject, purpose: Purpose, consent: UUID) -> None:
    """As after any consent that stands: the relationship is what keeps the person from being forgotten."""
    mine = ConsentEvent.objects.filter(consent=consent, status=Status.GIVEN)
    standing = ConsentState.objects.filter(event__in=mine.values("uuid")).order_by("effective_at").first()
    if standing:
        day = standing.effective_at.astimezone(Controller.current().zone).date()
        relationship, is_new = Relationship.objects.get_or_create(
            subject=person,
            purpose=purpose,
            defaults={"role": "subscriber", "source": "third_party", "started_on": day, "last_interaction_on": day},
        )
        if not is_new:
            Relationship.objects.filter(pk=relationship.pk).update(consent_ended_on=None, ended_on=None)


def _of(done: capture.Captured) -> UUID:
    assert done.subject is not None  # noqa: S101 - only what waits for a confirmation is of nobody
    return done.subject
