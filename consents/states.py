"""Where a person stands: the states that the events add up to, read for people and for other apps."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from consents.models import ConsentState, Status
from processing.models import PurposeVersion
from subjects.models import DataSubject

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
    """Each purpose and channel once. An answer about every channel (empty) covers the older ones about a single one."""
    states = list(ConsentState.objects.filter(subject=subject.uuid).select_related("purpose"))
    titles = _titles({state.purpose_id for state in states})
    general = {state.purpose_id: state for state in states if not state.channel}
    with_channel = {state.purpose_id for state in states if state.channel}
    standings = []
    for state in states:
        if not state.channel and state.purpose_id in with_channel:
            continue
        stands = max(state, general.get(state.purpose_id, state), key=order)
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


def _titles(purposes: set[int]) -> dict[int, str]:
    versions = PurposeVersion.objects.filter(purpose__in=purposes).order_by("number")
    return dict(versions.values_list("purpose_id", "title"))
