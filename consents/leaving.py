"""What whoever is erased leaves of what they said, where they have something with others.

What they said under their own stays under what the others still have, or a mailbox that was stopped by the word of one
of them would be open once that one is forgotten. What was said there and reached them stays under their own as well.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from consents import suppression
from consents.carrying import CARRIED
from consents.models import ConsentEvent, Suppression
from consents.projection import stands
from consents.states import YES
from consents.suppression import BY_DELETION, Spread
from core.arrays import Among
from ledger.entries import record
from ledger.models import Entry
from subjects import people
from subjects.identifiers import Claim, reveal
from subjects.models import DataSubject, SubjectIdentifier

# Since when each person agrees to each purpose, by channel.
Agreed = Mapping[tuple[UUID, UUID], Mapping[str, datetime]]


class Known(NamedTuple):
    """Something that somebody is known by, with what was said there, also what was taken back."""

    identifier: UUID
    claim: Claim
    is_shared: bool
    said: Sequence[Suppression]

    @property
    def standing(self) -> list[Suppression]:
        return [no for no in self.said if no.lifted_at is None]


def leave(person_ids: Collection[int], *, now: datetime, actor: str) -> None:
    """Before these people are erased, inside that transaction. As many queries for thousands of them as for one.

    One entry of nobody tells of it: those who said it are gone, and whoever else is reached there may be many.
    """
    every = SubjectIdentifier.objects.filter(Among("subject", person_ids))
    # Whoever writes under something that several people have holds it. At once what the erasure holds later: in two
    # steps it would be no order.
    people.lock(list(every.values_list("identifier", flat=True)))
    theirs = _known(every.filter(subject__is_test=False))
    spoken = {who: [no for one in known if not one.is_shared for no in one.standing] for who, known in theirs.items()}
    own = _own({who: noes for who, noes in spoken.items() if noes})
    agreed = _agreed([who.uuid for who in own]) if own else {}
    found = [one for who, known in theirs.items() for one in _kept(who, known)]
    found += [one for who, noes in own.items() for one in _left(who, noes, theirs[who], agreed)]
    if found:
        suppression.spread(found, entry=record(kind=CARRIED, at=now, actor=actor), now=now)


def _known(links: QuerySet[SubjectIdentifier]) -> dict[DataSubject, list[Known]]:
    """What each of those who have something with others is known by."""
    sharing = links.filter(is_shared=True).values_list("subject", flat=True)
    theirs = defaultdict[DataSubject, list[SubjectIdentifier]](list)
    for link in links.filter(Among("subject", set(sharing))).select_related("identifier", "subject"):
        theirs[link.subject].append(link)
    rows = {link.identifier_id: link.identifier for mine in theirs.values() for link in mine}
    values = reveal(rows.values())
    claims = {pk: Claim(rows[pk].type, values[pk], rows[pk].system) for pk in values}
    said = suppression.said_under(claims)
    return {
        who: [
            Known(link.identifier.uuid, claims[pk], link.is_shared, said[pk])
            for link in mine
            if (pk := link.identifier_id) in claims
        ]
        for who, mine in theirs.items()
    }


def _kept(who: DataSubject, known: Sequence[Known]) -> list[Spread]:
    """What was said where others are, with what is theirs alone and has not heard of it."""
    reached = [one for there in known if there.is_shared for no in there.standing for one in _narrowed(no, there)]
    alone, whose = {one.claim: one.said for one in known if not one.is_shared}, suppression.whose(who)
    return [one._replace(whose=whose) for one in suppression.lacking(alone, reached)] if reached else []


def _own(spoken: Mapping[DataSubject, Sequence[Suppression]]) -> dict[DataSubject, list[Suppression]]:
    """What each of them said, and not what their deletion did."""
    entries = {no.entry for noes in spoken.values() for no in noes}
    bodies = Entry.objects.filter(Among("uuid", entries, "uuid")).values_list("uuid", "body") if entries else ()
    deleted = {entry for entry, body in bodies if json.loads(body)["data"].get("by") == BY_DELETION}
    own = {who: [no for no in noes if no.entry not in deleted] for who, noes in spoken.items()}
    return {who: noes for who, noes in own.items() if noes}


def _left(who: DataSubject, noes: Sequence[Suppression], known: Sequence[Known], agreed: Agreed) -> list[Spread]:
    """What they said under their own and had not taken back, with what they have with others where nobody says so.

    A "no" to all marketing is never taken back as a whole.
    """
    latest = {(no.purpose_id, no.channel): no for no in sorted(noes, key=lambda no: no.since)}.values()
    whose = suppression.whose(who, [there.identifier for there in known if there.is_shared])
    return [
        Spread(no, [suppression.hash_of(there.claim)], whose)
        for there in known
        if there.is_shared
        for whole in latest
        for no in _narrowed(whole, there)
        if not any(suppression.covers(other, no) for other in there.standing)
        if not _is_answered(no, agreed.get((who.uuid, no.purpose.uuid), {}) if no.purpose else {})
    ]


def _narrowed(no: Suppression, there: Known) -> list[Suppression]:
    return suppression.narrowed(no, there.claim.type)


def _is_answered(no: Suppression, agreed: Mapping[str, datetime]) -> bool:
    return any(at > no.since for channel, at in agreed.items() if channel in ("", no.channel))


def _agreed(who: Collection[UUID]) -> Agreed:
    """By an act of their own, as permission is asked (consents/permission_sql.py), before their deletion ended it."""
    events = ConsentEvent.objects.filter(Among("subject", who, "uuid")).exclude(collected_by=BY_DELETION)
    latest = {
        (event.subject, event.purpose, event.channel): event
        for event in sorted(events, key=lambda event: stands(event.status, event.effective_at, event.uuid))
    }
    found = defaultdict[tuple[UUID, UUID], dict[str, datetime]](dict)
    for (person, purpose, channel), event in latest.items():
        if event.status in YES and event.origin == "direct" and event.collected_by != "import":
            found[person, purpose][channel] = event.effective_at
    return found
