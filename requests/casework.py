"""What the page of one request shows: clock, systems, decisions, answer, and what happened so far."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import Text
from ledger.entries import record
from processing.models import DecisionSystem, Purpose
from requests import (
    answer,
    asking_where,
    copies,
    decisions,
    happened,
    letter_drafts,
    letter_lists,
    letters,
    moves,
    objecting,
    porting,
    proposing,
    recipients,
    restricted_use,
    restricting,
    reviewing,
    systems,
    transfers,
    ways,
)
from requests.clock import Clock
from requests.deadlines import clock_of
from requests.facts import Facts
from requests.intake import claim_of
from requests.models import DecisionReview, Letter, LetterDraft, Package, RecipientNotice, Right, RightsRequest, Task
from requests.reasons import Reason, for_right
from requests.stopping import in_words as stopped_in_words
from requests.workflow import State
from subjects import restrictions
from subjects.models import Restriction
from subjects.models_limits import LawfulUse

# These are decided correction by correction, or decision by decision.
NOT_BY_PURPOSE = {Right.RECTIFICATION, Right.ADM_REVIEW}
# These place restrictions that staff end. What an objection holds still ends by itself.
LIMITING = {Right.RECTIFICATION, Right.RESTRICTION}
PLACING = {*LIMITING, Right.OBJECTION}


@dataclass(frozen=True)
class Work:
    """Everything about one request that staff may see without asking."""

    clock: Clock
    siblings: list[RightsRequest]
    tasks: list[Task]
    lines: list[decisions.Line]
    reasons: list[Reason]
    gaps: dict[str, object]
    package: Package | None
    # The copy, or the set to take along, is not made yet as it would be sent.
    is_to_make: bool
    letters: list[Letter]
    drafts: list[LetterDraft]
    letter_kinds: list[tuple[str, str]]
    moves: list[tuple[str, str]]
    timeline: list[happened.Happening]
    others: list[recipients.Line]
    corrections: list[proposing.Line]
    reviews: list[reviewing.Line]
    decision_systems: list[DecisionSystem]
    named_system: str
    restricted: list[Restriction]
    may_lift: bool
    # Lawful uses of what is restricted because of it (Art 18(2)), and of what there could be one.
    uses: list[restricted_use.Shown]
    usable: list[tuple[Purpose, list[restricting.Choice]]]
    choices: list[tuple[decisions.Line, list[restricting.Choice]]]
    is_rectification: bool
    is_restriction: bool
    is_adm_review: bool
    is_access: bool
    is_erasure: bool
    is_objection: bool
    is_portability: bool
    # To whom else a portable set of data goes.
    transfers: list[transfers.Shown]
    # Of a portable set: the person asked us to hand it to another company, and nobody recorded to whom.
    is_to_be_sent: bool
    # What an objection or a withdrawal ended when it was said, in words.
    stopped: list[str]
    # What an objection holds still while it is weighed.
    held: list[Restriction]
    # Taking a consent back needs no proof of who does it.
    is_no: bool
    is_executed: bool
    is_by_doing: bool

    @property
    def is_weighed(self) -> bool:
        """Whether nothing is sent before every purpose was decided on."""
        return self.is_erasure or self.is_objection or self.is_restriction

    @property
    def use_grounds(self) -> list[tuple[str, Text, Text]]:
        """The four grounds, each with what must be shown for it."""
        return [(code, label, restricted_use.SHOWS[code]) for code, label in LawfulUse.choices]

    @property
    def is_decided(self) -> bool:
        return all(line.is_decided for line in self.lines)

    @property
    def undecided(self) -> int:
        return sum(not line.is_decided for line in self.lines)

    @property
    def confirmable(self) -> int:
        """How many open proposals may be taken together."""
        return sum(not (line.is_decided or line.needs_look) for line in self.lines)

    @property
    def pending(self) -> list[Task]:
        """Systems of which a person must still ask. This database answers by itself."""
        return [task for task in self.tasks if task.outcome == Task.Outcome.PENDING and not is_own(task)]

    @property
    def channels(self) -> Sequence[tuple[str, Text]]:
        return RecipientNotice.Channel.choices

    @property
    def impossible(self) -> Sequence[tuple[str, Text]]:
        return RecipientNotice.Impossible.choices

    @property
    def asked(self) -> Sequence[tuple[str, Text]]:
        return DecisionReview.Asked.choices

    @property
    def review_outcomes(self) -> Sequence[tuple[str, Text]]:
        return DecisionReview.Outcome.choices

    @property
    def meaningful(self) -> dict[str, Text]:
        return dict(reviewing.MEANINGFUL)


def is_own(task: Task) -> bool:
    return task.system.connector == task.system.Connector.BUILTIN


def gather(rights_request: RightsRequest, *, now: datetime) -> Work:
    is_executed = "executed_at" in rights_request.result
    lines = decisions.lines(rights_request, now=now) if rights_request.right not in NOT_BY_PURPOSE else []
    is_review = rights_request.right == Right.ADM_REVIEW
    is_limit = rights_request.right == Right.RESTRICTION and rights_request.is_open
    restricted = list(restrictions.placed_for(rights_request.uuid)) if rights_request.right in LIMITING else []
    return Work(
        clock=clock_of(Facts.from_json(rights_request.facts), rights_request.case.rule_set),
        siblings=_others(rights_request),
        tasks=list(rights_request.tasks.select_related("system", "search").order_by("system__name")),
        lines=lines,
        reasons=for_right(rights_request.right, rights_request.case.rule_set.jurisdiction),
        gaps=dict(systems.GAPS),
        package=Package.objects.filter(request=rights_request).first(),
        is_to_make=rights_request.case.subject is not None and copies.is_to_make(rights_request),
        letters=letter_lists.of_request(rights_request),
        drafts=list(rights_request.letter_drafts.defer("sealed").order_by("pk")),
        letter_kinds=letter_drafts.kinds_for(rights_request),
        moves=[(state.value, _label(rights_request, state)) for state in moves.by_hand(rights_request)],
        timeline=happened.timeline(rights_request),
        corrections=proposing.lines(rights_request) if rights_request.right == Right.RECTIFICATION else [],
        reviews=reviewing.lines(rights_request) if is_review else [],
        decision_systems=reviewing.known_systems() if is_review else [],
        named_system=reviewing.named(rights_request.case) if is_review else "",
        restricted=restricted,
        uses=restricted_use.shown(rights_request, now=now),
        usable=_usable(rights_request) if rights_request.right in PLACING else [],
        may_lift=bool(restricted) and restricting.is_told(rights_request, now=now),
        choices=[(line, restricting.choices(rights_request, line.purpose)) for line in lines] if is_limit else [],
        others=ways.others(rights_request, now=now),
        is_adm_review=is_review,
        is_restriction=rights_request.right == Right.RESTRICTION,
        is_rectification=rights_request.right == Right.RECTIFICATION,
        is_access=rights_request.right == Right.ACCESS,
        is_erasure=rights_request.right == Right.ERASURE,
        is_portability=rights_request.right == Right.PORTABILITY,
        is_objection=rights_request.right == Right.OBJECTION,
        transfers=transfers.shown(rights_request, now=now) if rights_request.right == Right.PORTABILITY else [],
        is_to_be_sent=porting.is_for_another(rights_request),
        stopped=stopped_in_words(said) if (said := rights_request.result.get("stopped")) else [],
        held=objecting.held(rights_request) if rights_request.right == Right.OBJECTION else [],
        is_no=rights_request.right == Right.WITHDRAWAL,
        is_executed=is_executed,
        is_by_doing=ways.is_by_doing(rights_request),
    )


def _usable(rights_request: RightsRequest) -> list[tuple[Purpose, list[restricting.Choice]]]:
    found = restricted_use.may_be_used(rights_request)
    return [(purpose, restricting.choices(rights_request, purpose)) for purpose in found]


def _others(rights_request: RightsRequest) -> list[RightsRequest]:
    """The other requests of the case. Those of other cases are in requests/beside.py, as far as a user may see them."""
    return list(rights_request.case.requests.exclude(pk=rights_request.pk).order_by("pk"))


@transaction.atomic
def view(rights_request: RightsRequest, *, purpose: str, actor: str, now: datetime) -> dict[str, str]:
    """What the person wrote, opened for a member of staff; that it was opened is an event (`case.viewed`)."""
    case = rights_request.case
    record(kind="case.viewed", at=now, actor=actor, object=case.uuid, data={"what": purpose})
    told = asking_where.said(rights_request)
    where = "\n".join(text for answer in told for text in answer.values() if text)
    return {**claim_of(case), **({"where_else_to_look": where} if where else {})}


@dataclass(frozen=True)
class Preview:
    """Exactly what will go, before it goes."""

    kind: str
    letter: str
    to: str
    gaps: list[dict[str, str]]
    closes_as: str


def preview(rights_request: RightsRequest, *, now: datetime) -> Preview:
    """The letter as it would be written now. Raises the same refusals as sending it."""
    kind, context = ways.draft(rights_request, now=now)
    if kind == "nothing_found":
        asking_where.check(rights_request, now=now)
    return Preview(
        kind=kind,
        letter=letters.render(kind, rights_request, context, now=now),
        to=claim_of(rights_request.case).get("email", ""),
        gaps=context["gaps"],
        closes_as=str(answer.closing_state(context).label),
    )


def _label(rights_request: RightsRequest, state: State) -> str:
    if state == State.IN_PROGRESS:
        begins = {State.RECEIVED: _("Start work"), State.READY: _("Back to work"), State.PARTLY_ANSWERED: _("Go on")}
        return begins.get(State(rights_request.state), _("Take up again"))
    if state == State.WITHDRAWN:
        return _("Record that the person withdrew it")
    return str(state.label)
