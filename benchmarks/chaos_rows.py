"""For chaos.py: `load PEOPLE ITEMS`, `work` (purge in small batches until nothing is due), `check` (all adds up?)."""

import json
import os
import sys
import time
from collections import Counter
from itertools import chain
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kraken_privacy.settings")
django.setup()

from django.db import DatabaseError, InterfaceError, connection  # noqa: E402
from django.db.models import Sum  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks import purge_rows  # noqa: E402
from core import outbox  # noqa: E402
from ledger.models import Entry  # noqa: E402
from ledger.seals import seal  # noqa: E402
from ledger.verify import verify  # noqa: E402
from retention import certificate, journal, runs  # noqa: E402
from retention.certificate_check import check as check_certificate  # noqa: E402
from retention.models import Batch, RetentionRule, Run, Tombstone  # noqa: E402
from retention.purge import purge  # noqa: E402

# What must be left and what must be gone, noted before the first kill. The order of rows does not matter.
NOTE = """
CREATE TABLE chaos_expected AS
SELECT item.uuid, need.collected_on >= '2025-01-01' AS stays
FROM subjects_personaldataitem item JOIN subjects_itempurpose need ON need.item_id = item.id
"""
WRONG = {
    "lost": "SELECT count(*) FROM chaos_expected x WHERE stays"
    " AND NOT EXISTS (SELECT FROM subjects_personaldataitem i WHERE i.uuid = x.uuid)",
    "left": "SELECT count(*) FROM chaos_expected x WHERE NOT stays"
    " AND EXISTS (SELECT FROM subjects_personaldataitem i WHERE i.uuid = x.uuid)",
    "without_key": "SELECT count(*) FROM subjects_personaldataitem i WHERE NOT EXISTS"
    " (SELECT FROM core_datakey k WHERE k.owner = 'item' AND k.owner_id = i.uuid)",
    "keys_left": "SELECT count(*) FROM core_datakey k WHERE owner = 'item' AND NOT EXISTS"
    " (SELECT FROM subjects_personaldataitem i WHERE i.uuid = k.owner_id)",
    "addresses_left": "SELECT count(*) FROM subjects_identifier i WHERE NOT EXISTS"
    " (SELECT FROM subjects_subjectidentifier l WHERE l.identifier_id = i.id)",
    "address_keys_left": "SELECT count(*) FROM core_datakey k WHERE owner = 'identifier' AND NOT EXISTS"
    " (SELECT FROM subjects_identifier i WHERE i.uuid = k.owner_id)",
}


def load(people: int, items: int) -> None:
    purge_rows.load(people // 2, items)
    with connection.cursor() as cursor:
        cursor.execute(NOTE)


def work() -> None:
    """As the sweep does: whatever breaks, the next one goes on."""
    while True:
        try:
            now = timezone.now()
            purge(RetentionRule.objects.get(), as_of=now.date(), commit=True, now=now, batch=4)
            return
        except (DatabaseError, InterfaceError):
            connection.close()
            time.sleep(0.1)


def check() -> dict[str, object]:
    """Every count that can be had in two ways, in both."""
    wrong = {name: count for name, sql in WRONG.items() if (count := _one(sql))}
    went = {UUID(str(row)) for row in _column("SELECT uuid FROM chaos_expected WHERE NOT stays")}
    sums = Batch.objects.aggregate(**{name: Sum(name) for name in ("items", "subjects", "identifiers", "keys")})
    stones = Counter(Tombstone.objects.values_list("scope", flat=True))
    while outbox.deliver_due(now=timezone.now(), limit=500):
        pass
    lines = list(journal.lines())
    told = Counter(UUID(item) for item in chain.from_iterable(line["data"]["items"] for line in lines))
    seal(now=timezone.now())
    ways = {
        "items of batches": (sums["items"], len(went)),
        "tombstones of items": (stones["item"], sums["items"]),
        "tombstones of people": (stones["subject"], sums["subjects"]),
        "tombstones of addresses": (stones["identifier"], sums["identifiers"]),
        "keys": (sums["keys"], sums["items"] + sums["identifiers"]),
        "entries": (Entry.objects.filter(kind="retention.batch").count(), Batch.objects.count()),
        "people told": (Entry.objects.filter(kind="subject.erased").count(), sums["subjects"]),
        "journal": (told == Counter(went), True),
        "journal whole": (journal.verify().ok, True),
        "ledger whole": (verify().ok, True),
        "runs finished": (Run.objects.filter(status="finished").count(), Run.objects.count()),
        "totals": (sum(runs.totals(run).items for run in Run.objects.all()), sums["items"]),
        "certificates": ([problem for run in Run.objects.all() for problem in _problems(run)], []),
    }
    wrong |= {name: pair for name, pair in ways.items() if pair[0] != pair[1]}
    return {"wrong": wrong, "runs": Run.objects.count(), "batches": Batch.objects.count(), **sums}


def _problems(run: Run) -> list[str]:
    return check_certificate(certificate.file(run))[1]


def _column(sql: str) -> list[object]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return [row[0] for row in cursor.fetchall()]


def _one(sql: str) -> int:
    return int(str(_column(sql)[0]))


if __name__ == "__main__":
    if sys.argv[1] == "load":
        load(int(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[1] == "work":
        work()
    else:
        print(json.dumps(check(), default=str))
