"""Making two records of one person one, and parting them again within thirty days.

People are locked first, in the order of their keys, then their identifiers: the order of every writer
(subjects/people.py, subjects/deletes.py). The record that is gone stays behind empty, so that parting gives everything
back to the same id.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Count
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from consents import suppression
from core.errors import DomainError, NotFound
from core.models import Owner
from core.vault import destroy_keys
from ledger.entries import instant, record
from office import held, strictest, ties
from office.models import Merge
from requests.models import CaseFile
from subjects import lawful_uses
from subjects.deletes import lock_people
from subjects.leaving import stay_held
from subjects.models import (
    DataSubject,
    Disclosure,
    ErasureBlock,
    Identifier,
    ItemPurpose,
    PersonalDataItem,
    RestrictedUse,
    Restriction,
    SubjectIdentifier,
)

UNDO = timedelta(days=30)
# What moves as it is. Needs follow their items; identifiers, relationships and choices have rules of their own.
PLAIN: dict[str, Any] = {
    "items": PersonalDataItem,
    "cases": CaseFile,
    "disclosures": Disclosure,
    "restrictions": Restriction,
    "uses": RestrictedUse,
    "blocks": ErasureBlock,
}


class CannotMerge(DomainError):
    code = "cannot-merge"
    message = _("These two records cannot be made one.")


class TooLate(DomainError):
    code = "too-late"
    message = _("These records can no longer be parted: thirty days have passed, or the person has been erased.")


@transaction.atomic
def merge(kept: DataSubject, gone: DataSubject, *, now: datetime, actor: str) -> Merge:
    """Make `gone` part of `kept`: everything moves, and the strictest choice of either stands."""
    if kept.pk == gone.pk:
        raise CannotMerge(_("This is the same record."))
    _lock(kept, gone)
    _check(kept, gone)
    entry = uuid4()
    hashes = suppression.hashes_of(suppression.claims_of(gone))
    # Whoever chose a use of all that is restricted of one record meant nothing of the other.
    narrowed = [pk for one in (kept, gone) for pk in lawful_uses.narrow(one, now=now, actor=actor)]
    if kept.organisation_id and kept.organisation_id != gone.organisation_id:
        stay_held(gone, gone.organisation_id, now=now, actor=actor)
    moved: dict[str, Any] = {name: _move(model, gone, kept) for name, model in PLAIN.items()}
    moved |= {"narrowed": narrowed, "newest": held.newest()}
    ItemPurpose.objects.filter(item__in=moved["items"]).update(subject=kept)
    moved |= {"links": _move_links(gone, kept), **ties.unite(kept, gone)}
    moved["organisation"] = _move_organisation(gone, kept)
    moved["choices"] = strictest.unite(kept, gone, entry=entry, now=now, actor=actor)
    strictest.spread(kept, hashes, entry=entry, now=now)
    counts = {name: len(moved[name]) for name in (*PLAIN, "narrowed", "links", "ties", "joined", "choices")}
    data = {"gone": str(gone.uuid), **counts}
    record(kind="person.merged", at=now, actor=actor, subject=kept.uuid, object=gone.uuid, data=data, entry=entry)
    return Merge.objects.create(
        kept=kept.uuid, gone=gone.uuid, moved=moved, merged_at=now, merged_by=actor, entry=entry
    )


@transaction.atomic
def undo(made: Merge, *, now: datetime, actor: str) -> DataSubject:
    """Part the two again: what moved goes back where it still is, and what was chosen since stays as it is."""
    known = Merge.objects.select_for_update().filter(pk=made.pk).first()
    people = {one.uuid: one for one in DataSubject.objects.filter(uuid__in=[made.kept, made.gone])}
    if known is None or not is_undoable(known, now) or len(people) != 2:
        raise TooLate
    if Merge.objects.filter(gone=known.kept).exists():
        raise CannotMerge(_("This record has itself been made part of another one since. Part those two first."))
    kept, gone, moved = people[known.kept], people[known.gone], known.moved
    _lock(kept, gone)
    for name, model in PLAIN.items():
        model.objects.filter(pk__in=moved.get(name, []), subject=kept).update(subject=gone)
    ItemPurpose.objects.filter(item__in=moved["items"], subject=kept).update(subject=gone)
    _return_links(kept, gone, moved["links"])
    ties.part(kept, gone, moved)
    held.part(kept, gone, moved, merged_at=known.merged_at, now=now, actor=actor)
    # A third record that is part of this one was not meant either.
    if not Merge.objects.filter(kept=known.kept).exclude(pk=known.pk).exists():
        RestrictedUse.objects.filter(pk__in=moved.get("narrowed", [])).update(items=[])
    if moved["organisation"] and moved["organisation"] == kept.organisation_id:
        _speak_for(kept, None)
    entry = uuid4()
    changed = strictest.part(kept, moved["choices"], entry=entry, now=now, actor=actor)
    lifted = strictest.unspread(known.entry)
    data = {"gone": str(gone.uuid), "choices": changed, "suppressions": lifted, "merged": instant(known.merged_at)}
    record(kind="person.split", at=now, actor=actor, subject=kept.uuid, object=gone.uuid, data=data, entry=entry)
    known.delete()
    return gone


def is_undoable(made: Merge, now: datetime) -> bool:
    return bool(made.moved) and now < made.merged_at + UNDO


@transaction.atomic
def take_off(subject: DataSubject, identifier: UUID, *, now: datetime, actor: str) -> None:
    """Take an address or number off a person it was wrongly linked to; nobody else's, it goes with its key.

    A "no" stays: it is kept under the hash of the address, not under the person.
    """
    lock_people([], [subject.pk])
    row = Identifier.objects.select_for_update().filter(uuid=identifier, subject_links__subject=subject).first()
    if row is None:
        raise NotFound
    if SubjectIdentifier.objects.filter(subject=subject).count() == 1:
        raise CannotMerge(_("This is the only thing the person is known by. Without it, nobody would find them."))
    SubjectIdentifier.objects.filter(subject=subject, identifier=row).delete()
    left = _share([row.pk])
    record(
        kind="identifier.unlinked",
        at=now,
        actor=actor,
        subject=subject.uuid,
        object=row.uuid,
        data={"type": row.type, "others": left},
    )
    if not left:
        destroy_keys(Owner.IDENTIFIER, [row.uuid])
        row.delete()


@transaction.atomic
def expire(*, now: datetime) -> int:
    """After thirty days the empty record goes, and with it the possibility to part; returns how many went."""
    old = Merge.objects.select_for_update(skip_locked=True).filter(merged_at__lte=now - UNDO).exclude(moved={})
    merges = list(old.order_by("pk")[:500])
    for made in merges:
        _sweep_up(made, now=now)
        strictest.forget(made.gone)
        DataSubject.objects.filter(uuid=made.gone).delete()
    return Merge.objects.filter(pk__in=[made.pk for made in merges]).update(moved={})


def _sweep_up(made: Merge, *, now: datetime) -> None:
    """Whoever held the other record in their hands while it was merged may have written to it afterwards."""
    people = {one.uuid: one for one in DataSubject.objects.filter(uuid__in=[made.kept, made.gone])}
    if len(people) == 2:
        kept, gone = people[made.kept], people[made.gone]
        _lock(kept, gone)
        lawful_uses.narrow(gone, now=now, actor="system:office")
        left = {name: _move(model, gone, kept) for name, model in PLAIN.items()}
        ItemPurpose.objects.filter(item__in=left["items"]).update(subject=kept)
        _move_links(gone, kept)
        ties.unite(kept, gone)


def _lock(kept: DataSubject, gone: DataSubject) -> None:
    if len(lock_people([], [kept.pk, gone.pk])) != 2:
        raise NotFound
    kept.refresh_from_db()
    gone.refresh_from_db()
    links = SubjectIdentifier.objects.filter(subject__in=[kept, gone]).values("identifier")
    list(Identifier.objects.select_for_update().filter(pk__in=links).order_by("pk").values_list("pk"))


def _check(kept: DataSubject, gone: DataSubject) -> None:
    if kept.is_test != gone.is_test:
        raise CannotMerge(_("One of them was made by a test. Test people and real people are never mixed."))
    if Merge.objects.filter(gone__in=[kept.uuid, gone.uuid]).exists():
        raise CannotMerge(_("One of them is part of another record already."))


def _move(model: Any, gone: DataSubject, kept: DataSubject) -> list[int]:
    found = list(model.objects.filter(subject=gone).order_by("pk").values_list("pk", flat=True))
    model.objects.filter(pk__in=found).update(subject=kept)
    return found


def _move_links(gone: DataSubject, kept: DataSubject) -> list[dict[str, Any]]:
    """A link that both have becomes one, confirmed if either was."""
    mine = {link.identifier_id: link for link in SubjectIdentifier.objects.filter(subject=kept)}
    moved: list[dict[str, Any]] = []
    for link in SubjectIdentifier.objects.filter(subject=gone).order_by("pk"):
        verified = instant(link.verified_at) if link.verified_at else ""
        same = mine.get(link.identifier_id)
        row = {"identifier": link.identifier_id, "how": link.verified_how, "at": verified, "later": link.is_later}
        moved.append(row | {"same": bool(same)})
        if same is None:
            link.subject = kept
            link.save(update_fields=["subject"])
            continue
        if same.verified_at is None and link.verified_at:
            same.verified_at, same.verified_how = link.verified_at, link.verified_how
            same.save(update_fields=["verified_at", "verified_how"])
        link.delete()
    _share([int(row["identifier"]) for row in moved])
    return moved


def _return_links(kept: DataSubject, gone: DataSubject, moved: list[dict[str, Any]]) -> None:
    links = SubjectIdentifier.objects.filter(subject=kept, identifier__in=[row["identifier"] for row in moved])
    there = {link.identifier_id: link for link in links}
    for row in moved:
        link = there.get(row["identifier"])
        if link is None:
            continue
        if row["same"]:
            verified = parse_datetime(row["at"]) if row["at"] else None
            link.pk = None
            link._state.adding = True
            link.verified_at, link.verified_how, link.is_later = verified, row["how"], row["later"]
        link.subject = gone
        link.save()
    _share(list(there))


def _share(identifiers: list[int]) -> int:
    """Say of these identifiers whether several people are linked; returns how many links there are of all of them."""
    links = SubjectIdentifier.objects.filter(identifier__in=identifiers)
    total = 0
    # Test people are nobody that a real person could share an address with.
    for is_test in (False, True):
        theirs = links.filter(subject__is_test=is_test)
        counts = dict(theirs.order_by().values_list("identifier").annotate(n=Count("pk")))
        several = [pk for pk, count in counts.items() if count > 1]
        theirs.filter(identifier__in=several).update(is_shared=True)
        theirs.exclude(identifier__in=several).update(is_shared=False)
        total += sum(counts.values())
    return total


def _move_organisation(gone: DataSubject, kept: DataSubject) -> int | None:
    if kept.organisation_id or not gone.organisation_id:
        return None
    _speak_for(kept, gone.organisation_id)
    return kept.organisation_id


def _speak_for(subject: DataSubject, organisation: int | None) -> None:
    subject.organisation_id = organisation
    subject.save(update_fields=["organisation"])
