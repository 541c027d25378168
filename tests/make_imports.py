"""Builders for imports: a register to import into, and files on their way."""

import csv
import io

from imports import staging, work
from imports.models import Row
from tests import make_office, make_register

NOW = make_office.NOW
OFFICER = make_office.OFFICER
PEOPLE = ("email", "name", "organisation", "role", "purposes", "source", "collected", "evidence", "notice")
CASES = ("reference", "right", "name", "email", "channel", "received", "status", "closed")
PERSON = {
    "email": "ada@example.com",
    "name": "Ada Byron",
    "purposes": "contract-administration",
    "source": "e-mail",
    "collected": "2026-03-01",
    "notice": "1",
}


def register():
    return make_office.register()


def person(**given):
    return PERSON | given


def text(rows, *, headers=None, delimiter=","):
    """Rows as the text of a CSV file."""
    headers = headers or list(dict.fromkeys(name for row in rows for name in row))
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(headers)
    writer.writerows([[row.get(name, "") for name in headers] for row in rows])
    return out.getvalue()


def staged(kind, rows, *, now=NOW, content=None, columns=None, fixed=None):
    """A file that was taken in, its columns named as guessed, checked."""
    content = content if content is not None else text(rows).encode()
    job = staging.take_in(kind, content, actor=OFFICER, now=now)
    staging.choose(job, columns or staging.layout_of(job)["columns"], fixed or {}, now=now)
    assert not work.advance(job, now=now)
    return job


def committed(kind, rows, *, now=NOW, **given):
    job = staged(kind, rows, now=now, **given)
    staging.commit(job, actor=OFFICER, now=now)
    assert not work.advance(job, now=now)
    return job


def counts(job):
    """The states that have rows."""
    return {state: n for state, n in staging.counts_of(job).items() if n}


def errors(job):
    """line → [(column, sentence)] of the rows with errors."""
    layout, key = staging.layout_of(job), staging.key_of(staging.Owner.IMPORT, job.uuid)
    return {
        row.line: [(one["column"], one["sentence"]) for one in staging.described(job, row, key, layout)]
        for row in job.rows.filter(state=Row.State.WRONG).order_by("line")
    }


def system(slug="crm"):
    return make_register.system(slug, "manual")
