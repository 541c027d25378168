"""Which choice stands when two records turn out to be one person: the strictest (UK GDPR Art 7(1): doubt is a "no").

Nothing is rewritten. What the person answered under the other record is answered again under the one that is kept, as
events of their own; a "no" on either side is repeated now, so that it comes after every "yes" of the other side. What
stands differently by it is told like any other change (ledger/kinds.py).
"""

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from consents import endings, pausing, projection, renewals, suppression
from consents.models import ConsentEvent, ConsentState, Pause, Status, Suppression
from consents.states import YES
from ledger.entries import record
from processing.models import Purpose
from subjects.identifiers import Claim
from subjects.models import DataSubject

NO = (Status.REFUSED, Status.WITHDRAWN)
ORIGIN = "merge"
Key = tuple[int, str]
# As it stood, by its id.
Row = dict[str, str]
# The hashes of each identifier, by every active key.
Under = Mapping[Claim, set[bytes]]
# How each state is told of.
TOLD_AS = {
    **dict.fromkeys(YES, "consent.given"),
    Status.REFUSED: "consent.refused",
    Status.WITHDRAWN: "consent.withdrawn",
    Status.EXPIRED: "consent.expired",
    Status.INVALIDATED: "consent.ended",
    Status.REVOKED: "consent.revoked",
    Status.REQUESTED: "consent.requested",
    Status.DEFERRED: "consent.deferred",
    Status.UNKNOWN: "consent.told",
}


@dataclass(frozen=True)
class Taken:
    """The "yes" of each of two people by an act of their own, by purpose and channel."""

    mine: Mapping[Key, datetime]
    theirs: Mapping[Key, datetime]

    def back(self, no: Suppression | Pause) -> set[Key]:
        """Where both have answered this "no" or pause since; nothing if one of them did where the other did not."""
        purpose, channel = no.purpose_id, getattr(no, "channel", "")
        keys = [
            {key for key, at in answers.items() if at > no.since and _is_about(key, purpose, channel)}
            for answers in (self.mine, self.theirs)
        ]
        return keys[0] if keys[0] == keys[1] else set()


def taken(kept: DataSubject, gone: DataSubject) -> Taken:
    return Taken(_own_yes(kept), _own_yes(gone))


def taken_back(kept: DataSubject, gone: DataSubject, both: Taken, *, now: datetime) -> set[Key]:
    """What both have begun again after a "no" or a pause under anything of either. Before the two are one."""
    claims = [claim for one in (kept, gone) for claim, _is_shared in suppression.known_by(one)]
    noes = suppression.own(suppression.hashes_of(claims)).filter(lifted_at=None)
    said: list[Suppression | Pause] = [*noes, *pausing.standing(claims, now=now)]
    return {key for no in said for key in both.back(no)}


def _is_about(key: Key, purpose: int | None, channel: str) -> bool:
    return purpose in (None, key[0]) and (not channel or key[1] in ("", channel))


def _own_yes(subject: DataSubject) -> dict[Key, datetime]:
    given = {key: state for key, state in _states(subject).items() if state.status in YES}
    said = ConsentEvent.objects.filter(uuid__in=[state.event for state in given.values()], origin="direct")
    own = set(said.exclude(collected_by="import").values_list("uuid", flat=True))
    return {key: state.effective_at for key, state in given.items() if state.event in own}


def unite(
    kept: DataSubject, gone: DataSubject, stay: Container[Key], *, entry: UUID, now: datetime, actor: str
) -> list[dict[str, Any]]:
    """Bring the choices of `gone` to `kept`; returns what was answered for `kept`.

    A "yes" in `stay` stands as it was said: said again by us it would answer no "no".
    """
    mine, theirs = _states(kept), _states(gone)
    touched = {purpose for purpose, _channel in theirs}
    both: dict[Key, list[ConsentState]] = {}
    for states in (mine, theirs):
        for key, state in states.items():
            if key[0] in touched:
                both.setdefault(key, []).append(state)
    refused = {key for key, answers in both.items() if any(state.status in NO for state in answers)}
    events, done = [], []
    copies: dict[UUID, UUID] = {}
    for key, answers in both.items():
        if key in refused or (key[0], "") in refused:
            events.append(_no(kept, answers, entry=entry, now=now, actor=actor))
        elif key in theirs and theirs[key].status in YES and key not in stay:
            events.append(_again(kept, theirs[key], entry=entry, now=now, actor=actor))
            copies[theirs[key].event] = events[-1].uuid
        else:
            continue
        done.append({"purpose": key[0], "event": str(events[-1].uuid)})
    projection.append(events)
    renewals.carry(copies, kept.uuid)
    endings.note(kept.uuid, {key[0] for key in refused}, at=now)
    return done


def part(
    kept: DataSubject,
    gone: DataSubject,
    done: Iterable[dict[str, Any]],
    *,
    merged_on: date,
    entry: UUID,
    now: datetime,
    actor: str,
) -> int:
    """Let nothing count any more that the merge answered for `kept`, and no consent have ended by it; returns how much.

    What the person has chosen since stands, and else what they had said before, on its day and by their own act.
    """
    said = list(ConsentEvent.objects.filter(uuid__in=[row["event"] for row in done], subject=kept.uuid))
    how: Any = {"origin": projection.PARTING, "entry": entry, "now": now, "actor": actor}
    status = Status.INVALIDATED
    back = [_event(kept, one.purpose, one.channel, status, consent=one.uuid, **how) for one in said]
    projection.take_back(kept.uuid, back)
    endings.stands_again(kept.uuid, {row["purpose"] for row in done})
    # Of the other one only on the day of the merge: what ended since was ended by the person, under this record.
    endings.stands_again(gone.uuid, {row["purpose"] for row in done}, on=merged_on)
    return len(said)


def stands(subject: DataSubject) -> dict[Key, str]:
    """How each choice of a record stands."""
    return {key: state.status for key, state in _states(subject).items()}


def tell(subject: DataSubject, before: Mapping[Key, str], *, proof: UUID, now: datetime, actor: str) -> None:
    """What stands differently from `before`, for systems that hear of choices and of no merges. One entry a kind."""
    after, choices = _states(subject), defaultdict[str, dict[str, str]](dict)
    for key, state in after.items():
        if state.status != before.get(key):
            choices[TOLD_AS[Status(state.status)]][f"{state.purpose.slug}:{state.channel}"] = state.status
    slugs = dict(Purpose.objects.filter(pk__in={key[0] for key in before}).values_list("pk", "slug"))
    # Of what a merge alone had answered nothing is left.
    for purpose, channel in before.keys() - after.keys():
        choices[TOLD_AS[Status.INVALIDATED]][f"{slugs[purpose]}:{channel}"] = Status.INVALIDATED.value
    for kind, told in sorted(choices.items()):
        data: dict[str, Any] = {"by": ORIGIN, "choices": told, "proof": proof}
        if kind == TOLD_AS[Status.WITHDRAWN]:
            data |= {"purposes": sorted({choice.partition(":")[0] for choice in told}), "hashes": []}
        record(kind=kind, at=now, actor=actor, subject=subject.uuid, data=data, test=subject.is_test)


def spread(kept: DataSubject, own: Container[bytes], both: Taken, *, entry: UUID, now: datetime) -> dict[str, Any]:
    """Whatever was said under an address of either stands under all of them: how many that added, and what it replaced.

    `own`: the hashes of the record that is kept. What it said keeps its day, for a later "yes" of its own answers that.
    So does what both have taken back. What else the other one said is said now, after every "yes" of this one.
    """
    if kept.is_test:
        return {"carried": 0}
    claims = suppression.claims_of(kept)
    under = {claim: set(suppression.hashes_of([claim])) for claim in claims}
    standing = suppression.own(value for values in under.values() for value in values).filter(lifted_at=None)
    noes, added = _spread_noes(list(standing.order_by("since")), under, own, both, entry=entry, now=now)
    pauses, begun = _spread_pauses(pausing.standing(claims, now=now), under, own, both, entry=entry, now=now)
    return {"noes": noes, "pauses": pauses, "carried": added + begun}


def _spread_noes(
    noes: list[Suppression], under: Under, own: Container[bytes], both: Taken, *, entry: UUID, now: datetime
) -> tuple[list[Row], int]:
    before, added = [], 0
    for key, row in {(one.purpose_id, one.channel): one for one in noes}.items():
        same = [one for one in noes if (one.purpose_id, one.channel) == key]
        since = row.since if all(bytes(one.hash) in own or both.back(one) for one in same) else now
        there = {bytes(one.hash) for one in same if one.since >= since}
        behind = [suppression.hash_of(claim) for claim, values in under.items() if not values & there]
        before += [_stood(one, "since", "reason", "entry") for one in same if one.since < since]
        purposes, reason = [row.purpose], row.reason
        suppression.add(behind, purposes=purposes, channel=row.channel, reason=reason, entry=entry, now=since)
        added += len(behind)
    return before, added


def _spread_pauses(
    pauses: list[Pause], under: Under, own: Container[bytes], both: Taken, *, entry: UUID, now: datetime
) -> tuple[list[Row], int]:
    before, added = [], 0
    for purpose, longest in {one.purpose_id: one for one in pauses}.items():
        same = [one for one in pauses if one.purpose_id == purpose]
        since = longest.since if all(bytes(one.hash) in own or both.back(one) for one in same) else now
        known = {bytes(one.hash) for one in same}
        missing = [suppression.hash_of(claim) for claim, values in under.items() if not values & known]
        before += [_stood(one, "since", "until", "entry") for one in same]
        Pause.objects.filter(pk__in=[one.pk for one in same]).update(since=since, until=longest.until, entry=entry)
        pausing.store(missing, [longest.purpose], since=since, until=longest.until, entry=entry)
        added += len(missing)
    return before, added


def _stood(row: Suppression | Pause, *names: str) -> Row:
    return {"uuid": str(row.uuid), **{name: str(getattr(row, name)) for name in names}}


def unspread(before: Mapping[str, Any], *, entry: UUID) -> int:
    """Take back what `spread` did under this entry, where nothing was said since; returns how many that was."""
    noes = Suppression.objects.filter(entry=entry, lifted_at=None)
    pauses = Pause.objects.filter(entry=entry)
    count = noes.count() + pauses.count()
    stood = {row["uuid"]: row for row in before.get("noes", [])}
    # One to a single channel first: of one to every channel that a "yes" has lifted since, what is left on the others
    # is theirs as well (consents/capture_sql.py).
    for was in Suppression.objects.filter(uuid__in=stood).order_by("-channel"):
        left = noes.filter(hash=was.hash, purpose=was.purpose_id)
        if was.lifted_at is None or was.channel:
            left = left.filter(channel=was.channel)
        row = stood[str(was.uuid)]
        left.update(since=row["since"], reason=row["reason"], entry=row["entry"])
    for row in before.get("pauses", []):
        pauses.filter(uuid=row["uuid"]).update(**row)
    noes.delete()
    pauses.delete()
    return count


def _states(subject: DataSubject) -> dict[Key, ConsentState]:
    rows = ConsentState.objects.filter(subject=subject.uuid).select_related("purpose")
    return {(row.purpose_id, row.channel): row for row in rows}


def _no(kept: DataSubject, states: list[ConsentState], *, entry: UUID, now: datetime, actor: str) -> ConsentEvent:
    status = next((state.status for state in states if state.status in NO), Status.WITHDRAWN.value)
    return _event(kept, states[0].purpose.uuid, states[0].channel, status, entry=entry, now=now, actor=actor)


def _again(kept: DataSubject, state: ConsentState, *, entry: UUID, now: datetime, actor: str) -> ConsentEvent:
    """The same answer with its date, its form and its proof, which shares the key of the first."""
    said = ConsentEvent.objects.get(uuid=state.event)
    event = _event(kept, state.purpose.uuid, state.channel, state.status, entry=entry, now=now, actor=actor)
    event.effective_at, event.valid_until = state.effective_at, state.valid_until
    event.consent, event.form_version, event.proof = said.consent, said.form_version, said.proof
    return event


def _event(
    kept: DataSubject,
    purpose: UUID,
    channel: str,
    status: str,
    *,
    consent: UUID | None = None,
    origin: str = ORIGIN,
    entry: UUID,
    now: datetime,
    actor: str,
) -> ConsentEvent:
    return ConsentEvent(
        consent=consent or uuid4(),
        subject=kept.uuid,
        purpose=purpose,
        channel=channel,
        status=status,
        effective_at=now,
        recorded_at=now,
        origin=origin,
        collected_by="staff",
        actor=actor,
        entry=entry,
    )


def forget(gone: UUID) -> None:
    """The states of a record that can no longer be parted. Its events and proofs are the person's, who is kept."""
    ConsentState.objects.filter(subject=gone).delete()
