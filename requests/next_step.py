"""What is to be done next about a request: the one thing that is in the way of its answer, in a sentence."""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.errors import Text
from requests import representing, untold
from requests.casework import Work
from requests.clock import in_words
from requests.models import Right, RightsRequest, Transfer
from requests.workflow import State

# So many days before the due date a system that is still silent is named in a part answer rather than waited for.
SOON = 5


@dataclass(frozen=True)
class Next:
    """A sentence, and the part of the page where it is done (empty: there is nothing to press)."""

    sentence: Text
    where: str = ""


def of(rights_request: RightsRequest, work: Work, *, today: date) -> list[Next]:
    """What is to be done, the most pressing first. Never empty."""
    unposted = [letter for letter in work.letters if letter.is_owed]
    post = [Next(_("A letter has not reached the person. Print it and post it, or send it again."), "letters")]
    if not rights_request.is_open:
        over = Next(_("Nothing: it is answered. A word from the person takes it up again."))
        if rights_request.duplicate_of:
            other = rights_request.duplicate_of.reference
            over = Next(_("Nothing here: %(reference)s answers it.") % {"reference": other})
        return [*(post if unposted else []), *_afterwards(rights_request, work)] or [over]
    steps = [*(post if unposted else []), *_in_the_way(rights_request, work, today)]
    return steps or [Next(_("Look through the answer and send it."), "answer")]


def _afterwards(rights_request: RightsRequest, work: Work) -> list[Next]:
    """What an answer leaves to be done: what is restricted until the person was told, and the rest of the case."""
    steps = []
    if work.may_lift:
        steps.append(Next(_("They were told that it is used again. End the restriction."), "restricted"))
    elif work.restricted:
        steps.append(Next(_("It is stored and not used. Before you end that, tell the person."), "restricted"))
    rest = [other.reference for other in work.siblings if other.is_open]
    if rest:
        steps.append(Next(_("Go on with the rest of what they asked: %(names)s.") % {"names": ", ".join(rest)}))
    return steps


def _in_the_way(rights_request: RightsRequest, work: Work, today: date) -> list[Next]:
    if rights_request.right == Right.GENERAL:
        return [Next(_("Read what they wrote, and name the right in it."), "who")]
    steps = []
    if work.clock.status == "not_started":
        steps.append(Next(_("The clock waits for the person. Record what arrives on the day it arrives."), "clock"))
    elif work.clock.status == "paused":
        steps.append(Next(_("A question to the person is open. Record the answer on the day it arrives."), "clock"))
    if work.pending:
        steps.append(_silent(rights_request, work, today))
    if not rights_request.case.is_confirmed and rights_request.right not in (Right.OBJECTION, Right.WITHDRAWAL):
        waits = rights_request.case.waits_for_mailbox
        linked = _("We do not know yet who asks. Wait for the link to be followed, or find out.")
        steps.append(Next(linked if waits else _("Find out who asks, and record how they showed it."), "who"))
    if representing.is_missing(rights_request.case):
        steps.append(Next(_("Somebody asks for this person. Record what shows that they may."), "who"))
    is_made = work.package and not work.is_to_make
    if not (work.is_executed or is_made) and untold.is_as_if_gone(rights_request):
        return [*steps, Next(untold.AsAStranger.message, "answer")]
    undecided = work.undecided if work.is_weighed else 0
    if undecided and not work.is_executed:
        sentence = ngettext("Decide about %(n)d purpose.", "Decide about %(n)d purposes.", undecided)
        steps.append(Next(sentence % {"n": undecided}, "decisions"))
    steps += [*_one_by_one(rights_request, work), *_unseen(rights_request, work)]
    if work.is_executed and rights_request.state == State.READY:
        steps.append(Next(_("Nothing: it is carried out, and the person is told as soon as that is on record.")))
    elif work.is_access and work.is_to_make:
        anew = _("Make the copy anew, and look through it.") if work.package else ""
        steps.append(Next(anew or _("Make the copy, and look through it."), "answer"))
    elif work.is_portability and work.is_to_make:
        anew = _("Make the set of data anew, and look through it.") if work.package else ""
        steps.append(Next(anew or _("Make the set of data, and look through it."), "answer"))
    elif work.is_portability:
        steps += _to_others(work)
    return steps


def _to_others(work: Work) -> list[Next]:
    """To whom the person told us to send their data, as long as it has not reached them."""
    if work.is_to_be_sent:
        wanted = _("They want somebody else to get it: record to whom. By a link they can hand it on themselves.")
        return [Next(wanted, "porting")]
    named: dict[str, list[str]] = {}
    for one in work.transfers:
        if one.transfer.way == Transfer.Way.ADDRESS:
            named.setdefault(one.transfer.state, []).append(one.name)
    steps = []
    if owed := [*named.get(Transfer.State.WAITING, []), *named.get(Transfer.State.FAILED, [])]:
        sentence = _("Send it to %(names)s, or record that it is not to be sent.")
        steps.append(Next(sentence % {"names": ", ".join(owed)}, "porting"))
    if sent := named.get(Transfer.State.SENDING):
        sentence = _("It is on its way to %(names)s: nothing is to be done before they confirm it.")
        steps.append(Next(sentence % {"names": ", ".join(sent)}, "porting"))
    return steps


def _one_by_one(rights_request: RightsRequest, work: Work) -> list[Next]:
    """What is not decided purpose by purpose: corrections, decisions of computers, and who else is told."""
    steps = []
    if work.is_rectification and rights_request.case.subject:
        if not work.corrections:
            steps.append(Next(_("Propose what would be corrected, field by field."), "corrections"))
        elif n := sum(not line.row.reason for line in work.corrections):
            sentence = ngettext("Decide about %(n)d correction.", "Decide about %(n)d corrections.", n)
            steps.append(Next(sentence % {"n": n}, "corrections"))
    if work.is_adm_review:
        steps += _reviews(work)
    owed = [line.recipient.name for line in work.others if line.notice and line.is_open]
    if owed:
        steps.append(Next(_("Still to be told: %(names)s.") % {"names": ", ".join(owed)}, "recipients"))
    return steps


def _reviews(work: Work) -> list[Next]:
    """Nothing is answered before a person looked at each decision that is meant."""
    if not work.reviews:
        return [Next(_("Say which decision it is, and look at it again."), "reviews")]
    if not (n := sum(not line.row.outcome for line in work.reviews)):
        return []
    sentence = ngettext(
        "Look at %(n)d decision again, and record what you decide.",
        "Look at %(n)d decisions again, and record what you decide.",
        n,
    )
    return [Next(sentence % {"n": n}, "reviews")]


def _unseen(rights_request: RightsRequest, work: Work) -> list[Next]:
    """Found documents that nobody looked through: the copy is not made before."""
    documents = rights_request.documents.filter(checked_at=None) if work.is_access else rights_request.documents.none()
    if not (n := documents.count()):
        return []
    sentence = ngettext(
        "Look through %(n)d document that was found.", "Look through %(n)d documents that were found.", n
    )
    return [Next(sentence % {"n": n}, "found")]


def _silent(rights_request: RightsRequest, work: Work, today: date) -> Next:
    n = len(work.pending)
    due = rights_request.due_on
    if due and due < today:
        sentence = ngettext(
            "%(n)d system is silent. Answer in part now: the letter names it.",
            "%(n)d systems are silent. Answer in part now: the letter names them.",
            n,
        )
        return Next(sentence % {"n": n}, "answer")
    if due and (due - today).days <= SOON:
        sentence = ngettext(
            "%(n)d system is silent. Answer in part by %(day)s: the letter names it.",
            "%(n)d systems are silent. Answer in part by %(day)s: the letter names them.",
            n,
        )
        return Next(sentence % {"n": n, "day": in_words(due)}, "answer")
    sentence = ngettext("Ask %(n)d system, and record its answer.", "Ask %(n)d systems, and record their answers.", n)
    return Next(sentence % {"n": n}, "systems")
