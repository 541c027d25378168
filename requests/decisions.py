"""Deciding a request purpose by purpose: the proposal is computed, a person confirms it or decides otherwise."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, QuerySet
from django.utils.translation import gettext_lazy as _

from consents.models import ConsentState
from consents.withdraw import IN_FORCE
from core import vault
from core.errors import DomainError, Invalid
from core.models import Controller, Owner
from ledger.entries import record
from processing.models import Purpose, PurposeVersion, Status
from requests import objection_stand, rights
from requests.models import Decision, Right, RightsRequest
from requests.reasons import BY_ITEM, Reason, for_right, is_item_by_item, reason
from requests.workflow import State
from subjects import blocks
from subjects.models import DataSubject, ErasureBlock, ItemPurpose, Organisation, Relationship, Restriction


class NotOpen(DomainError):
    code = "request-closed"
    message = _("This request has been answered. Take it up again before you decide anew.")


class AlreadyExecuted(DomainError):
    code = "already-executed"
    message = _("The erasure has been carried out, so its decisions can no longer change.")


@dataclass(frozen=True)
class Line:
    """One purpose of the person: what it is, what we propose, what was decided so far."""

    purpose: Purpose
    version: PurposeVersion
    items: int
    proposal: rights.Proposal
    decision: Decision | None

    @property
    def is_decided(self) -> bool:
        return bool(self.decision and self.decision.outcome)

    @property
    def is_granted(self) -> bool:
        return bool(self.decision and self.decision.outcome == Decision.Outcome.GRANT)

    @property
    def proposed(self) -> Reason:
        return reason(self.proposal.reason)

    @property
    def needs_look(self) -> bool:
        """Whether what is proposed is a question to staff, which nobody confirms unseen."""
        return not self.is_decided and self.proposal.reason in rights.LOOK_FIRST

    @property
    def selected(self) -> str:
        """The reason a form begins with: what was decided, if that may still be given, else what is proposed."""
        decided = self.decision.reason if self.decision else ""
        return self.proposal.reason if not decided or is_item_by_item(decided) else decided

    @property
    def chosen(self) -> Reason | None:
        return reason(self.decision.reason) if self.decision and self.decision.reason else None


def lines(rights_request: RightsRequest, *, now: datetime) -> list[Line]:
    """Every purpose the person has data, a relationship or a choice in, in the order of the register."""
    subject = rights_request.case.subject
    if subject is None or rights_request.right == Right.GENERAL:
        return []
    versions = versions_of(purposes_of(subject))
    decided = {d.purpose_id: d for d in rights_request.decisions.all()}
    counts = _counts(subject)
    facts = facts_of(subject, versions, today=now.astimezone(Controller.current().zone).date())
    asked = _asked(rights_request)
    return [
        Line(
            version.purpose,
            version,
            counts.get(version.purpose_id, 0),
            rights.propose(rights_request.right, version, replace(facts[version.purpose_id], **asked)),
            decided.get(version.purpose_id),
        )
        for version in versions
    ]


def _asked(rights_request: RightsRequest) -> dict[str, Any]:
    """Of a restriction, the ground that the person named, and whether they contest in this case what we hold."""
    if rights_request.right != Right.RESTRICTION:
        return {}
    # A cycle otherwise: what a person wrote is read by intake, which stops things by the purposes named here.
    from requests import restriction_grounds

    case = rights_request.case
    contested = case.requests.open().filter(right=Right.RECTIFICATION).exists()
    return {"named_ground": restriction_grounds.named(case), "contested": contested}


def purposes_of(subject: DataSubject, *, untold: Collection[str] = ()) -> set[int]:
    """The purposes they have needs, relationships or consents in, but for `untold` (ids). A "no" is no use of data."""
    needs = ItemPurpose.objects.filter(subject=subject).exclude(item__uuid__in=untold)
    ties = Relationship.objects.filter(subject=subject).exclude(uuid__in=untold)
    return {
        *needs.values_list("purpose_id", flat=True),
        *ties.values_list("purpose_id", flat=True),
        *ConsentState.objects.filter(subject=subject.uuid, status__in=IN_FORCE).values_list("purpose_id", flat=True),
    }


def versions_of(purpose_ids: Iterable[int]) -> list[PurposeVersion]:
    """The version that speaks for each purpose: the live one, else the last that was published."""
    versions = (
        PurposeVersion.objects.filter(purpose__in=purpose_ids)
        .exclude(status=Status.DRAFT)
        .select_related("purpose__activity")
        .prefetch_related("categories", "recipients", "systems", "purpose__decision_systems")
        .order_by("purpose_id", "number")
    )
    latest: dict[int, PurposeVersion] = {}
    for version in versions:
        known = latest.get(version.purpose_id)
        if known is None or known.status != Status.LIVE:
            latest[version.purpose_id] = version
    return list(latest.values())


def facts_of(subject: DataSubject, versions: Sequence[PurposeVersion], *, today: date) -> dict[int, rights.Facts]:
    """What the matrix needs to know about each purpose, by purpose id."""
    relationships = {r.purpose_id: r for r in Relationship.objects.filter(subject=subject)}
    mine = ErasureBlock.objects.filter(subject=subject, released_at=None).exclude(kind=ErasureBlock.Kind.ACCESS)
    kept = mine.filter(kind=ErasureBlock.Kind.RESTRICTION)
    restricted = _restricted(subject, kept)
    held = set(mine.exclude(pk__in=kept).values_list("purpose_id", flat=True)) | blocks.held_by_rule(subject)
    objections = objection_stand.of(subject, versions)
    facts = {}
    for version in versions:
        known = rights.Facts(
            today=today,
            objection=objections.get(version.purpose_id, rights.Objection.NONE),
            held=bool({None, version.purpose_id} & held),
            restricted=bool({None, version.purpose_id} & restricted),
        )
        known = _with_relationship(known, relationships.get(version.purpose_id), subject.organisation)
        facts[version.purpose_id] = replace(known, term_over=rights.term_over(version.purpose, known))
    return facts


def _restricted(subject: DataSubject, kept: QuerySet[ErasureBlock]) -> set[int | None]:
    """The purposes whose data are kept unused; None stands for every purpose, and an item for those that hold it.

    Not what an objection holds still: how that objection stands is a fact of its own, and whoever objects has not
    asked us to keep anything.
    """
    objected = Restriction.objects.filter(subject=subject, ground=Restriction.Ground.OBJECTION, lifted_at=None)
    asked = kept.exclude(placed_for__in=objected.values("uuid"))
    whole: set[int | None] = set(asked.filter(item=None).values_list("purpose_id", flat=True))
    items = asked.filter(item__isnull=False)
    return whole.union(ItemPurpose.objects.filter(item__in=items.values("item")).values_list("purpose_id", flat=True))


def _with_relationship(
    facts: rights.Facts, relationship: Relationship | None, organisation: Organisation | None
) -> rights.Facts:
    """What the relationship says. A contract without an end runs; an application without an end is open."""
    if relationship and relationship.role == Relationship.Role.EMPLOYEE:
        # Their contract is their own.
        organisation = None
    org_ended = organisation.contract_ended_on if organisation else None
    org_began = bool(organisation and organisation.contract_started_on)
    org_runs = org_began and (org_ended is None or org_ended >= facts.today)
    if relationship is None:
        return replace(facts, contract_running=org_runs, contract_ended_on=org_ended)
    ended = relationship.contract_ended_on or relationship.ended_on or (None if org_runs else org_ended)
    closed = relationship.application_closed_on
    if relationship.role == Relationship.Role.APPLICANT:
        is_open = (closed or relationship.ended_on) is None or bool(closed and closed > facts.today)
        return replace(facts, application_open=is_open, application_closed_on=closed)
    return replace(facts, contract_running=ended is None or ended >= facts.today, contract_ended_on=ended)


def _counts(subject: DataSubject) -> dict[int, int]:
    needs = ItemPurpose.objects.filter(subject=subject).values_list("purpose_id")
    return dict(needs.annotate(n=Count("item", distinct=True)).values_list("purpose_id", "n"))


@transaction.atomic
def decide(
    rights_request: RightsRequest,
    purpose: Purpose,
    outcome: str,
    reason_code: str,
    note: str = "",
    *,
    actor: str,
    now: datetime,
) -> Decision:
    """Decide about one purpose. The note, if any, goes into the letter and is kept sealed in the case."""
    locked = RightsRequest.objects.select_for_update().get(pk=rights_request.pk)
    if not locked.is_open:
        raise NotOpen
    # A copy could no longer be made anew after a deletion in the same case, so its decisions stand as well.
    if RightsRequest.objects.filter(case=locked.case_id, result__has_key="executed_at").exists():
        raise AlreadyExecuted
    chosen = _allowed(rights_request, outcome, reason_code)
    line = next((x for x in lines(rights_request, now=now) if x.purpose.pk == purpose.pk), None)
    if line is None:
        raise Invalid(fields={"purpose": _("We hold nothing about this person for that purpose.")})
    _check_objection(rights_request.right, line.version, chosen, note)
    values = {
        "purpose_version": line.version.number,
        "proposed": line.proposal.outcome,
        "proposed_reason": line.proposal.reason,
        "outcome": chosen.outcome,
        "reason": chosen.code,
        "note": _sealed(rights_request, purpose, note),
        "decided_by": actor,
        "decided_at": now,
    }
    decision, _new = Decision.objects.update_or_create(request=rights_request, purpose=purpose, defaults=values)
    _note_decision(rights_request, decision, actor=actor, now=now)
    if locked.state == State.RECEIVED:
        rights_request.move(State.IN_PROGRESS, actor=actor, reason="decision", now=now)
    return decision


@transaction.atomic
def confirm_all(rights_request: RightsRequest, *, actor: str, now: datetime) -> int:
    """Take the proposal for every purpose that is not decided yet, except those that somebody must look at.

    Returns how many were taken.
    """
    open_lines = [line for line in lines(rights_request, now=now) if not (line.is_decided or line.needs_look)]
    for line in open_lines:
        proposal = line.proposal
        decide(rights_request, line.purpose, proposal.outcome, proposal.reason, actor=actor, now=now)
    return len(open_lines)


def note_of(rights_request: RightsRequest, decision: Decision) -> str:
    """The DPO's own words, opened."""
    if decision.note is None:
        return ""
    key = vault.key_of(Owner.CASE, rights_request.case.uuid)
    return key.open(_field(rights_request, decision.purpose), bytes(decision.note)).decode()


def _allowed(rights_request: RightsRequest, outcome: str, code: str) -> Reason:
    if is_item_by_item(code):
        raise Invalid(fields={"reason": BY_ITEM})
    chosen = reason(code)
    lawful = for_right(rights_request.right, rights_request.case.rule_set.jurisdiction)
    if chosen.outcome != outcome or chosen not in lawful:
        raise Invalid(fields={"reason": _("This reason does not go with that decision.")})
    return chosen


def _check_objection(right: str, version: PurposeVersion, chosen: Reason, note: str) -> None:
    """Marketing is never weighed (Art 21(3)); what is refused after weighing is demonstrated in words (Art 21(1))."""
    if right == Right.OBJECTION and version.direct_marketing and chosen.outcome == Decision.Outcome.REFUSE:
        raise Invalid(fields={"reason": _("Direct marketing ends when somebody objects; nothing is weighed.")})
    if chosen.needs_words and not note.strip():
        raise Invalid(fields={"note": _("Say for the letter which reasons these are, and why they weigh more.")})


def _field(rights_request: RightsRequest, purpose: Purpose) -> str:
    return f"note:{rights_request.uuid}:{purpose.uuid}"


def _sealed(rights_request: RightsRequest, purpose: Purpose, note: str) -> bytes | None:
    if not note.strip():
        return None
    key = vault.ensure_key(Owner.CASE, rights_request.case.uuid)
    return key.seal(_field(rights_request, purpose), note.strip().encode())


def _note_decision(rights_request: RightsRequest, decision: Decision, *, actor: str, now: datetime) -> None:
    subject = rights_request.case.subject
    record(
        kind="request.decided",
        at=now,
        actor=actor,
        subject=subject.uuid if subject else None,
        object=rights_request.uuid,
        purpose=decision.purpose.slug,
        data={
            "version": decision.purpose_version,
            "proposed": decision.proposed_reason,
            "outcome": decision.outcome,
            "reason": decision.reason,
        },
    )
