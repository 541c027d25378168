"""Erasing one person's data for some purposes because they asked (UK GDPR Art 17), with the evidence of a run."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction

from core import outbox
from core.models import Controller, Outbox
from processing.models import Purpose
from retention import evidence, runs, shares
from retention.models import Run
from subjects import blocks, one_person
from subjects.deletes import lock_people
from subjects.erasure import Erased, ErasureResult, end_needs, needs_of
from subjects.models import DataSubject


@transaction.atomic
def erase(
    *,
    subject: DataSubject,
    purposes: Sequence[Purpose],
    request: UUID,
    spared: Collection[UUID] = (),
    actor: str,
    now: datetime,
) -> ErasureResult:
    """Run, batch, tombstones, ledger entry and journal message: one transaction. The eraser of subjects/erasure.py.

    What is `spared` stays on its ordinary schedule. The erasure is done once the message named by `journal` has been
    delivered, and reported as done only then.
    """
    run = runs.start(request, as_of=now.astimezone(Controller.current().zone).date(), now=now)
    person = subject.uuid
    pairs = [(subject.pk, purpose.pk) for purpose in purposes]
    # Before looking: what is being taken in about them is either seen or waits until this is over.
    lock_people([], [subject.pk])
    theirs = one_person.ids_of([person])
    erased = end_needs(needs_of(subject, purposes, spared=spared), now=now, pairs=pairs)
    blocked = [purpose.slug for purpose in purposes if blocks.active(subject, purpose=purpose).exists()]
    evidence.leave(run, erased, purposes=purposes, subject=person, actor=actor, now=now)
    ended = [purpose for purpose in purposes if purpose.slug not in blocked]
    runs.finish(run, held=len(blocked), indeterminate=0, purposes=ended, now=now)
    line = _message(run, erased, person, purposes, blocked, spared)
    if others := theirs - {person}:
        # Records that were made one with theirs: a backup may have them apart, each with its dealings.
        line["others"] = sorted(str(uuid) for uuid in others)
    if blocked:
        line |= _of_blocked(erased, theirs, [purpose for purpose in purposes if purpose.slug in blocked])
    message = outbox.post(Outbox.Kind.JOURNAL, line, about=None, now=now)
    return ErasureResult(
        run=run.uuid,
        needs=erased.needs,
        items=erased.items,
        keys=erased.keys,
        identifiers=erased.identifiers,
        subjects=erased.subjects,
        blocked=blocked,
        journal=message.uuid,
    )


def _message(
    run: Run,
    erased: Erased,
    person: UUID,
    purposes: Sequence[Purpose],
    blocked: Sequence[str],
    spared: Collection[UUID],
) -> dict[str, object]:
    """What a restore needs to do it again: ids only."""
    return {
        "action": "erase",
        "request": str(run.request),
        "run": str(run.uuid),
        "subject": str(person),
        "purposes": sorted(purpose.slug for purpose in purposes if purpose.slug not in blocked),
        "items": [str(uuid) for uuid in erased.item_uuids],
        # Kept although their purpose was erased.
        **({"spared": sorted(str(uuid) for uuid in spared)} if spared else {}),
        "identifiers": [str(uuid) for uuid in erased.identifier_uuids],
        # Of one person there are several when their records had been made one since the backup.
        "people": [str(uuid) for uuid in erased.subject_uuids],
    }


def _of_blocked(erased: Erased, theirs: Collection[UUID], blocked: Sequence[Purpose]) -> dict[str, object]:
    """What ended all the same for purposes of which something was kept: records that stay for others, and dealings."""
    left = [one for one in erased.left if one.item is None]
    kept, dealt = shares.public_ids(one.item_id for one in left), {purpose for _person, purpose in erased.ties}
    ended = {
        purpose.slug: [str(kept[one.item_id]) for one in left if one.purpose_id == purpose.pk] for purpose in blocked
    }
    ties = {purpose.slug: sorted(map(str, theirs)) for purpose in blocked if purpose.pk in dealt}
    return {"ended": {slug: uuids for slug, uuids in ended.items() if uuids}, "ties": ties}
