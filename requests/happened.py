"""What happened about a request, a case or a complaint so far, as the ledger says it, in words for staff."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.models import User
from ledger.models import Entry
from processing.models import PurposeVersion, Recipient, System
from requests import letter_kinds
from requests.clock import in_words
from requests.models import RightsRequest, Task
from requests.reasons import reason
from requests.workflow import State
from subjects.models import Restriction

HAPPENED = {
    "request.received": gettext_lazy("Received"),
    "case.mail-added": gettext_lazy("A message came to the mailbox"),
    "request.duplicate-marked": gettext_lazy("Closed as the same as another request"),
    "request.duplicate-undone": gettext_lazy("Not the same as the other request after all"),
    "request.duplicate-reopened": gettext_lazy("Open again: the request that was to answer it ended without an answer"),
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
    "restriction.placed": gettext_lazy("Stored and not used from now on"),
    "restriction.lifted": gettext_lazy("Used again from now on"),
    "restriction.scoped": gettext_lazy("Said which items are meant"),
    "restriction.use-allowed": gettext_lazy("A lawful use of what is restricted recorded"),
    "restriction.use-ended": gettext_lazy("A lawful use of what is restricted ended"),
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
    "exemption.made": gettext_lazy("Something left out for an exemption"),
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
    "letter.bounced": gettext_lazy("A letter did not reach the person: it was not given"),
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
    "exam.recorded": gettext_lazy("Recorded: it is about exam marks"),
    "exam.taken-back": gettext_lazy("Exam marks: taken back"),
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
    "case.address-corrected": gettext_lazy("The address was corrected"),
    "case.expired": gettext_lazy("What was written was destroyed"),
    "suppression.carried": gettext_lazy("A no goes on under the new address"),
    "case.reminded": gettext_lazy("Reminded to confirm the address"),
    "asking.reminded": gettext_lazy("Asked once more for what nobody answered"),
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
    "complaint.acknowledgement-came-back": gettext_lazy("The acknowledgement did not reach the person"),
    "complaint.described": gettext_lazy("Said what it is about"),
    "complaint.enquiry": gettext_lazy("Enquiry made"),
    "complaint.progress": gettext_lazy("Told how far we are"),
    "complaint.closed": gettext_lazy("Outcome given"),
}


ACKNOWLEDGED = {
    "email": gettext_lazy("by e-mail"),
    "letter": gettext_lazy("by letter"),
    "post": gettext_lazy("by a letter that was posted"),
    "outcome": gettext_lazy("with the outcome"),
    "by-hand": gettext_lazy("in another way"),
}


@dataclass(frozen=True)
class Happening:
    at: datetime
    what: str
    details: str
    who: str


def timeline(rights_request: RightsRequest) -> list[Happening]:
    """What the ledger says about the request and its case, newest last."""
    limits = Restriction.objects.filter(placed_for=rights_request.uuid).values_list("uuid", flat=True)
    return timeline_of([rights_request.uuid, rights_request.case.uuid, *limits])


def timeline_of(objects: list[UUID]) -> list[Happening]:
    """What the ledger says about these, newest last. No words of anybody: codes and names of staff."""
    entries = list(Entry.objects.filter(object__in=objects).order_by("id"))
    names = _names(body_of(entry)["actor"] for entry in entries)
    titles = _titles(entry.purpose for entry in entries)
    return [
        Happening(
            entry.at,
            str(HAPPENED.get(entry.kind, entry.kind)),
            _details(entry, titles),
            names.get(body_of(entry)["actor"], _("The system")),
        )
        for entry in entries
    ]


def body_of(entry: Entry) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(entry.body)
    return body


def _details(entry: Entry, titles: dict[str, str]) -> str:
    data = body_of(entry)["data"]
    if entry.kind == "request.moved":
        return str(State(data["to"]).label)
    if entry.kind == "request.decided":
        return f"{titles.get(entry.purpose, entry.purpose)}: {reason(data['reason']).sentence}"
    if entry.kind == "request.clock-set":
        days = [in_words(date.fromisoformat(data[end])) if data[end] else _("no date") for end in ("from", "to")]
        return " → ".join(days)
    if entry.kind == "task.searched":
        return titles.get(data["system"], str(data["system"]))
    if entry.kind == "task.answered":
        return f"{titles.get(data['system'], data['system'])}: {Task.Outcome(data['outcome']).label}"
    if entry.kind in ("restriction.placed", "restriction.lifted"):
        return str(Restriction.Ground(data["ground"]).label)
    if entry.kind == "correction.decided":
        return str(reason(data["reason"]).sentence)
    if entry.kind.startswith("recipient."):
        return titles.get(data["recipient"], str(data["recipient"]))
    if entry.kind.startswith("letter.") and "kind" in data:
        return letter_kinds.title(data["kind"])
    if entry.kind == "complaint.acknowledged":
        return str(ACKNOWLEDGED[data["how"]])
    code = str(data.get("what") or data.get("kind") or data.get("how") or data.get("outcome") or "")
    return code.replace("-", " ").replace("_", " ")


def _titles(purposes: Iterable[str]) -> dict[str, str]:
    """Purposes, systems and recipients by their slugs, in words. Three queries, however much happened."""
    versions = PurposeVersion.objects.filter(purpose__slug__in=set(purposes)).order_by("number")
    systems = dict(System.objects.values_list("slug", "name"))
    recipients = dict(Recipient.objects.values_list("slug", "name"))
    return {**recipients, **systems, **dict(versions.values_list("purpose__slug", "title"))}


def _names(actors: Iterable[str]) -> dict[str, str]:
    """Actors as staff know them. Accounts that are gone keep their id."""
    wanted = set(actors)
    users = {actor: UUID(actor.removeprefix("user:")) for actor in wanted if actor.startswith("user:")}
    known = dict(User.objects.filter(uuid__in=users.values()).values_list("uuid", "username"))
    names = {actor: known.get(uuid, actor) for actor, uuid in users.items()}
    names |= dict.fromkeys((a for a in wanted if a.startswith("case:") or a == "public"), _("The person"))
    return names | {a: a for a in wanted if a.startswith("api:")}
