"""The page of a request in parts: which belong to the right, which are open, and how each of them stands."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.errors import Text
from requests import exemptions
from requests.casework import Work
from requests.freeze import COPIED
from requests.models import Right, RightsRequest


@dataclass(frozen=True)
class Panel:
    """One part: its id on the page, and a few words on how it stands, which count when they are late."""

    slug: str
    title: Text
    note: Text = ""
    is_late: bool = False
    is_open: bool = False
    # Whose parts have templates of their own; empty for those of a request, and what others share with it.
    group: str = ""

    @property
    def template(self) -> str:
        return f"requests/office/_{'_'.join(filter(None, (self.group, self.slug)))}.html"


def of(rights_request: RightsRequest, work: Work, *, may_write: bool, left_out_before: int = 0) -> list[Panel]:
    """In the order in which a request is worked on. What waits for nobody is shut."""
    is_open = rights_request.is_open
    found = [_who(rights_request)]
    if may_write and rights_request.right == Right.GENERAL and is_open:
        found.append(Panel("triage", _("The right in this message"), is_open=True))
    found += [*_talking(rights_request), _clock(work, is_open=is_open)]
    if work.tasks:
        found.append(_systems(work, is_open=is_open))
    found += [*_of_the_right(rights_request, work), *_by_purpose(rights_request, work)]
    if work.is_access:
        found.append(_found(rights_request))
    if exemptions.reaches(rights_request.right, rights_request.case.rule_set.jurisdiction):
        found.append(_left_out(rights_request, left_out_before))
    if work.others:
        found.append(_recipients(work))
    if work.restricted:
        found.append(Panel("restricted", _("Stored and not used"), is_open=True))
    found += [_answer(work, is_open=is_open), _letters(work)]
    last = work.timeline[-1] if work.timeline else None
    return [
        *found,
        Panel("keeping", _("How long this is kept")),
        Panel("history", _("What happened so far"), last.what if last else ""),
    ]


def _who(rights_request: RightsRequest) -> Panel:
    case = rights_request.case
    if case.identified_at or case.is_confirmed:
        note, is_late = _("known to us") if case.subject else _("confirmed"), False
    elif not case.waits_for_mailbox:
        note, is_late = _("by post, not shown yet"), False
    else:
        note, is_late = _("not confirmed yet"), rights_request.is_open
    return Panel("who", _("Who asks"), note, is_late=is_late, is_open=True)


def _talking(rights_request: RightsRequest) -> list[Panel]:
    waiting, owner = rights_request.case.messages.waiting().count(), rights_request.case.owner
    note = ngettext("%(n)d waits for an answer", "%(n)d wait for an answer", waiting) % {"n": waiting}
    return [
        Panel(
            "messages", _("Messages and notes"), note if waiting else "", is_late=bool(waiting), is_open=bool(waiting)
        ),
        Panel("owner", _("Who works on it"), owner.username if owner else _("nobody yet")),
    ]


def _clock(work: Work, *, is_open: bool) -> Panel:
    notes = {"running": _("running"), "paused": _("stands still"), "not_started": _("not started")}
    return Panel("clock", _("The clock"), notes.get(work.clock.status, "") if is_open else "", is_open=is_open)


def _systems(work: Work, *, is_open: bool) -> Panel:
    silent, every = len(work.pending), len(work.tasks)
    if silent and is_open:
        note = ngettext("%(n)d of %(every)d is silent", "%(n)d of %(every)d are silent", silent)
        return Panel("systems", _("Where to look"), note % {"n": silent, "every": every}, is_late=True, is_open=True)
    return Panel("systems", _("Where to look"), _("all answered") if not silent else "")


def _of_the_right(rights_request: RightsRequest, work: Work) -> list[Panel]:
    """What only this right asks for."""
    titles = {
        Right.RECTIFICATION: ("corrections", _("What is corrected")),
        Right.ADM_REVIEW: ("reviews", _("Decisions looked at again")),
        Right.OBJECTION: ("objecting", _("The objection")),
        Right.PORTABILITY: ("porting", _("The data to take elsewhere")),
    }
    if Right(rights_request.right) not in titles:
        return []
    slug, title = titles[Right(rights_request.right)]
    undecided = sum(not line.row.reason for line in work.corrections)
    undecided += sum(not line.row.outcome for line in work.reviews)
    note = ngettext("%(n)d to decide", "%(n)d to decide", undecided) % {"n": undecided} if undecided else ""
    return [Panel(slug, title, note, is_late=bool(undecided), is_open=True)]


def _by_purpose(rights_request: RightsRequest, work: Work) -> list[Panel]:
    if not work.lines or not (work.is_erasure or rights_request.is_open):
        return []
    titles = {
        Right.OBJECTION: _("Does it end or go on, purpose by purpose"),
        Right.ERASURE: _("Delete or keep, purpose by purpose"),
        Right.RESTRICTION: _("Store and not use, or go on, purpose by purpose"),
    }
    title = titles.get(Right(rights_request.right), _("What goes into the answer, purpose by purpose"))
    decided = len(work.lines) - work.undecided
    if not work.is_weighed:
        note = ngettext("%(n)d is decided", "%(n)d are decided", decided) % {"n": decided} if decided else ""
        return [Panel("decisions", title, note or _("everything goes"), is_open=bool(decided))]
    note = _("all decided")
    if work.undecided:
        note = ngettext("%(n)d to decide", "%(n)d to decide", work.undecided) % {"n": work.undecided}
    is_late = bool(work.undecided) and rights_request.is_open
    return [Panel("decisions", title, note, is_late=is_late, is_open=rights_request.is_open)]


def _found(rights_request: RightsRequest) -> Panel:
    documents = list(rights_request.documents.defer("sealed").order_by("pk"))
    unseen = sum(document.checked_at is None for document in documents)
    note = ngettext("%(n)d to look through", "%(n)d to look through", unseen) % {"n": unseen} if unseen else ""
    note = note or (str(len(documents)) if documents else _("none"))
    return Panel("found", _("Documents that were found"), note, is_late=bool(unseen), is_open=bool(documents))


def _left_out(rights_request: RightsRequest, before: int) -> Panel:
    made = list(rights_request.exemptions.values_list("approved_at", flat=True))
    unapproved = made.count(None)
    note = ngettext("%(n)d to approve", "%(n)d to approve", unapproved) % {"n": unapproved} if unapproved else ""
    note = note or (str(len(made)) if made else _("nothing"))
    if before and not unapproved:
        note = ngettext("%(n)d left out before", "%(n)d left out before", before) % {"n": before}
    title = _("What is left out, item by item")
    # What is exempt is left out of what they get.
    if rights_request.right not in COPIED:
        title = _("What an exemption leaves as it is, item by item")
    return Panel("left_out", title, note, is_late=bool(unapproved or before), is_open=bool(made or before))


def _recipients(work: Work) -> Panel:
    owed = sum(line.is_open and not line.address for line in work.others)
    note = ngettext("%(n)d to tell", "%(n)d to tell", owed) % {"n": owed} if owed else ""
    return Panel("recipients", _("Others who had the data (Art 19)"), note, is_late=bool(owed), is_open=True)


def _answer(work: Work, *, is_open: bool) -> Panel:
    note = _("the copy is made") if work.package and work.is_access and is_open and not work.is_to_make else ""
    return Panel("answer", _("The answer"), note, is_open=is_open)


def _letters(work: Work) -> Panel:
    owed = sum(letter.is_owed for letter in work.letters)
    note = ngettext("%(n)d not given yet", "%(n)d not given yet", owed) % {"n": owed} if owed else ""
    return Panel("letters", _("Letters"), note or str(len(work.letters) or ""), is_late=bool(owed), is_open=True)
