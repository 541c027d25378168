"""Choosing a lawful use of what may only be stored (UK GDPR Art 18(2)): which, for what, what shows it, and until when.

The words are sealed in the case; that the use may be made, of what and how long, is known to everybody who must ask
(subjects/lawful_uses.py). It ends by itself, when somebody ends it, and with the restriction.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid, NotFound, Text
from core.models import Controller, Owner
from core.vault import ensure_key, keys_of
from ledger.entries import record
from processing.models import Purpose
from requests.models import CaseFile, RightsRequest
from subjects import lawful_uses, restrictions
from subjects.models import ItemPurpose, RestrictedUse, Restriction
from subjects.models_limits import LawfulUse
from subjects.people import hold

LENGTH = 2000
# A use that is needed for longer is looked at again by then.
LONGEST = timedelta(days=366)
# What each ground asks to be shown, for whoever chooses it.
SHOWS: dict[str, Text] = {
    LawfulUse.CONSENT: _("When and how the person agreed to this one use, and in which words."),
    LawfulUse.CLAIMS: _("Which claim: the letter before action, the court or the solicitor, and its reference."),
    LawfulUse.OTHERS: _("Whose rights, what threatens them, and why nothing less protects them."),
    LawfulUse.PUBLIC_INTEREST: _("Which interest, where the law recognises it, and who decided that it is important."),
}


class NothingRestricted(DomainError):
    code = "nothing-restricted"
    message = _("None of this purpose is restricted because of this request.")


@dataclass(frozen=True)
class Shown:
    """A use on the page of its request. `what` and `evidence` only where somebody asked to see them."""

    use: RestrictedUse
    is_in_force: bool
    what: str = ""
    evidence: str = ""


@transaction.atomic
def allow(
    rights_request: RightsRequest,
    *,
    purpose: str,
    ground: str,
    what: str,
    evidence: str,
    until: date,
    items: Sequence[UUID] = (),
    actor: str,
    now: datetime,
) -> RestrictedUse:
    """Record a use before it is made. `until` is the last day on which it may be; no items named means all."""
    # The person first and then the case, as whoever erases or merges people does.
    for restriction in restrictions.placed_for(rights_request.uuid)[:1]:
        hold(restriction.subject)
    CaseFile.objects.select_for_update(of=("self",)).get(pk=rights_request.case_id)
    rights_request.refresh_from_db()
    chosen = Purpose.objects.filter(slug=purpose).first()
    if chosen is None:
        raise Invalid(fields={"purpose": NotFound.message})
    found = [one for one in restrictions.placed_for(rights_request.uuid) if one.purpose_id in (None, chosen.pk)]
    if not found:
        raise NothingRestricted
    _check(ground, what, evidence, until, now=now)
    uuid, case = uuid4(), rights_request.case
    words = json.dumps({"what": what.strip(), "evidence": evidence.strip()}).encode()
    ends = datetime.combine(until + timedelta(days=1), time(), Controller.current().zone)
    return lawful_uses.record(
        found[0].subject,
        uuid=uuid,
        purpose=chosen,
        items=_named(found, chosen, items),
        ground=ground,
        placed_for=rights_request.uuid,
        until=ends,
        sealed=ensure_key(Owner.CASE, case.uuid).seal(f"use:{uuid}", words),
        actor=actor,
        now=now,
    )


@transaction.atomic
def end(rights_request: RightsRequest, use: UUID, *, actor: str, now: datetime) -> None:
    """It may be made no more: it was made, is not needed, or the person took back that they agreed."""
    lawful_uses.end(_of(rights_request, use), actor=actor, now=now)


def end_all(
    rights_request: RightsRequest, *, purposes: Collection[int] | None = None, actor: str, now: datetime
) -> int:
    """With the restriction, inside the caller's transaction; `purposes`: only those of these are restricted no more."""
    found = RestrictedUse.objects.filter(placed_for=rights_request.uuid, ended_at=None)
    if purposes is not None:
        found = found.filter(purpose__in=purposes)
    return sum(lawful_uses.end(use, actor=actor, now=now) for use in found.select_related("subject", "purpose"))


def shown(rights_request: RightsRequest, *, now: datetime) -> list[Shown]:
    """Those of this request, the newest first, without a word about anybody."""
    rows = RestrictedUse.objects.filter(placed_for=rights_request.uuid).select_related("purpose").order_by("-pk")
    return [Shown(row, row.is_in_force(now)) for row in rows]


@transaction.atomic
def read(rights_request: RightsRequest, use: UUID, *, actor: str, now: datetime) -> Shown:
    """One with its words. That somebody read them is an event."""
    found, case = _of(rights_request, use), rights_request.case
    record(kind="case.viewed", at=now, actor=actor, object=case.uuid, data={"what": "restricted-use"})
    key = keys_of(Owner.CASE, [case.uuid]).get(case.uuid)
    words: dict[str, Any] = json.loads(key.open(f"use:{found.uuid}", bytes(found.sealed))) if key else {}
    return Shown(found, found.is_in_force(now), **words)


def may_be_used(rights_request: RightsRequest) -> list[Purpose]:
    """The purposes of which something is restricted because of this request."""
    found = restrictions.placed_for(rights_request.uuid)
    if any(one.purpose_id is None for one in found):
        needs = ItemPurpose.objects.filter(subject=rights_request.case.subject)
        return list(Purpose.objects.filter(pk__in=needs.values("purpose")).order_by("slug"))
    return list(Purpose.objects.filter(pk__in=[one.purpose_id for one in found]).order_by("slug"))


def _of(rights_request: RightsRequest, use: UUID) -> RestrictedUse:
    rows = RestrictedUse.objects.filter(placed_for=rights_request.uuid, uuid=use)
    found = rows.select_related("purpose", "subject").first()
    if found is None:
        raise NotFound
    return found


def _check(ground: str, what: str, evidence: str, until: date, *, now: datetime) -> None:
    errors: dict[str, Text] = {}
    if ground not in LawfulUse.values:
        errors["ground"] = _("Choose one of the four grounds. There is no other use of what is restricted.")
    if not _is_text(what):
        errors["what"] = _("Say what exactly is done with the data, in up to 2,000 characters.")
    if not _is_text(evidence):
        errors["evidence"] = _("Say what shows that this ground is met, in up to 2,000 characters.")
    today = now.astimezone(Controller.current().zone).date()
    if not today <= until <= today + LONGEST:
        errors["until"] = _("Name the last day of the use: from today, and within a year.")
    if errors:
        raise Invalid(fields=errors)


def _named(found: Sequence[Restriction], purpose: Purpose, items: Sequence[UUID]) -> list[UUID]:
    """The items that are meant, each of which this request restricts for the purpose."""
    needs = ItemPurpose.objects.filter(subject=found[0].subject, purpose=purpose)
    if not any(one.item_id is None for one in found):
        needs = needs.filter(item__in=[one.item_id for one in found])
    known = set(needs.values_list("item__uuid", flat=True))
    if not set(items) <= known:
        raise Invalid(fields={"items": _("Only what this request restricts can be named.")})
    # What is restricted item by item is used item by item.
    is_whole = any(one.item_id is None for one in found)
    return sorted(set(items) or (set() if is_whole else known))


def _is_text(text: str) -> bool:
    return 0 < len(text.strip()) <= LENGTH and "\x00" not in text
