"""`register`; `load N` makes a person with N records and a confirmed request; `make N ROUNDS` answers it. JSON."""

import csv
import io
import json
import os
import resource
import sys
import time
import uuid
import zipfile
from datetime import timedelta
from statistics import median
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kraken_privacy.settings")
django.setup()

from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402

from core.models import DataKey, Owner  # noqa: E402
from core.vault import new_key  # noqa: E402
from processing.models import DataCategory, ProcessingActivity, Purpose, PurposeVersion, System  # noqa: E402
from requests import answer, intake, package  # noqa: E402
from requests.models import CaseFile, RightsRequest  # noqa: E402
from subjects import people  # noqa: E402
from subjects.identifiers import Claim  # noqa: E402
from subjects.items import FIELD  # noqa: E402
from subjects.models import PersonalDataItem  # noqa: E402

ACTOR = "system:benchmark"
NEEDS = """
INSERT INTO subjects_itempurpose (item_id, purpose_id, subject_id, category_id, collected_on)
  SELECT id, %s, subject_id, category_id, collected_at::date FROM subjects_personaldataitem WHERE subject_id = %s
"""


def register() -> None:
    now = timezone.now()
    activity = ProcessingActivity.objects.create(slug="office", title="Office", owner="Office", security="-")
    DataCategory.objects.create(slug="correspondence", label="What you wrote to us")
    system = System.objects.create(slug="kraken-privacy", name="This database", connector="builtin")
    for slug in ("contract-administration", "rights-requests"):
        purpose = Purpose.objects.create(slug=slug, activity=activity)
        version = PurposeVersion.objects.create(
            purpose=purpose,
            number=1,
            title=slug.replace("-", " ").capitalize(),
            description="What the contract needs.",
            basis="b",
            subject_categories=["customer"],
            sources=["website"],
            retention_summary="Six years after the contract ended.",
        )
        version.categories.set(DataCategory.objects.all())
        version.systems.add(system)
        version.publish(now=now, actor=ACTOR)


def load(count: int) -> None:
    now, claim = timezone.now(), Claim("email", address(count))
    subject = people.find_or_create([claim], now=now, actor=ACTOR)
    people.verify_identifier(subject, claim, how="mail", now=now, actor=ACTOR)
    category, system = DataCategory.objects.get(), System.objects.get()
    for start in range(0, count, 1000):
        keys = [new_key(Owner.ITEM, uuid.uuid4()) for _item in range(min(1000, count - start))]
        DataKey.objects.bulk_create(key.row() for key in keys)
        PersonalDataItem.objects.bulk_create(
            PersonalDataItem(
                uuid=key.owner_id,
                subject=subject,
                category=category,
                sealed=key.seal(FIELD, _content(start + number)),
                source="website",
                nature="provided",
                system=system,
                collected_at=now - timedelta(days=(start + number) % 900),
            )
            for number, key in enumerate(keys)
        )
    with connection.cursor() as cursor:
        cursor.execute(NEEDS, [Purpose.objects.get(slug="contract-administration").pk, subject.pk])
    case = intake.open_case(
        rights=["access"],
        requester={"name": "Ada", "email": address(count)},
        details="",
        channel="web",
        received_at=now,
        received_on=now.date(),
        locale="en-GB",
        actor=ACTOR,
        now=now,
    )
    CaseFile.objects.filter(pk=case.pk).update(confirmed_at=now, subject=subject)


def _content(number: int) -> bytes:
    text = (
        f"Message {number}: please send the licence for line {number % 97} to our office in Middlesbrough, thank you."
    )
    return json.dumps({"subject": f"Order {number}", "text": text}).encode()


def make(count: int, rounds: int) -> dict[str, Any]:
    request = RightsRequest.objects.select_related("case__subject").get(result={}, state="received")
    seconds, spent, read, size, began = [], [], 0.0, 0, peak()
    for _round in range(rounds):
        start, cpu = time.perf_counter(), time.process_time()
        made = answer.prepare_access(request, actor=ACTOR, now=timezone.now())
        seconds.append(time.perf_counter() - start)
        spent.append(time.process_time() - cpu)
        start = time.perf_counter()
        size = sum(len(piece) for piece in package.contents(made))
        read = time.perf_counter() - start
    assert request.result["rows"] >= count
    figures = {
        "seconds": round(median(seconds), 3),
        "cpu": round(median(spent), 3),
        "hand_over_seconds": round(read, 3),
        "megabytes": round(size / 1e6, 1),
    }
    reached = peak()
    return {**figures, "peak_mb": round(reached), "grew_mb": round(reached - began), "plain": _plain(count)}


def peak() -> float:
    """The most memory this process has had so far, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _plain(count: int) -> float:
    """Seconds to write such rows as JSON and CSV into a ZIP, when they are there already."""
    rows = [
        json.loads(_content(number)) | {"collected": "2026-01-01", "number": str(number)} for number in range(count)
    ]
    start = time.perf_counter()
    text = io.StringIO()
    csv.writer(text).writerows(row.values() for row in rows)
    with zipfile.ZipFile(io.BytesIO(), "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.json", json.dumps(rows))
        archive.writestr("rows.csv", text.getvalue())
    return round(time.perf_counter() - start, 4)


def address(count: int) -> str:
    return f"person{count}@example.com"


if __name__ == "__main__":
    if sys.argv[1] == "register":
        register()
    elif sys.argv[1] == "load":
        load(int(sys.argv[2]))
    else:
        print(json.dumps(make(int(sys.argv[2]), int(sys.argv[3]))))
