"""Anonymise per second: due rows of many people opened, changed by a recipe, measured as a whole and stored.

The baseline is one bare statement that updates the same rows, contents and keys, in a copy of the same database. It
opens and seals nothing, measures nothing, leaves no evidence and holds its locks until all is over. The run changes the
values where they stand, with RETENTION_WORKERS as it comes, and the figures are those of the turn with the middle
ratio; `one_worker` is the same with one. `let_go` is the other outcome, in which rows are anonymous and what they came
from is deleted with its people, addresses and keys. Half of all rows are due. `resealed` says how much of it is opening
and sealing: the same rows read once, opened and stored under fresh keys, with nothing measured, locked or left as
evidence. Loading takes minutes.
"""

import json
import time
from statistics import median
from typing import Any, NamedTuple

import psycopg

from benchmarks.measure import Plan, Result, cpu
from benchmarks.site import DATABASE, Site, prepared
from kraken_privacy.embedded.postgres import SUPERUSER

# So many people are due, with two items each, and as many are not.
PEOPLE, TURNS = 40_000, 3
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


class Turn(NamedTuple):
    """The bare statement and then the run, each on a copy: rows, seconds and processor of the first, all of both."""

    rows: int
    seconds: float
    spent: float
    done: dict[str, Any]

    @property
    def ratio(self) -> float:
        return float(self.seconds / self.done["seconds"])


def run(_plan: Plan) -> Result:
    with prepared() as site:
        loaded = json.loads(site.run("-m", "benchmarks.anonymise_rows", "load", str(PEOPLE)))
        with _session(site, DATABASE) as session:
            session.execute("VACUUM ANALYZE")
        turns = [_turn(site, loaded, number) for number in range(TURNS)]
        with _copy(site, "contents") as session:
            _rows, alone, _spent = _timed(session, CONTENTS_ALONE, loaded)
        rows, seconds = turns[0].rows, median(turn.seconds for turn in turns)
        with _copy(site, "resealed") as session:
            session.execute("CHECKPOINT")
        resealed = json.loads(site.run("-m", "benchmarks.anonymise_rows", "resealed", database="resealed"))
        assert resealed["rows"] == rows
        single = _worked(site, "single", "pseudonymised", rows, "1")
        gone = _worked(site, "gone", "anonymous", rows)
    middle = sorted(turns, key=lambda turn: turn.ratio)[TURNS // 2]
    done = middle.done
    for one, by in ((done, middle.seconds), (single, seconds), (gone, seconds), (resealed, seconds)):
        one["ratio"] = round(by / one["seconds"], 3)
    details = {**done, "ratio_of_cpu": round(middle.spent / sum(done["cpu"].values()), 3)}
    details |= {"baseline_seconds": round(middle.seconds, 3), "baseline_cpu": round(middle.spent, 2)}
    details |= {"ratios": [round(turn.ratio, 3) for turn in turns], "one_worker": single, "let_go": gone}
    details |= {"resealed": resealed, "baseline_contents_alone_seconds": round(alone, 3)}
    return Result("anonymise", rows / done["seconds"], "rows/s", rows / middle.seconds, details)


def _turn(site: Site, loaded: dict[str, object], number: int) -> Turn:
    with _copy(site, f"bare{number}") as session:
        rows, seconds, spent = _timed(session, BARE, loaded)
    return Turn(rows, seconds, spent, _worked(site, f"run{number}", "pseudonymised", rows))


def _worked(site: Site, database: str, outcome: str, rows: int, *workers: str) -> dict[str, Any]:
    """What the run told of itself, after it is seen that it did what it was to do."""
    with _copy(site, database) as session:
        session.execute("CHECKPOINT")
    told = site.run("-m", "benchmarks.anonymise_rows", outcome, *workers, database=database)
    done: dict[str, Any] = json.loads(told)
    if (done["status"], done["rows"]) != (outcome, rows):
        raise SystemExit(f"The run did not do what the baseline did: {outcome}, {rows} rows and {done}")
    return done


def _copy(site: Site, name: str) -> psycopg.Connection:
    with _session(site, "postgres") as session:
        session.execute(f"CREATE DATABASE {name} TEMPLATE {DATABASE} STRATEGY file_copy")
    return _session(site, name)


def _session(site: Site, database: str) -> psycopg.Connection:
    return psycopg.connect(site.postgres.url(SUPERUSER, database), autocommit=True)


def _timed(session: psycopg.Connection, statement: str, loaded: dict[str, object]) -> tuple[int, float, float]:
    session.execute("CHECKPOINT")
    began, spent = time.perf_counter(), -cpu(session.info.backend_pid)
    row = session.execute(statement, loaded).fetchone()
    assert row
    return row[0], time.perf_counter() - began, spent + cpu(session.info.backend_pid)
