"""A pause that a person asks for: nothing is sent until a day, and then it goes on by itself.

A pause is no withdrawal. It touches no choice, so it can turn no "no" into a "yes": when it is over, what stands then
counts. It is kept by keyed hash, like a "no", so that it holds for an address that nobody has as well.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from consents import suppression
from consents.models import Pause
from core import outbox
from core.errors import Invalid
from core.models import Controller, Outbox
from ledger import entries
from processing.models import Purpose
from subjects import people
from subjects.identifiers import Claim

BEGUN, ENDED = "consent.paused", "consent.resumed"
# A longer silence is a "no", and says so.
LONGEST = timedelta(days=366)
# All marketing, beside purposes by their slug.
ALL = None


def until(day: date, *, now: datetime) -> datetime:
    """The moment at which a pause "until" this day is over: as the day begins. Raises Invalid."""
    moment = datetime.combine(day, time(), Controller.current().zone)
    if moment <= now:
        raise Invalid(fields={"until": _("Give a day that is still to come.")})
    if moment > now + LONGEST:
        raise Invalid(fields={"until": _("A pause can last a year at most. To hear nothing for longer, say no.")})
    return moment


@transaction.atomic
def begin(
    claims: Sequence[Claim], *, purposes: Sequence[Purpose | None], until: datetime, now: datetime, actor: str
) -> UUID:
    """Pause these purposes (None: all marketing) for whoever is known by these claims. A new day replaces the old."""
    hashes, shared = _hashes(claims)
    ended, told = _end(hashes, purposes, at=now), {"until": entries.instant(until)}
    entry = _record(BEGUN, claims, purposes, hashes, shared, ended, now=now, actor=actor, **told)
    store(hashes, purposes, since=now, until=until, entry=entry)
    return entry


@transaction.atomic
def resume(claims: Sequence[Claim], *, purposes: Sequence[Purpose | None], now: datetime, actor: str) -> UUID:
    """End these pauses before their day."""
    hashes, shared = _hashes(claims)
    ended = _end(hashes, purposes, at=now)
    return _record(ENDED, claims, purposes, hashes, shared, ended, now=now, actor=actor)


def standing(claims: Iterable[Claim], *, now: datetime) -> list[Pause]:
    """The pauses of these claims that are not over."""
    rows = Pause.objects.filter(hash__in=suppression.hashes_of(claims), ended_at=None, until__gt=now)
    return list(rows.select_related("purpose").order_by("until"))


def gaps(
    claims: Sequence[Claim], said: Sequence[Pause] | None = None, *, now: datetime
) -> list[tuple[Pause, list[suppression.Hash]]]:
    """The longest of each pause that stands under any of these, or of those that were `said`, with those of them under
    which none does.
    """
    pauses = standing(claims, now=now)
    found = []
    longest = sorted(pauses if said is None else said, key=lambda one: one.until)
    for pause in {one.purpose_id: one for one in longest}.values():
        known = {bytes(other.hash) for other in pauses if other.purpose_id == pause.purpose_id}
        missing = [suppression.hash_of(one) for one in claims if not known & set(suppression.hashes_of([one]))]
        found += [(pause, missing)] if missing else []
    return found


def spread(
    pause: Pause,
    hashes: Sequence[suppression.Hash],
    *,
    entry: UUID,
    now: datetime,
    whose: Mapping[str, Any] | None = None,
) -> None:
    """The same pause under other identifiers as well: here, and outside PostgreSQL."""
    if not hashes:
        return
    _put(pause, hashes, now=now)
    told = _told([pause.purpose], hashes) | {"until": entries.instant(pause.until), "pause": str(pause.entry)}
    _journal(BEGUN, entry, {**told, **(whose or {})}, at=pause.since, now=now)


@transaction.atomic
def again(action: str, data: Mapping[str, Any]) -> bool:
    """What a line of the journal says of a pause, in a database restored from before it. False if nothing is left.

    What several people had may be one person's alone here, with a pause of their own there. So what ended is told by
    its entry, and what stands under anything of theirs then stands under all of it.
    """
    hashes, at, named = suppression.hashes_in(data), datetime.fromisoformat(data["at"]), data["purposes"]
    purposes: list[Purpose | None] = list(Purpose.objects.filter(slug__in=[slug for slug in named if slug]))
    if "" in named:
        purposes.append(ALL)
    theirs = suppression.theirs_again(data)
    theirs += [suppression.claims_of(link.subject) for link in suppression.alone_again(data)]
    every = [*hashes, *(suppression.hash_of(claim) for claims in theirs for claim in claims)]
    _end(every, purposes, at=at, only=data.get("ended", ()))
    if action == BEGUN or "ended" not in data:
        _end(hashes, purposes, at=at)
    if action == BEGUN:
        day, entry = datetime.fromisoformat(data["until"]), UUID(data.get("pause", data["entry"]))
        store(hashes, purposes, since=at, until=day, entry=entry)
    for claims in theirs:
        for pause, missing in gaps(claims, now=at):
            _put(pause, missing, now=at)
    return bool(purposes)


def forget(*, now: datetime) -> int:
    """Drop the pauses that are over."""
    return Pause.objects.filter(Q(until__lte=now) | Q(ended_at__isnull=False)).delete()[0]


def _hashes(claims: Sequence[Claim]) -> tuple[list[suppression.Hash], list[UUID]]:
    """Of the claims, and of everything else by which we reach the same person; and which of these several have."""
    spoken = suppression.spoken_for(claims, people.settled(claims))
    return list(dict.fromkeys(suppression.hash_of(claim) for claim in spoken)), people.in_common(spoken)


def _end(
    hashes: Sequence[suppression.Hash],
    purposes: Sequence[Purpose | None],
    *,
    at: datetime,
    only: Iterable[str] | None = None,
) -> list[str]:
    """End what stands under these, or those only that these entries prove; returns the entries of what ended."""
    scope = Q(purpose__in=[purpose for purpose in purposes if purpose])
    if ALL in purposes:
        scope |= Q(purpose=None)
    values = [found.value for found in hashes]
    rows = Pause.objects.filter(scope, hash__in=values, ended_at=None)
    if only is not None:
        rows = rows.filter(entry__in=list(only))
    ended = sorted({str(entry) for entry in rows.values_list("entry", flat=True)})
    rows.update(ended_at=at)
    return ended


def _put(pause: Pause, hashes: Sequence[suppression.Hash], *, now: datetime) -> None:
    _end(hashes, [pause.purpose], at=now)
    store(hashes, [pause.purpose], since=pause.since, until=pause.until, entry=pause.entry)


def store(
    hashes: Sequence[suppression.Hash],
    purposes: Sequence[Purpose | None],
    *,
    since: datetime,
    until: datetime,
    entry: UUID,
) -> None:
    Pause.objects.bulk_create(
        Pause(hash=found.value, hash_key=found.key, purpose=purpose, since=since, until=until, entry=entry)
        for found in hashes
        for purpose in purposes
    )


def _record(
    kind: str,
    claims: Sequence[Claim],
    purposes: Sequence[Purpose | None],
    hashes: Sequence[suppression.Hash],
    shared: Sequence[UUID],
    ended: Sequence[str],
    *,
    now: datetime,
    actor: str,
    **more: str,
) -> UUID:
    """Evidence, and a line outside PostgreSQL, so that a restored backup keeps to it."""
    subject = people.find(claims)
    told = {**_told(purposes, hashes), **more}
    entry = entries.record(kind=kind, at=now, actor=actor, subject=subject.uuid if subject else None, data=told)
    line = {**told, **suppression.whose(subject, shared), "ended": ended}
    _journal(kind, entry, line, at=now, now=now)
    return entry


def _told(purposes: Sequence[Purpose | None], hashes: Sequence[suppression.Hash]) -> dict[str, Any]:
    return {
        "purposes": [purpose.slug if purpose else "" for purpose in purposes],
        "hashes": [{"key": found.key, "hash": found.value.hex()} for found in hashes],
    }


def _journal(kind: str, entry: UUID, told: Mapping[str, Any], *, at: datetime, now: datetime) -> None:
    line = {"action": kind, "entry": str(entry), "at": entries.instant(at), **told}
    outbox.post(Outbox.Kind.JOURNAL, line, about=None, now=now)
