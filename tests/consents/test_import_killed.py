"""`manage.py consents import` killed with SIGKILL in the middle of a file, and what the next run makes of the rest."""

import json
import os
import subprocess
import sys
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from consents import rebuild
from consents.models import ConsentEvent, ConsentImport, ConsentState, Suppression
from consents.withdraw import withdraw
from core.models import DataKey
from ledger.models import Entry
from subjects.identifiers import Claim
from subjects.models import DataSubject, Identifier
from tests import make_consents as make

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE, BATCH, GONE = 400, 20, "person7@example.com"
# The command as staff start it, with small batches. Where the fifth is stored and not committed it goes no further.
COMMAND = """
import sys, time
import django
django.setup()
from consents import importing
take, left = importing._batch, 4
def slow(*args, **options):
    global left
    take(*args, **options)
    if not left:
        print("in the middle", flush=True)
        time.sleep(600)
    left -= 1
importing._batch = slow
importing.BATCH = {batch}
from django.core.management import execute_from_command_line
execute_from_command_line(["manage.py", "consents", "import", sys.argv[1]])
"""


def run(path) -> subprocess.Popen:
    database = connection.settings_dict
    url = f"postgres://{database['USER']}@{database['HOST'].replace('/', '%2F')}/{database['NAME']}"
    if database["PORT"]:
        url += f"?port={database['PORT']}"
    environment = {**os.environ, "DATABASE_URL": os.environ.get("DATABASE_URL", url)}
    command = [sys.executable, "-c", COMMAND.format(batch=BATCH), str(path)]
    return subprocess.Popen(command, env=environment, cwd=settings.BASE_DIR, stdout=subprocess.PIPE, text=True)


def rows():
    """Mostly a "yes" each; every tenth a "no", every fortieth wrong, and somebody twice."""
    said = {"purpose": "newsletter", "channel": "email", "at": "2026-02-01T10:00:00Z", "evidence": "F1"}
    for number in range(PEOPLE):
        email = f"person{number}@example.com" if number % 40 != 20 else "no address"
        yield {**said, "email": email, "status": "given" if number % 10 else "withdrawn"}
    yield {**said, "email": "person1@example.com", "status": "given"}


def stored():
    """Each "yes" is an event; a "no" of somebody unknown is kept as a suppression. One of those was there before."""
    return ConsentEvent.objects.filter(collected_by="import").count() + Suppression.objects.count() - 1


def everything():
    """What must be the same however often a file is taken in."""
    models = (ConsentEvent, ConsentState, Suppression, DataSubject, Identifier, DataKey)
    return [model.objects.count() for model in models] + [Entry.objects.filter(kind__startswith="consent").count()]


def test_a_killed_import_is_taken_up_and_every_row_counts_once(tmp_path):
    make.live()
    withdraw([Claim("email", GONE)], purposes=["newsletter"], now=make.NOW, actor=make.ACTOR)
    path = tmp_path / "rows.ndjson"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows()), "utf-8")
    process = run(path)
    try:
        # One that ended says nothing.
        assert process.stdout.readline() == "in the middle\n"
    finally:
        process.kill()
        process.communicate()
    killed = ConsentImport.objects.get()
    assert killed.finished_at is None
    assert killed.line == 4 * BATCH
    # What was counted is what is there: of the batch at which it died, nothing.
    assert killed.line == sum(killed.counts.values())
    assert stored() == killed.counts["stored"]

    with pytest.raises(CommandError):
        call_command("consents", "import", str(path), stdout=StringIO())

    done = ConsentImport.objects.get()
    expected = {"stored": PEOPLE - PEOPLE // 40 - 1, "wrong": PEOPLE // 40, "outdone": 1, "known": 1}
    assert {name: count for name, count in done.counts.items() if count} == expected
    assert done.faults.count() == done.faults.distinct("line").count() == expected["wrong"] + expected["outdone"]
    assert done.finished_at
    assert stored() == expected["stored"]
    assert Entry.objects.filter(kind="consents.imported").count() == 1
    assert make.reason(GONE) == "suppressed"
    assert make.reason("person399@example.com") == "+consent-given"
    assert make.reason("person390@example.com") == "suppressed"
    assert rebuild.differences() == 0
    *before, entries = everything()
    with pytest.raises(CommandError):
        call_command("consents", "import", str(path), stdout=StringIO())
    # It was gone through again, because of the rows that were wrong, and that is all that was noted.
    assert everything() == [*before, entries + 1]
