"""Keys of the REST API. Shown once, stored as a hash, looked up by a prefix."""

import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core import prepared
from core.errors import Invalid
from core.keys import token_hash
from core.models import ApiKey
from core.recall import Recall

# A key in a browser is public: it may read forms and post choices, whatever scopes somebody gives it. It may never
# withdraw, because whoever reads it in the page could then say "no" for anybody whose address they know.
PUBLISHABLE_SCOPES = frozenset({"forms:read", "consents:write"})
# One write per key and interval, not one per call.
LAST_USED_EVERY = timedelta(minutes=5)
# Compared when no key has the prefix, so that an unknown prefix takes as long as a wrong secret.
_NOBODY = b"\x00" * 32
COLUMNS = [str(field.attname) for field in ApiKey._meta.concrete_fields]
BY_PREFIX = f"SELECT xmin || ' ' || ctid, {', '.join(COLUMNS)} FROM core_apikey WHERE prefix = %s"  # noqa: S608  (our own names)


@dataclass(frozen=True)
class Seen:
    """A key as it was read from the database, and the version of its row (core/recall.py)."""

    key: ApiKey
    version: str


_recall: Recall[Seen] = Recall()


def create(
    name: str,
    scopes: Iterable[str],
    *,
    kind: str = ApiKey.Kind.SECRET,
    origins: Iterable[str] = (),
    system: str = "",
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
    row.system = system
    row.digest = token_hash(key)
    row.save(force_insert=True)
    return row, key


def find(key: str, *, now: datetime) -> ApiKey | None:
    """The valid key with this text: not revoked, not expired."""
    seen = _valid(_read(_prefix(key)), key, now)
    return seen.key if seen else None


def recall(key: str, *, now: datetime) -> Seen | None:
    """The same from memory, where it is. Only for whoever proves it in the statement that acts on it."""
    seen = _valid(_recall.get(_prefix(key)), key, now)
    return None if seen is None or _is_due(seen.key, now) else seen


def _valid(seen: Seen | None, key: str, now: datetime) -> Seen | None:
    right = hmac.compare_digest(bytes(seen.key.digest) if seen else _NOBODY, token_hash(key))
    if seen is None or not right or seen.key.revoked_at or (seen.key.expires_at and seen.key.expires_at <= now):
        return None
    return seen


def _read(prefix: str) -> Seen | None:
    """Every call of the API asks this, so it is planned once for each connection."""
    row = prepared.fetch_one(BY_PREFIX, [prefix])
    if row is None:
        _recall.forget(prefix)
        return None
    return _recall.keep(prefix, Seen(ApiKey.from_db(None, COLUMNS, row[1:]), row[0]))


def revoke(api_key: ApiKey, *, now: datetime) -> bool:
    """From now on the key opens nothing. Revoking twice keeps the first time, and is False."""
    return bool(ApiKey.objects.filter(pk=api_key.pk, revoked_at=None).update(revoked_at=now))


def used(api_key: ApiKey, *, now: datetime) -> None:
    """Remember roughly when the key was last used."""
    if _is_due(api_key, now):
        stale = now - LAST_USED_EVERY
        _recall.forget(api_key.prefix)
        ApiKey.objects.filter(Q(last_used_at=None) | Q(last_used_at__lt=stale), pk=api_key.pk).update(last_used_at=now)


def _is_due(api_key: ApiKey, now: datetime) -> bool:
    return api_key.last_used_at is None or api_key.last_used_at < now - LAST_USED_EVERY


def _prefix(key: str) -> str:
    """The part a key is looked up by; "" when the text has not the form of a key."""
    start, _, rest = key.partition("_")
    prefix, _, secret = rest.partition("_")
    return prefix if start == "kp" and len(prefix) <= 12 and prefix.isascii() and prefix.isalnum() and secret else ""
