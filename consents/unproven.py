"""A "yes" of somebody who has not shown that the address is theirs: a key for browsers, our page, a plain form post.

It counts at once, except against a "no" that the person is known to have said: through their own mailbox, by a system
that answers for it, or to our staff. Otherwise one call with an address would take back what its owner stopped (UK GDPR
Art 21(3)). Such a "yes" waits as with double opt-in, unseen by whoever sent it (consents/unseen.py). A pause that they
asked for is a "no" until it is over, because a "yes" would end it.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models import Q, Value

from consents.answers import Answer
from consents.models import ConsentEvent, ConsentState, Pause, Status, Suppression
from consents.states import YES, order
from consents.suppression import OBJECTION, REACHES, WITHDRAWAL, hashes_of, known_by
from ledger.models import Entry
from processing.models import Purpose, PurposeVersion
from subjects.identifiers import Claim
from subjects.models import DataSubject

ONE_CLICK = "one_click"
# Not the register of PECR reg 26, which is no word of the person to us.
OWN = (OBJECTION, WITHDRAWAL, ONE_CLICK)
ANSWERS = (*YES, Status.REFUSED, Status.WITHDRAWN)
# As consents/permission_sql.py has it.
BY_THEM = Q(origin="direct") & ~Q(collected_by="import")


class No(NamedTuple):
    """Said under an address of theirs: against a purpose (None: all marketing) on a channel (empty: every one)."""

    purpose: int | None
    channel: str
    since: datetime
    entry: UUID


def is_refused(
    answer: Answer,
    subject: DataSubject | None,
    *,
    now: datetime,
    since: datetime | None = None,
    but: Collection[UUID] = (),
) -> bool:
    """Whether a "no" of the person stands against anything that this answer agrees to."""
    return bool(refused(answer, subject, now=now, since=since, but=but))


def refused(
    answer: Answer,
    subject: DataSubject | None,
    *,
    now: datetime,
    since: datetime | None = None,
    but: Collection[UUID] = (),
) -> list[str]:
    """The controls agreed to against which a "no" of the person stands.

    `since`: only what was said after it counts, and of that also what nobody proved.
    `but`: what these ledger entries say is none.
    """
    asked = {
        control["key"]: (answer.shown.purposes[control["purpose"]], control["channel"])
        for control in answer.shown.controls
        if answer.choices[control["key"]]
    }
    keys = [purpose.pk for purpose, _channel in asked.values()]
    chosen = ConsentState.objects.filter(subject=subject.uuid) if subject else ConsentState.objects.none()
    chosen = chosen.filter(purpose__in=keys)
    noes = [no for no in _noes(answer, subject, keys, now=now) if no.entry not in but]
    states = [state for state in chosen if state.entry not in but]
    if since:
        noes = [no for no in noes if no.since > since]
        states = [state for state in states if state.effective_at > since]
    marketing = _marketing(keys) if noes else set()
    return [
        key
        for key, (purpose, channel) in asked.items()
        if _stands(
            [one for one in noes if _is_about(one, purpose, channel, marketing)],
            [one for one in states if one.purpose_id == purpose.pk and meet(one.channel, channel)],
            proven_only=since is None,
        )
    ]


def theirs(answer: Answer, subject: DataSubject | None) -> dict[Claim, tuple[str, ...]]:
    """What a "no" may have been said under that stands against this answer, and on which channels (empty: any).

    A "yes" reaches the whole person. What others have too speaks where it reaches them.
    """
    others = known_by(subject, beside=answer.claims) if subject else []
    own = dict.fromkeys(answer.claims, ("",))
    return own | {claim: REACHES.get(claim.type, ()) if is_shared else ("",) for claim, is_shared in others}


def _noes(answer: Answer, subject: DataSubject | None, purposes: Sequence[int], *, now: datetime) -> list[No]:
    speaks = {value: channels for claim, channels in theirs(answer, subject).items() for value in hashes_of([claim])}
    about = Q(Q(purpose__in=purposes) | Q(purpose=None), hash__in=list(speaks))
    said = Suppression.objects.filter(about, lifted_at=None, reason__in=OWN)
    paused = Pause.objects.filter(about, ended_at=None, until__gt=now).annotate(channel=Value(""))
    return [
        No(purpose, only or channel, since, entry)
        for rows in (said, paused)
        for value, purpose, channel, since, entry in rows.values_list("hash", "purpose", "channel", "since", "entry")
        for only in speaks[bytes(value)]
        if meet(only, channel)
    ]


def unproven_entries(entries: Iterable[UUID]) -> set[UUID]:
    """Which of these entries are of answers that nobody proved."""
    bodies = Entry.objects.filter(uuid__in=entries).values_list("uuid", "body")
    return {entry for entry, body in bodies if json.loads(body)["data"].get("unproven")}


def _marketing(keys: Sequence[int]) -> set[int]:
    """Those of these purposes that are direct marketing, as their latest versions say."""
    versions = PurposeVersion.objects.filter(purpose__in=keys).order_by("number")
    return {key for key, is_so in dict(versions.values_list("purpose_id", "direct_marketing")).items() if is_so}


def _is_about(no: No, purpose: Purpose, channel: str, marketing: set[int]) -> bool:
    named = purpose.pk in marketing if no.purpose is None else no.purpose == purpose.pk
    return named and meet(no.channel, channel)


def meet(one: str, other: str) -> bool:
    """Without a channel it is about every one."""
    return not one or not other or one == other


def _stands(noes: Sequence[No], states: Sequence[ConsentState], *, proven_only: bool) -> bool:
    choice = max(states, key=order, default=None)
    if choice is None:
        return bool(noes)
    if choice.status == Status.WITHDRAWN:
        return True
    if choice.status == Status.REFUSED and (not proven_only or _is_proven(choice)):
        return True
    # As the verdict has it (consents/verdicts.py): only a later "yes" of their own answers a "no".
    later = [no for no in noes if choice.status not in YES or choice.effective_at <= no.since]
    return bool(later) or (bool(noes) and not _is_own(choice))


def _is_proven(choice: ConsentState) -> bool:
    """A refusal that nobody proved either is no better than the "yes" that comes after it; nor does it hide one that
    somebody did prove, or a stranger would say first no and then yes.
    """
    said = ConsentEvent.objects.filter(subject=choice.subject, purpose=choice.purpose.uuid, status__in=ANSWERS)
    if choice.channel:
        said = said.filter(channel__in=["", choice.channel])
    own = list(said.filter(BY_THEM | ~Q(status__in=YES)).order_by("-effective_at", "-id"))
    unproven = unproven_entries(event.entry for event in own)
    proven_or_yes = (event for event in own if event.status in YES or event.entry not in unproven)
    last = next(proven_or_yes, None)
    return last is not None and last.status not in YES


def _is_own(choice: ConsentState) -> bool:
    return ConsentEvent.objects.filter(BY_THEM, uuid=choice.event).exists()
