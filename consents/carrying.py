"""What somebody said under one address stands under everything that is theirs alone.

A "no" and a pause are kept under what they were said with (consents/suppression.py). Whoever comes to be known by one
more would else be written to under that, and anybody could say "yes" for them there. Each keeps its own day, so a later
"yes" of theirs answers it as before. What several people share is not carried: each of them is judged by what was said
there as well, and it by what each of them said (consents/permission_sql.py), whoever comes to share it.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from consents import pausing, suppression
from consents.models import Pause, Suppression
from core.arrays import Among
from ledger.entries import record
from subjects import people
from subjects.identifiers import Claim, reveal
from subjects.models import DataSubject, SubjectIdentifier

CARRIED = "suppression.carried"


def together(subject: DataSubject, claims: Sequence[Claim] | None = None, *, now: datetime, actor: str) -> None:
    """Let whatever stands under one identifier of this person stand under each, inside the caller's transaction.

    `claims`: all that are theirs alone, where the caller knows them. A test person says nothing for anybody.
    """
    if subject.is_test:
        return
    theirs = suppression.claims_of(subject) if claims is None else claims
    _spread(subject, suppression.gaps(theirs), pausing.gaps(theirs, now=now), now=now, actor=actor)


def keep(person_ids: Collection[int], *, now: datetime, actor: str) -> None:
    """Before these people part from what others have too: what was said there and reaches them stays under their own.

    A pause does not: it stays where it was asked for, and ends by itself.
    """
    links = SubjectIdentifier.objects.filter(Among("subject", person_ids), is_shared=True)
    links = links.filter(subject__is_test=False).select_related("identifier", "subject").order_by("subject")
    shared = {link.identifier_id: link.identifier for link in links}
    said = suppression.reaching(shared.values()) if shared else {}
    reached: dict[DataSubject, list[Suppression]] = {}
    for link in links:
        reached.setdefault(link.subject, []).extend(said.get(link.identifier_id, ()))
    for subject, noes in reached.items():
        if noes:
            _spread(subject, suppression.gaps(suppression.claims_of(subject), noes), [], now=now, actor=actor)


def leave(person_ids: Collection[int], *, now: datetime, actor: str) -> None:
    """Before these people are erased: what they said stays under what others have too, where it reaches those.

    Else a mailbox that was stopped by the word of one of them would be open once that one is forgotten. What was said
    there stays under their own as well (`keep`).
    """
    every = SubjectIdentifier.objects.filter(Among("subject", person_ids))
    # Whoever writes under something that several people have holds it. At once what the erasure holds later: in two
    # steps it would be no order.
    people.lock(list(every.values_list("identifier", flat=True)))
    every = every.filter(subject__is_test=False)
    sharing = set(every.filter(is_shared=True).values_list("subject", flat=True))
    links = every.filter(Among("subject", sharing)).order_by("subject", "identifier")
    theirs: dict[DataSubject, list[SubjectIdentifier]] = {}
    for link in links.select_related("identifier", "subject"):
        theirs.setdefault(link.subject, []).append(link)
    rows = {link.identifier_id: link.identifier for mine in theirs.values() for link in mine}
    values = reveal(rows.values())
    claims = {pk: Claim(rows[pk].type, values[pk], rows[pk].system) for pk in values}
    noes = suppression.standing_under(claims)
    keep(sharing, now=now, actor=actor)
    for subject, mine in theirs.items():
        shared = [link.identifier.uuid for link in mine if link.is_shared]
        _spread(subject, _left(mine, claims, noes), [], now=now, actor=actor, shared=shared)


def _left(
    mine: Sequence[SubjectIdentifier], claims: Mapping[int, Claim], noes: Mapping[int, Sequence[Suppression]]
) -> list[tuple[Suppression, list[suppression.Hash]]]:
    """What somebody said under what is theirs alone, with what they have with others where nobody says so."""
    spoken = [no for link in mine if not link.is_shared for no in noes.get(link.identifier_id, ())]
    latest = {(no.purpose_id, no.channel): no for no in sorted(spoken, key=lambda no: (no.since, -no.pk))}
    found: dict[tuple[int | None, str, datetime], tuple[Suppression, list[suppression.Hash]]] = {}
    for link in mine:
        if not link.is_shared or link.identifier_id not in claims:
            continue
        claim, there = claims[link.identifier_id], noes.get(link.identifier_id, ())
        for no in (one for whole in latest.values() for one in suppression.narrowed(whole, claim.type)):
            if not any(suppression.covers(other, no) for other in there):
                missing = found.setdefault((no.purpose_id, no.channel, no.since), (no, []))[1]
                missing.append(suppression.hash_of(claim))
    return list(found.values())


def _spread(
    subject: DataSubject,
    noes: Sequence[tuple[Suppression, list[suppression.Hash]]],
    pauses: Sequence[tuple[Pause, list[suppression.Hash]]],
    *,
    now: datetime,
    actor: str,
    shared: Sequence[UUID] = (),
) -> None:
    if not noes and not pauses:
        return
    entry, whose = record(kind=CARRIED, at=now, actor=actor, subject=subject.uuid), suppression.whose(subject, shared)
    for no, missing in noes:
        suppression.spread(no, missing, entry=entry, now=now, whose=whose)
    for pause, missing in pauses:
        pausing.spread(pause, missing, entry=entry, now=now, whose=whose)


def carry(old: Claim, new: Claim, *, entry: UUID, now: datetime) -> None:
    """Every "no" and pause under the old address or number is one under the corrected one, since the same day.

    Of a "no" where others still have the old one, only what reached this person there.
    """
    is_others = people.is_known(old)
    for said in suppression.own(suppression.hashes_of([old])).filter(lifted_at=None):
        for no in suppression.narrowed(said, old.type) if is_others else [said]:
            suppression.spread(no, [suppression.hash_of(new)], entry=entry, now=now)
    there = {pause.purpose_id for pause in pausing.standing([new], now=now)}
    for pause in pausing.standing([old], now=now):
        if pause.purpose_id not in there:
            pausing.spread(pause, [suppression.hash_of(new)], entry=entry, now=now)
