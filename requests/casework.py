"""What the page of one request shows: clock, systems, decisions, answer, and what happened so far."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Text
from core.models import User
from ledger.entries import record
from ledger.models import Entry
from processing.models import DecisionSystem
from requests import (
    answer,
    asking_where,
    decisions,
    letter_drafts,
    letter_kinds,
    letter_lists,
    letters,
    moves,
    objecting,
    proposing,
    recipients,
    restricting,
    reviewing,
    systems,
    transfers,
    ways,
)
from requests.clock import Clock, in_words
from requests.deadlines import clock_of
from requests.facts import Facts
from requests.intake import claim_of
from requests.models import DecisionReview, Letter, LetterDraft, Package, RecipientNotice, Right, RightsRequest, Task
from requests.reasons import Reason, for_right
from requests.stopping import in_words as stopped_in_words
from requests.workflow import State
from subjects import restrictions
from subjects.models import Restriction

HAPPENED = {
    "request.received": gettext_lazy("Received"),
    "case.mail-added": gettext_lazy("A message came to the mailbox"),
    "request.moved": gettext_lazy("State changed"),
    "request.decided": gettext_lazy("Decided about a purpose"),
    "case.confirmed": gettext_lazy("The person showed that the mailbox is theirs"),
    "case.identified": gettext_lazy("Identity shown to staff"),
    "case.tied": gettext_lazy("Said whose case it is"),
    "case.viewed": gettext_lazy("Personal data shown to staff"),
    "task.answered": gettext_lazy("A system answered"),
    "review.begun": gettext_lazy("A decision is looked at again"),
    "review.decided": gettext_lazy("A person decided about it"),
    "review.dropped": gettext_lazy("A review was taken back"),
    "restriction.scoped": gettext_lazy("Said which items are meant"),
    "restriction.announced": gettext_lazy("The person is told that the restriction ends"),
    "correction.proposed": gettext_lazy("A correction was proposed"),
    "correction.decided": gettext_lazy("Decided about a correction"),
    "correction.dropped": gettext_lazy("A proposal was taken back"),
    "recipient.told": gettext_lazy("A recipient was told"),
    "recipient.replied": gettext_lazy("A recipient confirmed"),
    "recipient.impossible": gettext_lazy("A recipient cannot be told"),
    "recipient.unreached": gettext_lazy("A message to a recipient did not arrive"),
    "case.assigned": gettext_lazy("Handed on"),
    "request.released": gettext_lazy("Answer released"),
    "package.made": gettext_lazy("Package made"),
    "task.searched": gettext_lazy("How a system was searched"),
    "exemption.made": gettext_lazy("Something left out of the copy"),
    "exemption.approved": gettext_lazy("Leaving it out approved"),
    "exemption.removed": gettext_lazy("No longer left out"),
    "document.added": gettext_lazy("Found document added"),
    "document.checked": gettext_lazy("Found document looked through"),
    "document.removed": gettext_lazy("Found document taken out"),
    "package.collected": gettext_lazy("Package collected"),
    "package.link-renewed": gettext_lazy("New link sent"),
    "letter.sent": gettext_lazy("Letter sent"),
    "letter.drafted": gettext_lazy("Began to write a letter"),
    "letter.discarded": gettext_lazy("Draft thrown away"),
    "letter.released": gettext_lazy("Letter released"),
    "letter.posted": gettext_lazy("Letter posted"),
    "letter.bounced": gettext_lazy("A letter came back: it was not given"),
    "letter.collected": gettext_lazy("Letter read"),
    "letter.link-renewed": gettext_lazy("New link sent"),
    "transfer.instructed": gettext_lazy("Told us to hand the data to somebody else"),
    "transfer.begun": gettext_lazy("Data on its way to somebody else"),
    "transfer.delivered": gettext_lazy("Somebody else has the data"),
    "transfer.failed": gettext_lazy("Somebody else did not take the data"),
    "transfer.cancelled": gettext_lazy("Data is not to go to somebody else"),
    "erasure.executed": gettext_lazy("Erasure carried out"),
    "request.clock-set": gettext_lazy("Due date computed anew"),
    "complaint.clock-set": gettext_lazy("Date of acknowledgement computed anew"),
    "clarification.asked": gettext_lazy("Asked what is meant"),
    "clarification.answered": gettext_lazy("The question was answered"),
    "clarification.taken-back": gettext_lazy("The question was taken back"),
    "extension.decided": gettext_lazy("Notice of two more months"),
    "extension.taken-back": gettext_lazy("The extension was taken back"),
    "fee.charged": gettext_lazy("A fee was charged"),
    "fee.paid": gettext_lazy("The fee was paid"),
    "fee.taken-back": gettext_lazy("The fee was taken back"),
    "identity.doubted": gettext_lazy("A doubt about who asks"),
    "identity.doubt-approved": gettext_lazy("Asking late was approved"),
    "identity.arrived": gettext_lazy("Proof of identity arrived"),
    "identity.not-enough": gettext_lazy("The proof was not enough"),
    "identity.doubt-withdrawn": gettext_lazy("The doubt was taken back"),
    "identity.evidence-kept": gettext_lazy("Evidence of identity sealed"),
    "identity.evidence-destroyed": gettext_lazy("Evidence of identity destroyed"),
    "where.asked": gettext_lazy("Asked where else to look"),
    "where.answered": gettext_lazy("They said where else to look"),
    "where.complete": gettext_lazy("Nothing more to ask about where to look"),
    "refusal.prepared": gettext_lazy("A refusal was prepared"),
    "refusal.taken-back": gettext_lazy("The refusal was taken back"),
    "refusal.sent": gettext_lazy("Refused as a whole"),
    "case.reminded": gettext_lazy("Reminded to confirm the address"),
    "case.reopened": gettext_lazy("Taken up again after a reply"),
    "request.entered-late": gettext_lazy("Entered on a later day than it came"),
    "complaint.received": gettext_lazy("Complaint received"),
    "case.message-left": gettext_lazy("Message from the person"),
    "case.message-sent": gettext_lazy("Message to the person"),
    "case.message-handled": gettext_lazy("Message dealt with"),
    "case.commented": gettext_lazy("Note for colleagues"),
    "case.represented": gettext_lazy("Somebody asks for the person"),
    "case.authority-shown": gettext_lazy("Authority shown"),
    "complaint.acknowledged": gettext_lazy("Acknowledged"),
    "complaint.described": gettext_lazy("Said what it is about"),
    "complaint.enquiry": gettext_lazy("Enquiry made"),
    "complaint.progress": gettext_lazy("Told how far we are"),
    "complaint.closed": gettext_lazy("Outcome given"),
}


# These are decided correction by correction, or decision by decision.
NOT_BY_PURPOSE = {Right.RECTIFICATION, Right.ADM_REVIEW}
# These place restrictions that staff end. What an objection holds still ends by itself.
LIMITING = {Right.RECTIFICATION, Right.RESTRICTION}


@dataclass(frozen=True)
class Happening:
    at: datetime
    what: str
    details: str
    who: str


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
    letters: list[Letter]
    drafts: list[LetterDraft]
    letter_kinds: list[tuple[str, str]]
    moves: list[tuple[str, str]]
    timeline: list[Happening]
    others: list[recipients.Line]
    corrections: list[proposing.Line]
    reviews: list[reviewing.Line]
    decision_systems: list[DecisionSystem]
    restricted: list[Restriction]
    may_lift: bool
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
    def is_decided(self) -> bool:
        return all(line.is_decided for line in self.lines)

    @property
    def undecided(self) -> int:
        return sum(not line.is_decided for line in self.lines)

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
        reasons=for_right(rights_request.right),
        gaps=dict(systems.GAPS),
        package=Package.objects.filter(request=rights_request).first(),
        letters=letter_lists.of_request(rights_request),
        drafts=list(rights_request.letter_drafts.defer("sealed").order_by("pk")),
        letter_kinds=letter_drafts.kinds_for(rights_request),
        moves=[(state.value, _label(rights_request, state)) for state in moves.by_hand(rights_request)],
        timeline=timeline(rights_request),
        corrections=proposing.lines(rights_request) if rights_request.right == Right.RECTIFICATION else [],
        reviews=reviewing.lines(rights_request) if is_review else [],
        decision_systems=reviewing.known_systems() if is_review else [],
        restricted=restricted,
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
        stopped=stopped_in_words(said) if (said := rights_request.result.get("stopped")) else [],
        held=objecting.held(rights_request) if rights_request.right == Right.OBJECTION else [],
        is_no=rights_request.right == Right.WITHDRAWAL,
        is_executed=is_executed,
        is_by_doing=ways.is_by_doing(rights_request),
    )


def _others(rights_request: RightsRequest) -> list[RightsRequest]:
    """The other requests of the case, and of the person once we know them."""
    case = rights_request.case
    found = RightsRequest.objects.filter(case=case)
    if case.subject:
        found |= RightsRequest.objects.filter(case__subject=case.subject)
    return list(found.exclude(pk=rights_request.pk).order_by("pk")[:20])


def timeline(rights_request: RightsRequest) -> list[Happening]:
    """What the ledger says about the request and its case, newest last."""
    return timeline_of([rights_request.uuid, rights_request.case.uuid])


def timeline_of(objects: list[UUID]) -> list[Happening]:
    """What the ledger says about these, newest last. No words of anybody: codes and names of staff."""
    entries = list(Entry.objects.filter(object__in=objects).order_by("id"))
    names = _names(body_of(entry)["actor"] for entry in entries)
    return [
        Happening(
            entry.at,
            str(HAPPENED.get(entry.kind, entry.kind)),
            _details(entry),
            names.get(body_of(entry)["actor"], _("The system")),
        )
        for entry in entries
    ]


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


def body_of(entry: Entry) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(entry.body)
    return body


def _details(entry: Entry) -> str:
    data = body_of(entry)["data"]
    if entry.kind == "request.moved":
        return str(State(data["to"]).label)
    if entry.kind == "request.decided":
        return f"{entry.purpose}: {data['reason']}"
    if entry.kind == "request.clock-set":
        days = [in_words(date.fromisoformat(data[end])) if data[end] else _("no date") for end in ("from", "to")]
        return " → ".join(days)
    if entry.kind == "task.searched":
        return str(data["system"])
    if entry.kind == "task.answered":
        return f"{data['system']}: {Task.Outcome(data['outcome']).label}"
    if entry.kind == "correction.decided":
        return str(data["reason"])
    if entry.kind.startswith("recipient."):
        return str(data["recipient"])
    if entry.kind.startswith("letter.") and "kind" in data:
        return letter_kinds.title(data["kind"])
    return str(data.get("what") or data.get("kind") or data.get("how") or data.get("outcome") or "")


def _names(actors: Iterable[str]) -> dict[str, str]:
    """Actors as staff know them. Accounts that are gone keep their id."""
    wanted = set(actors)
    users = {actor: UUID(actor.removeprefix("user:")) for actor in wanted if actor.startswith("user:")}
    known = dict(User.objects.filter(uuid__in=users.values()).values_list("uuid", "username"))
    names = {actor: known.get(uuid, actor) for actor, uuid in users.items()}
    names |= dict.fromkeys((a for a in wanted if a.startswith("case:") or a == "public"), _("The person"))
    return names | {a: a for a in wanted if a.startswith("api:")}
