"""What a parent or guardian agreed to for a child, ended by them as easily as they gave it (UK GDPR Arts 7(3) and 8).

Nothing is stored under their address, and *Your choices* of it are their own. So each consent that they gave has a link
of its own, shown to them once it stands and mailed to them. It ends that consent and opens nothing else, and works for
as long as anything of it stands.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet
from django.urls import reverse

from consents import guardians, sealed_links
from consents.capture import FIELD
from consents.guardians import Child
from consents.models import ConsentEvent, ConsentFormVersion, ConsentState
from consents.states import YES
from consents.unproven import meet
from consents.withdraw import GUARDIAN_ENDED, end_beside, withdraw
from core.errors import Invalid
from core.models import Owner
from core.vault import keys_of
from ledger.models import Entry
from processing.models import Channel
from subjects import people
from subjects.models import DataSubject, SubjectIdentifier

USE = b"kraken-privacy/parent/1"
JUST_BEFORE = timedelta(microseconds=1)


@dataclass(frozen=True)
class Agreed:
    """What stands of it, in the words of the form, for which child, and since when."""

    labels: list[str]
    # Nobody knows any more once the proof was erased.
    child: Child | None
    since: datetime


def link(consent: UUID) -> str:
    token = sealed_links.seal(consent.hex, use=USE)
    return f"{settings.BASE_URL}{reverse('consents:parent', args=[token])}"


def agreed(token: str, *, now: datetime) -> Agreed | None:
    """None for a link that we did not make, and for what has ended."""
    states = _standing(token, now=now)
    if not states:
        return None
    said = {event.uuid: event for event in ConsentEvent.objects.filter(uuid__in=[state.event for state in states])}
    first = said[states[0].event]
    version = ConsentFormVersion.objects.get(pk=first.form_version or 0)
    standing = {(state.purpose.slug, state.channel) for state in states}
    labels = [one["label"] for one in version.controls if (one["purpose"], one["channel"]) in standing]
    return Agreed(labels, _child(first, version), first.effective_at)


@transaction.atomic
def end(token: str, *, now: datetime) -> None:
    """Withdraw what stands of this consent. What was agreed to in another act, or has ended, is left as it is: whoever
    is called a child and is none says yes themself, and no stranger ends that.

    The child is held before that is looked at: whoever presses at the same moment finds it ended.
    """
    children = DataSubject.objects.filter(uuid__in=[state.subject for state in _standing(token, now=now)])
    for child in children.order_by("pk"):
        people.hold(child)
    for state in _standing(token, now=now):
        child = DataSubject.objects.get(uuid=state.subject)
        # What rests on consent no more is not withdrawn; nothing is done with it as a consent either.
        with suppress(Invalid):
            _end(child, state, _agreed_since(state, now=now), now=now)


def _end(child: DataSubject, state: ConsentState, since: list[ConsentState], *, now: datetime) -> None:
    """`since` is what was agreed to after it in other acts and goes on: the later word, so the end is dated before."""
    purpose, kept = state.purpose.slug, {one.channel for one in since}
    at = min((one.effective_at - JUST_BEFORE for one in since), default=now)
    if not since:
        channels = [state.channel]
    else:
        channels = [] if state.channel or "" in kept else [name for name in Channel.values if name not in kept]
    for channel in channels:
        withdraw(
            child,
            purposes=[purpose],
            channel=channel,
            now=now,
            since=at,
            actor="public",
            collected_by="hosted_form",
            is_test=child.is_test,
            by_guardian=True,
        )
    if since:
        end_beside(child, purpose=purpose, channel=state.channel, since=at, now=now, actor="public")


def _agreed_since(state: ConsentState, *, now: datetime) -> list[ConsentState]:
    """What stands of this purpose by other acts, on the same channel in part or as a whole. What is older, this one
    has replaced.
    """
    act = ConsentEvent.objects.filter(uuid=state.event).values("consent")
    same = ConsentEvent.objects.filter(consent__in=act).values("uuid")
    later = _valid(now).filter(subject=state.subject, purpose=state.purpose, effective_at__gt=state.effective_at)
    return [one for one in later.exclude(event__in=same) if meet(one.channel, state.channel)]


def ended(withdrawals: Iterable[UUID]) -> set[UUID]:
    """Which of these, by their ledger entries, a parent or guardian said."""
    said = Entry.objects.filter(uuid__in=list(withdrawals), kind__in=["consent.withdrawn", GUARDIAN_ENDED])
    bodies = said.values_list("uuid", "body")
    return {entry for entry, body in bodies if json.loads(body)["data"].get("confirmed") == "guardian"}


def _standing(token: str, *, now: datetime) -> list[ConsentState]:
    consent = sealed_links.opened(token, use=USE)
    if consent is None:
        return []
    events = ConsentEvent.objects.filter(consent=UUID(hex=consent), status__in=YES).values("uuid")
    # A record that was made one with another keeps its states, and nothing that anybody is known by.
    known = SubjectIdentifier.objects.values("subject__uuid")
    rows = _valid(now).filter(event__in=events, subject__in=known)
    return list(rows.select_related("purpose").order_by("pk"))


def _valid(now: datetime) -> QuerySet[ConsentState]:
    return ConsentState.objects.filter(Q(valid_until=None) | Q(valid_until__gt=now), status__in=YES)


def _child(event: ConsentEvent, version: ConsentFormVersion) -> Child | None:
    key = keys_of(Owner.CONSENT, {event.consent}).get(event.consent)
    if key is None or not event.proof:
        return None
    proof = json.loads(key.open(FIELD, bytes(event.proof)))
    return guardians.child_of(proof, version.minimum_age)
