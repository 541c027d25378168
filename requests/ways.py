"""How each right is answered: what would be written now, and the act that carries it out and sends it.

One table. A right that is not in it is answered by hand, and its states are recorded by hand too.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, NotFound
from processing.models import Recipient
from requests import answer, objecting, porting, recipients, rectifying, restricting, reviewing, withdrawing
from requests.models import RecipientNotice, Right, RightsRequest

# Kind and content of the letter as it would go out now. Raises what stands in its way; changes nothing.
Draft = Callable[..., tuple[str, dict[str, Any]]]


class Release(Protocol):
    def __call__(
        self, rights_request: RightsRequest, *, actor: str, now: datetime, exception: str
    ) -> RightsRequest: ...


class Tells(Protocol):
    """Who received what is about to change, and is told of it (Art 19)."""

    def __call__(self, rights_request: RightsRequest, *, now: datetime) -> list[Recipient]: ...


class ByHand(DomainError):
    code = "answered-by-hand"
    message = _("This right is answered by hand: write to the person, then record the state.")


@dataclass(frozen=True)
class Way:
    draft: Draft
    release: Release
    tells: Tells | None = None
    action: RecipientNotice.Action | None = None


WAYS: dict[str, Way] = {
    Right.OBJECTION: Way(objecting.draft, objecting.release),
    Right.ACCESS: Way(answer.draft, answer.release_access),
    Right.ERASURE: Way(answer.draft, answer.execute_erasure, answer.recipients_to_tell, RecipientNotice.Action.ERASED),
    Right.PORTABILITY: Way(porting.draft, porting.release),
    Right.RECTIFICATION: Way(
        rectifying.draft, rectifying.release, rectifying.recipients_to_tell, RecipientNotice.Action.CORRECTED
    ),
    Right.RESTRICTION: Way(
        restricting.draft, restricting.release, restricting.recipients_to_tell, RecipientNotice.Action.RESTRICTED
    ),
    Right.ADM_REVIEW: Way(reviewing.draft, reviewing.release),
    Right.WITHDRAWAL: Way(withdrawing.draft, withdrawing.release),
}


def is_by_doing(rights_request: RightsRequest) -> bool:
    """Whether its answer is what was done, so that nobody may just record one."""
    return rights_request.right in WAYS


def draft(rights_request: RightsRequest, *, now: datetime) -> tuple[str, dict[str, Any]]:
    """The letter as it would go out now. Raises what stands in its way; changes nothing."""
    return _way(rights_request).draft(rights_request, now=now)


def release(rights_request: RightsRequest, *, actor: str, now: datetime, exception: str = "") -> RightsRequest:
    """Carry it out and send the answer. `exception` says why one person prepares and releases it.

    Releasing what has been released changes nothing.
    """
    return _way(rights_request).release(rights_request, actor=actor, now=now, exception=exception)


def others(rights_request: RightsRequest, *, now: datetime) -> list[recipients.Line]:
    """Who was told of it, or would be if it were carried out now (Art 19)."""
    way = WAYS.get(rights_request.right)
    expected = way.tells(rights_request, now=now) if way and way.tells else []
    return recipients.lines(rights_request, expected, way.action if way else None)


def other(rights_request: RightsRequest, slug: str, action: str = "", *, now: datetime) -> recipients.Line:
    """This recipient of the person's data, and what it is told of; any other is not there."""
    for line in others(rights_request, now=now):
        if line.recipient.slug == slug and action in ("", line.action.value):
            return line
    raise NotFound


def _way(rights_request: RightsRequest) -> Way:
    if rights_request.right not in WAYS:
        raise ByHand
    return WAYS[rights_request.right]
