"""For chaos.py: `load PEOPLE ITEMS`, `work REST` (purge person by person until nothing is due, and deliver what waits
to be sent), `check ASKED` (does all add up?).
"""

import json
import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kraken_privacy.settings")
django.setup()

from django.db import DatabaseError, InterfaceError, connection  # noqa: E402
from django.db.models import Sum  # noqa: E402
from django.utils import timezone  # noqa: E402

from benchmarks import chaos_asked, purge_rows  # noqa: E402
from core import outbox  # noqa: E402
from core.models import Outbox  # noqa: E402
from ledger.models import Entry  # noqa: E402
from ledger.seals import seal  # noqa: E402
from ledger.verify import verify  # noqa: E402
from retention import certificate, evidence, journal, runs  # noqa: E402
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


def work(rest: Path) -> None:
    """As the sweeps do: whatever breaks, the next one goes on."""
    leave = evidence.leave

    def slowly(*args: Any, **options: Any) -> None:
        """So that a kill mostly finds a batch that is open: its rows are gone, its evidence is not there yet."""
        time.sleep(random.uniform(0, 2 * float(rest.read_text() or 0)))  # noqa: S311
        leave(*args, **options)

    evidence.leave = slowly
    threading.Thread(target=_over_and_over, args=[_deliver], daemon=True).start()
    _over_and_over(partial(_purge, batch=1 if float(rest.read_text() or 1) else 100))


def _over_and_over(step: Callable[[], bool]) -> None:
    while True:
        try:
            if step():
                return
        except (DatabaseError, InterfaceError):
            connection.close()
        time.sleep(0.1)


def _purge(batch: int) -> bool:
    now = timezone.now()
    purge(RetentionRule.objects.get(), as_of=now.date(), commit=True, now=now, batch=batch)
    return True


def _deliver() -> bool:
    outbox.deliver_due(now=timezone.now(), limit=20)
    return False


def check(asked: list[dict[str, Any]]) -> dict[str, object]:
    """Every count that can be had in two ways, in both."""
    found = chaos_asked.check(asked)
    wrong = {name: count for name, sql in WRONG.items() if (count := _one(sql))}
    went = {UUID(str(row)) for row in _column("SELECT uuid FROM chaos_expected WHERE NOT stays")}
    sums = Batch.objects.aggregate(**{name: Sum(name) for name in ("items", "subjects", "identifiers", "keys")})
    stones = Counter(Tombstone.objects.values_list("scope", flat=True))
    # When every lease has run out, and every pause after a failure.
    while outbox.deliver_due(now=timezone.now() + timedelta(days=2), limit=500):
        pass
    lines = [line for line in journal.lines() if line["action"] == "purge"]
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
        "delivered": (Outbox.objects.filter(sent_at=None).count(), 0),
        "ledger whole": (verify().ok, True),
        "runs finished": (Run.objects.filter(status="finished").count(), Run.objects.count()),
        "totals": (sum(runs.totals(run).items for run in Run.objects.all()), sums["items"]),
        "certificates": ([problem for run in Run.objects.all() for problem in _problems(run)], []),
    }
    wrong |= {name: pair for name, pair in ways.items() if pair[0] != pair[1]}
    wrong |= found.pop("wrong")
    return {
        "wrong": wrong,
        **found,
        "torn_journal_lines": journal.verify().torn,
        "runs": Run.objects.count(),
        "batches": Batch.objects.count(),
        **sums,
    }


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
        work(Path(sys.argv[2]))
    else:
        print(json.dumps(check(json.loads(Path(sys.argv[2]).read_text())), default=str))
