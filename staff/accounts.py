"""Changes to accounts, with what the ledger must know of them."""

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction

from core.models import User
from staff import events


def note_change(user: User, *, by: Any, is_new: bool) -> None:
    """An account was made or changed: which roles it has now, and whether it is open."""
    roles = ".".join(sorted(user.groups.values_list("name", flat=True)))
    kind = "account-made" if is_new else "account-changed"
    events.note(kind, user, by=by.actor, roles=roles, state="open" if user.is_active else "closed")


@transaction.atomic
def forget_factors(user: User, *, by: Any) -> None:
    """For a lost telephone: the password alone opens the account again, and where required a new factor is set up.

    Sessions end, for the telephone may be signed in.
    """
    Authenticator.objects.filter(user=user).delete()
    for session in UserSession.objects.filter(user=user):
        session.end()
    events.note("factors-forgotten", user, by=by.actor)
