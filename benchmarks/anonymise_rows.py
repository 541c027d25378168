"""`load PEOPLE` fills the database for the benchmark of anonymising; `anonymous` and `pseudonymised`, with a number of
workers if need be, run a rule with that outcome; `resealed` only opens the same rows and seals them again. All print
JSON.
"""

import json
import os
import resource
import sys
import time
import uuid
from datetime import UTC, date, datetime

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kraken_privacy.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection, transaction  # noqa: E402

from benchmarks.answers import RECIPE  # noqa: E402
from benchmarks.measure import cpu  # noqa: E402
from benchmarks.purge_rows import Watch, batched, sealed  # noqa: E402
from core import prepared  # noqa: E402
from core.models import DataKey, Owner  # noqa: E402
from core.vault import open_each, seal_each  # noqa: E402
from kraken_privacy.settled import settle  # noqa: E402
from processing.models import DataCategory, ProcessingActivity, Purpose, System  # noqa: E402
from retention import anonymise_people as module  # noqa: E402
from retention import rules  # noqa: E402
from retention.anonymise_store import params, store_anew  # noqa: E402
from retention.models import RetentionRule, Run  # noqa: E402
from retention.purge import purge  # noqa: E402
from subjects.items import FIELD  # noqa: E402
from subjects.models import Identifier  # noqa: E402

NOW = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
OLD, NEW = date(2024, 1, 1), date(2026, 6, 1)
CUTOFF, AT_ONCE = date(2025, 11, 22), 2000
FILL = """
SET enable_nestloop = off;
INSERT INTO subjects_datasubject (uuid, locale, jurisdiction, is_test)
  SELECT gen_random_uuid(), 'en-GB', 'UK', false FROM generate_series(1, %(people)s);
INSERT INTO subjects_relationship (uuid, subject_id, purpose_id, role, ground, ground_recorded_by, source, started_on)
  SELECT gen_random_uuid(), id, %(purpose)s, 'prospect', '', '', 'website', %(old)s FROM subjects_datasubject;
INSERT INTO subjects_subjectidentifier (subject_id, identifier_id, verified_how, is_shared)
  SELECT person.id, identifier.id, '', false
  FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM subjects_datasubject) AS person
  JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM subjects_identifier) AS identifier USING (n);
"""
# Every second person is past the period.
NEEDS = """
INSERT INTO subjects_itempurpose (item_id, purpose_id, subject_id, category_id, collected_on)
  SELECT id, %(purpose)s, subject_id, category_id, collected_at::date FROM subjects_personaldataitem
"""
ITEMS = (
    "COPY subjects_personaldataitem"
    " (uuid, subject_id, category_id, sealed, source, nature, system_id, collected_at) FROM STDIN"
)
# The second is missed by any table of people.
THRESHOLDS = {"anonymous": {"k": 5, "l": 3, "t": 0.3}, "pseudonymised": {"k": 5, "l": 3, "t": 0}}


def load(people: int) -> dict[str, object]:
    about = {"title": "Research", "owner": "Research", "security": "-"}
    activity, _ = ProcessingActivity.objects.get_or_create(slug="research", defaults=about)
    purpose, _ = Purpose.objects.get_or_create(slug="surveys", defaults={"activity": activity})
    for made in batched(sealed(2 * people)):
        Identifier.objects.bulk_create(one.row() for one in made)
        DataKey.objects.bulk_create(one.key.row() for one in made)
    with connection.cursor() as cursor:
        cursor.execute(FILL, {"people": 2 * people, "purpose": purpose.pk, "old": OLD})
        cursor.execute("SELECT id FROM subjects_datasubject")
        _items([row[0] for row in cursor.fetchall()])
        cursor.execute(NEEDS, {"purpose": purpose.pk})
    return {"purpose": purpose.pk, "cutoff": CUTOFF.isoformat()}


def _items(subjects: list[int]) -> None:
    """Two for each person, sealed as the product does."""
    builtin = {"name": "This database", "connector": "builtin"}
    system, _ = System.objects.get_or_create(slug="kraken-privacy", defaults=builtin)
    for slug, content in (("feedback", _answer), ("email", _address)):
        category, _ = DataCategory.objects.get_or_create(slug=slug, defaults={"label": slug})
        uuids = [str(uuid.uuid4()) for _subject in subjects]
        anew = seal_each(
            Owner.ITEM, FIELD, ((one, content(n).encode()) for one, n in zip(uuids, subjects, strict=True))
        )
        with connection.cursor() as cursor, cursor.copy(ITEMS) as copy:
            for one, subject, value in zip(uuids, subjects, anew.sealed, strict=True):
                on = NEW if subject % 2 else OLD
                copy.write_row((one, subject, category.pk, value, "website", "provided", system.pk, on))
        keys = "COPY core_datakey (owner, owner_id, master_key, wrapped) FROM STDIN"
        with connection.cursor() as cursor, cursor.copy(keys) as copy:
            for one, wrapped in zip(uuids, anew.wrapped, strict=True):
                copy.write_row(("item", one, anew.master_key, wrapped))


def _answer(number: int) -> str:
    # Days of five decades, and one of four grades.
    born = date.fromordinal(date(1950, 1, 1).toordinal() + number * 7919 % 18_000)
    grade = ("poor", "fair", "good", "best")[number // 2 % 4]
    return json.dumps({"born": born.isoformat(), "score": grade, "words": f"What person {number} wrote."})


def _address(number: int) -> str:
    return json.dumps(f"person{number}@example.com")


def work(outcome: str, workers: int = 0) -> dict[str, object]:
    rule = RetentionRule.objects.create(
        slug="surveys",
        purpose=Purpose.objects.get(slug="surveys"),
        trigger="collection",
        period="P12M",
        action="anonymise",
        recipe=RECIPE | {"thresholds": THRESHOLDS[outcome]},
        legal_reason="-",
    )
    rules.activate(rule, approved_by="system:benchmark", now=NOW)
    module.Pace = Watch  # type: ignore[misc]
    # As every worker does when it starts.
    settle()
    before, began = (cpu(os.getpid()), _most_memory()), time.perf_counter()
    purge(rule, as_of=NOW.date(), commit=True, now=NOW, workers=workers)
    seconds = time.perf_counter() - began
    run = Run.objects.get()
    spent = {"python": round(cpu(os.getpid()) - before[0], 2), "postgres": round(sum(Watch.spent.values()), 2)}
    open_for = sorted(Watch.seconds)
    p99 = open_for[max(0, int(len(open_for) * 0.99) - 1)]
    return {
        "status": (run.measured or {})["status"],
        "rows": _rows(outcome),
        "workers": workers or settings.RETENTION_WORKERS,
        "seconds": round(seconds, 3),
        "cpu": spent,
        "memory": {"before_mb": before[1], "most_mb": _most_memory()},
        "batches": len(open_for),
        "batch_ms_p99": round(p99 * 1000),
    }


# What anything has to do that changes sealed rows, and no more.
DUE = """
SELECT item.id, item.uuid::text, key.master_key, key.wrapped, item.sealed
FROM subjects_itempurpose AS need
JOIN subjects_personaldataitem AS item ON item.id = need.item_id
JOIN core_datakey AS key ON key.owner = 'item' AND key.owner_id = item.uuid
WHERE need.purpose_id = %(purpose)s AND need.collected_on < %(cutoff)s ORDER BY item.id
"""


@transaction.atomic
def reseal() -> dict[str, object]:
    """All of them read once, opened, and stored as they were under fresh keys, with no lock taken before."""
    began = time.perf_counter()
    rows = prepared.fetch_bulk(DUE, {"purpose": Purpose.objects.get(slug="surveys").pk, "cutoff": CUTOFF})
    for start in range(0, len(rows), AT_ONCE):
        some = rows[start : start + AT_ONCE]
        texts = open_each(Owner.ITEM, FIELD, [row[1:] for row in some])
        uuids = [row[1] for row in some]
        anew = seal_each(Owner.ITEM, FIELD, zip(uuids, (text or b"" for text in texts), strict=True))
        store_anew(params([row[0] for row in some], uuids, anew))
    return {"rows": len(rows), "seconds": time.perf_counter() - began}


def _rows(outcome: str) -> int:
    """What was changed or deleted, by the evidence of it."""
    kind, member = ("retention.pseudonymised", "items") if outcome == "pseudonymised" else ("retention.batch", "items")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sum((body::jsonb -> 'data' ->> %s)::bigint) FROM ledger_entry WHERE kind = %s", [member, kind]
        )
        return int(cursor.fetchone()[0])


def _most_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["load", people]:
            print(json.dumps(load(int(people))))
        case ["resealed"]:
            print(json.dumps(reseal()))
        case [outcome, *workers]:
            print(json.dumps(work(outcome, *map(int, workers))))
