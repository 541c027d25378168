"""What a browser chose, with its proof: one row, one ledger entry and one receipt for each choice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from consents import receipts
from consents.models import Status
from cookies import linking, stored
from cookies.models import CookieChoice, How, Need, Site, SiteVersion
from cookies.stored import Stored
from core.errors import DomainError, Invalid
from ledger import entries

# So long a proof may wait in a browser that cannot reach us.
LONGEST_WAIT = timedelta(days=60)
# How far a browser's clock may be ahead.
SKEW = timedelta(minutes=10)
# The trigger on the table keeps to the same.
KEPT = timedelta(days=3 * 366)


class OtherChoice(DomainError):
    code = "other-choice"
    message = _("Another choice was stored under this id.")


@dataclass(frozen=True)
class Proof:
    """A choice as a browser or the cookie page reports it. `wanted`: yes or no for each purpose that leaves one."""

    choice: UUID
    consent_id: UUID
    wanted: Mapping[str, bool]
    how: str
    is_gpc: bool
    chosen_at: datetime


@transaction.atomic
def record(version: SiteVersion, proof: Proof, *, now: datetime, actor: str) -> CookieChoice:
    """Store a choice once, however often it is sent. Raises Invalid for what nobody can have chosen on this version."""
    granted, denied = _read(version, proof, now)
    row = CookieChoice(
        uuid=proof.choice,
        consent_id=proof.consent_id,
        site=version.site.uuid,
        version=version.number,
        sha256=version.sha256,
        how=proof.how,
        is_gpc=proof.is_gpc,
        granted=granted,
        denied=denied,
        chosen_at=min(proof.chosen_at, now),
        recorded_at=now,
        actor=actor,
        entry=uuid4(),
    )
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError:
        return _same(row)
    _note(row, version)
    linking.carry(row, version, now=now)
    return row


def statuses(row: CookieChoice, before: CookieChoice | None) -> dict[str, str]:
    """Each purpose that was chosen about, in the words of consent events."""
    was = set(before.granted) if before else set()
    noes = {slug: Status.WITHDRAWN.value if slug in was else Status.REFUSED.value for slug in row.denied}
    return {**dict.fromkeys(row.granted, Status.GIVEN.value), **noes}


def before(row: CookieChoice) -> CookieChoice | None:
    """The choice that the same browser made last before this one."""
    earlier = CookieChoice.objects.filter(consent_id=row.consent_id, site=row.site, chosen_at__lte=row.chosen_at)
    return earlier.exclude(uuid=row.uuid).order_by("-chosen_at", "-id").first()


def receipt(row: CookieChoice) -> str:
    """What the visitor can show later. It names a random number and nobody."""
    site = Site.objects.get(uuid=row.site)
    form = {"slug": site.slug, "version": row.version, "locale": "en-GB", "sha256": row.sha256, "kind": "cookies"}
    chosen = statuses(row, before(row))
    return receipts.cookies(row.uuid, row.consent_id, form=form, states=chosen, entry=row.entry, at=row.chosen_at)


def on_page(
    version: SiteVersion,
    kept: Stored | None,
    *,
    wanted: Mapping[str, bool],
    is_gpc: bool,
    now: datetime,
    actor: str = "public",
) -> tuple[CookieChoice, list[str]]:
    """A choice made on the cookie page. Returns it, and the purposes that were on and are so no more."""
    consent_id = kept.consent_id if kept else uuid4()
    proof = Proof(uuid4(), consent_id, wanted, How.PAGE, is_gpc, now)
    row = record(version, proof, now=now, actor=actor)
    after = stored.read(stored.of(row))
    ended = [
        group["id"]
        for group in optional(version)
        if is_on(group, kept, is_gpc=is_gpc) and not (after and after.is_on(group))
    ]
    return row, ended


def optional(version: SiteVersion) -> list[dict[str, Any]]:
    """The purposes that leave a choice."""
    return [group for group in version.content["purposes"] if group["need"] != Need.INFORMATION]


def is_on(group: Mapping[str, Any], kept: Stored | None, *, is_gpc: bool) -> bool:
    """Whether a purpose goes on in this browser. The signal stands until a person chose in spite of it."""
    if is_gpc and not (kept and kept.is_gpc):
        return False
    return kept.is_on(group) if kept else group["need"] == Need.OPT_OUT


def forget(*, now: datetime, limit: int = 5000) -> int:
    """Delete choices of three years ago: the consent ran out after one, and nobody asked for proof since."""
    old = CookieChoice.objects.filter(recorded_at__lt=now - KEPT).order_by("recorded_at").values_list("pk", flat=True)
    return CookieChoice.objects.filter(pk__in=list(old[:limit])).delete()[0]


def _read(version: SiteVersion, proof: Proof, now: datetime) -> tuple[list[str], list[str]]:
    groups = {group["id"]: group["need"] for group in optional(version)}
    errors = {
        f"choices.{slug}"[:80]: _("The site leaves no such choice.") for slug in proof.wanted if slug not in groups
    }
    if set(groups) - set(proof.wanted):
        errors["choices"] = _("Give true or false for each purpose that leaves a choice.")
    if proof.how not in How.values:
        errors["how"] = _("This way of choosing is unknown.")
    elif proof.how in (How.GPC, How.REJECT) and any(proof.wanted.values()):
        errors["how"] = _("This act allows nothing.")
    if proof.how == How.GPC and not proof.is_gpc:
        errors["gpc"] = _("The browser did not send the signal.")
    if not now - LONGEST_WAIT <= proof.chosen_at <= now + SKEW:
        errors["chosen_at"] = _("This is too long ago, or lies in the future.")
    elif proof.chosen_at < version.published_at - SKEW:
        errors["version"] = _("This version was not on show yet.")
    if errors:
        raise Invalid(fields=errors)
    granted = _slugs(slug for slug, yes in proof.wanted.items() if yes and groups[slug] == Need.CONSENT)
    return granted, _slugs(slug for slug, yes in proof.wanted.items() if not yes)


def _slugs(found: Iterable[str]) -> list[str]:
    return sorted(found)


def _same(row: CookieChoice) -> CookieChoice:
    """What is stored under this id, if it says the same."""
    known = CookieChoice.objects.get(uuid=row.uuid)
    names = ("consent_id", "site", "version", "how", "is_gpc", "granted", "denied")
    if any(getattr(known, name) != getattr(row, name) for name in names):
        raise OtherChoice
    return known


def _note(row: CookieChoice, version: SiteVersion) -> None:
    entries.record(
        kind="cookies.objected" if row.how == How.GPC else "cookies.chosen",
        at=row.recorded_at,
        actor=row.actor,
        object=row.consent_id,
        data={
            "choice": row.uuid,
            "site": version.site.slug,
            "version": version.number,
            "sha256": version.sha256,
            "how": row.how,
            "gpc": row.is_gpc,
            "chosen_at": entries.instant(row.chosen_at),
            "choices": statuses(row, before(row)),
        },
        entry=row.entry,
    )
