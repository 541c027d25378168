"""How each right is answered: what would be written now, and the act that carries it out and sends it.

One table. A right that is not in it is answered by hand, and its states are recorded by hand too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError
from requests import answer, withdrawing
from requests.models import Right, RightsRequest

# Kind and content of the letter as it would go out now. Raises what stands in its way; changes nothing.
Draft = Callable[..., tuple[str, dict[str, Any]]]


class Release(Protocol):
    def __call__(
        self, rights_request: RightsRequest, *, actor: str, now: datetime, told: Sequence[str], exception: str
    ) -> RightsRequest: ...


class ByHand(DomainError):
    code = "answered-by-hand"
    message = _("This right is answered by hand: write to the person, then record the state.")


@dataclass(frozen=True)
class Way:
    draft: Draft
    release: Release


def _access(
    rights_request: RightsRequest, *, actor: str, now: datetime, told: Sequence[str], exception: str
) -> RightsRequest:
    return answer.release_access(rights_request, actor=actor, now=now, exception=exception)


WAYS: dict[str, Way] = {
    Right.ACCESS: Way(answer.draft, _access),
    Right.ERASURE: Way(answer.draft, answer.execute_erasure),
    Right.WITHDRAWAL: Way(withdrawing.draft, withdrawing.release),
}


def is_by_doing(rights_request: RightsRequest) -> bool:
    """Whether its answer is what was done, so that nobody may just record one."""
    return rights_request.right in WAYS


def draft(rights_request: RightsRequest, *, now: datetime) -> tuple[str, dict[str, Any]]:
    """The letter as it would go out now. Raises what stands in its way; changes nothing."""
    return _way(rights_request).draft(rights_request, now=now)


def release(
    rights_request: RightsRequest, *, actor: str, now: datetime, told: Sequence[str] = (), exception: str = ""
) -> RightsRequest:
    """Carry it out and send the answer. `told`: recipients told of it (Art 19); `exception`: why one person does both.

    Releasing what has been released changes nothing.
    """
    return _way(rights_request).release(rights_request, actor=actor, now=now, told=told, exception=exception)


def _way(rights_request: RightsRequest) -> Way:
    if rights_request.right not in WAYS:
        raise ByHand
    return WAYS[rights_request.right]
