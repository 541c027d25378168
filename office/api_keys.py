"""Keys of the API as staff make and revoke them, with the evidence: ids and codes, never a key or a part of one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from core import apikeys
from core.errors import Invalid, NotFound, Text
from core.models import ApiKey, Controller
from core.origins import as_sent
from core.scopes import SCOPES
from ledger import entries
from ledger.models import Entry
from office.names_of_staff import Line, actors
from processing.connected import SCOPE, others

MADE, REVOKED = "api-key.made", "api-key.revoked"
# Any number: whoever makes a key waits for whoever is making one.
_LOCK = 7_130_904_211


@dataclass(frozen=True)
class Wanted:
    """A key as somebody asks for it. `last_day` is the last on which it opens anything."""

    name: str
    scopes: Sequence[str]
    kind: str = ApiKey.Kind.SECRET
    origins: Sequence[str] = ()
    last_day: date | None = None
    system: str = ""


@dataclass(frozen=True)
class Shown:
    """A key in the list, with who made and who revoked it as far as the ledger says."""

    key: ApiKey
    made: Line | None
    revoked: Line | None


@transaction.atomic
def make(wanted: Wanted, *, now: datetime, actor: str) -> tuple[ApiKey, str]:
    """A new key and its only readable copy.

    No two keys that work have the same name, so that one knows which to revoke, and the same form sent twice does not
    leave a second key that nobody has seen.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    origins = [as_sent(origin) for origin in wanted.origins]
    if faults := _faults(wanted, origins, now):
        raise Invalid(fields=faults)
    is_public = wanted.kind == ApiKey.Kind.PUBLISHABLE
    key, text = apikeys.create(
        wanted.name.strip(),
        set(wanted.scopes),
        kind=wanted.kind,
        origins=set(origins) if is_public else (),
        system=wanted.system,
        expires_at=_end(wanted.last_day) if wanted.last_day else None,
    )
    data: dict[str, Any] = {"kind": key.kind, "scopes": list(key.scopes), "origins": len(key.origins)}
    if wanted.last_day:
        data["last_day"] = wanted.last_day.isoformat()
    if wanted.system:
        data["system"] = wanted.system
    entries.record(kind=MADE, at=now, actor=actor, object=key.uuid, data=data)
    return key, text


@transaction.atomic
def revoke(key: ApiKey, *, now: datetime, actor: str) -> bool:
    """From now on it opens nothing. False when it was revoked before."""
    done = apikeys.revoke(key, now=now)
    if done:
        entries.record(kind=REVOKED, at=now, actor=actor, object=key.uuid)
    return done


def named(name: str, *, now: datetime) -> ApiKey:
    """The key of this name that works."""
    found = _working(now).filter(name=name).order_by("pk").last()
    if found is None:
        raise NotFound(_("No key of this name works."))
    return found


def listed(*, now: datetime) -> tuple[list[Shown], list[Shown]]:
    """Those that work and those that open nothing any more, by name."""
    keys = list(ApiKey.objects.order_by("name", "-pk"))
    found = list(Entry.objects.filter(object__in=[key.uuid for key in keys], kind__in=[MADE, REVOKED]))
    lines = {(entry.object, entry.kind): line for entry, line in zip(found, actors(found), strict=True)}
    shown = [Shown(key, lines.get((key.uuid, MADE)), lines.get((key.uuid, REVOKED))) for key in keys]
    return [one for one in shown if works(one.key, now)], [one for one in shown if not works(one.key, now)]


def works(key: ApiKey, now: datetime) -> bool:
    return key.revoked_at is None and (key.expires_at is None or key.expires_at > now)


def _working(now: datetime) -> QuerySet[ApiKey]:
    return ApiKey.objects.filter(Q(expires_at=None) | Q(expires_at__gt=now), revoked_at=None)


def _end(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), Controller.current().zone)


def _faults(wanted: Wanted, origins: Iterable[str], now: datetime) -> dict[str, Text]:
    """What is wrong, by field, in sentences for whoever asks."""
    faults: dict[str, Text] = {}
    name, is_public = wanted.name.strip(), wanted.kind == ApiKey.Kind.PUBLISHABLE
    if not name or len(name) > 100:
        faults["name"] = _("Give it a name of up to 100 characters.")
    elif _working(now).filter(name=name).exists():
        faults["name"] = _("A key of this name works already. Choose another name, or revoke that one first.")
    if wanted.kind not in ApiKey.Kind.values:
        faults["kind"] = _("A key is secret or publishable.")
    if not wanted.scopes or not set(wanted.scopes) <= set(SCOPES):
        faults["scopes"] = _("Choose what it may open.")
    elif is_public and not apikeys.PUBLISHABLE_SCOPES.issuperset(wanted.scopes):
        faults["scopes"] = _(
            "Whoever opens the page can read a publishable key. It may only have forms:read and consents:write."
        )
    if fault := _fault_of_system(wanted):
        faults["system"] = fault
    if is_public and not all(origins):
        faults["origins"] = _("Write each origin like https://www.example.com: https, no path, no star.")
    elif is_public and not wanted.origins:
        faults["origins"] = _("Name at least one origin: the key works from pages there and from nowhere else.")
    elif is_public and any(len(origin) > 200 for origin in origins):
        faults["origins"] = _("An origin has up to 200 characters.")
    elif wanted.origins and not is_public:
        faults["origins"] = _("A secret key has no origins. Leave this empty, or make a publishable key.")
    if wanted.last_day and not wanted.last_day.year < 9999:
        faults["last_day"] = _("Give a day before the year 9999.")
    elif wanted.last_day and _end(wanted.last_day) <= now:
        faults["last_day"] = _("That day is over. Give today or a later day, or none.")
    return faults


def _fault_of_system(wanted: Wanted) -> Text | None:
    """A key that answers for a system is that system's alone."""
    if SCOPE not in wanted.scopes:
        return _("Only a key that opens systems:tasks is one system's. Leave this empty.") if wanted.system else None
    if not others().filter(slug=wanted.system).exists():
        return _("Choose the system that asks with it: it is told of its own tasks and of no others.")
    return None
