"""What staff do at the door, in the ledger: who by id, what, and how; never a name, an address or a password."""

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_out
from django.utils import timezone

from core.models import User
from ledger.entries import record


def note(kind: str, user: User | None, *, by: str = "", **data: str) -> None:
    """An entry about an account; `by` is who acted if it was not shown to be its owner."""
    actor = by or (user.actor if user else "public")
    record(kind=f"staff.{kind}", at=timezone.now(), actor=actor, object=user.uuid if user else None, data=data)


def signed_in(sender: object, user: User, **_rest: Any) -> None:
    note("signed-in", user)


def signed_out(sender: object, user: User | None, request: Any = None, **_rest: Any) -> None:
    if user is not None:
        note("signed-out", user, why=getattr(request, "signed_out_because", "asked"))


def password_changed(sender: object, user: User, **_rest: Any) -> None:
    note("password-changed", user)


def password_reset(sender: object, user: User, **_rest: Any) -> None:
    note("password-reset", user)


def factor_added(sender: object, user: User, authenticator: Authenticator, **_rest: Any) -> None:
    note("factor-added", user, type=authenticator.type)


def factor_removed(sender: object, user: User, authenticator: Authenticator, **_rest: Any) -> None:
    note("factor-removed", user, type=authenticator.type)


def factor_renewed(sender: object, user: User, authenticator: Authenticator, **_rest: Any) -> None:
    note("factor-renewed", user, type=authenticator.type)


def factor_failed(sender: object, user: User, authenticator: Authenticator, **_rest: Any) -> None:
    note("factor-failed", user, by="public", type=authenticator.type)


def connect() -> None:
    """Called once, when the app is ready."""
    # allauth's signal for the way in: Django's own is also sent where no person was (tests, commands).
    account.user_logged_in.connect(signed_in)
    user_logged_out.connect(signed_out)
    account.password_changed.connect(password_changed)
    account.password_set.connect(password_changed)
    account.password_reset.connect(password_reset)
    mfa.authenticator_added.connect(factor_added)
    mfa.authenticator_removed.connect(factor_removed)
    mfa.authenticator_reset.connect(factor_renewed)
    mfa.authentication_failed.connect(factor_failed)
