"""`load DUE ITEMS [EVERY]` fills the database for the purge benchmarks, `purge [WORKERS]` runs it. Both print JSON.

So many people are due, one in every two or EVERY.
"""

import itertools
import json
import os
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any, ClassVar

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kraken_privacy.settings")
django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from benchmarks.measure import cpu  # noqa: E402
from processing.models import DataCategory, ProcessingActivity, Purpose, System  # noqa: E402
from retention import purge as module  # noqa: E402
from retention import rules  # noqa: E402
from retention.models import RetentionRule  # noqa: E402
from retention.pace import Pace  # noqa: E402
from subjects import identifiers  # noqa: E402

NOW = datetime(2026, 11, 22, 2, 30, tzinfo=UTC)
OLD, NEW = date(2024, 1, 1), date(2026, 6, 1)
# One person in %(every)s is past the period. Sealed contents are random: nothing opens an item to erase it.
FILL = """
INSERT INTO subjects_datasubject (uuid, locale, jurisdiction, is_test)
  SELECT gen_random_uuid(), 'en-GB', 'UK', false FROM generate_series(1, %(people)s);
INSERT INTO subjects_relationship (uuid, subject_id, purpose_id, role, ground, ground_recorded_by, source, started_on)
  SELECT gen_random_uuid(), id, %(purpose)s, 'prospect', '', '', 'website', %(old)s FROM subjects_datasubject;
INSERT INTO subjects_personaldataitem (uuid, subject_id, category_id, sealed, source, nature, system_id, collected_at)
  SELECT gen_random_uuid(), person.id, %(category)s, sha256(person.id::text::bytea) || sha256(number::text::bytea),
         'website', 'provided', %(system)s,
         CASE person.id %% %(every)s WHEN 0 THEN %(old)s ELSE %(new)s END + number * interval '1 day'
  FROM subjects_datasubject AS person, generate_series(1, %(items)s) AS number;
INSERT INTO subjects_itempurpose (item_id, purpose_id, subject_id, category_id, collected_on)
  SELECT id, %(purpose)s, subject_id, category_id, collected_at::date FROM subjects_personaldataitem;
INSERT INTO core_datakey (owner, owner_id, master_key, wrapped)
  SELECT 'item', uuid, 'k1', sha256(uuid::text::bytea) || sha256(id::text::bytea) FROM subjects_personaldataitem;
INSERT INTO subjects_subjectidentifier (subject_id, identifier_id, verified_how, is_shared)
  SELECT person.id, identifier.id, '', false
  FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM subjects_datasubject) AS person
  JOIN (SELECT id, row_number() OVER (ORDER BY id) AS n FROM subjects_identifier) AS identifier USING (n);
"""
# What refers to what is right as it is written, and looking would take longer. Only a superuser may say so.
CHECKED = "SELECT set_config('session_replication_role', %s, false) FROM pg_user WHERE usename = user AND usesuper"


def load(due: int, items: int, every: int = 2) -> dict[str, object]:
    about = {"title": "Marketing", "owner": "Marketing", "security": "-"}
    activity, _ = ProcessingActivity.objects.get_or_create(slug="marketing", defaults=about)
    purpose, _ = Purpose.objects.get_or_create(slug="newsletter", defaults={"activity": activity})
    category, _ = DataCategory.objects.get_or_create(slug="email", defaults={"label": "Your e-mail address"})
    builtin = {"name": "This database", "connector": "builtin"}
    system, _ = System.objects.get_or_create(slug="kraken-privacy", defaults=builtin)
    for made in batched(sealed(every * due)):
        _copy("subjects_identifier (uuid, type, system, rules_version, sealed, blind, blind_key)", map(_address, made))
        _copy("core_datakey (owner, owner_id, master_key, wrapped)", map(_key, made))
    params = {"people": every * due, "every": every, "items": items, "purpose": purpose.pk, "category": category.pk}
    with connection.cursor() as cursor:
        cursor.execute(CHECKED, ["replica"])
        cursor.execute(FILL, params | {"system": system.pk, "old": OLD, "new": NEW})
        cursor.execute(CHECKED, ["origin"])
    rule = RetentionRule.objects.create(
        slug="newsletter", purpose=purpose, trigger="collection", period="P12M", legal_reason="-"
    )
    rules.activate(rule, approved_by="system:benchmark", now=NOW)
    cutoff = rules.cutoff(rule, NOW.date()).isoformat()
    return {"purpose": purpose.pk, "category": category.pk, "cutoff": cutoff}


def sealed(count: int) -> Iterator[identifiers.Sealed]:
    for number in range(count):
        yield identifiers.seal(identifiers.Claim("email", f"person{number}@example.com"))


def _copy(table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _address(one: identifiers.Sealed) -> tuple[Any, ...]:
    return one.uuid, one.type, one.system, one.rules_version, one.sealed, one.blind, one.blind_key


def _key(one: identifiers.Sealed) -> tuple[Any, ...]:
    return one.key.owner.value, one.key.owner_id, *one.key.wrapped()


def batched(all_of_them: Iterator[identifiers.Sealed]) -> Iterator[list[identifiers.Sealed]]:
    while some := list(itertools.islice(all_of_them, 2000)):
        yield some


class Watch(Pace):
    """Notes how long each transaction was open, and what the server spent on the session that it went through."""

    seconds: ClassVar[list[float]] = []
    first: ClassVar[dict[int, float]] = {}
    spent: ClassVar[dict[int, float]] = {}

    def __exit__(self, *failed: Any) -> None:
        # Before it rests.
        self.seconds.append(time.perf_counter() - self.since)
        super().__exit__(*failed)
        self.spent[self.backend] = cpu(self.backend) - self.first[self.backend]

    def __enter__(self) -> None:
        connection.ensure_connection()
        self.backend = connection.connection.info.backend_pid
        if self.backend not in self.first:
            self.first[self.backend] = cpu(self.backend)
        super().__enter__()
        self.since = time.perf_counter()


def work(workers: int) -> dict[str, object]:
    connection.ensure_connection()
    module.Pace = Watch  # type: ignore[misc]
    before, began = (cpu(os.getpid()), _most_memory()), time.perf_counter()
    report = module.purge(RetentionRule.objects.get(), as_of=NOW.date(), commit=True, now=NOW, workers=workers)
    seconds = time.perf_counter() - began
    spent = {"python": round(cpu(os.getpid()) - before[0], 2), "postgres": round(sum(Watch.spent.values()), 2)}
    open_for = sorted(Watch.seconds)
    memory = {"before_mb": before[1], "most_mb": _most_memory()}
    counts = {name: getattr(report, name) for name in ("needs", "items", "keys", "identifiers", "subjects", "batches")}
    done = {**counts, "workers": workers, "seconds": round(seconds, 3), "cpu": spent, "memory": memory}
    places = {"p50": 0.5, "p99": 0.99, "most": 1}
    times = {name: round(open_for[max(0, int(len(open_for) * part) - 1)] * 1000) for name, part in places.items()}
    return done | {"batch_ms": times, "batch_ms_p99": times["p99"]}


def _most_memory() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    print(
        json.dumps(
            load(*map(int, sys.argv[2:]))
            if sys.argv[1] == "load"
            else work(int(sys.argv[2]) if sys.argv[2:] else settings.RETENTION_WORKERS)
        )
    )
