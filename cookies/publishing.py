"""Putting a site's register on show: what is wrong with it, what visitors are told, and whom a change asks again."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

import rfc8785
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cookies.models import Cookie, Kind, Need, Paragraph, Site, SiteVersion
from core.errors import DomainError, Invalid, NotFound
from core.origins import is_origin
from ledger import entries
from processing.models import Basis, PurposeVersion, Status

SCHEMA_VERSION = 1
NEEDS = (Need.CONSENT, Need.OPT_OUT, Need.INFORMATION)
Content = dict[str, Any]


class UnknownSite(NotFound):
    code = "unknown-site"
    message = gettext_lazy("There is no site of this name.")


class NotPublishable(DomainError):
    """The register does not say what PECR reg 6 and Schedule A1 ask for, or what it says cannot be true."""

    code = "cookies-not-publishable"


def current(slug: str) -> SiteVersion:
    """What the visitors of this site are told now. Raises UnknownSite."""
    found = SiteVersion.objects.select_related("site").filter(site__slug=slug, superseded_at=None).first()
    if found is None:
        raise UnknownSite
    return found


def shown(slug: str, number: int) -> SiteVersion:
    """A version that is or was on show: proof may come from a page that was cached, or waited for us."""
    found = SiteVersion.objects.select_related("site").filter(site__slug=slug, number=number).first()
    if found is None:
        current(slug)
        raise Invalid(fields={"version": gettext_lazy("This version was never on show.")})
    return found


@transaction.atomic
def publish(site: Site, *, now: datetime, actor: str) -> SiteVersion:
    """Put the register as it stands on show. Raises NotPublishable with every fault found.

    Only visitors whose group gained something are asked again; saving without a change makes no version.
    """
    site = Site.objects.select_for_update().get(pk=site.pk)
    rows = list(site.cookies.select_related("purpose").order_by("purpose__slug", "kind", "pattern", "domain"))
    live = _live(rows)
    if faults := list(_faults(site, rows, live)):
        raise NotPublishable(" ".join(faults))
    former = site.versions.filter(superseded_at=None).first()
    number = site.versions.count() + 1
    told = content(site, rows, live, former=former, number=number)
    if former and _without_numbers(former.content) == _without_numbers(told):
        raise NotPublishable(_("Nothing has changed since version %(number)d.") % {"number": former.number})
    site.versions.filter(superseded_at=None).update(superseded_at=now)
    version = SiteVersion.objects.create(
        site=site, number=number, content=told, sha256=sha256(rfc8785.dumps(told)).hexdigest(), published_at=now
    )
    data = {"site": site.slug, "version": number, "sha256": version.sha256, "lines": len(rows)}
    entries.record(kind="cookies.published", at=now, actor=actor, object=site.uuid, data=data)
    return version


def content(
    site: Site,
    rows: Sequence[Cookie],
    live: dict[int, PurposeVersion],
    *,
    former: SiteVersion | None,
    number: int,
) -> Content:
    """All that visitors are told: each purpose with its lines, those that ask first."""
    before = {group["id"]: group for group in former.content["purposes"]} if former else {}
    groups = [
        _group([row for row in rows if row.purpose_id == purpose], version, before.get(version.purpose.slug), number)
        for purpose, version in live.items()
    ]
    order = [need.value for need in NEEDS]
    groups.sort(key=lambda group: (order.index(group["need"]), group["title"]))
    return {
        "schema_version": SCHEMA_VERSION,
        "site": site.slug,
        "name": site.name,
        "intro": site.intro,
        "domain": site.cookie_domain.lstrip("."),
        "valid_days": site.valid_days,
        "quiet_days": site.quiet_days,
        "purposes": groups,
    }


def _group(rows: Sequence[Cookie], version: PurposeVersion, former: Content | None, number: int) -> Content:
    need = min((row.need for row in rows), key=NEEDS.index)
    group = {
        "id": version.purpose.slug,
        "title": version.title,
        "description": version.description,
        "need": need.value,
        "google": sorted({name for row in rows for name in row.google}),
        "cookies": [_line(row) for row in rows],
    }
    # A "yes" covers what was shown then. Whatever came since is asked about; what left, or is worded anew, is not.
    is_new = former is None or bool(_asked(group) - _asked(former))
    return {**group, "since": number if is_new or former is None else former["since"]}


def _line(row: Cookie) -> Content:
    return {
        "kind": row.kind,
        "pattern": row.pattern,
        "what_for": row.what_for,
        "provider": row.provider,
        "domain": row.domain,
        "duration": row.duration,
        "paragraph": row.paragraph,
        "http_only": row.is_http_only,
    }


def _asked(group: Content) -> set[tuple[str, ...]]:
    names = ("kind", "pattern", "domain", "provider", "paragraph")
    return {tuple(line[name] for name in names) for line in group["cookies"]}


def _without_numbers(told: Content) -> Content:
    groups = [{name: part for name, part in group.items() if name != "since"} for group in told["purposes"]]
    return {**told, "purposes": groups}


def _live(rows: Iterable[Cookie]) -> dict[int, PurposeVersion]:
    versions = PurposeVersion.objects.filter(purpose__in={row.purpose_id for row in rows}, status=Status.LIVE)
    return {version.purpose_id: version for version in versions.select_related("purpose").order_by("purpose__slug")}


def _faults(site: Site, rows: Sequence[Cookie], live: dict[int, PurposeVersion]) -> Iterable[str]:
    if not all(is_origin(origin) for origin in site.origins) or not site.origins:
        yield _("An origin is written https://www.example.com, without a path.")
    if not any(row.pattern == site.cookie_name and row.paragraph == Paragraph.NECESSARY for row in rows):
        yield _("Enter %(name)s, the cookie that remembers the choice: what is asked for does not work without it.") % {
            "name": site.cookie_name
        }
    for row in rows:
        if fault := _fault(row, live.get(row.purpose_id)):
            yield f"{row.pattern}: {fault}"


def _fault(row: Cookie, version: PurposeVersion | None) -> str | None:
    if version is None:
        return _("its purpose is not live.")
    if row.paragraph == Paragraph.CONSENT and version.basis != Basis.CONSENT:
        return _("it asks for consent, but its purpose rests on something else.")
    if row.paragraph != Paragraph.CONSENT and version.basis == Basis.CONSENT:
        return _("its purpose rests on consent, so it is allowed because they consented (paragraph 2).")
    if row.paragraph in (Paragraph.STATISTICS, Paragraph.APPEARANCE) and row.domain:
        return _("statistics and appearance must stay with the site; another domain may use what it learns.")
    if row.google and row.need == Need.INFORMATION:
        return _("a type of Google's consent mode is granted by a choice, and this line leaves none.")
    if row.kind in (Kind.MAIL_BEACON, Kind.TRACKED_LINK) and row.paragraph != Paragraph.CONSENT:
        return _("what an e-mail reports back is not needed to read it: ask for consent (paragraph 2).")
    return None
