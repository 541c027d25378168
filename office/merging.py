"""Making two records of one person one, and parting them again within thirty days.

People are locked first, in the order of their keys, then their identifiers: the order of every writer
(subjects/people.py, subjects/deletes.py). Once two are one, the person comes first, then the empty record, then the
merge: whoever erases the person takes the others along. That record stays behind so that parting gives everything back
to the same id.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.db.models import Count
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from consents import carrying, endings, suppression
from core.errors import DomainError, NotFound
from core.models import Controller, Owner
from core.vault import destroy_keys
from ledger.entries import instant, record
from office import held, strictest, ties
from office.models import Merge
from requests.models import CaseFile
from subjects import blocks, deletes, lawful_uses, organisations, people
from subjects.deletes import lock_people
from subjects.identifiers import Claim, reveal
from subjects.leaving import stay_held, stay_held_together
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
    # Asked before, too: two that are one already are locked in another order (`_taken_up`).
    _check(kept, gone)
    _lock(kept, gone)
    _check(kept, gone)
    entry = uuid4()
    # What reached either under an address that both have, or others too, stays a "no" to that one.
    carrying.keep([kept.pk, gone.pk], now=now, actor=actor)
    both = strictest.taken(kept, gone)
    stay = strictest.taken_back(kept, gone, both, now=now)
    own = set(suppression.hashes_of(suppression.claims_of(kept)))
    # Whoever chose a use of all that is restricted of one record meant nothing of the other.
    narrowed = [pk for one in (kept, gone) for pk in lawful_uses.narrow(one, now=now, actor=actor)]
    if kept.organisation_id and kept.organisation_id != gone.organisation_id:
        stay_held(gone, gone.organisation_id, now=now, actor=actor)
    stay_held_together(gone, kept, now=now, actor=actor)
    moved: dict[str, Any] = {name: _move(model, gone, kept) for name, model in PLAIN.items()}
    moved |= {"narrowed": narrowed, "newest": held.newest()}
    ItemPurpose.objects.filter(item__in=moved["items"]).update(subject=kept)
    moved |= {"links": _move_links(gone, kept), **ties.unite(kept, gone)}
    moved["organisation"] = _move_organisation(gone, kept)
    # From now on this person's contract is the organisation's, and what has ended has ended.
    moved["ended"] = organisations.follow(kept, now=now, actor=actor) if moved["organisation"] else []
    before = strictest.stands(kept)
    moved["choices"] = strictest.unite(kept, gone, stay, entry=entry, now=now, actor=actor)
    endings.stands_again(kept.uuid, [row["purpose"] for row in moved["joined"]])
    moved |= strictest.spread(kept, own, both, entry=entry, now=now)
    counts = {name: len(moved[name]) for name in (*PLAIN, "narrowed", "links", "ties", "joined")}
    data = {"gone": str(gone.uuid), **counts, "states": len(moved["choices"])}
    who: Any = {"subject": kept.uuid, "object": gone.uuid, "test": kept.is_test}
    record(kind="person.merged", at=now, actor=actor, **who, data=data, entry=entry)
    strictest.tell(kept, before, proof=entry, now=now, actor=actor)
    if moved["carried"]:
        record(kind="suppression.carried", at=now, actor=actor, **who)
    return Merge.objects.create(
        kept=kept.uuid, gone=gone.uuid, moved=moved, merged_at=now, merged_by=actor, entry=entry
    )


@transaction.atomic
def undo(made: Merge, *, now: datetime, actor: str) -> DataSubject:
    """Part the two again: what moved goes back where it still is, and what was chosen since stays as it is."""
    people, known = _taken_up(made)
    if known is None or not is_undoable(known, now) or len(people) != 2:
        raise TooLate
    if Merge.objects.filter(gone=known.kept).exists():
        raise CannotMerge(_("This record has itself been made part of another one since. Part those two first."))
    (kept, gone), moved = people, known.moved
    _lock_identifiers(kept, gone)
    for name, model in PLAIN.items():
        model.objects.filter(pk__in=moved.get(name, []), subject=kept).update(subject=gone)
    ItemPurpose.objects.filter(item__in=moved["items"], subject=kept).update(subject=gone)
    _return_links(kept, gone, moved["links"])
    merged_on = known.merged_at.astimezone(Controller.current().zone).date()
    ties.part(kept, gone, moved, merged_on=merged_on)
    # What ended while they were one may have been all that either was held for.
    deletes.note_emptied(deletes.empty_people([kept.pk, gone.pk]), now=now)
    held.part(kept, gone, moved, merged_at=known.merged_at, now=now, actor=actor)
    # A third record that is part of this one was not meant either.
    if not Merge.objects.filter(kept=known.kept).exclude(pk=known.pk).exists():
        RestrictedUse.objects.filter(pk__in=moved.get("narrowed", [])).update(items=[])
    if moved["organisation"] and moved["organisation"] == kept.organisation_id:
        _speak_for(kept, None)
        organisations.resume(moved.get("ended", []), now=now, actor=actor)
    entry, before = uuid4(), strictest.stands(kept)
    changed = strictest.part(kept, gone, moved["choices"], merged_on=merged_on, entry=entry, now=now, actor=actor)
    lifted = strictest.unspread(moved, entry=known.entry)
    # What either was linked to since has its own record's noes, and no longer the other one's.
    for one in (kept, gone):
        carrying.together(one, now=now, actor=actor)
    data = {"gone": str(gone.uuid), "states": changed, "suppressions": lifted, "merged": instant(known.merged_at)}
    who: Any = {"subject": kept.uuid, "object": gone.uuid, "test": kept.is_test}
    record(kind="person.split", at=now, actor=actor, **who, data=data, entry=entry)
    strictest.tell(kept, before, proof=entry, now=now, actor=actor)
    # Whoever was told that this record is gone is told what stands under it.
    strictest.tell(gone, {}, proof=entry, now=now, actor=actor)
    known.delete()
    return gone


def is_undoable(made: Merge, now: datetime) -> bool:
    return bool(made.moved) and now < made.merged_at + UNDO


@transaction.atomic
def take_off(subject: DataSubject, identifier: UUID, *, now: datetime, actor: str) -> None:
    """Take an address or number off a person it was wrongly linked to; nobody else's, it goes with its key.

    Raises blocks.UnderHold when a hold keeps what the person is known by, with others or alone. A "no" stays: it is
    kept under the hash of the address, not under the person.
    """
    lock_people([], [subject.pk])
    people.lock(list(SubjectIdentifier.objects.filter(subject=subject).values_list("identifier", flat=True)))
    row = Identifier.objects.select_for_update().filter(uuid=identifier, subject_links__subject=subject).first()
    if row is None:
        raise NotFound
    if SubjectIdentifier.objects.filter(subject=subject).count() == 1:
        raise CannotMerge(_("This is the only thing the person is known by. Without it, nobody would find them."))
    blocks.keep_held(subject)
    carrying.keep([subject.pk], now=now, actor=actor)
    SubjectIdentifier.objects.filter(subject=subject, identifier=row).delete()
    left = _share([row.pk])
    # It was theirs alone all the while, and so is all that was said there.
    for link in SubjectIdentifier.objects.filter(identifier=row, is_shared=False).select_related("subject"):
        carrying.together(link.subject, now=now, actor=actor)
    value = reveal([row]).get(row.pk)
    if value and not left:
        carrying.fall_back(subject, Claim(row.type, value, row.system), now=now, actor=actor)
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


def expire(*, now: datetime) -> int:
    """After thirty days the empty record goes, and with it the possibility to part; returns how many went.

    Each in its own transaction: of many people at once somebody else would have locked some in another order.
    """
    old = Merge.objects.filter(merged_at__lte=now - UNDO).exclude(moved={}).order_by("pk")
    return sum(_expire(made, now=now) for made in list(old[:500]))


@transaction.atomic
def _expire(made: Merge, *, now: datetime) -> bool:
    people, known = _taken_up(made)
    if known is None or not known.moved:
        return False
    if len(people) == 2:
        _sweep_up(*people, now=now)
    strictest.forget(known.gone)
    DataSubject.objects.filter(uuid=known.gone).delete()
    known.moved = {}
    known.save(update_fields=["moved"])
    return True


def _taken_up(made: Merge) -> tuple[list[DataSubject], Merge | None]:
    """The person, the empty record and the merge, as many as there still are, locked in this order."""
    found = []
    for uuid in (made.kept, made.gone):
        subject = DataSubject.objects.filter(uuid=uuid).first()
        if subject and lock_people([], [subject.pk]):
            subject.refresh_from_db()
            found.append(subject)
    return found, Merge.objects.select_for_update().filter(pk=made.pk).first()


def _sweep_up(kept: DataSubject, gone: DataSubject, *, now: datetime) -> None:
    """Whoever held the other record in their hands while it was merged may have written to it afterwards."""
    _lock_identifiers(kept, gone)
    lawful_uses.narrow(gone, now=now, actor="system:office")
    left = {name: _move(model, gone, kept) for name, model in PLAIN.items()}
    ItemPurpose.objects.filter(item__in=left["items"]).update(subject=kept)
    if _move_links(gone, kept):
        carrying.together(kept, now=now, actor="system:office")
    joined = ties.unite(kept, gone)["joined"]
    endings.stands_again(kept.uuid, [row["purpose"] for row in joined])


def _lock(kept: DataSubject, gone: DataSubject) -> None:
    if len(lock_people([], [kept.pk, gone.pk])) != 2:
        raise NotFound
    kept.refresh_from_db()
    gone.refresh_from_db()
    _lock_identifiers(kept, gone)


def _lock_identifiers(kept: DataSubject, gone: DataSubject) -> None:
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
