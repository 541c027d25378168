"""Which choice stands when two records turn out to be one person: the strictest (UK GDPR Art 7(1): doubt is a "no").

Nothing is rewritten. What the person answered under the other record is answered again under the one that is kept, as
events of their own; a "no" on either side is repeated now, so that it comes after every "yes" of the other side. What
stands differently by it is told like any other change (ledger/kinds.py).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from consents import endings, projection, renewals, suppression
from consents.models import ConsentEvent, ConsentState, Status, Suppression
from consents.states import YES
from ledger.entries import record
from processing.models import Purpose
from subjects.models import DataSubject

NO = (Status.REFUSED, Status.WITHDRAWN)
ORIGIN = "merge"
Key = tuple[int, str]
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


def unite(kept: DataSubject, gone: DataSubject, *, entry: UUID, now: datetime, actor: str) -> list[dict[str, Any]]:
    """Bring the choices of `gone` to `kept`; returns how those of `kept` stood that change by it."""
    mine, theirs = _states(kept), _states(gone)
    touched = {purpose for purpose, _channel in theirs}
    both: dict[Key, list[ConsentState]] = {}
    for states in (mine, theirs):
        for key, state in states.items():
            if key[0] in touched:
                both.setdefault(key, []).append(state)
    refused = {key for key, answers in both.items() if any(state.status in NO for state in answers)}
    events, before = [], []
    copies: dict[UUID, UUID] = {}
    for key, answers in both.items():
        if key in refused or (key[0], "") in refused:
            events.append(_no(kept, answers, entry=entry, now=now, actor=actor))
        elif key in theirs and theirs[key].status in YES:
            events.append(_again(kept, theirs[key], entry=entry, now=now, actor=actor))
            copies[theirs[key].event] = events[-1].uuid
        else:
            continue
        before.append(_as_it_stood(mine.get(key), key))
    projection.append(events)
    renewals.carry(copies, kept.uuid)
    endings.note(kept.uuid, {key[0] for key in refused}, at=now)
    return [{**stood, "event": str(event.uuid)} for stood, event in zip(before, events, strict=True)]


def part(kept: DataSubject, before: Iterable[dict[str, Any]], *, entry: UUID, now: datetime, actor: str) -> int:
    """Let the choices of `kept` stand as before the merge, unless the person has chosen anew since."""
    purposes = {purpose.pk: purpose for purpose in Purpose.objects.filter(pk__in=[row["purpose"] for row in before])}
    standing = _states(kept)
    events = []
    for row in before:
        state = standing.get((row["purpose"], row["channel"]))
        if state is None or str(state.event) != row["event"] or row["purpose"] not in purposes:
            continue
        status = row["status"] or Status.INVALIDATED
        valid_until = datetime.fromisoformat(row["valid_until"]) if row["valid_until"] else None
        events.append(_event(kept, purposes[row["purpose"]], row["channel"], status, entry=entry, now=now, actor=actor))
        events[-1].valid_until = valid_until
    projection.append(events)
    return len(events)


def stands(subject: DataSubject) -> dict[Key, str]:
    """How each choice of a record stands."""
    return {key: state.status for key, state in _states(subject).items()}


def tell(subject: DataSubject, before: Mapping[Key, str], *, proof: UUID, now: datetime, actor: str) -> None:
    """What stands differently from `before`, for systems that hear of choices and of no merges. One entry a kind."""
    after, choices = _states(subject), defaultdict[str, dict[str, str]](dict)
    for key, state in after.items():
        if state.status != before.get(key):
            choices[TOLD_AS[Status(state.status)]][f"{state.purpose.slug}:{state.channel}"] = state.status
    for kind, told in sorted(choices.items()):
        data: dict[str, Any] = {"by": ORIGIN, "choices": told, "proof": proof}
        if kind == TOLD_AS[Status.WITHDRAWN]:
            data |= {"purposes": sorted({choice.partition(":")[0] for choice in told}), "hashes": []}
        record(kind=kind, at=now, actor=actor, subject=subject.uuid, data=data, test=subject.is_test)


def spread(kept: DataSubject, gone_hashes: list[bytes], *, entry: UUID, now: datetime) -> int:
    """A suppression of one address is one of all the person's addresses from now on; returns how many were added."""
    added = 0
    claims = suppression.claims_of(kept)
    known = suppression.hashes_of(claims)
    noes = Suppression.objects.filter(hash__in=[*known, *gone_hashes], lifted_at=None).select_related("purpose")
    current = [suppression.hash_of(claim) for claim in claims]
    for (_key, channel), row in {(row.purpose_id, row.channel): row for row in noes}.items():
        covered = {bytes(other.hash) for other in noes if (other.purpose_id, other.channel) == (_key, channel)}
        missing = [found for claim, found in zip(claims, current, strict=True) if not covered & _all(claim)]
        suppression.add(missing, purposes=[row.purpose], channel=channel, reason=row.reason, entry=entry, now=now)
        added += len(missing)
    return added


def unspread(entry: UUID) -> int:
    """Take back what `spread` added under this entry of the ledger."""
    removed, _rows = Suppression.objects.filter(entry=entry, lifted_at=None).delete()
    return removed


def _all(claim: Any) -> set[bytes]:
    return set(suppression.hashes_of([claim]))


def _states(subject: DataSubject) -> dict[Key, ConsentState]:
    rows = ConsentState.objects.filter(subject=subject.uuid).select_related("purpose")
    return {(row.purpose_id, row.channel): row for row in rows}


def _no(kept: DataSubject, states: list[ConsentState], *, entry: UUID, now: datetime, actor: str) -> ConsentEvent:
    status = next((state.status for state in states if state.status in NO), Status.WITHDRAWN.value)
    return _event(kept, states[0].purpose, states[0].channel, status, entry=entry, now=now, actor=actor)


def _again(kept: DataSubject, state: ConsentState, *, entry: UUID, now: datetime, actor: str) -> ConsentEvent:
    """The same answer with its date, its form and its proof, which shares the key of the first."""
    said = ConsentEvent.objects.get(uuid=state.event)
    event = _event(kept, state.purpose, state.channel, state.status, entry=entry, now=now, actor=actor)
    event.effective_at, event.valid_until = state.effective_at, state.valid_until
    event.consent, event.form_version, event.proof = said.consent, said.form_version, said.proof
    return event


def _event(
    kept: DataSubject, purpose: Purpose, channel: str, status: str, *, entry: UUID, now: datetime, actor: str
) -> ConsentEvent:
    return ConsentEvent(
        consent=uuid4(),
        subject=kept.uuid,
        purpose=purpose.uuid,
        channel=channel,
        status=status,
        effective_at=now,
        recorded_at=now,
        origin=ORIGIN,
        collected_by="staff",
        actor=actor,
        entry=entry,
    )


def _as_it_stood(state: ConsentState | None, key: Key) -> dict[str, Any]:
    return {
        "purpose": key[0],
        "channel": key[1],
        "status": state.status if state else "",
        "valid_until": state.valid_until.isoformat() if state and state.valid_until else "",
    }


def forget(gone: UUID) -> None:
    """The states of a record that can no longer be parted. Its events and proofs are the person's, who is kept."""
    ConsentState.objects.filter(subject=gone).delete()
