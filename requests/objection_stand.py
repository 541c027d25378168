"""How the objections of a person stand, purpose by purpose: what Arts 17(1)(c) and 18(1)(d) turn on."""

from collections.abc import Iterable

from processing.models import PurposeVersion
from requests.models import Decision, Right, RightsRequest
from requests.reasons import GRANT
from requests.rights import Objection, can_object
from requests.workflow import State
from subjects.models import DataSubject


def of(subject: DataSubject, versions: Iterable[PurposeVersion]) -> dict[int, Objection]:
    """By purpose id, for purposes that can be objected to. One that was taken back is none; a later one counts more."""
    reach = {version.purpose_id: version.purpose.slug for version in versions if can_object(version)}
    made = RightsRequest.objects.filter(case__subject=subject, right=Right.OBJECTION)
    stands: dict[int, Objection] = {}
    for one in made.exclude(state=State.WITHDRAWN).prefetch_related("decisions").order_by("pk"):
        named = set(one.result.get("objected", []))
        meant = {purpose for purpose, slug in reach.items() if not named or slug in named}
        stands |= _decided(one, meant) if _is_over(one) else dict.fromkeys(meant, Objection.OPEN)
    return stands


def _is_over(objection: RightsRequest) -> bool:
    """Whether the person has the answer, or a part of it: until then a decision can still change."""
    return not objection.is_open or "upheld" in objection.result


def _decided(objection: RightsRequest, meant: set[int]) -> dict[int, Objection]:
    decisions: Iterable[Decision] = objection.decisions.all()
    return {
        one.purpose_id: Objection.UPHELD if one.outcome == GRANT else Objection.REFUSED
        for one in decisions
        if one.purpose_id in meant and one.outcome
    }
