"""Receipts: what a person can show later, signed so that nobody needs to trust us (ISO/IEC TS 27560 in outline).

No address and no name in a receipt: the person appears under a pseudonym, a withdrawal under none at all. Of an answer
that nobody proved the pseudonym is used once, or two receipts would tell whether we know the person (ADR 0036).
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from django.conf import settings

from ledger import signing
from ledger.entries import instant

SCHEMA_VERSION = 1
TYPE = "application/consent-receipt+jwt"
# Made once: `json.dumps` would make it anew each time.
_json = json.JSONEncoder(separators=(",", ":")).encode
# What stands where something is to be filled in. No text that we sign holds such a character.
_OPEN, _NUMBER = "\0", "\0\0"


class Form(NamedTuple):
    """What somebody was shown."""

    slug: str
    version: int
    locale: str
    sha256: str
    notice: str


class Choice(NamedTuple):
    """What somebody answered to it."""

    purpose: str
    channel: str
    status: str
    valid_until: datetime | None


def consent(
    *,
    consent: UUID,
    subject: UUID | None,
    entry: UUID,
    form: Form,
    choices: Sequence[Choice],
    at: datetime,
    may_wait: bool = False,
) -> str:
    """The receipt of one submission of a form: who, when, what they were told, how, and how to take it back.

    `may_wait`: nobody has shown that the address is theirs, so against an earlier "no" it counts once that is shown.
    The receipt says so to everybody, and does not tell who had said "no".
    """
    same = tuple([(*choice[:3], choice.valid_until is not None) for choice in choices])
    untils = [instant(choice.valid_until) for choice in choices if choice.valid_until]
    pattern = _pattern(settings.BASE_URL, form, same, may_wait)
    return signing.sign((pattern % (consent, subject or consent, at.timestamp(), *untils, entry)).encode(), typ=TYPE)


@lru_cache(maxsize=512)
def _pattern(base: str, form: Form, choices: tuple[tuple[str, str, str, bool], ...], may_wait: bool) -> str:
    """The receipt of everybody who answers the same to the same version: encoding it anew takes as long as signing it.

    To be filled in, in this order: consent, subject, time, until when each choice stands that ends, entry.
    """
    claims = {
        "jti": _OPEN,
        "sub": _OPEN,
        "iat": _NUMBER,
        "form": form._asdict(),
        "choices": [
            {"purpose": purpose, "channel": channel, "status": status, "valid_until": _OPEN if ends else None}
            for purpose, channel, status, ends in choices
        ],
        "entry": _OPEN,
        **({"confirmation": "needed-after-a-no"} if may_wait else {}),
    }
    text = _json(_record(base, claims)).replace("%", "%%")
    return text.replace(_json(_NUMBER), "%d").replace(_json(_OPEN), '"%s"')


def withdrawal(entry: UUID, states: Mapping[str, str], *, at: datetime, channel: str = "") -> str:
    """Names nobody: it looks the same whether or not we know the person. Without a channel it says: on every one."""
    on = {"channel": channel} if channel else {}
    choices = [{"purpose": slug, **on, "status": status} for slug, status in states.items()]
    return _sign({"jti": str(entry), "iat": int(at.timestamp()), "choices": choices, "entry": str(entry)})


def cookies(
    choice: UUID, visitor: UUID, *, form: Mapping[str, Any], states: Mapping[str, str], entry: UUID, at: datetime
) -> str:
    """Of a choice about cookies: `visitor` is the random number of a browser."""
    choices = [{"purpose": slug, "channel": "", "status": status} for slug, status in states.items()]
    who = {"jti": str(choice), "sub": str(visitor), "iat": int(at.timestamp())}
    return _sign({**who, "form": dict(form), "choices": choices, "entry": str(entry)})


def _sign(claims: dict[str, Any]) -> str:
    return signing.sign(_json(_record(settings.BASE_URL, claims)).encode(), typ=TYPE)


def _record(base: str, claims: dict[str, Any]) -> dict[str, Any]:
    return {
        "schema_version": SCHEMA_VERSION,
        "conforms_to": "https://w3id.org/dpv/schema/dpv-27560#receipt",
        "iss": base,
        **claims,
        "withdrawal_method": f"{base}/preferences/",
    }
