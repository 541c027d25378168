"""Whether a restore by hand has come to its end: every row, what guards the rows, and the keys of what is sealed.

pg_restore makes all tables, loads them by name, then makes indexes, constraints and triggers, and fills materialised
views after everything else, also with --jobs. The view `retention_restored` is there for that: nobody reads it, and
whether it is filled tells whether pg_restore is done, however it was called and wherever it was stopped.
"""

from django.db import connection

UNFINISHED = (
    "pg_restore is still at work in this database, or was stopped half-way. If it was stopped, load the dump into an"
    " empty database again (docs/backup.md)."
)
NOT_MIGRATED = "This database is older than this version, or is being made. Run manage.py migrate, or restore --replay."
NO_KEYS = "The keys of what is sealed in this database are not in it. Load the dump of the keys, too (docs/backup.md)."
FILLED = "SELECT relispopulated FROM pg_class WHERE oid = to_regclass('retention_restored')"
# The keys are a dump of their own. Every identifier and record has one from the transaction that made it until the one
# that deletes it. The oldest are asked, since somebody may have written in between, and half of ten must lack theirs: a
# single row without its key is damage, and no restore. Where there is no key at all a case may be all that there is.
WITHOUT_KEYS = """
WITH oldest AS (
    (SELECT 'identifier' AS owner, uuid FROM subjects_identifier ORDER BY id LIMIT 10)
    UNION ALL (SELECT 'item', uuid FROM subjects_personaldataitem ORDER BY id LIMIT 10)
)
SELECT EXISTS (
    SELECT FROM oldest LEFT JOIN core_datakey key ON key.owner_id = oldest.uuid AND key.owner = oldest.owner
    GROUP BY oldest.owner HAVING count(key.id) * 2 <= count(*)
) OR NOT EXISTS (SELECT FROM core_datakey) AND EXISTS (SELECT FROM requests_casefile WHERE claim IS NOT NULL)
"""


def is_loaded() -> bool | None:
    """Whether pg_restore has taken its last step; None in a database from before the view, or a new one."""
    with connection.cursor() as cursor:
        cursor.execute(FILLED)
        row = cursor.fetchone()
    return bool(row[0]) if row else None


def missing() -> str:
    """What has not come yet, in words. Costs a millisecond."""
    is_done = is_loaded()
    if not is_done:
        return NOT_MIGRATED if is_done is None else UNFINISHED
    with connection.cursor() as cursor:
        cursor.execute(WITHOUT_KEYS)
        return NO_KEYS if cursor.fetchone()[0] else ""
