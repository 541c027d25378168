"""Purge per second: due rows of many people erased under a rule, with holds checked, tombstones and evidence.

The baseline is one bare statement that deletes the same rows from equal tables, which have the same indexes and no
foreign keys. Half of all rows are due, so neither side empties a table.
"""

import json
import time

import psycopg

from benchmarks.measure import Plan, Result, cpu
from benchmarks.site import Site, prepared

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
    DELETE FROM bare_need WHERE purpose_id = %(purpose)s AND category_id = %(category)s AND collected_on < %(cutoff)s
    RETURNING item_id, subject_id
), item AS (
    DELETE FROM bare_item WHERE id IN (SELECT item_id FROM need) RETURNING uuid
), relationship AS (
    DELETE FROM bare_relationship WHERE subject_id IN (SELECT subject_id FROM need)
), link AS (
    DELETE FROM bare_link WHERE subject_id IN (SELECT subject_id FROM need) RETURNING identifier_id
), identifier AS (
    DELETE FROM bare_identifier WHERE id IN (SELECT identifier_id FROM link) RETURNING uuid
), datakey AS (
    DELETE FROM bare_datakey WHERE owner_id IN (SELECT uuid FROM item UNION ALL SELECT uuid FROM identifier)
), person AS (
    DELETE FROM bare_person WHERE id IN (SELECT subject_id FROM need)
)
SELECT count(*) FROM need
"""


def run(_plan: Plan) -> Result:
    with prepared() as site:
        loaded = json.loads(site.run("-m", "benchmarks.purge_rows", "load", str(PEOPLE), str(ITEMS_EACH)))
        needs, bare, bare_cpu = _bare(site, loaded)
        done = json.loads(site.run("-m", "benchmarks.purge_rows", "purge"))
        left = {name: int(site.one(f"SELECT count(*) FROM {table}")) for name, table in TABLES.items()}
        kept = {name: int(site.one(f"SELECT count(*) FROM bare_{name}")) for name in TABLES}
        if left != kept or done["needs"] != needs:
            raise SystemExit(f"Purge and baseline did not delete the same rows: {left} and {kept}, {done}")
        details = {**done, "baseline_seconds": round(bare, 3), "baseline_cpu": round(bare_cpu, 2)}
        return Result("purge", needs / done["seconds"], "rows/s", needs / bare, details)


def _bare(site: Site, loaded: dict[str, object]) -> tuple[int, float, float]:
    with psycopg.connect(site.url(), autocommit=True) as session:
        for name, table in TABLES.items():
            session.execute(f"CREATE TABLE bare_{name} (LIKE {table} INCLUDING ALL EXCLUDING IDENTITY)")
            session.execute(f"INSERT INTO bare_{name} SELECT * FROM {table}")
            session.execute(f"VACUUM ANALYZE bare_{name}")
            session.execute(f"VACUUM ANALYZE {table}")
        session.execute("CHECKPOINT")
        began = time.perf_counter()
        spent = -cpu(session.info.backend_pid)
        row = session.execute(BARE, loaded).fetchone()
        seconds = time.perf_counter() - began
        spent += cpu(session.info.backend_pid)
        session.execute("CHECKPOINT")
    assert row
    return row[0], seconds, spent
