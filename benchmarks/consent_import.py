"""Consents per second from a file, against a bare COPY of the same rows into tables with the same indexes.

The baseline has no foreign keys to look up, nothing to read, to seal or to prove. Details say what memory the import
took after a tenth of the rows and at the end. `ROWS` in the environment takes another number than a million.
"""

import json
import os
import time

import psycopg

from benchmarks.measure import Plan, Result, cpu
from benchmarks.site import SUPERUSER, Site, prepared

ROWS = int(os.environ.get("ROWS", "1_000_000"))
TABLES = {
    "datakey": "core_datakey",
    "identifier": "subjects_identifier",
    "person": "subjects_datasubject",
    "link": "subjects_subjectidentifier",
    "entry": "ledger_entry",
    "event": "consents_consentevent",
    "state": "consents_consentstate",
    "relationship": "subjects_relationship",
}


def run(_plan: Plan) -> Result:
    with prepared() as site:
        site.run("-m", "benchmarks.permission_check_rows", "0", role=SUPERUSER)
        done = json.loads(site.run("-m", "benchmarks.consent_import_rows", str(ROWS)))
        counts = {table: int(site.one(f"SELECT count(*) FROM {table}")) for table in TABLES.values()}
        if done["rows"]["stored"] != ROWS or counts["consents_consentstate"] != ROWS:
            raise SystemExit(f"The import is not complete: {done}, {counts}")
        seconds, spent = _bare(site)
        details = {**done, "bare_seconds": round(seconds, 1), "bare_cpu": round(spent, 1)}
        return Result("consent_import", ROWS / done["seconds"], "consents/s", ROWS / seconds, details)


def _bare(site: Site) -> tuple[float, float]:
    """Seconds, and of the processor, to COPY what was stored into equal tables."""
    with psycopg.connect(site.url(), autocommit=True) as session:
        copies = {}
        for name, table in TABLES.items():
            session.execute(f"CREATE TABLE bare_{name} (LIKE {table} INCLUDING ALL EXCLUDING IDENTITY)")
            columns = _columns(session, table)
            with session.cursor().copy(f"COPY {table} ({columns}) TO STDOUT") as copy:
                copies[name] = columns, b"".join(copy)
        session.execute("CHECKPOINT")
        began, spent = time.perf_counter(), -cpu(session.info.backend_pid)
        for name, (columns, content) in copies.items():
            with session.cursor().copy(f"COPY bare_{name} ({columns}) FROM STDIN") as copy:
                copy.write(content)
        return time.perf_counter() - began, spent + cpu(session.info.backend_pid)


def _columns(session: psycopg.Connection[tuple[str, ...]], table: str) -> str:
    """Those that are not generated."""
    query = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
    rows = session.execute(f"{query} AND attgenerated = '' ORDER BY attnum", [table]).fetchall()
    return ", ".join(f'"{name}"' for (name,) in rows)
