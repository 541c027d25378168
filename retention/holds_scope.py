"""What a legal hold is about: people by name, or whatever is described, of whomever it is now or later.

In one place what a lawyer may ask for: as rules that every delete asks (subjects/deletes.py), in words, as the journal
and the ledger have it, and as the rows that it would hold now. The last is the same condition once more, so that
somebody can look before anything is locked; tests/retention/test_holds_scope.py keeps the two together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q
from django.db.models.query import QuerySet
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Invalid, Text
from processing.models import DataCategory, Purpose, PurposeVersion, Status, System
from retention.models import LegalHold
from subjects import one_person
from subjects.models import DataSubject, ErasureBlock, ItemPurpose, Organisation, PersonalDataItem, Relationship
from subjects.models_limits import DESCRIBED

# What several rows say, and what a list of codes says.
ROWS = ("purposes", "systems", "categories")
CODES = ("roles", "sources", "jurisdictions")
ONE = ("organisation", "collected_from", "collected_to")
# Without any of these a hold by rule would be over everything since some day.
BOUNDS = (*ROWS, *CODES, "organisation")
Key = tuple[object, ...]


@dataclass(frozen=True)
class Scope:
    people: Sequence[DataSubject] = ()
    purposes: Sequence[Purpose] = ()
    systems: Sequence[System] = ()
    organisation: Organisation | None = None
    collected_from: date | None = None
    collected_to: date | None = None
    categories: Sequence[DataCategory] = ()
    # The part that the person plays towards us, for the purpose in question.
    roles: Sequence[str] = ()
    sources: Sequence[str] = ()
    # Under which law the person lives.
    jurisdictions: Sequence[str] = ()

    @property
    def is_described(self) -> bool:
        return any(getattr(self, field.name) for field in fields(self) if field.name not in ("people", "purposes"))


def check(scope: Scope) -> None:
    """Raises Invalid naming the fields at fault."""
    errors: dict[str, Text] = {}
    if scope.people and scope.is_described:
        errors["people"] = gettext_lazy("Name people, or describe what is held by what is chosen below; not both.")
    if not scope.people and not any(getattr(scope, name) for name in BOUNDS):
        errors["people"] = gettext_lazy("Nobody is meant. Name people, or describe more than the days of collection.")
    if scope.collected_from and scope.collected_to and scope.collected_to < scope.collected_from:
        errors["collected_to"] = gettext_lazy("The last day cannot come before the first.")
    if set(scope.roles) - set(Relationship.Role.values):
        errors["roles"] = gettext_lazy("This role is unknown.")
    if set(scope.sources) - set(PersonalDataItem.Source.values):
        errors["sources"] = gettext_lazy("This source is unknown.")
    if any(len(one) != 2 or not one.isalpha() or not one.isupper() for one in scope.jurisdictions):
        errors["jurisdictions"] = gettext_lazy("Give codes of two capital letters, such as UK or EU.")
    if errors:
        raise Invalid(fields=errors)


def keep(hold: LegalHold, scope: Scope) -> None:
    """Write down, with the hold, what it is about."""
    for name in (*ONE, *CODES):
        value = getattr(scope, name)
        setattr(hold, name, sorted(value) if name in CODES else value)
    hold.save(update_fields=[*ONE, *CODES])
    for name in ROWS:
        getattr(hold, name).set(getattr(scope, name))


def described_by(hold: LegalHold) -> Scope:
    """What it is about, but for whom it names."""
    rows: dict[str, Any] = {name: list(getattr(hold, name).order_by("pk")) for name in ROWS}
    return Scope(**rows, **{name: getattr(hold, name) for name in (*ONE, *CODES)})


def rules(scope: Scope) -> list[dict[str, Any]]:
    """As blocks.place_rule takes them: one for each purpose and system, which are few."""
    same: dict[str, Any] = {name: getattr(scope, name) for name in ONE}
    same |= {name: sorted(getattr(scope, name)) or None for name in CODES}
    same["categories"] = sorted(one.pk for one in scope.categories) or None
    purposes, systems = list[Purpose | None](scope.purposes) or [None], list[System | None](scope.systems) or [None]
    pairs = [(purpose, system) for purpose in purposes for system in systems]
    return [{"purpose": purpose, "system": system, **same} for purpose, system in pairs]


def key_of(rule: Mapping[str, Any]) -> Key:
    """All that tells one rule from another one of the same hold."""
    values = (rule[name] for name in ("purpose", *DESCRIBED))
    return tuple(tuple(value) if isinstance(value, list) else value for value in values)


def key_of_block(block: ErasureBlock) -> Key:
    return key_of({name: getattr(block, name) for name in ("purpose", *DESCRIBED)})


def whose(scope: Scope) -> tuple[object, ...]:
    """What of it tells whose data it is about: what somebody can cease to be."""
    return scope.organisation, sorted(scope.roles), sorted(scope.jurisdictions)


def needs(scope: Scope) -> QuerySet[ItemPurpose]:
    """What it would hold at this moment."""
    asked = {
        "purpose__in": scope.purposes,
        "category__in": scope.categories,
        "item__system__in": scope.systems,
        "item__source__in": scope.sources,
        "collected_on__gte": scope.collected_from,
        "collected_on__lte": scope.collected_to,
    }
    rows = _theirs(ItemPurpose.objects.filter(**_given(asked)), scope)
    tie = Relationship.objects.filter(subject=OuterRef("subject"), purpose=OuterRef("purpose"), role__in=scope.roles)
    return rows.filter(Exists(tie)) if scope.roles else rows


def people(scope: Scope) -> QuerySet[DataSubject]:
    """Whom it would be about at this moment, also those of whom only dealings are known."""
    if scope.people:
        return DataSubject.objects.filter(pk__in=[one.pk for one in scope.people])
    found = Q(pk__in=needs(scope).values("subject"))
    if not (scope.systems or scope.categories or scope.sources or scope.collected_from or scope.collected_to):
        asked = _given({"purpose__in": scope.purposes, "role__in": scope.roles})
        found |= Q(pk__in=_theirs(Relationship.objects.filter(**asked), scope).values("subject"))
    return DataSubject.objects.filter(found)


def _theirs(rows: QuerySet[Any], scope: Scope) -> QuerySet[Any]:
    people = {"subject__in": scope.people, "subject__organisation": scope.organisation}
    return rows.filter(**_given({**people, "subject__jurisdiction__in": scope.jurisdictions}))


def _given(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in asked.items() if value}


def in_words(scope: Scope, *, may_see: bool) -> list[tuple[str, str]]:
    """Line by line, what and which. Whom a company's name may tell of, only those read who may see people."""
    titles = dict(PurposeVersion.objects.filter(status=Status.LIVE).values_list("purpose", "title"))
    purposes = [titles.get(one.pk, one.slug) for one in scope.purposes]
    lines = [(_("For"), purposes or [_("every purpose")])]
    lines.append((_("Kinds of data"), [one.label for one in scope.categories]))
    lines.append((_("What came from"), [one.name for one in scope.systems]))
    lines.append((_("Source"), _labels(PersonalDataItem.Source.choices, scope.sources)))
    lines.append((_("Of whom we deal with as"), _labels(Relationship.Role.choices, scope.roles)))
    lines.append((_("The people of"), [scope.organisation.name] if scope.organisation and may_see else []))
    lines.append((_("Under the law of"), list(scope.jurisdictions)))
    days = {_("Collected from"): scope.collected_from, _("Collected until"): scope.collected_to}
    lines += [(label, [format_date(day, "l j F Y")] if day else []) for label, day in days.items()]
    return [(label, ", ".join(words)) for label, words in lines if words]


def _labels(choices: Sequence[tuple[Any, Any]], codes: Sequence[str]) -> list[str]:
    return [str(label) for code, label in choices if code in codes]


def told(scope: Scope) -> dict[str, Any]:
    """For the journal and the ledger: names of the register, ids, codes and days."""
    return {
        **{name: sorted(one.slug for one in getattr(scope, name)) for name in ROWS},
        **{name: sorted(getattr(scope, name)) for name in CODES},
        "organisations": [str(scope.organisation.uuid)] if scope.organisation else [],
        "collected_from": scope.collected_from.isoformat() if scope.collected_from else "",
        "collected_to": scope.collected_to.isoformat() if scope.collected_to else "",
    }


def found(data: Mapping[str, Any]) -> Scope | None:
    """What the journal says a hold is about, as far as it is here. None when all of one kind is missing: with less than
    it named it would be about something else.
    """
    rows: dict[str, Any] = {
        "people": one_person.records(UUID(uuid) for uuid in (*data["people"], *data.get("others", ()))),
        "purposes": list(Purpose.objects.filter(slug__in=data["purposes"])),
        "systems": list(System.objects.filter(slug__in=data["systems"])),
        "categories": list(DataCategory.objects.filter(slug__in=data.get("categories", []))),
        "organisations": list(Organisation.objects.filter(uuid__in=data["organisations"])),
    }
    if any(data.get(name) and not some for name, some in rows.items()):
        return None
    companies, days = rows.pop("organisations"), ("collected_from", "collected_to")
    ones: dict[str, Any] = {name: date.fromisoformat(data[name]) if data[name] else None for name in days}
    ones |= {name: data.get(name, []) for name in CODES} | {"organisation": companies[0] if companies else None}
    return Scope(**rows, **ones)
