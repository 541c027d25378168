"""The companies our contacts speak for, and the dates of their contracts, which retention counts from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, NotFound, Text
from ledger.entries import record
from processing.models import Basis
from subjects import relationships
from subjects.deletes import lock_people
from subjects.models import DataSubject, Organisation, Relationship

PAGE = 50
Type = Organisation.LegalType


@dataclass(frozen=True)
class Page:
    """Organisations, each with the number of its contacts."""

    rows: Sequence[tuple[Organisation, int]]
    after: str


def listed(*, after: str = "", size: int = PAGE) -> Page:
    """By name and key. A key nobody issued starts at the beginning."""
    rows = Organisation.objects.order_by("name", "pk")
    key = _uuid(after)
    last = Organisation.objects.filter(uuid=key).first() if key else None
    if last:
        rows = rows.filter(Q(name__gt=last.name) | Q(name=last.name, pk__gt=last.pk))
    found = list(rows[: size + 1])
    contacts = DataSubject.objects.filter(organisation__in=found).order_by().values_list("organisation")
    counts = dict(contacts.annotate(n=Count("pk")))
    shown = [(row, counts.get(row.pk, 0)) for row in found[:size]]
    return Page(shown, str(found[size - 1].uuid) if len(found) > size else "")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


@transaction.atomic
def amend(
    organisation: Organisation,
    *,
    name: str,
    legal_type: str,
    contract_started_on: date | None,
    contract_ended_on: date | None,
    now: datetime,
    actor: str,
) -> int:
    """Correct what we know of an organisation; returns how many contacts' contracts ended or run again with it.

    The end of the contract becomes the end for every contact's relationships that rest on the contract: from then on
    their retention counts. Taken back, they run again.
    """
    people = lock_people([], organisation.contacts.order_by("pk").values_list("pk", flat=True))
    known = Organisation.objects.select_for_update().filter(pk=organisation.pk).first()
    if known is None:
        raise NotFound
    name = " ".join(name.split())
    _check(name, legal_type, contract_started_on, contract_ended_on)
    ended_before = known.contract_ended_on
    changed = sorted(
        field
        for field, value in {
            "name": name,
            "legal_type": legal_type,
            "contract_started_on": contract_started_on,
            "contract_ended_on": contract_ended_on,
        }.items()
        if _set(known, field, value)
    )
    if not changed:
        return 0
    known.save(update_fields=changed)
    touched = _end_contracts(list(people), ended_before, contract_ended_on, now=now, actor=actor)
    record(
        kind="organisation.amended",
        at=now,
        actor=actor,
        object=known.uuid,
        data={
            "changed": changed,
            "contract_ended_on": contract_ended_on.isoformat() if contract_ended_on else "",
            "relationships": touched,
        },
    )
    return touched


def _check(name: str, legal_type: str, started: date | None, ended: date | None) -> None:
    errors: dict[str, Text] = {}
    if not name or len(name) > 200 or "\x00" in name:
        errors["name"] = _("Give a name of up to 200 characters.")
    if legal_type not in Type.values:
        errors["legal_type"] = _("This legal type is unknown.")
    if started and ended and ended < started:
        errors["contract_ended_on"] = _("A contract cannot end before it begins.")
    if errors:
        raise Invalid(fields=errors)


def _set(organisation: Organisation, field: str, value: object) -> bool:
    if getattr(organisation, field) == value:
        return False
    setattr(organisation, field, value)
    return True


def _end_contracts(people: list[int], before: date | None, after: date | None, *, now: datetime, actor: str) -> int:
    """Only the dates that came from the organisation move: one that somebody set for a single contact stays."""
    if before == after:
        return 0
    ties = Relationship.objects.filter(
        subject__in=people, purpose__versions__basis=Basis.CONTRACT, contract_ended_on=before
    ).select_related("subject", "purpose")
    found = list(ties.distinct().order_by("subject", "pk"))
    for tie in found:
        if after:
            relationships.end(tie.subject, tie.purpose, what="contract_ended_on", on=after, now=now, actor=actor)
        else:
            relationships.resume(tie.subject, tie.purpose, what="contract_ended_on", now=now, actor=actor)
    return len(found)


def contacts(organisation: Organisation, *, after: str = "", size: int = PAGE) -> tuple[list[DataSubject], str]:
    """A page of the people who speak for it, by key."""
    rows = organisation.contacts.prefetch_related("identifiers").order_by("pk")
    key = _uuid(after)
    last = DataSubject.objects.filter(uuid=key).first() if key else None
    if last:
        rows = rows.filter(pk__gt=last.pk)
    found = list(rows[: size + 1])
    return found[:size], str(found[size - 1].uuid) if len(found) > size else ""
