"""Keys of the REST API. Shown once, stored as a hash, looked up by a prefix."""

import hmac
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core import prepared
from core.errors import Invalid
from core.keys import token_hash
from core.models import ApiKey

# A key in a browser is public: it may read forms and post choices, whatever scopes somebody gives it. It may never
# withdraw, because whoever reads it in the page could then say "no" for anybody whose address they know.
PUBLISHABLE_SCOPES = frozenset({"forms:read", "consents:write"})
# One write per key and interval, not one per call.
LAST_USED_EVERY = timedelta(minutes=5)
# Compared when no key has the prefix, so that an unknown prefix takes as long as a wrong secret.
_NOBODY = b"\x00" * 32
COLUMNS = [str(field.attname) for field in ApiKey._meta.concrete_fields]
BY_PREFIX = f"SELECT {', '.join(COLUMNS)} FROM core_apikey WHERE prefix = %s"  # noqa: S608  (our own column names)


def create(
    name: str,
    scopes: Iterable[str],
    *,
    kind: str = ApiKey.Kind.SECRET,
    origins: Iterable[str] = (),
    expires_at: datetime | None = None,
    key: str | None = None,
) -> tuple[ApiKey, str]:
    """Store a new key and return it with its only readable copy. `key` fixes the text, for demonstrations."""
    key = key or f"kp_{secrets.token_hex(5)}_{secrets.token_urlsafe(32)}"
    scopes, origins, prefix = sorted(scopes), sorted(origins), _prefix(key)
    if not prefix:
        raise Invalid(
            fields={"key": _("A key is written kp_, a prefix of up to 12 letters or digits, _ and a secret.")}
        )
    if kind == ApiKey.Kind.PUBLISHABLE and not (origins and PUBLISHABLE_SCOPES.issuperset(scopes)):
        raise Invalid(
            fields={"scopes": _("A key for browsers names its origins and only reads forms or posts choices.")}
        )
    row = ApiKey(name=name, kind=kind, prefix=prefix, scopes=scopes, origins=origins, expires_at=expires_at)
    row.digest = token_hash(key)
    row.save(force_insert=True)
    return row, key


def find(key: str, *, now: datetime) -> ApiKey | None:
    """The valid key with this text: not revoked, not expired."""
    row = _row(_prefix(key))
    right = hmac.compare_digest(bytes(row.digest) if row else _NOBODY, token_hash(key))
    if row is None or not right or row.revoked_at or (row.expires_at and row.expires_at <= now):
        return None
    return row


def _row(prefix: str) -> ApiKey | None:
    """Every call of the API asks this, so it is planned once for each connection."""
    row = prepared.fetch_one(BY_PREFIX, [prefix])
    return ApiKey.from_db(None, COLUMNS, row) if row else None


def revoke(api_key: ApiKey, *, now: datetime) -> None:
    """From now on the key opens nothing. Revoking twice keeps the first time."""
    ApiKey.objects.filter(pk=api_key.pk, revoked_at=None).update(revoked_at=now)


def used(api_key: ApiKey, *, now: datetime) -> None:
    """Remember roughly when the key was last used."""
    stale = now - LAST_USED_EVERY
    if api_key.last_used_at is None or api_key.last_used_at < stale:
        ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=stale), pk=api_key.pk).update(last_used_at=now)


def _prefix(key: str) -> str:
    """The part a key is looked up by; "" when the text has not the form of a key."""
    start, _, rest = key.partition("_")
    prefix, _, secret = rest.partition("_")
    return prefix if start == "kp" and len(prefix) <= 12 and prefix.isascii() and prefix.isalnum() and secret else ""
