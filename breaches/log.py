"""Writing a breach down, deciding about it and reporting it (UK GDPR Arts 33 and 34)."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from breaches.models import FIELD, Breach, Exemption, Risk
from consents import assessments
from consents.models import AssessmentReview
from core.errors import DomainError, Invalid
from core.models import Controller, Owner
from core.rules import rule_set
from core.vault import ensure_key
from ledger.entries import instant, record
from processing.models import DataCategory, Purpose
from requests.clock import notify_by
from requests.deadlines import regime_of

# What Art 33(3) and (5) ask to be written down, in our own words.
TEXTS = (
    *("summary", "facts", "consequences", "measures", "found_by", "processor"),
    *("reasoning", "delay_reasons", "lessons"),
)
LENGTH = 10_000
DETAILS = ("occurred_from", "occurred_to", "effects", "people_estimate", "records_estimate")


class BreachClosed(DomainError):
    code = "breach-closed"
    message = _("This breach is closed. What was decided stands as it is.")


class NotFinished(DomainError):
    code = "breach-not-finished"
    message = _("This breach cannot be closed yet.")


@transaction.atomic
def log(
    *,
    aware_at: datetime,
    texts: Mapping[str, str],
    details: Mapping[str, Any] | None = None,
    categories: Sequence[DataCategory] = (),
    purposes: Sequence[Purpose] = (),
    actor: str,
    now: datetime,
) -> Breach:
    """Write a breach down. From the moment of awareness the time runs, whatever is known by then."""
    _past("aware_at", aware_at, now)
    if not texts.get("summary", "").strip():
        raise Invalid(fields={"summary": _("Say in a line what happened.")})
    controller = Controller.current()
    rules = rule_set(regime_of(controller), aware_at.astimezone(controller.zone).date())
    due = notify_by(aware_at, params=rules.params)
    breach = Breach.objects.create(aware_at=aware_at, notify_by=due, logged_at=now, logged_by=actor)
    _write(breach, texts, details or {}, categories)
    _note("breach.logged", breach, actor=actor, now=now, aware=instant(aware_at), notify_by=instant(due))
    _touch(breach, purposes, actor=actor, now=now)
    return breach


@transaction.atomic
def describe(
    breach: Breach,
    *,
    texts: Mapping[str, str],
    details: Mapping[str, Any],
    categories: Sequence[DataCategory],
    purposes: Sequence[Purpose] = (),
    actor: str,
    now: datetime,
) -> None:
    """Complete the description: it may be given in phases (Art 33(4)). The moment of awareness never changes."""
    _open(breach)
    _write(breach, texts, details, categories)
    _note("breach.described", breach, actor=actor, now=now)
    _touch(breach, purposes, actor=actor, now=now)


@transaction.atomic
def decide(breach: Breach, *, risk: str, reasoning: str, actor: str, now: datetime) -> None:
    """Assess the risk; that decides whether the regulator must be told (Art 33(1)). The reasoning is always kept."""
    _open(breach)
    errors = {}
    if risk not in Risk.values or risk == Risk.UNKNOWN:
        errors["risk"] = _("Choose how likely a risk to people is.")
    if not reasoning.strip():
        errors["reasoning"] = _("Write down why: the decision is kept with its reasons (Art 33(5)).")
    if errors:
        raise Invalid(fields=errors)
    breach.risk, breach.is_notifiable = risk, risk != Risk.NONE
    breach.decided_at, breach.decided_by = now, actor
    breach.save(update_fields=["risk", "is_notifiable", "decided_at", "decided_by"])
    _seal(breach, {"reasoning": reasoning})
    _note("breach.decided", breach, actor=actor, now=now, risk=risk, notifiable=breach.is_notifiable)


@transaction.atomic
def notified(
    breach: Breach, *, at: datetime, reference: str = "", delay_reasons: str = "", actor: str, now: datetime
) -> None:
    """Record that the regulator was told. Later than 72 hours, the reasons for the delay belong to it (Art 33(1))."""
    _open(breach)
    _past("notified_at", at, now)
    if at < breach.aware_at:
        raise Invalid(fields={"notified_at": _("This is before we became aware of the breach.")})
    if at > breach.notify_by and not delay_reasons.strip():
        raise Invalid(fields={"delay_reasons": _("It was later than 72 hours: give the reasons for the delay.")})
    breach.notified_at, breach.regulator_reference = at, reference.strip()
    breach.save(update_fields=["notified_at", "regulator_reference"])
    if delay_reasons.strip():
        _seal(breach, {"delay_reasons": delay_reasons})
    _note("breach.notified", breach, actor=actor, now=now, notified=instant(at), late=breach.is_late)


@transaction.atomic
def told(breach: Breach, *, at: datetime | None = None, exemption: str = "", actor: str, now: datetime) -> None:
    """Record that the people concerned were told of a high risk, or why they need not be (Art 34)."""
    _open(breach)
    if (at is None) == (not exemption) or (exemption and exemption not in Exemption.values):
        raise Invalid(fields={"people_told_at": _("Give the time they were told, or the reason why they need not be.")})
    if at:
        _past("people_told_at", at, now)
    breach.people_told_at, breach.exemption = at, exemption
    breach.save(update_fields=["people_told_at", "exemption"])
    _note("breach.people-told", breach, actor=actor, now=now, told=bool(at), exemption=exemption)


@transaction.atomic
def close(breach: Breach, *, lessons: str, actor: str, now: datetime) -> None:
    """End the work on a breach; refuses while something that the law asks for is missing."""
    _open(breach)
    if missing := outstanding(breach):
        raise NotFinished(" ".join(missing))
    breach.closed_at = now
    breach.save(update_fields=["closed_at"])
    _seal(breach, {"lessons": lessons})
    _note("breach.closed", breach, actor=actor, now=now)


def outstanding(breach: Breach) -> list[str]:
    """What is still to be done, in sentences."""
    found = []
    if breach.is_notifiable is None:
        found.append(str(_("Assess the risk and decide whether to notify.")))
    if breach.is_notifiable and breach.notified_at is None:
        found.append(str(_("Notify the regulator.")))
    if breach.risk == Risk.HIGH and breach.people_told_at is None and not breach.exemption:
        found.append(str(_("Tell the people concerned, or say why that is not needed.")))
    return found


def left_in_words(until: datetime, now: datetime) -> str:
    """How much time is left, or how long it has been over: "41 hours 20 minutes left"."""
    late = now > until
    minutes = int(abs(until - now) / timedelta(minutes=1))
    hours, minutes = divmod(minutes, 60)
    parts = []
    if hours:
        parts.append(ngettext("%(n)d hour", "%(n)d hours", hours) % {"n": hours})
    if minutes or not hours:
        parts.append(ngettext("%(n)d minute", "%(n)d minutes", minutes) % {"n": minutes})
    span = " ".join(parts)
    return str((_("%(span)s over") if late else _("%(span)s left")) % {"span": span})


def _touch(breach: Breach, purposes: Sequence[Purpose], *, actor: str, now: datetime) -> None:
    """A breach shows that an interest may have been weighed with too few safeguards in mind."""
    cause = AssessmentReview.Cause.BREACH
    assessments.touched(purposes, caused_by=breach.uuid, cause=cause, now=now, actor=actor)


def _write(
    breach: Breach, texts: Mapping[str, str], details: Mapping[str, Any], categories: Sequence[DataCategory]
) -> None:
    given = {name: value for name, value in details.items() if name in DETAILS}
    start, end = given.get("occurred_from"), given.get("occurred_to")
    if start and end and end < start:
        raise Invalid(fields={"occurred_to": _("This is before it began.")})
    for name, value in given.items():
        setattr(breach, name, value)
    breach.save(update_fields=list(given))
    breach.categories.set(categories)
    _seal(breach, texts)


def _seal(breach: Breach, texts: Mapping[str, str]) -> None:
    if too_long := [name for name, text in texts.items() if name not in TEXTS or len(text) > LENGTH or "\x00" in text]:
        raise Invalid(fields=dict.fromkeys(too_long, _("This is too long or not text.")))
    whole = {**breach.texts, **{name: text.strip() for name, text in texts.items()}}
    breach.sealed = ensure_key(Owner.BREACH, breach.uuid).seal(FIELD, json.dumps(whole).encode())
    breach.save(update_fields=["sealed"])


def _open(breach: Breach) -> None:
    """Hold the breach's row: two people may be writing at once, and each keeps what the other wrote."""
    held = Breach.objects.select_for_update().get(pk=breach.pk)
    if held.closed_at is not None:
        raise BreachClosed
    breach.sealed = held.sealed


def _past(field: str, at: datetime, now: datetime) -> None:
    if at > now:
        raise Invalid(fields={field: _("This lies in the future.")})


def _note(kind: str, breach: Breach, *, actor: str, now: datetime, **data: Any) -> UUID:
    return record(kind=kind, at=now, actor=actor, object=breach.uuid, data=data)
