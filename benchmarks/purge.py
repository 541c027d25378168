"""Purge per second: due rows of many people erased under a rule, with holds checked, tombstones and evidence.

The baseline is one bare statement that deletes the same rows, in a copy of the same database: the same tables, indexes
and foreign keys. It takes no evidence, keeps no tombstones, asks for no holds and holds its locks until all is over.
The figures are those of the turn with the middle ratio. `without_foreign_keys` tells how fast the statement is where
nothing refers to anything. Half of all rows are due.

The purge is as it comes, with RETENTION_WORKERS; `one_worker` is the same with one.
"""

import json
import time
from statistics import median
from typing import Any, NamedTuple

import psycopg

from benchmarks.measure import Plan, Result, cpu
from benchmarks.site import DATABASE, Site, prepared
from kraken_privacy.embedded.postgres import SUPERUSER

# So many people are due, and as many are not.
PEOPLE, ITEMS_EACH = 4_000, 5
TABLES = {
    "need": "subjects_itempurpose",
    "item": "subjects_personaldataitem",
    "datakey": "core_datakey",
    "relationship": "subjects_relationship",
    "link": "subjects_subjectidentifier",
    "identifier": "subjects_identifier",
    "person": "subjects_datasubject",
}
BARE = """
WITH need AS (
    DELETE FROM {need} WHERE purpose_id = %(purpose)s AND category_id = %(category)s AND collected_on < %(cutoff)s
    RETURNING item_id, subject_id
), item AS (
    DELETE FROM {item} WHERE id IN (SELECT item_id FROM need) RETURNING uuid
), relationship AS (
    DELETE FROM {relationship} WHERE subject_id IN (SELECT subject_id FROM need)
), link AS (
    DELETE FROM {link} WHERE subject_id IN (SELECT subject_id FROM need) RETURNING identifier_id
), identifier AS (
    DELETE FROM {identifier} WHERE id IN (SELECT identifier_id FROM link) RETURNING uuid
), datakey AS (
    DELETE FROM {datakey} WHERE owner_id IN (SELECT uuid FROM item UNION ALL SELECT uuid FROM identifier)
), person AS (
    DELETE FROM {person} WHERE id IN (SELECT subject_id FROM need)
)
SELECT count(*) FROM need
"""


def run(_plan: Plan) -> Result:
    return measured("purge", PEOPLE)


def measured(name: str, people: int) -> Result:
    # Of the small one three rounds, each on copies of its own: a machine that others use as well is never as it was.
    rounds = 3 if people <= PEOPLE else 1
    with prepared() as site:
        loaded = json.loads(
            site.run("-m", "benchmarks.purge_rows", "load", str(people), str(ITEMS_EACH), role=SUPERUSER)
        )
        with _session(site, DATABASE) as session:
            session.execute("VACUUM ANALYZE")
        turns = [_turn(site, loaded, number, loose=people <= PEOPLE) for number in range(rounds)]
        _copy(site, "alone").close()
        alone = _purged(site, "alone", ("1",), (turns[0].needs, turns[0].kept))
    by_ratio = sorted(turns, key=lambda turn: turn.ratio)
    middle = by_ratio[rounds // 2]
    details = {**middle.done, "baseline_seconds": round(middle.seconds, 3), "baseline_cpu": round(middle.spent, 2)}
    details["ratio_of_cpu"] = round(middle.spent / sum(middle.done["cpu"].values()), 3)
    details["ratios"] = [round(turn.ratio, 3) for turn in turns]
    details["one_worker"] = {**alone, "ratio": round(median(turn.seconds for turn in turns) / alone["seconds"], 3)}
    if middle.loose:
        details["without_foreign_keys"] = {"seconds": round(middle.loose[1], 3), "cpu": round(middle.loose[2], 2)}
    return Result(name, middle.needs / middle.done["seconds"], "rows/s", middle.needs / middle.seconds, details)


class Turn(NamedTuple):
    """The bare statement and then the purge, each on a copy: rows, seconds and processor of the first, all of both."""

    needs: int
    seconds: float
    spent: float
    kept: dict[str, int]
    loose: tuple[int, float, float] | None
    done: dict[str, Any]

    @property
    def ratio(self) -> float:
        return float(self.seconds / self.done["seconds"])


def _turn(site: Site, loaded: dict[str, object], number: int, *, loose: bool) -> Turn:
    with _copy(site, f"bare{number}") as session:
        free = _timed(session, _copied(session), loaded) if loose else None
        needs, seconds, spent = _timed(session, TABLES, loaded)
        kept = _left(session)
    with _copy(site, f"purge{number}") as session:
        session.execute("CHECKPOINT")
    done = _purged(site, f"purge{number}", (), (needs, kept))
    return Turn(needs, seconds, spent, kept, free, done)


def _copy(site: Site, name: str) -> psycopg.Connection:
    with _session(site, "postgres") as session:
        session.execute(f"CREATE DATABASE {name} TEMPLATE {DATABASE} STRATEGY file_copy")
    return _session(site, name)


def _purged(site: Site, database: str, workers: tuple[str, ...], as_bare: tuple[int, dict[str, int]]) -> dict[str, Any]:
    """What the purge told of itself, after the same rows are gone as by the bare statement."""
    done: dict[str, Any] = json.loads(site.run("-m", "benchmarks.purge_rows", "purge", *workers, database=database))
    with _session(site, database) as session:
        left = _left(session)
        done["dead_rows_walked"] = _walked(session)
    if (done["needs"], left) != as_bare:
        raise SystemExit(f"Purge and baseline did not delete the same rows: {left} and {as_bare}, {done}")
    return done


def _walked(session: psycopg.Connection) -> float:
    """Index entries that the needs' indexes gave for each row that went: 1 would be a bare scan of what is due."""
    session.execute("SELECT pg_stat_force_next_flush()")
    row = session.execute(
        "SELECT sum(idx_tup_read)::float8 / greatest((SELECT n_tup_del FROM pg_stat_user_tables"
        " WHERE relname = 'subjects_itempurpose'), 1) FROM pg_stat_user_indexes"
        " WHERE indexrelname = 'subjects_need_collected'"
    ).fetchone()
    assert row
    return round(row[0], 2)


def _session(site: Site, database: str) -> psycopg.Connection:
    return psycopg.connect(site.postgres.url(SUPERUSER, database), autocommit=True)


def _copied(session: psycopg.Connection) -> dict[str, str]:
    for name, table in TABLES.items():
        session.execute(f"CREATE TABLE bare_{name} (LIKE {table} INCLUDING ALL EXCLUDING IDENTITY)")
        session.execute(f"INSERT INTO bare_{name} SELECT * FROM {table}")
    session.execute("VACUUM ANALYZE")
    return {name: f"bare_{name}" for name in TABLES}


def _timed(session: psycopg.Connection, tables: dict[str, str], loaded: dict[str, object]) -> tuple[int, float, float]:
    session.execute("CHECKPOINT")
    began, spent = time.perf_counter(), -cpu(session.info.backend_pid)
    row = session.execute(BARE.format(**tables), loaded).fetchone()
    assert row
    return row[0], time.perf_counter() - began, spent + cpu(session.info.backend_pid)


def _left(session: psycopg.Connection) -> dict[str, int]:
    # The key of a message to the journal is new, and none that should have gone.
    tables = TABLES | {"datakey": "core_datakey WHERE owner <> 'outbox'"}
    counts = (session.execute(f"SELECT count(*) FROM {table}").fetchone() for table in tables.values())
    return {name: row[0] for name, row in zip(TABLES, counts, strict=True) if row}
