"""Counting attempts in PostgreSQL, where every process sees them and no restart forgets them."""

import unicodedata
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils.crypto import salted_hmac

from staff.models import Attempt

WINDOW = timedelta(minutes=5)
# Of one account from one network, as OWASP ASVS 2.2.1 asks; then the window must pass.
PER_ACCOUNT = 5
# Of one network whatever the account: a whole office may stand behind it.
PER_NETWORK = 50
PER_PERSON_AND_CODE = 5

# One statement, so that attempts that arrive together are counted one after the other.
_TAKE = """
    INSERT INTO staff_attempt AS a (key, began_at, count) VALUES (%(key)s, %(now)s, 1)
    ON CONFLICT (key) DO UPDATE SET
        count = CASE WHEN a.began_at <= %(now)s - %(window)s THEN 1 ELSE a.count + 1 END,
        began_at = CASE WHEN a.began_at <= %(now)s - %(window)s THEN %(now)s ELSE a.began_at END
    RETURNING count
"""


def take(what: str, *, limit: int, now: datetime, window: timedelta = WINDOW) -> bool:
    """Count one more before it is tried. False once there are more than `limit` in the window."""
    with connection.cursor() as cursor:
        values: dict[str, Any] = {"key": _key(what), "now": now, "window": window}
        cursor.execute(_TAKE, values)
        return bool(cursor.fetchone()[0] <= limit)


def forget(what: str) -> None:
    """It went well: start counting anew."""
    Attempt.objects.filter(key=_key(what)).delete()


def sign_in(account: str, network: str) -> str:
    """What password attempts are counted by. The account as typed, whether or not there is one."""
    return f"sign-in|{unicodedata.normalize('NFKC', account).strip().casefold()}|{network}"


def sweep(*, now: datetime) -> None:
    """Windows that have long passed."""
    Attempt.objects.filter(began_at__lt=now - timedelta(days=1)).delete()


def _key(what: str) -> bytes:
    return salted_hmac("staff.attempts", what, algorithm="sha256").digest()
