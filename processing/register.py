"""The register of processing from a file: what changed becomes a draft of a new version, what was published stays."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import yaml
from django.db import models, transaction
from django.utils.translation import gettext as _

from core.errors import Invalid
from core.models import Controller
from processing.gates import NotReady
from processing.models import (
    DataCategory,
    DecisionSystem,
    ProcessingActivity,
    Purpose,
    PurposeVersion,
    Recipient,
    Source,
    Status,
    System,
)

Row = Mapping[str, Any]
M = TypeVar("M", DataCategory, ProcessingActivity, Recipient, System)
LISTED: dict[str, type[models.Model]] = {
    "systems": System,
    "categories": DataCategory,
    "recipients": Recipient,
    "activities": ProcessingActivity,
}


@dataclass
class Loaded:
    """What a file changed: new drafts by purpose, and how many purposes said the same as before."""

    drafts: list[PurposeVersion] = field(default_factory=list)
    unchanged: int = 0


@transaction.atomic
def load(source: Path | str | Row) -> Loaded:
    """Bring the register in line with `source` (a YAML file or its content). Loading twice changes nothing.

    Purposes that are missing from the file are left alone: ending one is a decision (PurposeVersion.retire).
    """
    register = source if isinstance(source, Mapping) else yaml.safe_load(Path(source).read_text("utf-8"))
    if controller := register.get("controller"):
        Controller.objects.update_or_create(pk=1, defaults=dict(controller))
    for part, model in LISTED.items():
        for row in register.get(part, []):
            fields = {name: value for name, value in row.items() if name != "slug"}
            model._default_manager.update_or_create(slug=row["slug"], defaults=fields)
    loaded = Loaded()
    for row in register.get("purposes", []):
        draft = _draft(row)
        if draft:
            loaded.drafts.append(draft)
        else:
            loaded.unchanged += 1
    for row in register.get("decision_systems", []):
        fields = {name: value for name, value in row.items() if name not in ("slug", "purpose")}
        fields["purpose"] = Purpose.objects.get(slug=row["purpose"])
        DecisionSystem.objects.update_or_create(slug=row["slug"], defaults=fields)
    return loaded


def publish_drafts(*, now: datetime, actor: str) -> dict[str, str]:
    """Publish every draft that is ready. Returns what the others still miss, by purpose."""
    refused = {}
    drafts = PurposeVersion.objects.filter(status=Status.DRAFT).select_related("purpose").order_by("purpose__slug")
    for draft in drafts:
        try:
            draft.publish(now=now, actor=actor)
        except NotReady as error:
            refused[draft.purpose.slug] = str(error.message)
    return refused


def _draft(row: Row) -> PurposeVersion | None:
    """The draft that says what `row` says; None if the newest version says it already."""
    purpose, _created = Purpose.objects.get_or_create(
        slug=row["slug"], defaults={"activity": _named(ProcessingActivity, [row["activity"]], row)[0]}
    )
    newest = purpose.versions.order_by("-number").first()
    if newest and newest.content() == _content(row):
        return None
    if newest and not newest.is_published:
        newest.delete()
        number = newest.number
    else:
        number = newest.number + 1 if newest else 1
    return _write(purpose, number, row)


def _write(purpose: Purpose, number: int, row: Row) -> PurposeVersion:
    content = _content(row)
    lists = {name: content.pop(name) for name in ("categories", "recipients", "systems")}
    version = PurposeVersion.objects.create(purpose=purpose, number=number, **content)
    version.categories.set(_named(DataCategory, lists["categories"], row))
    version.recipients.set(_named(Recipient, lists["recipients"], row))
    version.systems.set(_named(System, lists["systems"], row))
    return version


def _content(row: Row) -> dict[str, Any]:
    """A row of the file in the form of PurposeVersion.content()."""
    if unknown := set(row["sources"]) - set(Source.values):
        raise _wrong(row, "sources", unknown)
    return {
        "title": row["title"],
        "description": row["description"],
        "basis": row["basis"],
        "interests": row.get("interests", ""),
        "subject_categories": sorted(row["subjects"]),
        "sources": sorted(row["sources"]),
        "categories": sorted(row["categories"]),
        "recipients": sorted(row.get("recipients", [])),
        "systems": sorted(row["systems"]),
        "direct_marketing": row.get("direct_marketing", False),
        "channels": sorted(row.get("channels", [])),
        "is_service_message": row.get("service_message", False),
        "retention_summary": row["retention"],
    }


def _named(model: type[M], slugs: list[str], row: Row) -> list[M]:
    found = {str(one.slug): one for one in model._default_manager.filter(slug__in=slugs)}
    if missing := set(slugs) - set(found):
        raise _wrong(row, model._meta.model_name or "", missing)
    return [found[slug] for slug in slugs]


def _wrong(row: Row, part: str, names: set[str]) -> Invalid:
    sentence = _("%(purpose)s: the register does not know %(names)s.") % {
        "purpose": row["slug"],
        "names": ", ".join(sorted(names)),
    }
    return Invalid(sentence, fields={part: sentence})
