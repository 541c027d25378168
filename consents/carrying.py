"""What somebody said under one address stands under everything that is theirs alone.

A "no" and a pause are kept under what they were said with (consents/suppression.py). Whoever comes to be known by one
more would else be written to under that, and anybody could say "yes" for them there. Each keeps its own day, so a later
"yes" of theirs answers it as before. What several people share is not carried: each of them is judged by what was said
there as well, and it by what each of them said (consents/permission_sql.py), whoever comes to share it.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from consents import pausing, suppression
from consents.models import Pause, Suppression
from core.arrays import Among
from ledger.entries import record
from subjects import people
from subjects.identifiers import Claim
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


def _spread(
    subject: DataSubject,
    noes: Sequence[suppression.Spread],
    pauses: Sequence[tuple[Pause, list[suppression.Hash]]],
    *,
    now: datetime,
    actor: str,
) -> None:
    if not noes and not pauses:
        return
    entry, whose = record(kind=CARRIED, at=now, actor=actor, subject=subject.uuid), suppression.whose(subject)
    suppression.spread([no._replace(whose=whose) for no in noes], entry=entry, now=now)
    for pause, missing in pauses:
        pausing.spread(pause, missing, entry=entry, now=now, whose=whose)


def carry(old: Claim, new: Claim, *, entry: UUID, now: datetime) -> None:
    """Every "no" and pause under the old address or number is one under the corrected one, since the same day.

    Of a "no" where others still have the old one, only what reached this person there.
    """
    is_others = people.is_known(old)
    said = suppression.standing_under({old: old})[old]
    noes = [one for no in said for one in (suppression.narrowed(no, old.type) if is_others else [no])]
    under = [suppression.hash_of(new)]
    suppression.spread([suppression.Spread(no, under) for no in noes], entry=entry, now=now)
    there = {pause.purpose_id for pause in pausing.standing([new], now=now)}
    for pause in pausing.standing([old], now=now):
        if pause.purpose_id not in there:
            pausing.spread(pause, under, entry=entry, now=now)
