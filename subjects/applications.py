"""Applications for a job: closed with an outcome, from which forgetting counts; taken back when that was wrong.

Whoever is hired is handed over. What the employment needs of the application gets a need of its own, so that it stays
when the application's period is over; nobody copies anything, and what is not needed goes with the rest.
"""

import json
from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import QuerySet
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid, NotFound, Text
from core.models import Controller
from ledger.entries import record
from processing.models import Basis, DataCategory, Purpose, PurposeVersion, Status
from subjects import relationships
from subjects.deletes import delete_needs, delete_relationships, lock_people
from subjects.models import ItemPurpose, PersonalDataItem, Relationship

Role, Outcome = Relationship.Role, Relationship.Outcome
WHAT = "application_closed_on"
# What says that an employment is still the one that a handover began.
BEGUN = (*relationships.GROUND, "started_on", "last_interaction_on")


class NoEmployment(Invalid):
    code = "no-employment"
    message = _(
        "The register has no live purpose about employees that could take over what the employment needs. Add one there"
        " (the people it is about: employee), and close the application then: until it is closed, nothing of it goes."
    )


def is_application(tie: Relationship) -> bool:
    """What stands on consent (later vacancies) ends with the consent, and is no application."""
    by_consent = PurposeVersion.objects.filter(purpose=tie.purpose_id, basis=Basis.CONSENT).exclude(status=Status.DRAFT)
    return tie.role == Role.APPLICANT and not by_consent.exists()


def employments() -> list[PurposeVersion]:
    """The live purposes that are about employees."""
    return list(relationships.about_employees().select_related("purpose").order_by("title"))


def needed_by(version: PurposeVersion) -> list[DataCategory]:
    """What an employment may need of an application: what the register declares for it."""
    return list(version.categories.order_by("label"))


@transaction.atomic
def close(
    tie: Relationship,
    *,
    outcome: str,
    on: date,
    employment: str = "",
    categories: Collection[str] | None = None,
    now: datetime,
    actor: str,
) -> Relationship:
    """Close it, whatever the outcome: from `on` its period counts. `employment`: the purpose that takes over, if hired.

    `categories` (slugs) are what the employment needs of it; without them, all that the register declares.
    """
    tie = _held(tie)
    if tie.application_outcome and tie.application_closed_on:
        raise DomainError(_("This application is closed already. Undo that first."), code="already-closed")
    _check(tie, outcome, on, now)
    version = _employment(tie, employment) if outcome == Outcome.HIRED else None
    stood = ItemPurpose.objects.filter(subject=tie.subject, purpose=tie.purpose).order_by("pk")
    undo: dict[str, Any] = {"stood": list(stood.values_list("pk", flat=True)), "closed_on": tie.application_closed_on}
    undo |= _applied(tie) or {}
    if version:
        undo |= _hand_over(tie, version, _chosen(version, categories), on=on, now=now, actor=actor)
    relationships.end(tie.subject, tie.purpose, what=WHAT, on=on, now=now, actor=actor)
    tie.application_closed_on, tie.application_outcome, tie.application_undo = on, outcome, undo
    tie.save(update_fields=["application_outcome", "application_undo"])
    data = {"outcome": outcome, "employment": version.purpose.slug if version else "", "items": len(handed(tie))}
    _note("application.closed", tie, now=now, actor=actor, data=data)
    return tie


@transaction.atomic
def reopen(tie: Relationship, *, now: datetime, actor: str) -> Relationship:
    """Take the outcome back, with what was handed over for it. Not once anything of the application is gone.

    Where it had been closed before without an outcome, that day stands again.
    """
    tie = _held(tie)
    if why_not_reopened := why_closed_for_good(tie):
        raise DomainError(why_not_reopened, code="cannot-reopen")
    if tie.application_outcome == Outcome.HIRED:
        _give_back(tie, tie.application_undo or {}, now=now, actor=actor)
    former = (tie.application_undo or {}).get("closed_on")
    if former:
        stands = relationships.end(
            tie.subject, tie.purpose, what=WHAT, on=date.fromisoformat(former), now=now, actor=actor
        )
    else:
        stands = relationships.resume(tie.subject, tie.purpose, what=WHAT, now=now, actor=actor)
    outcome, items = tie.application_outcome, len(handed(tie))
    tie.application_closed_on, tie.application_outcome = stands.application_closed_on, ""
    tie.application_undo = _applied(tie)
    tie.save(update_fields=["application_outcome", "application_undo"])
    _note("application.reopened", tie, now=now, actor=actor, data={"outcome": outcome, "items": items})
    return tie


def why_closed_for_good(tie: Relationship) -> Text:
    """Why the outcome cannot be taken back; empty if it can."""
    if not (tie.application_closed_on and tie.application_outcome):
        return _("This application is not closed with an outcome.")
    if tie.application_undo is None:
        return _("Two records were made one since. Part them, and undo it then.")
    stood = tie.application_undo["stood"]
    if ItemPurpose.objects.filter(pk__in=stood, purpose=tie.purpose_id).count() < len(stood):
        return _("Something of this application has been deleted since, so it cannot be opened again.")
    return ""


def handed(tie: Relationship) -> list[int]:
    """The needs that a handover made."""
    found: list[int] = (tie.application_undo or {}).get("handed", [])
    return found


def left_out(tie: Relationship) -> int:
    """How much of an application may only be stored: for nothing new, so it is not handed over (Art 18(2))."""
    every = ItemPurpose.objects.filter(subject=tie.subject_id, purpose=tie.purpose_id).count()
    return every - int(_usable(tie).count())


def _held(tie: Relationship) -> Relationship:
    """As it is now, with its person locked until the transaction ends."""
    lock_people([], [tie.subject_id])
    ties = Relationship.objects.select_for_update(of=["self"]).select_related("subject", "purpose")
    found = ties.filter(pk=tie.pk).first()
    if found is None or not is_application(found):
        raise NotFound
    return found


def _check(tie: Relationship, outcome: str, on: date, now: datetime) -> None:
    errors: dict[str, Text] = {}
    first, closed = _began(tie), tie.application_closed_on
    if outcome not in Outcome.values:
        errors["outcome"] = _("Say how it ended: unsuccessful, withdrawn or hired.")
    if on > now.astimezone(Controller.current().zone).date():
        errors["on"] = _("This lies in the future.")
    elif on < first:
        sentence = _("It began on %(day)s, as we know it, so it was not closed before.")
        errors["on"] = sentence % {"day": format_date(first, "j F Y")}
    elif closed and on > closed:
        sentence = _("It was closed on %(day)s, and its time has counted since. Give that day, or an earlier one.")
        errors["on"] = sentence % {"day": format_date(closed, "j F Y")}
    if errors:
        raise Invalid(fields=errors)


def _began(tie: Relationship) -> date:
    """The earliest day that we know of it; of one that followed another, the day on which they applied again."""
    again = _applied(tie)
    return date.fromisoformat(again[relationships.APPLIED]) if again else relationships.known_since(tie)


def _applied(tie: Relationship) -> dict[str, str] | None:
    """What is kept of that day beside what undoing needs."""
    day = (tie.application_undo or {}).get(relationships.APPLIED)
    return {relationships.APPLIED: day} if day else None


def _employment(tie: Relationship, slug: str) -> PurposeVersion:
    found = [version for version in employments() if version.purpose_id != tie.purpose_id]
    if not found:
        raise NoEmployment(fields={"employment": NoEmployment.message})
    for version in found:
        if version.purpose.slug == slug:
            return version
    raise Invalid(fields={"employment": _("Choose the purpose of the register that the employment is for.")})


def _chosen(version: PurposeVersion, categories: Collection[str] | None) -> set[str]:
    declared = {category.slug for category in needed_by(version)}
    if categories is None:
        return declared
    if not categories:
        raise Invalid(fields={"categories": _("Choose what the employment needs of it.")})
    if set(categories) - declared:
        raise Invalid(fields={"categories": _("The register does not declare this category for the employment.")})
    return set(categories)


def _usable(tie: Relationship) -> Any:
    """What the application needs and may use."""
    items = PersonalDataItem.objects.usable_for(tie.purpose).filter(subject=tie.subject_id)
    return ItemPurpose.objects.filter(purpose=tie.purpose_id, item__in=items)


def _hand_over(
    tie: Relationship, version: PurposeVersion, categories: Iterable[str], *, on: date, now: datetime, actor: str
) -> dict[str, Any]:
    """Begin the employment, which needs these categories of the application from now on. Returns what undoing needs."""
    subject, purpose = tie.subject, version.purpose
    before = _stands(tie, purpose)
    begun = relationships.establish(
        subject, purpose, role=Role.EMPLOYEE, ground="hired", source="application", started_on=on, now=now, actor=actor
    )
    if begun.contract_ended_on:
        relationships.resume(subject, purpose, what="contract_ended_on", now=now, actor=actor)
    known = ItemPurpose.objects.filter(subject=subject, purpose=purpose).values("item")
    needs = _usable(tie).filter(category__slug__in=categories).exclude(item__in=known).order_by("pk")
    made = ItemPurpose.objects.bulk_create(
        ItemPurpose(
            item_id=need.item_id,
            purpose=purpose,
            subject_id=need.subject_id,
            category_id=need.category_id,
            collected_on=need.collected_on,
        )
        for need in needs
    )
    return {
        "employment": purpose.pk,
        "before": before,
        "begun": _stands(tie, purpose),
        "needs": list(_needs(tie, purpose).values_list("pk", flat=True)),
        "handed": [need.pk for need in made],
    }


def _give_back(tie: Relationship, undo: dict[str, Any], *, now: datetime, actor: str) -> None:
    """End the needs that the handover made, and the employment with them, or give it back as it stood before.

    Not once anything else is known of it: another ground or note, an end, an interaction, data. Then it stays.
    """
    purpose = Purpose.objects.get(pk=undo["employment"])
    needs = ItemPurpose.objects.filter(pk__in=undo["handed"], purpose=purpose)
    pks = list(needs.values_list("pk", flat=True))
    if len(delete_needs(pks)) < len(pks):
        raise DomainError(_("A hold or an open request keeps what was handed over to the employment."), code="held")
    stands = _stands(tie, purpose)
    if stands is None or stands != undo["begun"] or _needs(tie, purpose).exclude(pk__in=undo["needs"]).exists():
        return
    if undo["before"]:
        relationships.give_back(tie.subject, purpose, undo["before"], now=now, actor=actor)
        return
    day = now.astimezone(Controller.current().zone).date()
    relationships.end(tie.subject, purpose, what="ended_on", on=day, now=now, actor=actor)
    # A hold keeps it, ended.
    delete_relationships([(tie.subject_id, purpose.pk)])


def _needs(tie: Relationship, purpose: Purpose) -> QuerySet[ItemPurpose]:
    return ItemPurpose.objects.filter(subject=tie.subject_id, purpose=purpose).order_by("pk")


def _stands(tie: Relationship, purpose: Purpose) -> dict[str, Any] | None:
    """What we know of the employment now, as JSON keeps it. Records that are made one and parted make it anew."""
    found = Relationship.objects.filter(subject=tie.subject_id, purpose=purpose).first()
    if found is None:
        return None
    known = {name: getattr(found, name) for name in BEGUN} | {"has_note": found.ground_note is not None}
    stands: dict[str, Any] = json.loads(json.dumps(known, cls=DjangoJSONEncoder))
    return stands


def _note(kind: str, tie: Relationship, *, now: datetime, actor: str, data: dict[str, Any]) -> None:
    who: Any = {"subject": tie.subject.uuid, "object": tie.uuid, "test": tie.subject.is_test}
    record(kind=kind, at=now, actor=actor, purpose=tie.purpose.slug, **who, data=data)
