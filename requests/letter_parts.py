"""What each required part of a letter is, in words, and which rule asks for it. Read with requests/letter_kinds.py."""

from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import Text
from requests import letter_law

_T = gettext_lazy
_ART_12A = "Art 12A UK GDPR"
_ART_12_4 = "Art 12(4) UK GDPR"
_S164A = "DPA 2018 s.164A"


@dataclass(frozen=True)
class Part:
    what: Text
    why: str


PARTS: dict[str, Part] = {
    "reference": Part(_T("the reference, so that the person can ask about it"), "Art 12(1) UK GDPR"),
    "received": Part(_T("the day on which it reached us: the time runs from it"), _ART_12A),
    "complain-to-us": Part(_T("that one can complain to us under section 164A"), f"{_ART_12_4}; {_S164A}"),
    "complain-to-commissioner": Part(
        _T("that one can complain to the Commissioner under section 165, and where"), f"{_ART_12_4}; DPA 2018 s.165"
    ),
    "court": Part(_T("that one can go to court"), f"{_ART_12_4}; Art 79"),
    "contact": Part(_T("how to reach us"), "Art 12(2) UK GDPR"),
    "message": Part(_T("what you have to say"), "Art 12(1) UK GDPR"),
    # Acknowledgement
    "understood": Part(_T("the rights, as we understood them"), "Art 12(2) UK GDPR"),
    "due": Part(_T("the day by which the answer is due"), _ART_12A),
    "needed": Part(_T("what we need from the person, or that we need nothing"), "Art 12(2) UK GDPR"),
    # Asked again
    "asked": Part(_T("what we asked the person"), "Art 12(2) UK GDPR"),
    # Identity
    "doubt": Part(_T("why there is reasonable doubt who asks"), "Art 12(6) UK GDPR"),
    "evidence": Part(_T("the least that would remove the doubt"), "Art 12(6) and Art 5(1)(c) UK GDPR"),
    "delayed": Part(_T("that we wait until the identity is confirmed"), "Art 12(6)(b) UK GDPR"),
    "channel": Part(_T("a safe way to send the evidence"), "Art 32 UK GDPR"),
    "destroyed": Part(_T("that the evidence is destroyed after the check"), "Art 5(1)(e) UK GDPR"),
    # The clock
    "unclear": Part(_T("what is unclear in the request"), "Art 12A(5) UK GDPR"),
    "paused": Part(_T("that the time is paused from today until the reply"), "Art 12A(5) UK GDPR"),
    "everything": Part(_T("that the person may still ask for everything"), "Art 15(1A) UK GDPR"),
    "new-due": Part(_T("the new last day for the answer"), "Art 12A(4) UK GDPR"),
    "reasons": Part(_T("the reasons, about this request and not in general"), f"{_ART_12_4}; Art 12A(4)"),
    "amount": Part(_T("how much the fee is"), "Art 12(5) UK GDPR"),
    "basis": Part(_T("what the fee is made of"), "Art 12(5) UK GDPR"),
    "payment": Part(_T("that the time begins when the fee is paid"), "Art 12A(2)(c) UK GDPR"),
    # Answers
    "outcome": Part(_T("what we did or decided"), "Art 12(3) UK GDPR"),
    "confirmation": Part(_T("whether we use data about the person"), "Art 15(1) UK GDPR"),
    "copy": Part(_T("the copy, and how to open it"), "Art 15(3) UK GDPR"),
    "purposes": Part(_T("what the data is used for"), "Art 15(1)(a) UK GDPR"),
    "categories": Part(_T("which kinds of data"), "Art 15(1)(b) UK GDPR"),
    "recipients": Part(_T("who received it, or was told"), "Art 15(1)(c) and Art 19 UK GDPR"),
    "transfers": Part(_T("where it goes abroad, and on which safeguards"), "Art 15(2) UK GDPR"),
    "retention": Part(_T("how long it is kept"), "Art 15(1)(d) UK GDPR"),
    "your-rights": Part(_T("the other rights"), "Art 15(1)(e) UK GDPR"),
    "source": Part(_T("where it came from"), "Art 15(1)(g) UK GDPR"),
    "automated-decisions": Part(_T("decisions made by computers alone"), "Art 15(1)(h) UK GDPR"),
    "searched": Part(_T("where we looked"), "Art 15(1A) UK GDPR"),
    "withheld": Part(_T("what was left out, and why"), _ART_12_4),
    "gaps": Part(_T("what is still missing"), "Art 12(3) UK GDPR"),
    "erased": Part(_T("what was deleted, and when"), "Art 12(3) UK GDPR"),
    "kept": Part(_T("what is kept, and why"), f"{_ART_12_4}; Art 17(3)"),
    "backups": Part(_T("until when backups may hold it"), "Art 5(1)(a) UK GDPR"),
    "restriction": Part(_T("what is stored and not used, and until when"), "Art 18(3) UK GDPR"),
    "corrected": Part(_T("what was corrected, and how it reads now"), "Art 12(3) and Art 16 UK GDPR"),
    "supplemented": Part(_T("which documents now carry a statement"), "Art 16 UK GDPR"),
    "limited": Part(_T("what is stored and not used, and why"), "Art 18(1) UK GDPR"),
    "not-limited": Part(_T("what is used as before, and why"), _ART_12_4),
    "information": Part(_T("what was decided, how, and what it means"), "Art 22C(2)(a) UK GDPR"),
    "representations": Part(_T("what the person says, or that they can"), "Art 22C(2)(b) UK GDPR"),
    "human-review": Part(_T("that a person looked at it who may decide otherwise"), "Art 22C(2)(c) UK GDPR"),
    "result": Part(_T("whether the decision stands, and why"), "Art 22C(2)(d) UK GDPR"),
    "not-automated": Part(_T("how it was decided, if not by computer alone"), _ART_12_4),
    "denied": Part(_T("what was not corrected, and why"), _ART_12_4),
    "record": Part(_T("what stays as a record of the request"), "Art 5(2) UK GDPR"),
    "next": Part(_T("what happens next, or can be done next"), "Art 12(2) UK GDPR"),
    "lifted-on": Part(_T("the day from which the data is used again"), "Art 18(3) UK GDPR"),
    # Withdrawal and objection
    "stopped": Part(_T("what was stopped"), "Art 7(3) and Art 21(3) UK GDPR"),
    "effect": Part(_T("from when it holds, and what is on its way already"), "Art 12(3) UK GDPR"),
    "proof": Part(_T("that there is a record of it, and how to check it"), "Art 5(2) UK GDPR"),
    "before": Part(_T("that what was done before stays lawful"), "Art 7(3) UK GDPR"),
    "more": Part(_T("what else can be asked for"), "Art 12(2) UK GDPR"),
    "upheld": Part(_T("what has ended because of the objection"), "Art 21(1) UK GDPR"),
    "not-upheld": Part(_T("what goes on, and on which compelling grounds"), f"{_ART_12_4}; Art 21(1)"),
    "not-for": Part(_T("the uses that this right does not reach"), _ART_12_4),
    # Portability
    "files": Part(_T("which files there are"), "Art 20(1) UK GDPR"),
    "format": Part(_T("in which form they are"), "Art 20(1) UK GDPR"),
    "scope": Part(_T("that it is what the person gave us, and what is not in it"), "Art 20(1) UK GDPR"),
    "not-sent": Part(_T("to whom we did not send it, and how they can still get it"), _ART_12_4),
    "handed-over": Part(_T("to whom else it went"), "Art 20(2) UK GDPR"),
    # Complaints
    "acknowledged": Part(_T("that the complaint arrived and is looked into"), f"{_S164A}(3)"),
    "progress": Part(_T("how far we are"), f"{_S164A}(5)"),
    "findings": Part(_T("what we found on each point"), f"{_S164A}(4)"),
    "changes": Part(_T("what we have done or change"), f"{_S164A}(4)"),
}


# What the same parts are under the law of the Union.
UNION: dict[str, Part] = {
    "complain-to-commissioner": Part(
        _T("that one can complain to a supervisory authority under Art 77, and where"), "Art 12(4) and Art 77 GDPR"
    ),
    "court": Part(_T("that one can go to court under Art 79"), "Art 12(4) and Art 79 GDPR"),
}


def sentence(part: str, jurisdiction: str = "UK") -> str:
    """What is missing, and which rule asks for it."""
    if part == letter_law.PART:
        return _("It names the British Act, which is no law of the Union. Decide anew what rests on it.")
    known = PARTS.get(part) if jurisdiction == "UK" else UNION.get(part) or PARTS.get(part)
    if known is None:
        return _("This part is missing or incomplete: %(part)s.") % {"part": part}
    return _("Missing: %(what)s (%(why)s).") % {"what": known.what, "why": known.why}
