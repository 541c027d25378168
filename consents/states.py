"""Where a person stands: the states that the events add up to, read for people and for other apps."""

from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from consents.models import ConsentState, Status
from processing.models import Channel, PurposeVersion
from subjects.models import DataSubject

# A purpose and a channel (empty: every one).
Key = tuple[str, str]
YES = (Status.GIVEN, Status.RENEWED)
# No answer of the person: none of them displaces one.
UNANSWERED = (Status.REQUESTED, Status.DEFERRED, Status.UNKNOWN)


@dataclass(frozen=True)
class Standing:
    """One choice as it stands, in the person's words."""

    purpose: str
    title: str
    channel: str
    status: str
    since: datetime
    valid_until: datetime | None
    event: UUID
    entry: UUID

    def is_valid(self, now: datetime) -> bool:
        return self.status in YES and (self.valid_until is None or now < self.valid_until)


def order(state: ConsentState) -> tuple[bool, datetime, int, UUID]:
    """Which of two answers stands: the later one; at the same instant a "no" wins, then the id decides.

    Being asked again, putting it off, or being named by somebody else never displaces an answer.
    consents/projection.py says it in SQL.
    """
    return state.status not in UNANSWERED, state.effective_at, rank(state.status), state.event


def rank(status: str) -> int:
    if status in UNANSWERED:
        return 0
    return 1 if status in YES else 2


def states_of(subject: DataSubject) -> list[Standing]:
    """Each purpose and channel once. An answer about every channel (empty) covers the older ones about a single one. A
    "yes" of that kind is there in their place, and beside the later ones, for it goes on on the others.
    """
    states = list(ConsentState.objects.filter(subject=subject.uuid).select_related("purpose"))
    titles = _titles({state.purpose_id for state in states})
    general = {state.purpose_id: state for state in states if not state.channel}
    with_channel = {state.purpose_id for state in states if state.channel}
    standings = []
    for state in states:
        every = general.get(state.purpose_id, state)
        stands = max(state, every, key=order)
        is_beside = not state.channel and state.purpose_id in with_channel
        is_told_by_others = stands is not state if every.status in YES else is_beside
        if is_told_by_others:
            continue
        slug = state.purpose.slug
        standings.append(
            Standing(
                purpose=slug,
                title=titles.get(state.purpose_id, slug),
                channel=state.channel,
                status=stands.status,
                since=stands.effective_at,
                valid_until=stands.valid_until,
                event=stands.event,
                entry=stands.entry,
            )
        )
    return sorted(standings, key=lambda standing: (standing.purpose, standing.channel))


def going_on(states: Sequence[Standing], stopped: Set[Key] = frozenset(), *, now: datetime) -> dict[Key, Standing]:
    """The consents that stand and are not `stopped`. One to every channel is one to each that is left, once any of them
    was answered apart or is stopped: else nobody could end what goes on and leave the rest.
    """
    given = {(one.purpose, one.channel): one for one in states if one.is_valid(now)}
    apart = {(one.purpose, one.channel) for one in states if one.channel} | stopped
    for general in [one for one in given.values() if not one.channel]:
        each = {(general.purpose, channel): replace(general, channel=channel) for channel in Channel.values}
        if not apart.isdisjoint(each):
            del given[general.purpose, ""]
            given |= {key: one for key, one in each.items() if key not in apart}
    return {key: one for key, one in given.items() if key not in stopped}


def _titles(purposes: set[int]) -> dict[int, str]:
    versions = PurposeVersion.objects.filter(purpose__in=purposes).order_by("number")
    return dict(versions.values_list("purpose_id", "title"))
