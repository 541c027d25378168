"""The page of a complaint in parts, and what is to be done next about it, above everything else."""

from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.errors import Text
from core.models import Controller
from requests import representing
from requests.clock import in_words
from requests.models import Complaint, ComplaintStep, Letter
from requests.next_step import Next
from requests.panels import Panel

# After so many days without a word the person is told how far we are (s.164A(5)).
SILENT_DAYS = 30


def next_steps(complaint: Complaint, letters: list[Letter], *, today: date) -> list[Next]:
    """What is to be done, the most pressing first. Never empty."""
    owed = [letter for letter in letters if letter.is_owed]
    post = [Next(_("A letter has not reached the person. Print it and post it, or send it again."), "letters")]
    steps = post if owed else []
    if not complaint.is_open:
        return steps or [Next(_("Nothing: the person has the outcome."))]
    if complaint.acknowledged_at is None and not any(letter.kind == "complaint_acknowledgement" for letter in owed):
        steps.append(Next(_by(complaint, today), "clock"))
    if complaint.case.owner is None:
        steps.append(Next(_("Nobody works on it yet. Take it, or hand it to somebody."), "owner"))
    if complaint.case.messages.waiting().exists():
        steps.append(Next(_("The person wrote something that waits for an answer."), "messages"))
    if representing.is_missing(complaint.case):
        steps.append(Next(str(representing.NoAuthority.message), "about"))
    if not complaint.issues:
        steps.append(Next(_("Read it, and say what it is about."), "about"))
    return [*steps, *_looking_into(complaint, today)]


def of(complaint: Complaint, letters: list[Letter], *, today: date) -> list[Panel]:
    """In the order in which a complaint is worked on. What waits for nobody is shut."""
    owner, waiting = complaint.case.owner, complaint.case.messages.waiting().count()
    note = ngettext("%(n)d waits for an answer", "%(n)d wait for an answer", waiting) % {"n": waiting}
    talking = Panel("messages", _("Messages and notes"), note if waiting else "", bool(waiting), bool(waiting))
    is_owed = complaint.acknowledged_at is None
    clock = _("not acknowledged yet") if is_owed else _("acknowledged")
    is_late = is_owed and today >= complaint.alarm_on
    issues = "" if complaint.issues else _("not said yet")
    return [
        Panel("words", _("What was written"), is_open=True, group="complaint"),
        Panel("clock", _("The clock"), clock, is_late=is_late, is_open=is_owed, group="complaint"),
        Panel("owner", _("Who works on it"), owner.username if owner else _("nobody yet"), group="complaint"),
        Panel("about", _("What it is about"), issues, is_open=complaint.is_open, group="complaint"),
        _work(complaint),
        _letters(letters, drafts=complaint.letter_drafts.count()),
        talking,
        Panel("keeping", _("How long this is kept")),
        Panel("history", _("What happened so far"), group="complaint"),
    ]


def _work(complaint: Complaint) -> Panel:
    if not complaint.is_open:
        return Panel("work", _("The outcome"), complaint.get_outcome_display(), is_open=True, group="complaint")
    made = complaint.steps.filter(kind=ComplaintStep.Kind.ENQUIRY).count()
    note = ngettext("%(n)d enquiry", "%(n)d enquiries", made) % {"n": made} if made else _("no enquiry yet")
    return Panel("work", _("Looking into it, and the outcome"), note, is_open=True, group="complaint")


def _letters(letters: list[Letter], *, drafts: int) -> Panel:
    owed = sum(letter.is_owed for letter in letters)
    note = ngettext("%(n)d not given yet", "%(n)d not given yet", owed) % {"n": owed} if owed else ""
    begun = ngettext("%(n)d draft", "%(n)d drafts", drafts) % {"n": drafts} if drafts else ""
    note = note or begun or str(len(letters) or "")
    is_open = bool(owed or drafts)
    return Panel("letters", _("Letters"), note, is_late=bool(owed), is_open=is_open, group="complaint")


def _by(complaint: Complaint, today: date) -> Text:
    left = (complaint.acknowledge_by - today).days
    day = in_words(complaint.acknowledge_by)
    if left < 0:
        sentence = ngettext(
            "Acknowledge it at once: that was due by %(day)s, %(n)d day ago.",
            "Acknowledge it at once: that was due by %(day)s, %(n)d days ago.",
            -left,
        )
        return sentence % {"day": day, "n": -left}
    sentence = ngettext(
        "Acknowledge it by %(day)s: %(n)d day is left.", "Acknowledge it by %(day)s: %(n)d days are left.", left
    )
    return sentence % {"day": day, "n": left}


def _looking_into(complaint: Complaint, today: date) -> list[Next]:
    steps = []
    if not complaint.steps.filter(kind=ComplaintStep.Kind.ENQUIRY).exists():
        steps.append(Next(_("Ask those who know what happened, and write down what they said."), "work"))
    silent = (today - _last_word(complaint)).days
    if silent >= SILENT_DAYS:
        sentence = _("They have heard nothing for %(n)d days. Tell them how far we are.") % {"n": silent}
        steps.append(Next(sentence, "work"))
    return steps or [Next(_("Give the outcome, on each issue in turn."), "work")]


def _last_word(complaint: Complaint) -> date:
    """When the person last heard from us about it; before that, when it came."""
    zone = Controller.current().zone
    days = [complaint.received_on, *complaint.letters.given().values_list("given_on", flat=True)]
    if complaint.acknowledged_at:
        days.append(complaint.acknowledged_at.astimezone(zone).date())
    return max(day for day in days if day)
