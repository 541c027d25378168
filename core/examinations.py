"""The ground floor's part of `manage.py doctor`."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.utils import timezone
from redis import RedisError

from core import heartbeat, rewrapping, throttle
from core.doctor import FAIL, OK, WARN, Finding, register
from core.keys import keyring
from core.models import Outbox
from core.readiness import is_migrated
from core.roles import APPEND_ONLY

OLDEST_SERVER = 150_000
SKEW = timedelta(seconds=2)
IDLE = timedelta(minutes=2)
LATE = timedelta(minutes=15)
RINGS = ("MASTER_KEYS", "BLIND_INDEX_KEYS", "SUPPRESSION_KEYS", "SIGNING_KEYS")


def database(now: datetime) -> Iterator[Finding]:
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        yield Finding(FAIL, f"No connection ({type(error).__name__}).", "Start PostgreSQL; check DATABASE_URL.")
        return
    version = connection.connection.info.server_version
    yield Finding(OK if version >= OLDEST_SERVER else FAIL, f"PostgreSQL {version // 10_000} answers.", "Upgrade it.")


def migrations(now: datetime) -> Iterator[Finding]:
    if is_migrated():
        yield Finding(OK, "Every migration is applied.")
    else:
        yield Finding(FAIL, "Migrations are missing.", "Run manage.py migrate with the owner's DATABASE_URL.")


def roles(now: datetime) -> Iterator[Finding]:
    """The role in use must be unable to change evidence, whatever a program tries."""
    role = str(_one("SELECT current_user"))
    if role != settings.RUNTIME_DB_ROLE:
        way_out = "Use the runtime role's address in DATABASE_URL; the owner's is for migrations only."
        yield Finding(WARN, f"Connected as {role}, not as {settings.RUNTIME_DB_ROLE}.", way_out)
        return
    broken = [
        f"{right.strip()} on {table}"
        for table, rights in APPEND_ONLY.items()
        for right in rights.split(",")
        if _one("SELECT to_regclass(%s) IS NOT NULL", table)
        and _one("SELECT has_table_privilege(%s, %s)", table, right.strip())
    ]
    if broken:
        yield Finding(FAIL, f"{role} may do what it must not: {', '.join(broken)}.", "Run manage.py migrate again.")
    else:
        yield Finding(OK, f"{role} cannot change evidence.")


def clock(now: datetime) -> Iterator[Finding]:
    before, there, after = timezone.now(), _one("SELECT clock_timestamp()"), timezone.now()
    assert isinstance(there, datetime)  # noqa: S101 - narrows the type
    skew = max(before - there, there - after, timedelta())
    well = skew <= SKEW
    yield Finding(
        OK if well else FAIL,
        f"This machine's clock and the database's differ by {skew.total_seconds():.1f} s.",
        "Keep both by NTP.",
    )


def redis(now: datetime) -> Iterator[Finding]:
    try:
        throttle.client().ping()
    except (RedisError, OSError) as error:
        sentence = f"Redis does not answer ({type(error).__name__}). Nothing is lost: sweeps do the work, but later."
        yield Finding(WARN, sentence, "Start it; check REDIS_URL.")
    else:
        yield Finding(OK, "Redis answers.")


def schedule(now: datetime) -> Iterator[Finding]:
    age = heartbeat.age(heartbeat.SCHEDULE, now=now)
    if age is not None and age <= IDLE:
        yield Finding(OK, f"Scheduled work was done {age.total_seconds():.0f} s ago.")
    else:
        since = "never" if age is None else f"last {_span(age)} ago"
        way_out = "Start one beat and at least one worker: celery -A kraken_privacy beat, … worker."
        yield Finding(FAIL, f"Scheduled work was {since} done.", way_out)


def outbox(now: datetime) -> Iterator[Finding]:
    dead = Outbox.objects.filter(dead_at__isnull=False, payload__isnull=False).count()
    if dead:
        yield Finding(FAIL, f"{dead} messages could not be delivered.", "Admin, Outbox: see why, then Send again.")
    waiting = Outbox.objects.filter(sent_at=None, dead_at=None, created_at__lt=now - LATE)
    oldest = waiting.order_by("created_at").values_list("created_at", flat=True).first()
    if oldest:
        yield Finding(WARN, f"The oldest message has been waiting for {_span(now - oldest)}.", "See mail and schedule.")
    if not dead and not oldest:
        yield Finding(OK, "Nothing waits to be sent for long.")


def keys(now: datetime) -> Iterator[Finding]:
    try:
        rings = {name: keyring(name) for name in RINGS}
    except ImproperlyConfigured as error:
        yield Finding(FAIL, str(error), "docs/tasks.md, Rotate keys.")
        return
    old, known = rewrapping.under_old_keys(), rings["MASTER_KEYS"].keys
    if lost := ", ".join(name for name in old if name not in known):
        yield Finding(FAIL, f"Rows are wrapped under master keys that are not here: {lost}.", "Put them back behind.")
    elif old:
        counts = ", ".join(f"{count} under {name}" for name, count in old.items())
        way_out = "manage.py keys rewrap; keep the old key in the ring until then."
        yield Finding(WARN, f"Data keys are still wrapped under old master keys: {counts}.", way_out)
    else:
        yield Finding(OK, "Every key ring is there, and every row opens with it.")


def mail(now: datetime) -> Iterator[Finding]:
    if settings.DEMO_MODE:
        yield Finding(WARN, "DEMO_MODE keeps every message in MAIL_DIR.", "Unset DEMO_MODE where people use it.")
        return
    host = getattr(settings, "EMAIL_HOST", "")
    if not host or settings.DEFAULT_FROM_EMAIL.endswith("@localhost"):
        yield Finding(FAIL, "There is no mail server or no sender.", "Set EMAIL_URL and DEFAULT_FROM_EMAIL.")
    elif not settings.BASE_URL.startswith("https://"):
        yield Finding(FAIL, "Links in mails do not begin with https.", "Set BASE_URL to the public address.")
    else:
        yield Finding(OK, "A mail server and a sender are named.")


def proxies(now: datetime) -> Iterator[Finding]:
    if settings.SECURE_PROXY_SSL_HEADER and not settings.TRUSTED_PROXIES:
        sentence = "A proxy is in front, but none is trusted: everybody counts as one client, and limits hit all."
        yield Finding(WARN, sentence, "Name its networks in TRUSTED_PROXIES.")
    else:
        yield Finding(OK, "Clients can be told apart.")


def _one(query: str, *params: str) -> object:
    with connection.cursor() as cursor:
        cursor.execute(query, params)
        return cursor.fetchone()[0]


def _span(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h"


def register_all() -> None:
    for examination in (database, migrations, roles, clock, redis, schedule, outbox, keys, mail, proxies):
        register(examination.__name__, examination)
