"""Which records another system has to erase after a run: noted by each batch, listed for that system, gone once it said
what it did.

It knows them by the ids that it got from us, and by its own: of somebody who is gone we hold none any more, so they are
sealed under a key of the task, for as long as the task is open. Nobody whose people only tried the API out is listed.
"""

import json
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.query import QuerySet

from core import copying
from core.arrays import Among
from core.copying import big, row
from core.models import Owner
from core.vault import Key, destroy_keys, ensure_key, keys_of
from ledger.entries import record
from processing.models import Purpose, Status, System
from retention.models import Run, SystemRecord, SystemTask
from subjects import known_as, one_person
from subjects.erasure import Erased
from subjects.models import DataSubject, PersonalDataItem

FIELD, PAGE = "known-as", 200
COLUMNS = "run_id, system_id, subject, item, known_as, purpose_id"
# What a system has to erase: about whom, which record, and for which purpose alone.
Told = tuple[UUID, UUID | None, int | None]


@dataclass(frozen=True)
class Record:
    """One record to erase. Without `item`, all that the purpose holds there about the person.

    `purpose` is named where the task names none and the record must stay there for another one.
    """

    pk: int
    subject: UUID
    item: UUID | None
    known_as: list[str]
    purpose: Purpose | None


def task_of(run: Run, system: System) -> UUID:
    """The task's id, known before there is one: a batch seals for it."""
    return uuid5(run.uuid, system.slug)


def note(run: Run, erased: Erased, *, purposes: Collection[int], but_for: Collection[str] = ()) -> list[System]:
    """In the transaction that erased: what of it each other system that these purposes use has to erase, too.

    Not the systems `but_for`. Returns those of which something was noted. A run without a rule is about no single
    purpose: a record that stays for another one is noted with that for which it has to go.
    """
    used = _users(purposes) if erased.left or erased.subject_uuids else {}
    users = {system: theirs for system, theirs in used.items() if system.slug not in but_for}
    if not users:
        return []
    staying = {one.subject for one in erased.left}
    known = [*erased.known_as, *known_as.of(staying)]
    invented = erased.invented | _invented(staying)
    kept = public_ids(one.item_id for one in erased.left if one.item is None)
    noted = []
    for system, theirs in users.items():
        rows: dict[Told, None] = {}
        for one in erased.left:
            if one.purpose_id in theirs:
                alone = one.purpose_id if one.item is None and run.rule_id is None else None
                rows[(one.subject, one.item or kept[one.item_id], alone)] = None
        rows |= dict.fromkeys((subject, None, None) for subject in erased.subject_uuids)
        told = [row for row in rows if row[0] not in invented]
        if told:
            _store(run, system, told, known_as.called(system, known))
            noted.append(system)
    return noted


def _users(purposes: Collection[int]) -> dict[System, set[int]]:
    """The other systems of these purposes, each with those that use it now, in one order for everybody."""
    live = System.objects.filter(purpose_versions__purpose__in=purposes, purpose_versions__status=Status.LIVE)
    others = live.exclude(connector=System.Connector.BUILTIN).annotate(used_for=F("purpose_versions__purpose"))
    found: dict[System, set[int]] = {}
    for system in others.order_by("slug"):
        found.setdefault(system, set()).add(system.used_for)
    return found


def _invented(people: Collection[UUID]) -> set[UUID]:
    found = DataSubject.objects.filter(Among("uuid", people, "uuid"), is_test=True) if people else ()
    return {one.uuid for one in found}


def public_ids(items: Iterable[int]) -> dict[int, UUID]:
    chosen = list(items)
    rows = PersonalDataItem.objects.filter(Among("pk", chosen)).values_list("pk", "uuid") if chosen else ()
    return dict(rows)


def _store(run: Run, system: System, told: list[Told], called: dict[UUID, list[str]]) -> None:
    key = ensure_key(Owner.SHARE, task_of(run, system)) if any(one[0] in called for one in told) else None
    rows = []
    for subject, item, purpose in told:
        names = called.get(subject)
        sealed = key.seal(FIELD, json.dumps(names).encode()) if key and names else None
        of = subject.bytes, item.bytes if item else None
        rows.append(row(big(run.pk), big(system.pk), *of, sealed, big(purpose) if purpose else None))
    copying.store("retention_systemrecord", COLUMNS, rows)


def of(task: SystemTask) -> QuerySet[SystemRecord]:
    """What the task lists still, in one order."""
    return SystemRecord.objects.filter(run=task.run, system=task.system).order_by("pk")


def systems_of(run: Run) -> QuerySet[System]:
    """For which something of this run is listed still: none of whose share was all about people who were invented."""
    noted = SystemRecord.objects.filter(run=run, system=OuterRef("pk"))
    return System.objects.filter(Exists(noted)).order_by("slug")


def page(task: SystemTask, *, after: int = 0, limit: int = PAGE) -> tuple[list[Record], bool]:
    """The records behind this one (by primary key), opened, and whether there are more."""
    rows = list(of(task).filter(pk__gt=after).select_related("purpose")[: limit + 1])
    key = keys_of(Owner.SHARE, [task.uuid]).get(task.uuid)
    found = [Record(one.pk, one.subject, one.item, _opened(key, one), one.purpose) for one in rows[:limit]]
    return found, len(rows) > limit


def _opened(key: Key | None, one: SystemRecord) -> list[str]:
    """The ids that this row is known by, with the key of its task."""
    found: list[str] = json.loads(key.open(FIELD, bytes(one.known_as))) if key and one.known_as else []
    return found


def about(person: DataSubject) -> list[dict[str, Any]]:
    """For somebody's copy of their data: which system, since when, and by which ids it finds them.

    A row for each task, under the id of that; also of what was noted under a record that is theirs by now.
    """
    rows = SystemRecord.objects.filter(subject__in=one_person.ids_of([person.uuid])).select_related("run", "system")
    # Of one task all records of one id are known by the same.
    tasks: dict[UUID, dict[UUID, SystemRecord]] = {}
    for one in rows.order_by("pk"):
        tasks.setdefault(task_of(one.run, one.system), {})[one.subject] = one
    keys = keys_of(Owner.SHARE, tasks)
    return [_told(task, list(theirs.values()), keys.get(task)) for task, theirs in tasks.items()]


def _told(task: UUID, theirs: list[SystemRecord], key: Key | None) -> dict[str, Any]:
    names = [name for one in theirs for name in _opened(key, one)]
    return {
        "id": str(task),
        "system": theirs[0].system.name,
        "since": theirs[0].run.started_at.isoformat(),
        "known_as": list(dict.fromkeys(names)),
    }


@transaction.atomic
def shown(task: SystemTask, *, after: int = 0, actor: str, now: datetime) -> tuple[list[Record], bool]:
    """The same for somebody who does the work in that system by hand. Who looked is recorded."""
    record(
        kind="retention.records-shown",
        at=now,
        actor=actor,
        object=task.run.uuid,
        data={"task": task.uuid, "system": task.system.slug, "after": after},
    )
    return page(task, after=after)


def sealed(run: Run) -> list[str]:
    """The systems for which ids of people are kept, sealed, until they answer."""
    owed = run.system_tasks.filter(
        system__in=SystemRecord.objects.filter(run=run, known_as__isnull=False).values("system")
    )
    return sorted(owed.values_list("system__slug", flat=True))


def forget(task: SystemTask) -> None:
    """In the transaction of the answer: nobody needs to know any more who it was."""
    destroy_keys(Owner.SHARE, [task.uuid])
    of(task).delete()
