"""A site's register in the words of the cookie page, and which of its lines we can delete for a visitor."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from cookies import choices
from cookies.models import Kind, Need, Paragraph, SiteVersion
from cookies.stored import Stored

# Why, said to the visitor: PECR reg 6 and the paragraphs of its Schedule A1.
WHY = {
    Paragraph.CONSENT: _("Because you allow it (paragraph 2)"),
    Paragraph.TRANSMISSION: _("It only carries a message (paragraph 3)"),
    Paragraph.NECESSARY: _("What you ask for does not work without it (paragraph 4)"),
    Paragraph.STATISTICS: _("Our own statistics, until you object (paragraph 5)"),
    Paragraph.APPEARANCE: _("The site as you like it, until you object (paragraph 6)"),
    Paragraph.EMERGENCY: _("Help in an emergency, when you ask for it (paragraph 7)"),
}


@dataclass(frozen=True)
class Group:
    """One purpose as the page shows it."""

    id: str
    title: str
    description: str
    need: str
    is_choice: bool
    is_on: bool
    lines: list[dict[str, Any]]


def groups(version: SiteVersion, kept: Stored | None, *, is_gpc: bool) -> list[Group]:
    return [_group(group, kept, is_gpc) for group in version.content["purposes"]]


def undeletable(version: SiteVersion, purposes: Iterable[str]) -> list[dict[str, Any]]:
    """Lines of these purposes that are stored where this page cannot delete them: another domain, or a script's own."""
    found = (_line(line) for group in _of(version, purposes) for line in group["cookies"])
    return [line for line in found if line["is_stored"] and (line["domain"] or line["kind"] != Kind.COOKIE)]


def deletable(version: SiteVersion, purposes: Iterable[str], present: Mapping[str, str]) -> list[str]:
    """The names among those that the browser sent us that belong to these purposes."""
    lines = [line for group in _of(version, purposes) for line in group["cookies"]]
    own = [line["pattern"] for line in lines if line["kind"] == Kind.COOKIE and not line["domain"]]
    return [name for name in present if any(fits(pattern, name) for pattern in own)]


def titles(version: SiteVersion, purposes: Iterable[str]) -> list[str]:
    return [group["title"] for group in _of(version, purposes)]


def fits(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _of(version: SiteVersion, purposes: Iterable[str]) -> list[dict[str, Any]]:
    wanted = set(purposes)
    return [group for group in version.content["purposes"] if group["id"] in wanted]


def _group(group: Mapping[str, Any], kept: Stored | None, is_gpc: bool) -> Group:
    is_choice = group["need"] != Need.INFORMATION
    return Group(
        id=group["id"],
        title=group["title"],
        description=group["description"],
        need=str(Need(group["need"]).label),
        is_choice=is_choice,
        is_on=choices.is_on(group, kept, is_gpc=is_gpc) if is_choice else True,
        lines=[_line(line) for line in group["cookies"]],
    )


def _line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **line,
        "kind_label": str(Kind(line["kind"]).label),
        "ground": str(WHY[Paragraph(line["paragraph"])]),
        "is_stored": line["kind"] in (Kind.COOKIE, Kind.LOCAL, Kind.SESSION),
    }
