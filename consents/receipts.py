"""Receipts: what a person can show later, signed so that nobody needs to trust us (ISO/IEC TS 27560 in outline).

No address and no name in a receipt: the person appears under a pseudonym, a withdrawal under none at all. Of an answer
that nobody proved the pseudonym is used once, or two receipts would tell whether we know the person (ADR 0036).
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings

from ledger import signing

SCHEMA_VERSION = 1
TYPE = "application/consent-receipt+jwt"
# Made once: `json.dumps` would make it anew each time.
_json = json.JSONEncoder(separators=(",", ":")).encode


def consent(
    *,
    consent: UUID,
    subject: UUID | None,
    entry: UUID,
    form: Mapping[str, Any],
    choices: list[dict[str, Any]],
    at: datetime,
    may_wait: bool = False,
) -> str:
    """The receipt of one submission of a form: who, when, what they were told, how, and how to take it back.

    `may_wait`: nobody has shown that the address is theirs, so against an earlier "no" it counts once that is shown.
    The receipt says so to everybody, and does not tell who had said "no".
    """
    return _sign(
        {
            "jti": str(consent),
            "sub": str(subject or consent),
            "iat": int(at.timestamp()),
            "form": dict(form),
            "choices": choices,
            "entry": str(entry),
            **({"confirmation": "needed-after-a-no"} if may_wait else {}),
        }
    )


def withdrawal(entry: UUID, states: Mapping[str, str], *, at: datetime, channel: str = "") -> str:
    """Names nobody: it looks the same whether or not we know the person. Without a channel it says: on every one."""
    on = {"channel": channel} if channel else {}
    choices = [{"purpose": slug, **on, "status": status} for slug, status in states.items()]
    return _sign({"jti": str(entry), "iat": int(at.timestamp()), "choices": choices, "entry": str(entry)})


def _sign(claims: dict[str, Any]) -> str:
    record = {
        "schema_version": SCHEMA_VERSION,
        "conforms_to": "https://w3id.org/dpv/schema/dpv-27560#receipt",
        "iss": settings.BASE_URL,
        **claims,
        "withdrawal_method": f"{settings.BASE_URL}/preferences/",
    }
    return signing.sign(_json(record).encode(), typ=TYPE)
