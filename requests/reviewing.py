"""Decisions by computer alone, looked at again by a person (UK GDPR Arts 22A to 22D).

The person may ask for information about the decision, to be heard, for a person to look at it, and to contest it
(Art 22C). A review counts only when whoever made it may decide otherwise, saw what the computer saw, and weighed what
the person says: otherwise nobody was meaningfully involved (Art 22A(1)(a)).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import vault
from core.errors import DomainError, Invalid, Text
from core.models import Owner
from ledger.entries import record
from processing.models import Basis, DecisionSystem, Status
from requests import report, systems, two_people, untold
from requests.decisions import NotOpen
from requests.intake import claim_of
from requests.models import CaseFile, DecisionReview, Right, RightsRequest
from requests.sending import close, confirmed, is_waiting, lock, nothing_found, send, to_ready
from requests.workflow import State

KIND = "adm_answer"
LENGTH = 5000
Asked, Outcome = DecisionReview.Asked, DecisionReview.Outcome
# What makes the involvement of a person meaningful, as the reviewer says it.
MEANINGFUL = {
    "had_authority": _("I may decide otherwise than the computer did."),
    "saw_everything": _("I looked at everything that went into the decision."),
    "heard_person": _("I weighed what the person says about it."),
}


class Unreviewed(DomainError):
    code = "unreviewed"
    message = _("Say first which decision is meant, and have a person look at it again.")


@dataclass(frozen=True)
class Line:
    """One decision on the page; what was written about it stays sealed until somebody opens it."""

    row: DecisionReview
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def asked(self) -> list[Text]:
        return [Asked(value).label for value in self.row.asked]


def lines(rights_request: RightsRequest, *, is_shown: bool = False) -> list[Line]:
    rows = rights_request.reviews.select_related("system__purpose", "request__case").order_by("pk")
    return [Line(row, opened(row) if is_shown else {}) for row in rows]


def known_systems() -> list[DecisionSystem]:
    """What decides about people here, in use or not: a decision of last year can be contested too."""
    return list(DecisionSystem.objects.select_related("purpose").order_by("-in_use", "name"))


def named(case: CaseFile) -> str:
    """What the person chose on our form, by its slug; empty for words of their own."""
    wrote = {line.strip() for line in claim_of(case).get(Right.ADM_REVIEW.value, "").splitlines()}
    return next((system.slug for system in known_systems() if system.name in wrote), "")


@transaction.atomic
def begin(
    rights_request: RightsRequest,
    *,
    system: str,
    asked: Sequence[str],
    decision: str,
    said: str = "",
    actor: str,
    now: datetime,
) -> DecisionReview:
    """Say which decision is meant, what the person asks about it, and what they say. No system: it is not known yet,
    or there is none."""
    lock(rights_request, Right.ADM_REVIEW)
    if not rights_request.is_open:
        raise NotOpen
    confirmed(rights_request)
    chosen = DecisionSystem.objects.filter(slug=system).first() if system else None
    wanted = [value for value in Asked.values if value in asked]
    errors: dict[str, Text] = {}
    if system and chosen is None:
        errors["system"] = _("The register does not know this.")
    if not wanted:
        errors["asked"] = _("Say what the person asks for.")
    if not decision.strip() or _is_too_long(decision) or _is_too_long(said):
        errors["decision"] = _("Describe the decision, in up to 5,000 characters.")
    if errors:
        raise Invalid(fields=errors)
    row = DecisionReview(request=rights_request, system=chosen, asked=wanted, opened_at=now)
    row.sealed = _sealed(row, {"decision": decision.strip(), "said": said.strip()})
    row.save(force_insert=True)
    data = {"review": row.uuid, "system": system, "asked": wanted}
    record(kind="review.begun", at=now, actor=actor, object=rights_request.uuid, data=data)
    if rights_request.state == State.RECEIVED:
        rights_request.move(State.IN_PROGRESS, actor=actor, reason="review", now=now)
    return row


@transaction.atomic
def conclude(
    row: DecisionReview, outcome: str, *, reasons: str, meant: Sequence[str], actor: str, now: datetime
) -> DecisionReview:
    """The reviewer's decision with its reasons. `meant`: which of MEANINGFUL the reviewer says of this review."""
    rights_request = RightsRequest.objects.select_for_update(of=("self",)).select_related("case").get(pk=row.request_id)
    row.refresh_from_db()
    if not rights_request.is_open:
        raise NotOpen
    if outcome not in Outcome.values:
        raise Invalid(fields={"outcome": _("Say whether the decision stands.")})
    if not reasons.strip() or _is_too_long(reasons):
        raise Invalid(fields={"reasons": _("Give the reasons for the letter, in up to 5,000 characters.")})
    if outcome != Outcome.NONE:
        _check(row, outcome, meant)
    row.outcome, row.reviewed_by, row.reviewed_at = outcome, actor, now
    row.had_authority, row.saw_everything, row.heard_person = (name in meant for name in MEANINGFUL)
    row.sealed = _sealed(row, {**opened(row), "reasons": reasons.strip()})
    row.save()
    data = {"review": row.uuid, "outcome": outcome, "meaningful": sorted(set(meant) & set(MEANINGFUL))}
    record(kind="review.decided", at=now, actor=actor, object=rights_request.uuid, data=data)
    return row


@transaction.atomic
def drop(row: DecisionReview, *, actor: str, now: datetime) -> None:
    """Take back a review that should not have been begun."""
    rights_request = RightsRequest.objects.select_for_update().get(pk=row.request_id)
    if not rights_request.is_open:
        raise NotOpen
    record(kind="review.dropped", at=now, actor=actor, object=rights_request.uuid, data={"review": row.uuid})
    row.delete()


def draft(rights_request: RightsRequest, *, now: datetime) -> tuple[str, dict[str, Any]]:
    """The answer as it would go out now. Raises what stands in its way; changes nothing."""
    confirmed(rights_request)
    rows = list(rights_request.reviews.select_related("system", "request__case").order_by("pk"))
    if not rows and untold.is_stranger(rights_request):
        return "nothing_found", report.of_nothing(rights_request)
    if not rows or not all(row.outcome for row in rows):
        raise Unreviewed
    return KIND, _report(rights_request, rows)


@transaction.atomic
def release(rights_request: RightsRequest, *, actor: str, now: datetime, exception: str = "") -> RightsRequest:
    """Send what the reviews came to. Releasing what was released changes nothing."""
    lock(rights_request, Right.ADM_REVIEW)
    if not rights_request.is_open or is_waiting(rights_request):
        return rights_request
    kind, context = draft(rights_request, now=now)
    two_people.check(rights_request, actor=actor, reason=exception, now=now)
    if kind == "nothing_found":
        return nothing_found(rights_request, actor=actor, now=now)
    systems.answer_builtin(rights_request, count=len(context["reviewed"]), actor=actor, now=now)
    to_ready(rights_request, reason="reviewed", actor=actor, now=now)
    _kind, context = draft(rights_request, now=now)
    send(rights_request, kind, context, None, actor=actor, now=now)
    close(rights_request, context, actor=actor, now=now)
    return rights_request


def opened(row: DecisionReview) -> dict[str, str]:
    """The words about a decision: what it was, what the person says, the reviewer's reasons."""
    key = vault.key_of(Owner.CASE, row.request.case.uuid)
    words: dict[str, str] = json.loads(key.open(_field(row), bytes(row.sealed)))
    return words


def _check(row: DecisionReview, outcome: str, meant: Sequence[str]) -> None:
    if row.system is None:
        raise Invalid(
            fields={
                "outcome": _(
                    "No way of deciding from the register was chosen. Take this back and choose it, or say that no"
                    " decision was made by computer alone."
                )
            }
        )
    if missing := [str(sentence) for name, sentence in MEANINGFUL.items() if name not in meant]:
        raise Invalid(fields={"meant": _("The review does not count without: %(what)s") % {"what": " ".join(missing)}})
    live = row.system.purpose.versions.filter(status=Status.LIVE, basis=Basis.RECOGNISED)
    if outcome == Outcome.CONFIRMED and row.system.by_computer_alone and live.exists():
        raise Invalid(
            fields={
                "outcome": _(
                    "On a recognised legitimate interest nothing may be decided by computer alone (Art 22B(4)), so this"
                    " cannot stand: decide anew."
                )
            }
        )


def _report(rights_request: RightsRequest, rows: Sequence[DecisionReview]) -> dict[str, Any]:
    found = report.systems_of(rights_request)
    told = [(row, _told(row)) for row in rows]
    reviewed = [words for row, words in told if row.outcome != Outcome.NONE]
    return {
        **found,
        # Where no computer decided, no other system owes anything.
        "gaps": found["gaps"] if reviewed else [],
        "reviewed": reviewed,
        "not_automated": [words for row, words in told if row.outcome == Outcome.NONE],
        "changed": any(row.outcome == Outcome.CHANGED for row in rows),
    }


def _told(row: DecisionReview) -> dict[str, str]:
    words, system = opened(row), row.system
    return {
        "title": system.name if system else "",
        "logic": system.logic if system else "",
        "consequences": system.consequences if system else "",
        "involvement": system.human_involvement if system else "",
        "decision": words["decision"],
        "said": words["said"],
        "reasons": words["reasons"],
        "is_changed": "yes" if row.outcome == Outcome.CHANGED else "",
    }


def _is_too_long(text: str) -> bool:
    return len(text) > LENGTH or "\x00" in text


def _sealed(row: DecisionReview, words: dict[str, str]) -> bytes:
    key = vault.ensure_key(Owner.CASE, row.request.case.uuid)
    return key.seal(_field(row), json.dumps(words).encode())


def _field(row: DecisionReview) -> str:
    return f"review:{row.uuid}"
