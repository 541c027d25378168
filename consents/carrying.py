"""What somebody said under one address stands under everything that is theirs alone.

A "no" and a pause are kept under what they were said with (consents/suppression.py). Whoever comes to be known by one
more would else be written to under that, and anybody could say "yes" for them there. Each keeps its own day, so a later
"yes" of theirs answers it as before. What several people share is not carried: each of them is judged by what was said
there as well, and it by what each of them said (consents/permission_sql.py), whoever comes to share it.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from consents import pausing, suppression
from consents.models import Pause, Suppression
from core.arrays import Among
from ledger.entries import record
from ledger.models import Entry
from processing.models import PurposeVersion, Status
from subjects import one_person, people
from subjects.identifiers import Claim, reveal
from subjects.models import DataSubject, SubjectIdentifier

CARRIED = "suppression.carried"


def together(
    subject: DataSubject,
    claims: Sequence[Claim] | None = None,
    *,
    were_shared: Collection[int] = (),
    now: datetime,
    actor: str,
) -> None:
    """Let whatever stands under one identifier of this person stand under each, inside the caller's transaction.

    `claims`: all that are theirs alone, where the caller knows them. `were_shared`: which of these others had as well
    until now; of what was said there only what reached this person is theirs. A test person says nothing for anybody.
    """
    if subject.is_test:
        return
    alone = SubjectIdentifier.objects.filter(subject=subject, identifier__in=were_shared, is_shared=False)
    once = _keep(alone, now=now, actor=actor)
    known = suppression.known_by(subject) if claims is None else [(claim, False) for claim in claims]
    theirs = [claim for claim, is_shared in known if not is_shared]
    words: list[Suppression] = []
    pauses: list[Pause] | None = None
    # What they said themself where others are as well, when they had nothing else, is theirs as a whole.
    if mailboxes := [claim for claim, is_shared in known if is_shared or claim in once]:
        noes = [no for said in suppression.standing_under({one: one for one in mailboxes}).values() for no in said]
        there = pausing.standing(mailboxes, now=now)
        speakers = _speakers([*noes, *there])
        words = [no for no in noes if _is_word(no, subject, speakers)]
        pauses = [one for one in pausing.standing(theirs, now=now) if one not in there]
        pauses += [one for one in there if _is_word(one, subject, speakers)]
    _spread(subject, suppression.gaps(theirs, words), pausing.gaps(theirs, pauses, now=now), now=now, actor=actor)


def alone(person_ids: Collection[int], *, were_shared: Collection[int], now: datetime, actor: str) -> None:
    """The same of many who have something alone now. Most of them said nothing: that is asked of all at once."""
    links = SubjectIdentifier.objects.filter(Among("subject", person_ids), subject__is_test=False)
    links = links.select_related("identifier", "subject").order_by("subject")
    rows = {link.identifier_id: link.identifier for link in links}
    values = reveal(rows.values())
    claims = {pk: Claim(rows[pk].type, values[pk], rows[pk].system) for pk in values}
    said = {pk for pk, noes in suppression.standing_under(claims).items() if noes}
    paused = {bytes(pause.hash) for pause in pausing.standing(claims.values(), now=now)}
    said |= (
        {pk for pk, claim in claims.items() if paused.intersection(suppression.hashes_of([claim]))} if paused else set()
    )
    for subject in dict.fromkeys(link.subject for link in links if link.identifier_id in said):
        together(subject, were_shared=were_shared, now=now, actor=actor)


def keep(person_ids: Collection[int], *, now: datetime, actor: str) -> None:
    """Before these people part from what others have too: what was said there and reaches them stays under their own.

    A pause does not: it stays where it was asked for, and ends by itself.
    """
    _keep(SubjectIdentifier.objects.filter(Among("subject", person_ids), is_shared=True), now=now, actor=actor)


def _keep(found: QuerySet[SubjectIdentifier], *, now: datetime, actor: str) -> set[Claim]:
    """Of what was said under these and reaches whom they are of, what is kept under the rest of theirs; the claims."""
    links = list(found.filter(subject__is_test=False).select_related("identifier", "subject").order_by("subject"))
    if not links:
        return set()
    rows = {link.identifier_id: link.identifier for link in links}
    values = reveal(rows.values())
    claims = {pk: Claim(rows[pk].type, values[pk], rows[pk].system) for pk in values}
    said = suppression.standing_under(claims)
    speakers = _speakers([no for noes in said.values() for no in noes])
    reached: dict[DataSubject, list[Suppression]] = {}
    for link in links:
        for no in said.get(link.identifier_id, ()):
            whole = _is_word(no, link.subject, speakers)
            theirs = [no] if whole else suppression.narrowed(no, link.identifier.type)
            reached.setdefault(link.subject, []).extend(theirs)
    for subject, noes in reached.items():
        rest = [claim for claim in suppression.claims_of(subject) if claim not in claims.values()]
        _spread(subject, suppression.gaps(rest, noes), [], now=now, actor=actor)
    return set(claims.values())


def _speakers(said: Sequence[Suppression | Pause]) -> dict[UUID, UUID]:
    """Whose word each of these is, by the entry that proves it; of what names nobody, nothing."""
    proofs = {one.entry for one in said}
    entries = Entry.objects.filter(uuid__in=proofs, subject__isnull=False) if proofs else Entry.objects.none()
    return dict(entries.values_list("uuid", "subject"))


def _is_word(one: Suppression | Pause, subject: DataSubject, speakers: Mapping[UUID, UUID]) -> bool:
    return one.entry in speakers and speakers[one.entry] in one_person.ids_of([subject.uuid])


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


def fall_back(subject: DataSubject, old: Claim, *, now: datetime, actor: str) -> None:
    """After the last thing that was theirs alone is taken off somebody: what was said there is kept under all that they
    have with others, for it would stand nowhere else. Of what is no marketing their own choice stands.
    """
    if subject.is_test or suppression.claims_of(subject):
        return
    claims = suppression.reached_by(subject)
    left = [suppression.hash_of(claim) for claim in claims]
    live = PurposeVersion.objects.filter(status=Status.LIVE, direct_marketing=True)
    marketing = {None, *live.values_list("purpose", flat=True)}
    noes = [no for no in suppression.standing_under({old: old})[old] if no.purpose_id in marketing]
    pauses = pausing.gaps(claims, pausing.standing([old], now=now), now=now)
    _spread(subject, [suppression.Spread(no, left) for no in noes], pauses, now=now, actor=actor)


def carry(old: Claim, new: Claim, *, entry: UUID, now: datetime) -> None:
    """Every "no" and pause under the old address or number is one under the corrected one, since the same day.

    Of a "no" where others still have the old one, only what reached this person there; a pause stays there (`keep`).
    """
    is_others = people.is_known(old)
    said = suppression.standing_under({old: old})[old]
    noes = [one for no in said for one in (suppression.narrowed(no, old.type) if is_others else [no])]
    under = [suppression.hash_of(new)]
    suppression.spread([suppression.Spread(no, under) for no in noes], entry=entry, now=now)
    there = {pause.purpose_id for pause in pausing.standing([new], now=now)}
    for pause in [] if is_others else pausing.standing([old], now=now):
        if pause.purpose_id not in there:
            pausing.spread(pause, under, entry=entry, now=now)
