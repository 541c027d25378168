"""Which of this app's data is personal, how it is exported and what may be erased."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from processing.vocabulary import Ground
from subjects import corrections, items, relationships, untold
from subjects.identifiers import reveal
from subjects.models import (
    DataSubject,
    Disclosure,
    ItemPurpose,
    PersonalDataItem,
    Relationship,
    RestrictedUse,
    Restriction,
    SubjectIdentifier,
)
from subjects.registry import register

BATCH = 500


def fields_of(model: str, names: str) -> list[str]:
    return [f"subjects.{model}.{name}" for name in names.split()]


class WithThePerson:
    """What hangs on the person goes in subjects/erasure.py, when nothing else keeps the person."""

    def erase(self, subject: DataSubject) -> int:
        return 0


@register
class Identity(WithThePerson):
    label = _("How we know you")
    fields = [
        *fields_of("DataSubject", "uuid locale jurisdiction organisation created_at"),
        *fields_of("Identifier", "uuid type system sealed blind subjects"),
        *fields_of("SubjectIdentifier", "subject identifier verified_at verified_how is_shared is_later added_at"),
    ]

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        """Without an address that others use too and that this person never proved: it may be somebody else's."""
        links = SubjectIdentifier.objects.filter(subject=subject).exclude(is_shared=True, verified_at=None)
        rows = list(links.select_related("identifier").order_by("pk"))
        values = reveal(link.identifier for link in rows)
        return [
            {
                "what": str(link.identifier.get_type_display()),
                "system": link.identifier.system,
                "value": values.get(link.identifier_id, ""),
                "since": link.added_at.isoformat(),
                "confirmed": link.verified_at.isoformat() if link.verified_at else None,
            }
            for link in rows
        ]


@register
class Affiliation(WithThePerson):
    label = _("The organisation you speak for")
    fields = fields_of("Organisation", "uuid name legal_type contract_started_on contract_ended_on")

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        organisation = subject.organisation
        if organisation is None:
            return []
        return [{"name": organisation.name, "type": str(organisation.get_legal_type_display())}]


@register
class Ties(WithThePerson):
    label = _("Our relationship with you")
    fields = fields_of(
        "Relationship",
        "uuid subject purpose role ground ground_note ground_recorded_at source started_on last_interaction_on"
        " contract_ended_on application_closed_on application_outcome application_undo consent_ended_on ended_on",
    )

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        ties = Relationship.objects.filter(subject=subject).select_related("purpose").order_by("pk")
        return [
            {
                "purpose": tie.purpose.slug,
                "role": str(tie.get_role_display()),
                "ground": relationships.ground_in_words(tie.ground),
                "note": relationships.note_of(tie),
                "since": tie.started_on.isoformat(),
                "last_contact": tie.last_interaction_on.isoformat() if tie.last_interaction_on else None,
                "outcome": str(tie.get_application_outcome_display()) or None,
                "id": str(tie.uuid),
            }
            for tie in ties
        ]


@register
class Held(WithThePerson):
    label = _("What we hold about you")
    fields = [
        *fields_of("PersonalDataItem", "uuid subject category sealed source source_evidence source_record nature"),
        *fields_of("PersonalDataItem", "statement system collected_at purposes"),
        *fields_of("ItemPurpose", "item purpose subject category collected_on"),
        # Exported as the name itself.
        *fields_of("NameToken", "item token"),
    ]

    def export(self, subject: DataSubject) -> Iterator[dict[str, Any]]:
        """Batch by batch: somebody may have very many."""
        every = PersonalDataItem.objects.filter(subject=subject).select_related("category", "system").order_by("pk")
        sources, natures = _labels(PersonalDataItem.Source), _labels(PersonalDataItem.Nature)
        from_others = str(_("Provided by others"))
        after = 0
        while rows := list(every.filter(pk__gt=after)[:BATCH]):
            contents, purposes = items.contents(rows), _purposes_of(rows)
            statements = corrections.statements_of(rows)
            for row in rows:
                yield {
                    "category": row.category.label,
                    "content": _readable(contents.get(row.pk, "")),
                    "your_statement": [told["text"] for told in statements.get(row.pk, [])],
                    "purposes": purposes.get(row.pk, []),
                    "source": sources[row.source],
                    "nature": from_others if _is_from_others(row) else natures[row.nature],
                    "system": row.system.name,
                    "collected": row.collected_at.isoformat(),
                    "id": str(row.uuid),
                }
            after = rows[-1].pk


@register
class Recipients(WithThePerson):
    label = _("To whom your data was disclosed")
    fields = fields_of("Disclosure", "uuid subject recipient purpose categories ground legal_power disclosed_at")

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        rows = Disclosure.objects.filter(subject=subject).select_related("recipient").prefetch_related("categories")
        grounds = _labels(Ground)
        return [
            {
                "recipient": row.recipient.name,
                "ground": grounds.get(row.ground, row.ground),
                "categories": sorted(category.label for category in row.categories.all()),
                "on": row.disclosed_at.isoformat(),
                "id": str(row.uuid),
            }
            for row in rows.order_by("pk")
        ]


@register
class Limits(WithThePerson):
    label = _("Limits on how your data is used")
    fields = fields_of("Restriction", "uuid subject purpose item ground since lifted_at placed_for")

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        """A limit of single records is told once: how many they are would tell of those that were spared in silence."""
        rows = Restriction.objects.filter(subject=subject).exclude(uuid__in=untold.of(subject))
        told = {
            (row.placed_for, row.purpose_id, row.ground, row.since, row.lifted_at): {
                "purpose": row.purpose.slug if row.purpose else "",
                "ground": str(row.get_ground_display()),
                "since": row.since.isoformat(),
                "lifted": row.lifted_at.isoformat() if row.lifted_at else None,
            }
            for row in rows.select_related("purpose").order_by("pk")
        }
        return list(told.values())


@register
class Uses(WithThePerson):
    label = _("Uses of what is limited")
    fields = fields_of("RestrictedUse", "uuid subject purpose items ground placed_for sealed since until ended_at")

    def export(self, subject: DataSubject) -> list[dict[str, Any]]:
        """When and on which ground. Our words about it belong to the case, and are read there."""
        rows = RestrictedUse.objects.filter(subject=subject).exclude(uuid__in=untold.of(subject))
        rows = rows.select_related("purpose").order_by("pk")
        return [
            {
                "purpose": row.purpose.slug,
                "ground": str(row.get_ground_display()),
                "since": row.since.isoformat(),
                "until": (row.ended_at or row.until).isoformat(),
            }
            for row in rows
        ]


def _is_from_others(item: PersonalDataItem) -> bool:
    """Provided, but not by the person: "by you" would contradict the source (Art 15(1)(g))."""
    return item.nature == PersonalDataItem.Nature.PROVIDED and item.source in items.FROM_OTHERS


def _labels(choices: type[TextChoices]) -> dict[str, str]:
    """What each value is called, translated once instead of for every row."""
    return {str(value): str(label) for value, label in choices.choices}


def _purposes_of(rows: Sequence[PersonalDataItem]) -> dict[int, list[str]]:
    """The slugs of the purposes that need each item, in one query."""
    needs = ItemPurpose.objects.filter(item__in=[row.pk for row in rows]).order_by("purpose__slug")
    found: dict[int, list[str]] = {}
    for item, slug in needs.values_list("item_id", "purpose__slug"):
        found.setdefault(item, []).append(slug)
    return found


def _readable(content: str) -> Any:
    """The content as data where it is JSON, else as it stands."""
    try:
        return json.loads(content)
    except ValueError:
        return content


NOT_PERSONAL = {
    *fields_of("Organisation", "id"),
    *fields_of("DataSubject", "id is_test emptied_at"),
    # Which rules and key made the index, not what it says.
    *fields_of("Identifier", "id rules_version blind_key"),
    *fields_of("SubjectIdentifier", "id"),
    # Staff or a system, by id.
    *fields_of("Relationship", "id ground_recorded_by"),
    *fields_of("PersonalDataItem", "id"),
    *fields_of("ItemPurpose", "id"),
    *fields_of("NameToken", "id token_key"),
    *fields_of("Disclosure", "id approved_by"),
    *fields_of("Restriction", "id"),
    *fields_of("RestrictedUse", "id"),
    # Internal workings of holds and pending requests; they carry ids and codes, and go with the person.
    *fields_of("ErasureBlock", "id uuid subject purpose item kind placed_for placed_at released_at"),
    *fields_of(
        "ErasureBlock", "system organisation collected_from collected_to categories roles sources jurisdictions"
    ),
}
