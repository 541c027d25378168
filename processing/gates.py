"""What must exist before a purpose may go live. Apps above register a check per lawful basis."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError

if TYPE_CHECKING:  # models imports this module
    from processing.models import Purpose, PurposeVersion


class NotReady(DomainError):
    code = "purpose-not-ready"
    message = _("This purpose cannot go live yet.")


class AlreadyPublished(DomainError):
    code = "already-published"
    message = _("Only a draft can be published. A published version is never changed: write a new one.")


# A check answers None when the purpose may go live, else a sentence that says what is missing.
Check = Callable[["Purpose"], str | None]

_checks: dict[str, list[Check]] = defaultdict(list)
# Who wants to know that a version went live, inside the transaction that publishes it.
Follower = Callable[["PurposeVersion", datetime, str], object]
_followers: list[Follower] = []


def register(basis: str, check: Check) -> None:
    """Ask `check` before a purpose on this basis ("a" … "f") goes live. Registering twice is the same as once."""
    if check not in _checks[basis]:
        _checks[basis].append(check)


def follow(follower: Follower) -> None:
    """Tell `follower` of each version that goes live, with the moment and who did it."""
    if follower not in _followers:
        _followers.append(follower)


def tell(version: PurposeVersion, *, now: datetime, actor: str) -> None:
    for follower in _followers:
        follower(version, now, actor)


def missing(purpose: Purpose, basis: str) -> list[str]:
    """Everything that stops the purpose from going live on this basis."""
    return [sentence for check in _checks[basis] if (sentence := check(purpose))]
