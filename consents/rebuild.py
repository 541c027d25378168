"""Checking the states against the events, and making them anew: the same fold that every capture keeps up to date."""

from django.db import connection, transaction

from consents.projection import COLUMNS, UPSERT, WHOLE_FOLD

KEYS = "subject, purpose_id, channel"
# Cost: one pass over all events and all states.
DIFFERENCES = f"""
WITH fold ({COLUMNS}) AS ({WHOLE_FOLD}), kept AS (SELECT {COLUMNS} FROM consents_consentstate)
SELECT count(*) FROM (
    SELECT {KEYS} FROM (SELECT * FROM fold EXCEPT SELECT * FROM kept) missing
    UNION
    SELECT {KEYS} FROM (SELECT * FROM kept EXCEPT SELECT * FROM fold) wrong
) difference
"""  # noqa: S608  (constants only)
DELETE = f"""
WITH fold ({COLUMNS}) AS ({WHOLE_FOLD})
DELETE FROM consents_consentstate state WHERE NOT EXISTS (
    SELECT FROM fold WHERE ROW(fold.*) IS NOT DISTINCT FROM ROW({", ".join("state." + c for c in COLUMNS.split(", "))})
)
"""  # noqa: S608
INSERT = f"INSERT INTO consents_consentstate AS state ({COLUMNS}) {WHOLE_FOLD} {UPSERT}"


def differences() -> int:
    """How many states are not what the events add up to."""
    with connection.cursor() as cursor:
        cursor.execute(DIFFERENCES)
        return int(cursor.fetchone()[0])


@transaction.atomic
def rebuild() -> int:
    """Make every state what the events add up to; returns how many were not. Captures wait meanwhile."""
    with connection.cursor() as cursor:
        cursor.execute("LOCK TABLE consents_consentstate IN SHARE ROW EXCLUSIVE MODE")
        wrong = differences()
        if wrong:
            cursor.execute(DELETE)
            cursor.execute(INSERT)
    return wrong
