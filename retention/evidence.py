"""What every erasure leaves behind, in its own transaction: tombstones, a batch, a ledger entry, and no messages."""

from collections.abc import Iterable
from datetime import datetime
from itertools import chain
from uuid import UUID

from consents import address_mail
from core import outbox, prepared
from core.arrays import array
from core.models import Controller, Outbox
from ledger.entries import record_each
from processing.models import Purpose
from retention import runs, shares, systems, tombstones
from retention.models import Run
from subjects import one_person
from subjects.erasure import Erased

WAITING = "SELECT DISTINCT about FROM core_outbox WHERE about = ANY(%s::uuid[]) AND payload IS NOT NULL"


def leave(
    run: Run,
    erased: Erased,
    *,
    purposes: Iterable[Purpose] = (),
    subject: UUID | None = None,
    actor: str = runs.ACTOR,
    erased_at: datetime | None = None,
    now: datetime,
) -> None:
    """`erased_at`: when it was erased first, of what a backup had brought back."""
    _silence(erased)
    tombstones.bury(run, erased, controller=Controller.current(), now=erased_at or now)
    # Told to other systems one by one (ledger/feed.py).
    for is_test in (False, True):
        gone = [uuid for uuid in erased.subject_uuids if (uuid in erased.invented) == is_test]
        data = {"run": run.uuid}
        record_each(kind="subject.erased", at=now, actor=actor, subjects=gone, data=data, test=is_test)
    if run.rule_id:
        systems.tell(run, erased, now=now)
        # Of whom nothing is left but the person, what ended was told when it did.
        if run.rule and (erased.needs or erased.relationships):
            shares.note(run, erased, purposes=[run.rule.purpose_id])
    if run.rule and (erased.needs or erased.relationships or erased.subjects):
        outbox.post(Outbox.Kind.JOURNAL, _message(run, run.rule.purpose, erased), about=None, now=now)
    # Last, because it locks the row that all workers of the run share.
    runs.note(run, erased, purposes=purposes, subject=subject, actor=actor, now=now)


def _message(run: Run, purpose: Purpose, erased: Erased) -> dict[str, object]:
    """For a restore: exactly what went. A rule may have changed, or been made, since the backup.

    For the rule's purpose alone: `ended` of records that stay for another one, `ties` with people who stay, by every id
    that is theirs: what was made one with them since, a backup may have apart.
    """
    kept = shares.public_ids(one.item_id for one in erased.left if one.item is None).values()
    ties = sorted(one_person.ids_of(person for person, _purpose in erased.ties))
    parts = {"items": erased.item_uuids, "people": erased.subject_uuids, "ended": kept, "ties": ties}
    told = {name: [str(uuid) for uuid in uuids] for name, uuids in parts.items()}
    return {"action": "purge", "run": str(run.uuid), "purpose": purpose.slug, **told}


def _silence(erased: Erased) -> None:
    """Nothing that waits to be sent about somebody who is gone, or to their address, leaves or stays; nor what died."""
    gone = array([*erased.subject_uuids, *chain.from_iterable(map(address_mail.all_about, erased.identifier_hashes))])
    for (about,) in prepared.fetch_all(WAITING, [gone]):
        outbox.forget(about)
