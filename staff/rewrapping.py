"""Secrets of second steps after a change of MASTER_KEYS: sealed anew under the current one."""

from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction

from core.keys import keyring
from core.vault import Unreadable
from staff.sealing import seal, unseal


@transaction.atomic
def rewrap() -> int:
    """Seal again what an older master key sealed; returns how many second steps."""
    moved = 0
    for row in Authenticator.objects.select_for_update().order_by("pk"):
        data = {name: _anew(value) for name, value in row.data.items()}
        if data != row.data:
            Authenticator.objects.filter(pk=row.pk).update(data=data)
            moved += 1
    return moved


def left() -> int:
    """How many second steps are still sealed under an older master key."""
    return sum(any(_is_old(value) for value in row.data.values()) for row in Authenticator.objects.all())


def _is_old(value: Any) -> bool:
    ring = keyring("MASTER_KEYS")
    key_id, dot, _rest = value.partition(".") if isinstance(value, str) else ("", "", "")
    return bool(dot) and key_id in ring.keys and key_id != ring.current


def _anew(value: Any) -> Any:
    """Other values than sealed ones stay: a public key of a passkey, counters."""
    if not _is_old(value):
        return value
    try:
        return seal(unseal(value))
    except Unreadable:
        return value
