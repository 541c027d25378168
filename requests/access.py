"""The copy of one person's data as it stood at one moment (UK GDPR Art 15), and the facts that go with it."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from core.models import Controller
from processing import abroad
from processing.models import DecisionSystem, Purpose, PurposeVersion, Recipient, Status
from requests import decisions
from requests.leaving_out import LeftOut
from requests.spool import Rows, Spool
from subjects import registry
from subjects.models import DataSubject, PersonalDataItem
from subjects.people import hold


@dataclass(frozen=True)
class Section:
    """One category of data: its name in the person's words and every row of it."""

    slug: str
    label: str
    rows: Rows


@dataclass(frozen=True)
class PurposeFacts:
    """Art 15(1)(a) to (d) and (g), and Art 15(2), for one purpose."""

    title: str
    description: str
    basis: str
    interests: str
    categories: list[str]
    recipients: list[str]
    transfers: list[str]
    retention: str
    sources: list[str]
    # What a computer alone decides for it (Art 15(1)(h)).
    decisions: list[DecisionSystem]


@dataclass(frozen=True)
class Snapshot:
    """Everything about one person and nobody else. Frozen: what was previewed is what is sent."""

    subject: UUID
    taken_at: datetime
    sections: list[Section]
    purposes: list[PurposeFacts]
    # Primary keys of the purpose versions quoted, for the letter.
    versions: list[int]
    sources: list[str]

    @property
    def rows(self) -> int:
        return sum(len(section.rows) for section in self.sections)


@transaction.atomic
def take(
    subject: DataSubject,
    *,
    spool: Spool,
    withheld: Collection[str] = (),
    left_out: LeftOut | None = None,
    now: datetime,
) -> Snapshot:
    """Read every category of the registry, then the register's facts. An erasure of the person waits meanwhile.

    What only the `withheld` purposes (slugs) hold is left out, and what was `left_out` item by item; the letter says so
    and why. Rows are read once, into the spool, a batch at a time.
    """
    hold(subject)
    names = titles()
    without = left_out or LeftOut()

    def rows_of(category: registry.Category) -> Iterator[dict[str, Any]]:
        for row in category.export(subject):
            shown = None if _is_withheld(row.get("purposes"), withheld) else without.applied(row)
            if shown is not None:
                yield titled(shown, names)

    sections = [_section(str(category.label), spool.keep(rows_of(category))) for category in registry.categories()]
    # The request itself is data we use about them, for that purpose.
    always = Purpose.objects.filter(slug="rights-requests").values_list("pk", flat=True)
    versions = decisions.versions_of(decisions.purposes_of(subject, untold=without.silent) | set(always))
    told = PersonalDataItem.objects.filter(subject=subject).exclude(uuid__in=without.silent)
    sources = set(told.values_list("source", flat=True).distinct())
    return Snapshot(
        subject=subject.uuid,
        taken_at=now,
        sections=_distinct([section for section in sections if len(section.rows)]),
        purposes=[facts_of(version, sources) for version in versions],
        versions=[version.pk for version in versions],
        sources=sorted(sources),
    )


def facts_of(version: PurposeVersion, sources: set[str]) -> PurposeFacts:
    """What the register says about a purpose. `sources` are those of the data that is really held."""
    recipients = list(version.recipients.all())
    labels = dict(PersonalDataItem.Source.choices)
    return PurposeFacts(
        title=version.title,
        description=version.description,
        basis=str(version.get_basis_display()),
        interests=version.interests,
        categories=[category.label for category in version.categories.all()],
        recipients=[f"{r.name} ({r.get_role_display()})" for r in recipients],
        transfers=[_transfer(r) for r in abroad.among(recipients, Controller.current().jurisdiction)],
        retention=version.retention_summary,
        sources=[str(labels.get(source, source)) for source in version.sources if not sources or source in sources],
        decisions=[one for one in version.purpose.decision_systems.all() if one.by_computer_alone and one.in_use],
    )


def _transfer(recipient: Recipient) -> str:
    told = {"name": recipient.name, "country": recipient.country, "mechanism": recipient.transfer_mechanism}
    if not recipient.transfer_mechanism:
        return _("%(name)s in %(country)s") % told
    return _("%(name)s in %(country)s, protected by %(mechanism)s") % told


def _section(label: str, rows: Rows) -> Section:
    return Section(slugify(label) or "data", label, rows)


def titles() -> dict[str, str]:
    """What a person may read for the id of a purpose: its title, also of one that is over."""
    versions = PurposeVersion.objects.exclude(status=Status.DRAFT).order_by("number")
    titles = dict(versions.values_list("purpose__slug", "title"))
    return {**titles, "all-marketing": _("All marketing")}


def titled(row: dict[str, Any], titles: dict[str, str]) -> dict[str, Any]:
    """The row with its purposes by their titles."""
    named = dict(row)
    if isinstance(row.get("purpose"), str):
        named["purpose"] = titles.get(row["purpose"], row["purpose"])
    if isinstance(row.get("purposes"), list):
        named["purposes"] = [titles.get(slug, slug) for slug in row["purposes"]]
    return named


def _is_withheld(purposes: Any, withheld: Collection[str]) -> bool:
    """An item goes into the copy as soon as one of its purposes does."""
    return isinstance(purposes, list) and bool(purposes) and set(purposes) <= set(withheld)


def _distinct(sections: list[Section]) -> list[Section]:
    """Two categories may share a label; files may not share a name."""
    seen: dict[str, int] = {}
    named = []
    for section in sections:
        seen[section.slug] = seen.get(section.slug, 0) + 1
        number = seen[section.slug]
        named.append(Section(f"{section.slug}-{number}" if number > 1 else section.slug, section.label, section.rows))
    return named
