"""Whether a restore by hand has come to its end: every row, what guards the rows, and the keys of what is sealed.

pg_restore makes all tables, loads them by name, then makes indexes, constraints and triggers, and fills materialised
views after everything else, also with --jobs. The view `retention_restored` is there for that. Whether it is filled
tells whether pg_restore is done, wherever it was stopped.

That says nothing of errors, which pg_restore passes over unless it is told not to: a table without its rows, or no such
table. What the database is made of shows in the view, and what it was made of in the comment on it, which is part of
the dump. Rows that are lost leave no trace at all. So whoever restored it vouches that there was no error, and until
then the comment is not what the view says.
"""

import json
from typing import Any

from django.db import connection, transaction

from core.errors import DomainError

UNFINISHED = (
    "pg_restore is still at work in this database, or was stopped half-way. If it was stopped, load the dump into an"
    " empty database again (docs/backup.md)."
)
NOT_MIGRATED = "This database is older than this version, or is being made. Run manage.py migrate, or restore --replay."
NOT_VOUCHED = (
    "This database was restored by hand, and pg_restore goes on after an error unless it is told not to. If it ended"
    " without any, say so: manage.py restore --replay --without-errors (docs/backup.md)."
)
LOST = (
    "This restore lost something: {lost}. Load the dump into an empty database again, with --exit-on-error"
    " (docs/backup.md)."
)
NO_KEYS = "The keys of what is sealed in this database are not in it. Load the dump of the keys, too (docs/backup.md)."
STATE = """
SELECT relispopulated, pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('retention_restored')
"""
# In one statement, so that both are of the same moment.
NOTED_AND_FOUND = """
SELECT COALESCE(obj_description('retention_restored'::regclass, 'pg_class'), '{}'), to_jsonb(found)::text
FROM retention_restored AS found
"""
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


class NotWhole(DomainError):
    code = "not-whole"


def is_loaded() -> bool | None:
    """Whether pg_restore has taken its last step; None in a database from before the view, or a new one."""
    row = _one(STATE)
    return bool(row[0]) if row else None


def missing() -> str:
    """What has not come yet, in words. Costs a millisecond."""
    if restored := unfinished():
        return restored
    if is_loaded() is None:
        return NOT_MIGRATED
    return NO_KEYS if _one(WITHOUT_KEYS)[0] else ""


def unfinished() -> str:
    """Why it is not known that all is back but for the keys. Nothing where the view is not known or older than this."""
    is_done = is_loaded()
    if not is_done:
        return "" if is_done is None else UNFINISHED
    noted, found = _noted_and_found()
    if lost := _lost(noted, found):
        return LOST.format(lost=lost)
    return "" if noted == found or "at" not in found else NOT_VOUCHED


@transaction.atomic
def vouch(*, is_loss_known: bool = False) -> None:
    """Somebody says that all is there, or a program knows. Raises NotWhole when it is seen that it is not.

    As the owner of the view. It is filled here, too, for rows that came by another way than pg_restore.
    """
    if is_loaded() is None:
        return
    with connection.cursor() as cursor:
        cursor.execute("REFRESH MATERIALIZED VIEW retention_restored")
        noted, found = _noted_and_found()
        if (lost := _lost(noted, found)) and not is_loss_known:
            raise NotWhole(LOST.format(lost=lost))
        cursor.execute("COMMENT ON MATERIALIZED VIEW retention_restored IS %s", [json.dumps(found)])


def note() -> None:
    """After each migrate: what a database is made of that nobody restored, or that somebody vouched for."""
    row = _one(STATE)
    if row and row[1] and not unfinished():
        vouch(is_loss_known=True)


def _lost(noted: dict[str, Any], found: dict[str, Any]) -> str:
    gone = {name: noted[name] - count for name, count in found.items() if name != "at" and name in noted}
    return ", ".join(f"{count} of {noted[name]} {name}" for name, count in gone.items() if count > 0)


def _noted_and_found() -> tuple[dict[str, Any], dict[str, Any]]:
    noted, found = _one(NOTED_AND_FOUND)
    return json.loads(noted), json.loads(found)


def _one(sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()
