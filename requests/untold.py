"""What was left out of an answer in silence (DPA 2018 Sch 2), where else it would show, and what a later copy owes it.

Whoever reads a copy must find in it what they would find if nothing had been left out.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from consents.models import ConsentState
from consents.withdraw import IN_FORCE
from core.errors import DomainError, Invalid, NotFound
from requests import leaving_out
from requests.leaving_out import Why
from requests.models import CaseFile, Exemption, Right, RightsRequest
from subjects import untold
from subjects.models import DataSubject, ItemPurpose, PersonalDataItem, Relationship, RestrictedUse, Restriction

SILENT = Exemption.objects.filter(is_silent=True)
# The rights that an exemption can reach (DPA 2018 Sch 2).
REACHED = (
    Right.ACCESS,
    Right.RECTIFICATION,
    Right.ERASURE,
    Right.RESTRICTION,
    Right.PORTABILITY,
    Right.OBJECTION,
)

# Nobody asked for these, so whoever is not told of the record knows nothing of them.
OURS = (Restriction.Ground.RULE, Restriction.Ground.HOLD)


class AsAStranger(DomainError):
    code = "as-a-stranger"
    message = gettext_lazy(
        "All that a deletion left of this person is left out in silence: they are answered as somebody whom we do not"
        " know."
    )


@untold.register
def in_limits(subject: DataSubject) -> set[UUID]:
    """Limits and uses that would give a silent exemption away: those of what an upheld objection spared
    (objecting._let_through), and ours of a record that is kept silent.
    """
    uses = list(RestrictedUse.objects.filter(subject=subject).exclude(items=[]))
    limits = Restriction.objects.filter(subject=subject)
    stopped = list(limits.filter(ground=Restriction.Ground.OBJECTED))
    ours = dict(limits.filter(ground__in=OURS, item__isnull=False).values_list("uuid", "item__uuid"))
    items = {item for use in uses for item in use.items} | set(ours.values())
    of_records = Exemption.objects.filter(scope=Exemption.Scope.ITEM)
    silent = set(of_records.filter(is_silent=True, item__in=items).values_list("item", flat=True))
    told = set(of_records.filter(is_silent=False, item__in=items).values_list("request__uuid", "item"))
    hidden = {
        use.uuid
        for use in uses
        if silent.issuperset(use.items) and told.isdisjoint((use.placed_for, item) for item in use.items)
    }
    known = {(use.placed_for, use.purpose_id) for use in uses if use.uuid not in hidden}
    about = of_records.filter(is_silent=True, request__uuid__in=[one.placed_for for one in stopped])
    given_away = set(about.values_list("request__uuid", flat=True))
    hidden |= {uuid for uuid, item in ours.items() if item in silent}
    return hidden | {
        one.uuid for one in stopped if one.placed_for in given_away and (one.placed_for, one.purpose_id) not in known
    }


def is_in(case: CaseFile) -> bool:
    """Whether anything of this case is kept silent: what staff noted in it may say so."""
    return SILENT.filter(request__case=case).exists()


def systems_of(rights_request: RightsRequest) -> set[int]:
    """The systems of which everything that was found is left out in silence: they answer as if nothing had been."""
    found = rights_request.documents.values_list("system_id", "pk")
    silent = set(SILENT.filter(document__request=rights_request).values_list("document", flat=True))
    shown = {system for system, document in found if document not in silent}
    return {system for system, document in found if document in silent} - shown


def is_as_if_gone(rights_request: RightsRequest) -> bool:
    """Whether a deletion left of this person nothing but what is left out in silence: without that nobody would be
    known, so whatever they ask for, they are answered as a stranger is.
    """
    subject = rights_request.case.subject
    # Taking a consent back is heard whoever says it.
    if subject is None or rights_request.right == Right.WITHDRAWAL:
        return False
    silent = _silent(subject, rights_request)
    if not silent or rights_request.documents.exists():
        return False
    others = RightsRequest.objects.filter(right=Right.ERASURE, result__has_key="executed_at")
    # A forgotten case no longer says whose it was, but still which records it spared.
    theirs = Q(case__subject=subject) | Q(exemptions__item__in=silent)
    if not others.filter(theirs, exemptions__is_silent=True).exclude(pk=rights_request.pk).exists():
        return False
    of_it = ItemPurpose.objects.filter(subject=subject, item__uuid__in=silent).values("purpose")
    return not (
        PersonalDataItem.objects.filter(subject=subject).exclude(uuid__in=silent).exists()
        or Relationship.objects.filter(subject=subject).exclude(uuid__in=silent).exclude(purpose__in=of_it).exists()
        or ConsentState.objects.filter(subject=subject.uuid, status__in=IN_FORCE).exists()
    )


def is_stranger(rights_request: RightsRequest) -> bool:
    """Whether there is nobody to whom the answer may speak as somebody we know."""
    return rights_request.case.subject is None or is_as_if_gone(rights_request)


def carry_over(case: CaseFile, *, now: datetime) -> None:
    """What was kept silent from this person before is left out of what they ask for now, until staff take it back.

    Once it is known whose case it is. It is a decision anew: a second person approves it where that is the rule.
    """
    for rights_request in case.requests.open().filter(right__in=REACHED):
        carry_into(rights_request, now=now)


def carry_into(rights_request: RightsRequest, *, now: datetime) -> None:
    """As carry_over, of one request: a right that was found in a case later."""
    subject = rights_request.case.subject
    if subject is None or rights_request.right not in REACHED:
        return
    for earlier in _earlier(subject, rights_request):
        reasons: dict[str, Any] = leaving_out.reasons_of(earlier)
        words = reasons["why"] or _("It was left out in silence of an earlier answer.")
        why = Why(earlier.code, words, is_silent=True)
        try:
            leaving_out.record_out(rights_request, earlier.item, why, actor="system:requests", now=now)  # type: ignore[arg-type]
        except (Invalid, NotFound):
            # It is gone, or neither this right nor the law of this case knows the exemption.
            continue


def _silent(subject: DataSubject, rights_request: RightsRequest) -> frozenset[str]:
    """What this answer keeps silent; where no exemption reaches the right, what an earlier one did."""
    if rights_request.right in REACHED:
        return leaving_out.left_out(rights_request).silent
    return frozenset(str(earlier.item) for earlier in _earlier(subject, rights_request))


def _earlier(subject: DataSubject, rights_request: RightsRequest) -> Iterator[Exemption]:
    """Each thing once, as it was left out last. A forgotten case still says which record it was."""
    theirs = PersonalDataItem.objects.filter(subject=subject)
    rows = SILENT.filter(Q(request__case__subject=subject) | Q(item__in=theirs.values("uuid")))
    rows = rows.filter(scope=Exemption.Scope.ITEM).exclude(request=rights_request)
    seen: set[UUID | None] = set()
    for row in rows.select_related("request__case").order_by("-pk"):
        if row.item not in seen:
            seen.add(row.item)
            yield row
