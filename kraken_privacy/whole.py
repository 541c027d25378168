"""Whether a restore by hand has come to its end: every row, what guards the rows, and the keys of what is sealed.

pg_restore makes all tables, loads them by name, then makes indexes, constraints and triggers, and fills materialised
views after everything else, also with --jobs. The view `retention_restored` is there for that. Whether it is filled
tells whether pg_restore is done, wherever it was stopped.

That says nothing of errors, which pg_restore passes over unless it is told not to: a table without its rows, or no such
table. So the view says when it was filled, and a comment on it, which is part of the dump, of which filling it is known
that all is there: of that by `migrate`, or of a restore by whoever vouches that there was no error. Rows that are lost
leave no trace at all. What the tables of ours are, and their constraints, unique indexes and triggers, is noted by name
in the comment, and whatever of it is missing must be known as well. Nobody else's tables are noted: they come and go.
"""

import json
import re
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder

from core.errors import DomainError
from ledger.entries import record
from retention.replay import ACTOR

UNFINISHED = (
    "pg_restore is still at work in this database, or was stopped half-way. If it was stopped, load the dump into an"
    " empty database again (docs/backup.md)."
)
NOT_MIGRATED = (
    "This database is older than this version, or is being made. Run manage.py migrate or, if it was restored,"
    " manage.py restore --replay (docs/backup.md)."
)
NOT_VOUCHED = (
    "This database was restored by hand, and pg_restore goes on after an error unless it is told not to. If it ended"
    " without any, say so: manage.py restore --replay --without-errors (docs/backup.md)."
)
LOST = (
    "This restore lost something that the last migrate noted: {lost}. Load the dump into an empty database again, with"
    " --exit-on-error. If that had gone before the dump was made, say so: manage.py restore --replay --without-errors"
    " --loss-is-known (docs/backup.md)."
)
NAMED = 5
NAME, FIRST = "retention_restored", "0022_what_a_restore_fills_last"
MADE = "CREATE MATERIALIZED VIEW retention_restored AS SELECT extract(epoch FROM now()) AS at"
NO_KEYS = "The keys of what is sealed in this database are not in it. Load the dump of the keys, too (docs/backup.md)."
STATE = """
SELECT relispopulated, pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('retention_restored')
"""
# In one statement, so that both are of the same moment.
NOTED_AND_FOUND = """
SELECT COALESCE(obj_description('retention_restored'::regclass, 'pg_class'), '{}'), to_jsonb(found)::text
FROM retention_restored AS found
"""
# Every table there is, and by name what guards its rows. NOT NULL is a constraint only since PostgreSQL 18.
MADE_OF = """
SELECT held.relname::text, ARRAY(
    SELECT conname::text FROM pg_constraint WHERE conrelid = held.oid AND contype <> 'n'
    UNION SELECT tgname::text FROM pg_trigger WHERE tgrelid = held.oid AND NOT tgisinternal
    UNION SELECT relname::text FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
    WHERE indrelid = held.oid AND indisunique
)
FROM pg_class AS held WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
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
    if is_loaded() is None or "at" not in _noted_and_found()[1]:
        return NOT_MIGRATED
    return NO_KEYS if _one(WITHOUT_KEYS)[0] else ""


def unfinished() -> str:
    """Why it is not known that all is back but for the keys. Nothing where the view is not known or older than this."""
    is_done = is_loaded()
    if not is_done:
        return "" if is_done is None else UNFINISHED
    noted, found = _noted_and_found()
    if "at" not in found or _is_known(noted, found):
        return ""
    if lost := _lost(noted):
        return _lost_in_words(lost)
    return NOT_VOUCHED


def is_vouched() -> bool:
    """Whether it is known. Of a database of before the view, or of an older one, only of what was vouched for since."""
    return bool(is_loaded()) and _is_known(*_noted_and_found())


@transaction.atomic
def vouch(*, is_loss_known: bool = False) -> None:
    """Somebody says that all is there, or a program knows. Raises NotWhole when it is seen that it is not.

    As the owner of the view. It is filled here, too, for rows that came by another way than pg_restore.
    """
    is_done = is_loaded()
    if is_done is None:
        if _had_the_view():
            _make_again(is_loss_known=is_loss_known)
        return
    if not is_done:
        _do("REFRESH MATERIALIZED VIEW retention_restored")
    noted, found = _noted_and_found()
    if _is_known(noted, found):
        return
    lost = _lost(noted)
    if lost and not is_loss_known:
        raise NotWhole(_lost_in_words(lost))
    _write(noted, {**found, "made_of": _made_of_ours(), "missing": [*noted.get("missing", ()), *lost]})


def _had_the_view() -> bool:
    """Before the restore: whoever dumped it had migrated as far."""
    return ("retention", FIRST) in MigrationRecorder(connection).applied_migrations()


def _make_again(*, is_loss_known: bool) -> None:
    """The view itself is lost, and with it what was noted. Without it no migration of it could be done either."""
    if not is_loss_known:
        raise NotWhole(_lost_in_words([NAME]))
    _do(MADE)
    _noted, found = _noted_and_found()
    _write({}, {**found, "made_of": _made_of_ours(), "missing": [NAME]})


def note() -> None:
    """After each migrate: what a database is made of that nobody restored, or that somebody vouched for.

    The view itself is left alone. To fill it anew would wait for a dump, which before PostgreSQL 16 holds on to it to
    its end, and behind that every process that looks at the gate.
    """
    row = _one(STATE)
    if row and row[1] and is_vouched():
        noted, _found = _noted_and_found()
        _write(noted, {**noted, "made_of": _made_of_ours()})


@transaction.atomic
def own_up(*, now: datetime) -> None:
    """What is missing by somebody's word goes to the ledger, which can be written only once all is migrated."""
    noted, _found = _noted_and_found()
    if missing := noted.get("missing"):
        # Whoever else made a trigger may have called it anything.
        codes = [re.sub(r"[^A-Za-z0-9_.]", "_", name) for name in missing]
        record(kind="restore.incomplete", at=now, actor=ACTOR, data={"missing": codes})
        _write(noted, {**noted, "missing": []})


def _is_known(noted: dict[str, Any], found: dict[str, Any]) -> bool:
    return found.items() <= noted.items()


def _lost(noted: dict[str, Any]) -> list[str]:
    """Tables that were noted and are not there; then what is gone of the others, as `table.name`."""
    there, made_of = _made_of(), noted.get("made_of", {})
    parts = [(table, name) for table in made_of if table in there for name in made_of[table]]
    gone = [f"{table}.{name}" for table, name in parts if name not in there[table]]
    return [*(table for table in made_of if table not in there), *gone]


def _lost_in_words(lost: list[str]) -> str:
    named = ", ".join(lost[:NAMED])
    return LOST.format(lost=f"{named} and {len(lost) - NAMED} more" if lost[NAMED:] else named)


def _made_of_ours() -> dict[str, list[str]]:
    introspection = connection.introspection
    ours = {*introspection.django_table_names(include_views=False), MigrationRecorder.Migration._meta.db_table}
    return {table: names for table, names in _made_of().items() if table in ours}


def _made_of() -> dict[str, list[str]]:
    with connection.cursor() as cursor:
        cursor.execute(MADE_OF)
        return {table: sorted(names) for table, names in sorted(cursor.fetchall())}


def _write(noted: dict[str, Any], told: dict[str, Any]) -> None:
    """Neither who reads the view nor who dumps it is in the way."""
    if told != noted:
        _do("COMMENT ON MATERIALIZED VIEW retention_restored IS %s", json.dumps(told))


def _noted_and_found() -> tuple[dict[str, Any], dict[str, Any]]:
    noted, found = _one(NOTED_AND_FOUND)
    return json.loads(noted), json.loads(found)


def _one(sql: str) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()


def _do(sql: str, *given: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
