"""Anonymise per second: due rows of many people opened, changed by a recipe, measured as a whole and stored.

The baseline is one bare statement that updates the same rows, contents and keys, in a copy of the same database. It
opens and seals nothing, measures nothing, leaves no evidence and holds its locks until all is over. The run changes the
values where they stand; `let_go` is the other outcome, in which rows are anonymous and what they came from is deleted
with its people, addresses and keys. Half of all rows are due. `resealed` says how much of it is opening and sealing:
the same rows read once, opened and stored under fresh keys, with nothing measured, locked or left as evidence.
"""

import json
import time
from typing import Any

import psycopg

from benchmarks.measure import Plan, Result, cpu
from benchmarks.site import DATABASE, Site, prepared
from kraken_privacy.embedded.postgres import SUPERUSER

# So many people are due, with two items each, and as many are not.
PEOPLE = 10_000
# As long as what was there, so that the rows stay as large.
BARE = """
WITH item AS (
    UPDATE subjects_personaldataitem AS item SET sealed = set_byte(item.sealed, 9, 9)
    FROM subjects_itempurpose AS need
    WHERE need.item_id = item.id AND need.purpose_id = %(purpose)s AND need.collected_on < %(cutoff)s
    RETURNING item.uuid
), datakey AS (
    UPDATE core_datakey AS datakey SET wrapped = set_byte(datakey.wrapped, 9, 9)
    FROM item WHERE datakey.owner = 'item' AND datakey.owner_id = item.uuid
)
SELECT count(*) FROM item
"""
CONTENTS_ALONE = f"{BARE.partition(', datakey')[0]} SELECT count(*) FROM item"
COPIES = ("bare", "contents", "resealed", "two", "gone")


def run(_plan: Plan) -> Result:
    with prepared() as site:
        loaded = json.loads(site.run("-m", "benchmarks.anonymise_rows", "load", str(PEOPLE)))
        with _session(site, DATABASE) as session:
            session.execute("VACUUM ANALYZE")
        with _session(site, "postgres") as session:
            for copy in COPIES:
                session.execute(f"CREATE DATABASE {copy} TEMPLATE {DATABASE}")
        with _session(site, "bare") as session:
            rows, seconds, spent = _timed(session, BARE, loaded)
        with _session(site, "contents") as session:
            _rows, alone, _spent = _timed(session, CONTENTS_ALONE, loaded)
        with _session(site, "resealed") as session:
            session.execute("CHECKPOINT")
        resealed = json.loads(site.run("-m", "benchmarks.anonymise_rows", "resealed", database="resealed"))
        assert resealed["rows"] == rows
        done = _worked(site, DATABASE, "pseudonymised", 1, rows)
        two = _worked(site, "two", "pseudonymised", 2, rows)
        gone = _worked(site, "gone", "anonymous", 1, rows)
    for one in (done, two, gone):
        one["ratio"] = round(seconds / one["seconds"], 3)
        one["ratio_of_cpu"] = round(spent / sum(one["cpu"].values()), 3)
    details = {**done, "baseline_seconds": round(seconds, 3), "baseline_cpu": round(spent, 2)}
    details |= {
        "resealed": {"seconds": round(resealed["seconds"], 3), "ratio": round(seconds / resealed["seconds"], 3)}
    }
    details |= {"two_workers": two, "let_go": gone, "baseline_contents_alone_seconds": round(alone, 3)}
    return Result("anonymise", rows / done["seconds"], "rows/s", rows / seconds, details)


def _worked(site: Site, database: str, outcome: str, workers: int, rows: int) -> dict[str, Any]:
    """What the run told of itself, after it is seen that it did what it was to do."""
    with _session(site, database) as session:
        session.execute("CHECKPOINT")
    told = site.run("-m", "benchmarks.anonymise_rows", outcome, str(workers), database=database)
    done: dict[str, Any] = json.loads(told)
    if (done["status"], done["rows"]) != (outcome, rows):
        raise SystemExit(f"The run did not do what the baseline did: {outcome}, {rows} rows and {done}")
    return done


def _session(site: Site, database: str) -> psycopg.Connection:
    return psycopg.connect(site.postgres.url(SUPERUSER, database), autocommit=True)


def _timed(session: psycopg.Connection, statement: str, loaded: dict[str, object]) -> tuple[int, float, float]:
    session.execute("CHECKPOINT")
    began, spent = time.perf_counter(), -cpu(session.info.backend_pid)
    row = session.execute(statement, loaded).fetchone()
    assert row
    return row[0], time.perf_counter() - began, spent + cpu(session.info.backend_pid)
