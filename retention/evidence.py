"""What every erasure leaves behind, in its own transaction: tombstones, a batch, a ledger entry, and no messages."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from core import outbox
from core.models import Controller, Outbox
from ledger.entries import record_each
from processing.models import Purpose
from retention import runs, tombstones
from retention.models import Run
from subjects.erasure import Erased


def leave(
    run: Run,
    erased: Erased,
    *,
    purposes: Iterable[Purpose] = (),
    subject: UUID | None = None,
    actor: str = runs.ACTOR,
    now: datetime,
) -> None:
    _silence(erased.subject_uuids)
    tombstones.bury(run, erased, controller=Controller.current(), now=now)
    # Told to other systems one by one (ledger/feed.py).
    record_each(kind="subject.erased", at=now, actor=actor, subjects=erased.subject_uuids, data={"run": run.uuid})
    runs.note(run, erased, purposes=purposes, subject=subject, actor=actor, now=now)


def _silence(people: list[UUID]) -> None:
    """Nothing that still waits to be sent about somebody who is gone may leave, or stay."""
    waiting = Outbox.objects.filter(about__in=people, payload__isnull=False).values_list("about", flat=True).distinct()
    for about in waiting:
        if about:
            outbox.forget(about)
