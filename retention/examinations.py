"""The part of `manage.py doctor` that looks at the journal outside the database."""

import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings

from core.doctor import FAIL, OK, Finding, register
from retention import replay
from retention.journal import verify


def journal(now: datetime) -> Iterator[Finding]:
    folder = Path(settings.JOURNAL_DIR)
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        way_out = "Make JOURNAL_DIR, owned by the user of web and worker, on storage that backups of PostgreSQL skip."
        yield Finding(FAIL, "The journal cannot be written.", way_out)
        return
    report = verify()
    standing = replay.standing()
    if report.ok and not standing.may_serve:
        sentence = standing.problem or "The database was restored and is behind the journal: nothing is served."
        yield Finding(FAIL, sentence, "Run manage.py restore --replay as the owner of the tables (docs/backup.md).")
    elif report.ok:
        yield Finding(OK, f"The journal is whole: {report.lines} lines.")
    else:
        way_out = "Keep the files as they are; find out who changed them before any restore relies on them."
        yield Finding(FAIL, f"The journal's chain is broken at {report.problems[0]}.", way_out)


def register_all() -> None:
    register("journal", journal)
