"""A "no" takes effect when it is said: withdrawn consents (UK GDPR Art 7(3)) and direct marketing (Art 21(3)).

It needs no proof of who says it, and does not wait for anybody: what it ends is ended, and the request is answered at
once where nothing else was meant. People decide the rest of an objection (requests/objecting.py); until then it is held
still from the moment we know whose objection it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from consents import withdraw as consents
from consents.withdraw import ALL_MARKETING, withdraw
from core.errors import Invalid
from processing.models import Basis, Purpose, PurposeVersion, Status
from requests.decisions import purposes_of, versions_of
from requests.models import CaseFile, Right, RightsRequest
from subjects.identifiers import Claim
from subjects.models import DataSubject, Restriction
from subjects.restrictions import restrict

SAYING_NO = (Right.OBJECTION, Right.WITHDRAWAL)
# Purposes that rest on these can be objected to (Art 21(1)); direct marketing always can (Art 21(2)).
OBJECTABLE = (Basis.PUBLIC_TASK, Basis.RECOGNISED, Basis.LEGITIMATE_INTEREST)


def claims_of(claim: Mapping[str, str]) -> list[Claim]:
    """What a "no" is kept under: the address and the number that were given. An impossible one names nobody."""
    given = [Claim(kind, value) for kind in ("email", "phone") if (value := claim.get(kind, ""))]
    return [one for one in given if _is_possible(one)]


def stop_at_once(
    requests: Iterable[RightsRequest],
    who: Sequence[Claim] | DataSubject,
    stop: Sequence[str] | None,
    *,
    now: datetime,
    actor: str,
) -> None:
    """Stop what these requests say no to, and note on each what it stopped. The widest sense when `stop` is None."""
    saying_no = [one for one in requests if one.right in SAYING_NO]
    if not saying_no or not who:
        return
    chosen = widest(saying_no) if stop is None else list(dict.fromkeys(stop))
    by_people = _by_people(chosen)
    if by_people and not _has(saying_no, Right.OBJECTION):
        raise Invalid(fields={"stop": gettext_lazy("Only an objection can name a purpose that rests on no consent.")})
    named = [slug for slug in chosen if slug != ALL_MARKETING and slug not in by_people]
    is_test = saying_no[0].case.is_test
    proofs: dict[str, UUID] = {}
    if ALL_MARKETING in chosen:
        done = withdraw(who, purposes=ALL_MARKETING, now=now, actor=actor, is_test=is_test)
        proofs[ALL_MARKETING] = done.entry
    if named:
        done = withdraw(who, purposes=named, now=now, actor=actor, is_test=is_test)
        proofs |= dict.fromkeys(named, done.entry)
    for one in saying_no:
        _note(one, chosen, by_people, proofs, saying_no)


def answer_at_once(
    requests: Iterable[RightsRequest], *, only_marketing: bool, may_mail: bool, now: datetime, actor: str
) -> list[RightsRequest]:
    """Answer what is settled by having been stopped; returns what people must still work on.

    A withdrawal always is. An objection is when only marketing was meant, which whoever took it in must know.
    """
    # The letters read what intake sealed, and intake stops: intake → stopping → withdrawing → letters → intake.
    from requests import objecting, withdrawing

    remaining = []
    for one in requests:
        is_stopped = "stopped" in one.result and "objected" not in one.result
        if one.right == Right.WITHDRAWAL and is_stopped:
            withdrawing.settle(one, withdrawing.KIND, may_mail=may_mail, actor=actor, now=now)
        elif one.right == Right.OBJECTION and is_stopped and only_marketing:
            withdrawing.settle(one, objecting.MARKETING_KIND, may_mail=may_mail, actor=actor, now=now)
        else:
            remaining.append(one)
    if any(one.right == Right.OBJECTION for one in remaining):
        hold_still(remaining[0].case, now=now, actor=actor)
    return remaining


def hold_still(case: CaseFile, *, now: datetime, actor: str) -> None:
    """While an objection is weighed, what it is about may be stored and nothing else (Art 18(1)(d)). Twice is once.

    From the moment we know whose objection it is: by one press on the link of the acknowledgement, or by what staff
    have seen. Before that, whoever types in a stranger's address would take from them what they rely on, such as an
    answer to their enquiry (docs/adr/0027). Marketing does not wait (stop_at_once).
    """
    subject = case.subject
    if subject is None or case.is_test:
        return
    for one in case.requests.all():
        if one.right != Right.OBJECTION or not one.is_open:
            continue
        for purpose in objectable(subject, one):
            restrict(
                subject,
                ground=Restriction.Ground.OBJECTION,
                purpose=purpose,
                placed_for=one.uuid,
                now=now,
                actor=actor,
            )


def objectable(subject: DataSubject, objection: RightsRequest) -> list[Purpose]:
    """The purposes of this person that the objection is about: those it names, else all that can be objected to."""
    named = set(objection.result.get("objected", []))
    versions = versions_of(purposes_of(subject))
    return [
        version.purpose
        for version in versions
        if version.basis in OBJECTABLE and (not named or version.purpose.slug in named)
    ]


def proofs_of(rights_request: RightsRequest) -> list[str]:
    """The signed receipts of what this request stopped, for the person."""
    return [consents.stored(UUID(entry)).receipt for entry in rights_request.result.get("proofs", [])]


def consent_purposes() -> list[tuple[str, str]]:
    """(slug, title) of every purpose that people can have agreed to."""
    live = PurposeVersion.objects.filter(status=Status.LIVE, basis=Basis.CONSENT).order_by("title")
    return list(live.values_list("purpose__slug", "title"))


def in_words(stopped: Iterable[str]) -> list[str]:
    """What was stopped, as a person would say it."""
    titles = dict(PurposeVersion.objects.filter(status=Status.LIVE).values_list("purpose__slug", "title"))
    return [_("All direct marketing") if slug == ALL_MARKETING else titles.get(slug, slug) for slug in stopped]


def widest(saying_no: Iterable[RightsRequest]) -> list[str]:
    """All marketing; and of somebody who takes back a consent without saying which, every consent."""
    every = [slug for slug, _title in consent_purposes()] if _has(saying_no, Right.WITHDRAWAL) else []
    return [ALL_MARKETING, *every]


def _has(saying_no: Iterable[RightsRequest], right: Right) -> bool:
    return any(one.right == right for one in saying_no)


def _by_people(chosen: Sequence[str]) -> set[str]:
    """Of these purposes, those whose objection people must weigh. Raises Invalid for one that cannot be refused."""
    versions = PurposeVersion.objects.filter(purpose__slug__in=chosen).select_related("purpose").order_by("number")
    latest = {version.purpose.slug: version for version in versions}
    if set(chosen) - set(latest) - {ALL_MARKETING}:
        raise Invalid(fields={"stop": gettext_lazy("Name purposes that exist, or all-marketing.")})
    by_law = {slug for slug, version in latest.items() if not version.direct_marketing}
    return {slug for slug in by_law if latest[slug].basis != Basis.CONSENT}


def _note(
    one: RightsRequest,
    chosen: Sequence[str],
    by_people: set[str],
    proofs: Mapping[str, UUID],
    saying_no: list[RightsRequest],
) -> None:
    stopped = [slug for slug in chosen if slug in proofs and _belongs(slug, one.right, saying_no)]
    objected = sorted(by_people) if one.right == Right.OBJECTION else []
    noted = {
        "stopped": stopped,
        "proofs": list(dict.fromkeys(str(proofs[slug]) for slug in stopped)),
        "objected": objected,
    }
    if stopped or objected:
        one.result = {**one.result, **{name: value for name, value in noted.items() if value}}
        one.save(update_fields=["result"])


def _belongs(slug: str, right: str, saying_no: list[RightsRequest]) -> bool:
    """Marketing is what an objection ends, and a withdrawal when nothing else was said."""
    if slug != ALL_MARKETING:
        return right == Right.WITHDRAWAL or not _has(saying_no, Right.WITHDRAWAL)
    return right == Right.OBJECTION or not _has(saying_no, Right.OBJECTION)


def _is_possible(claim: Claim) -> bool:
    try:
        claim.normalised  # noqa: B018 - raises Invalid when impossible
    except Invalid:
        return False
    return True
