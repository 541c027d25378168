"""Loading the demo once, all or nothing; later calls only renew who may enter and add people on demand."""

from collections.abc import Callable
from datetime import datetime

from django.db import connection, transaction

from kraken_privacy.demo import adding, cases, cookies, entry, people, policy, trouble
from kraken_privacy.demo.files import ACTOR
from ledger import entries, seals
from ledger.models import Entry

# The ledger remembers: people who were erased from the demo must not come back with the next start.
KIND = "demo.loaded"
LOCK = 0x6B72616B656E  # the same number in every process


def load(
    *,
    now: datetime,
    subjects: int = 0,
    password: str = "",
    key: str = "",
    say: Callable[[int, int], object] = lambda done, of: None,
) -> str:
    """Returns a line that says what was done. Without password or key, nobody is let in that way."""
    with transaction.atomic():
        is_new = _first()
        if is_new:
            policy.load(now=now)
            people.load(now=now)
            cases.load(now=now)
            trouble.load(now=now)
            cookies.load(now=now)
            entries.record(kind=KIND, at=now, actor=ACTOR)
        if password:
            entry.officer(password)
        if key:
            entry.api_key(key)
            entry.site_key()
    said = "The demo is loaded." if is_new else "The demo was loaded before."
    made = adding.add(subjects, now=now, say=say) if subjects else 0
    if is_new or made:
        # What is told with past dates would look like evidence that nobody sealed for years.
        seals.seal(now=now)
    return f"{said} {made} more people were made." if subjects else said


def _first() -> bool:
    """Whether this is the first load. Two at once wait for each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    return not Entry.objects.filter(kind=KIND).exists()
