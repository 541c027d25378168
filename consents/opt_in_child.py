"""What a child has answered for themself, against the button of whoever calls themself their parent or guardian.

Anybody can name a mailbox of their own as the parent's, and a grown-up as the child. So where nobody has proved who
sent an answer, their button alone changes nothing that the person has said: it takes the one in the child's own mailbox
as well. What a parent agreed to and ended is their own word, and they may begin it again.
"""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext_lazy

from consents import coming_of_age, parents
from consents.answers import Answer
from consents.models import ConsentEvent, PendingConsent, Status
from consents.states import YES
from consents.unproven import is_refused, meet, unproven_entries
from core.errors import DomainError
from subjects.models import DataSubject


class NoStands(DomainError):
    """What the child has answered, which a parent's button alone does not change. Nothing has begun."""

    code = "no-stands"
    message = gettext_lazy("The child has answered this themself. It does not begin by this link.")

    def __init__(self, *, is_later: bool, by_parent: bool = False) -> None:
        """`is_later`: a "no" that was said after the form was filled in, or `by_parent` after they had agreed. If not,
        no mail reaches the child, who would have to agree.
        """
        super().__init__()
        self.is_later, self.by_parent = is_later, by_parent


def said_no_since(pending: PendingConsent, answer: Answer, person: DataSubject | None, *, now: datetime) -> bool:
    """Whether there is a "no" that the parent who presses has not heard of. The child's own button answers what was
    said before it.
    """
    since = pending.own_at or pending.requested_at
    return is_refused(answer, person, now=now, since=since, but=_ended_by_them(answer, person))


def is_ended_by_parent(pending: PendingConsent, answer: Answer, person: DataSubject | None) -> bool:
    """Whether the parent has ended any of this since they pressed their button. The child who is last does not know."""
    if pending.parent_at is None:
        return False
    said = ConsentEvent.objects.filter(entry__in=_ended_by_them(answer, person), effective_at__gt=pending.parent_at)
    ended = list(said.values_list("purpose", "channel"))
    return any(
        answer.choices[control["key"]]
        and any(
            answer.shown.purposes[control["purpose"]].uuid == purpose and meet(channel, control["channel"])
            for purpose, channel in ended
        )
        for control in answer.shown.controls
    )


def must_agree(pending: PendingConsent, answer: Answer, person: DataSubject | None, *, now: datetime) -> bool:
    """Whether the child has to agree as well: they have said no to this, or agreed to anything without a parent."""
    if answer.is_test or not unproven_entries([pending.entry]):
        return False
    if person and coming_of_age.has_answered_alone(person.uuid, now=now):
        return True
    return is_refused(answer, person, now=now, but=_ended_by_them(answer, person))


def ended_by_parents(person: DataSubject | None, address: str = "") -> set[UUID]:
    """Withdrawals, by their ledger entries, that a parent said; with an address, of what was agreed to there."""
    if person is None:
        return set()
    said = ConsentEvent.objects.filter(subject=person.uuid, status__in=(*YES, Status.WITHDRAWN))
    events = list(said.order_by("effective_at", "id"))
    ended = parents.ended(event.entry for event in events if event.status == Status.WITHDRAWN)
    if not ended or not address:
        return ended
    given = coming_of_age.by_parents([event.uuid for event in events if event.status in YES])
    last: dict[tuple[UUID, str], str] = {}
    theirs: dict[UUID, bool] = {}
    for event in events:
        about = (event.purpose, event.channel)
        if event.status in YES:
            last[about] = given[event.uuid].address if event.uuid in given else ""
        elif event.entry in ended and about in last:
            theirs[event.entry] = theirs.get(event.entry, True) and last[about] == address
    return {entry for entry, is_theirs in theirs.items() if is_theirs}


def _ended_by_them(answer: Answer, person: DataSubject | None) -> set[UUID]:
    """What the parent of this answer had agreed to and ended themself."""
    claim = answer.guardian.claim if answer.guardian else None
    return ended_by_parents(person, claim.normalised) if claim else set()
