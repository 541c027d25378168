"""What an exemption keeps out of a deletion, a correction, a restriction, an objection or a set to take along.

DPA 2018 Sch 2 can switch off Arts 15, 16, 17(1) and (2), 18(1), 20(1) and (2) and 21(1), each item by item. A record is
left out as it is of a copy (requests/leaving_out.py), with the same code, reason and second person; here is what that
does to every right but access. Direct marketing (Art 21(2)) and taking a consent back are never switched off.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy, ngettext

from core.errors import DomainError
from processing.models import Purpose
from requests import copies, leaving_out
from requests.decisions import Line, versions_of
from requests.exemptions import EXEMPTIONS
from requests.models import Decision, Exemption, Package, Right, RightsRequest
from requests.stopping import OBJECTABLE
from subjects.models import ItemPurpose, PersonalDataItem

Scope = Exemption.Scope


class NotThisGround(DomainError):
    code = "exemption-beside-ground"
    message = gettext_lazy(
        "Something is kept out of the restriction by an exemption that does not reach its ground. Decide it anew, or"
        " take the exemption back."
    )


class StaleSet(DomainError):
    code = "stale-set"
    message = gettext_lazy("A decision has changed since the set was made. Make it anew, and look through it.")


def spared(rights_request: RightsRequest, *, told_only: bool = False) -> set[UUID]:
    """The records that what is done leaves as they are, as far as they are there.

    `told_only`: without those that are better not named.
    """
    rows = rights_request.exemptions.filter(scope=Scope.ITEM)
    if told_only:
        rows = rows.filter(is_silent=False)
    made = [str(item) for item in rows.values_list("item", flat=True)]
    if not made:
        return set()
    held = PersonalDataItem.objects.filter(subject=rights_request.case.subject, uuid__in=made)
    if rights_request.right == Right.OBJECTION:
        held = held.filter(needs__in=_needs(rights_request))
    return set(held.values_list("uuid", flat=True))


def ready(rights_request: RightsRequest) -> None:
    """Raises while an exemption waits for a second person, or is one that cannot do what it is used for."""
    leaving_out.ready(rights_request)
    granted = rights_request.decisions.filter(outcome=Decision.Outcome.GRANT).values_list("purpose", "reason")
    for made in rights_request.exemptions.filter(item__isnull=False):
        beside = {purpose for purpose, reason in granted if reason in EXEMPTIONS[made.code].beside}
        if ItemPurpose.objects.filter(item__uuid=str(made.item), purpose__in=beside).exists():
            raise NotThisGround


def fresh(rights_request: RightsRequest, made: Package) -> None:
    """Raises StaleSet when the set of data was made before something was decided, or left out."""
    if copies.is_stale(rights_request, made):
        raise StaleSet


def untouched(rights_request: RightsRequest) -> set[str]:
    """The purposes (slugs) of which every record is spared, so that nothing of them is reached."""
    noted = rights_request.result.get("untouched")
    if noted is not None:
        return set(noted)
    return {slug for slug, (kept, every) in counts(rights_request).items() if kept == every}


def counts(rights_request: RightsRequest, *, told_only: bool = False) -> dict[str, tuple[int, int]]:
    """Of the purposes (slugs) with a record that is spared: how many are, out of how many."""
    kept = spared(rights_request, told_only=told_only)
    if not kept:
        return {}
    found: dict[str, tuple[int, int]] = {}
    for slug, item in _needs(rights_request).values_list("purpose__slug", "item__uuid").distinct():
        some, every = found.get(slug, (0, 0))
        found[slug] = (some + (item in kept), every + 1)
    return {slug: (some, every) for slug, (some, every) in found.items() if some}


def by_code(rights_request: RightsRequest, purpose: Purpose) -> dict[str, list[UUID]]:
    """The records of a purpose that are spared, by the exemption that does it."""
    codes = dict(rights_request.exemptions.filter(scope=Scope.ITEM).values_list("item", "code"))
    held = PersonalDataItem.objects.filter(uuid__in=spared(rights_request), needs__purpose=purpose)
    found: dict[str, list[UUID]] = {}
    for item in held.order_by("pk").values_list("uuid", flat=True):
        found.setdefault(codes[item], []).append(item)
    return found


def reached(rights_request: RightsRequest, granted: Iterable[Line]) -> list[Line]:
    """Those of which something is done."""
    whole = untouched(rights_request)
    return [line for line in granted if line.purpose.slug not in whole]


def note_untouched(rights_request: RightsRequest) -> None:
    """Keep what was untouched, for the letter: once it is done, the rest can no longer be compared."""
    rights_request.result = {**rights_request.result, "untouched": sorted(untouched(rights_request))}
    rights_request.save(update_fields=["result"])


def told(rights_request: RightsRequest) -> list[dict[str, str]]:
    """What the letter says of it, beside what was refused. Nothing of what is better not named."""
    return report(rights_request, of=spared(rights_request))


def report(rights_request: RightsRequest, *, of: Collection[UUID] | None = None) -> list[dict[str, str]]:
    """What the letter says about it: how much, why, under which paragraph. Nothing of what is better not named.

    `of`: only these records.
    """
    told = rights_request.exemptions.filter(is_silent=False)
    counted = Counter((told if of is None else told.filter(item__in=of)).values_list("code", "scope"))
    return [
        {
            "title": _amount(scope, number),
            "sentence": str(EXEMPTIONS[code].sentence),
            "article": EXEMPTIONS[code].article,
            "note": "",
        }
        for (code, scope), number in sorted(counted.items())
    ]


def without(rights_request: RightsRequest, granted: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a letter reports as done, without the purposes of which nothing was."""
    whole = untouched(rights_request)
    return [one for one in granted if one["purpose"] not in whole]


def _needs(rights_request: RightsRequest) -> QuerySet[ItemPurpose]:
    """What the purposes hold that an exemption can keep out of it.

    Art 21(2) and (3) is not listed, nor is Art 7(3): marketing ends whatever is exempt, and so does a consent.
    """
    needs = ItemPurpose.objects.filter(subject=rights_request.case.subject)
    if rights_request.right != Right.OBJECTION:
        return needs
    versions = versions_of(set(needs.values_list("purpose", flat=True)))
    weighed = [one for one in versions if one.basis in OBJECTABLE and not one.direct_marketing]
    return needs.filter(purpose__in=[one.purpose_id for one in weighed])


def _amount(scope: str, number: int) -> str:
    if scope == Scope.ITEM:
        return ngettext("%(n)d record", "%(n)d records", number) % {"n": number}
    if scope == Scope.TEXT:
        return ngettext("Words in %(n)d place", "Words in %(n)d places", number) % {"n": number}
    if scope == Scope.DOCUMENT:
        return ngettext("%(n)d document", "%(n)d documents", number) % {"n": number}
    return ngettext("%(n)d part of a document", "%(n)d parts of documents", number) % {"n": number}
