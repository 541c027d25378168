"""Why a right was granted or refused for one purpose: a code for machines, an article, a sentence for people.

The sentences stand in letters, so they speak to the person. What an exemption covers is left out item by item, never a
whole purpose (requests/exemptions.py).
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid
from requests.exemptions import EXEMPTIONS
from requests.models import Decision, Right

GRANT = Decision.Outcome.GRANT
REFUSE = Decision.Outcome.REFUSE


@dataclass(frozen=True)
class Reason:
    """One reason. `rights` says for which rights it may be given."""

    code: str
    outcome: Decision.Outcome
    article: str
    sentence: str | Promise
    rights: tuple[Right, ...]
    # The letter must say more than this sentence: whoever decides writes it.
    needs_words: bool = False
    # The jurisdictions whose law has it.
    laws: tuple[str, ...] = ("UK", "EU")


_ACCESS = (Right.ACCESS,)
_ERASURE = (Right.ERASURE,)
_OBJECTION = (Right.OBJECTION,)
_RECTIFICATION = (Right.RECTIFICATION,)
_RESTRICTION = (Right.RESTRICTION,)
_EVERY = tuple(Right)

BY_ITEM = _("This leaves out single records, and no whole purpose: look through the records, and leave them out there.")

_ALL = [
    # Access (Art 15): a copy is due whatever the basis; only an exemption takes something out of it, item by item.
    Reason("copy-given", GRANT, "Art 15", _("You have a right to a copy of this."), _ACCESS),
    # Portability (Art 20).
    Reason(
        "others-rights",
        REFUSE,
        "Art 20(4)",
        _("Handing it over would adversely affect the rights and freedoms of somebody else."),
        (Right.PORTABILITY,),
        needs_words=True,
    ),
    # Erasure granted (Art 17(1)).
    Reason(
        "no-longer-needed",
        GRANT,
        "Art 17(1)(a)",
        _("We no longer need it for the purpose we collected it for."),
        _ERASURE,
    ),
    Reason(
        "consent-withdrawn",
        GRANT,
        "Art 17(1)(b)",
        _("We relied on your consent, you have withdrawn it, and nothing else allows us to keep it."),
        _ERASURE,
    ),
    Reason(
        "marketing-objection",
        GRANT,
        "Art 17(1)(c) and 21(3)",
        _("You have a right to stop direct marketing at any time, and we have stopped."),
        _ERASURE,
    ),
    Reason(
        "objection-upheld",
        GRANT,
        "Art 17(1)(c)",
        _("You objected, and we have no overriding reason to go on."),
        _ERASURE,
    ),
    Reason("unlawful", GRANT, "Art 17(1)(d)", _("We should not have held it."), _ERASURE),
    Reason("law-says-erase", GRANT, "Art 17(1)(e)", _("The law requires us to delete it."), _ERASURE),
    Reason("collected-from-child", GRANT, "Art 17(1)(f)", _("It was collected online from a child."), _ERASURE),
    Reason(
        "malicious-allegation",
        GRANT,
        "Art 17(1)(g)",
        _("It came from an allegation made about you with malicious intent."),
        _ERASURE,
        laws=("UK",),
    ),
    Reason("goodwill", GRANT, "our choice", _("We were not obliged to delete it, but need not keep it."), _ERASURE),
    # Erasure refused.
    Reason(
        "contract-running",
        REFUSE,
        "Art 17(1)(a) not met",
        _("We still need it to carry out our contract with you or your organisation."),
        _ERASURE,
    ),
    Reason(
        "application-open",
        REFUSE,
        "Art 17(1)(a) not met",
        _("Your application is still being considered, and we need it for that. You can withdraw the application."),
        _ERASURE,
    ),
    Reason(
        "legal-obligation",
        REFUSE,
        "Art 17(3)(b)",
        _("The law requires us to keep it for a set time, and that time has not passed."),
        _ERASURE,
    ),
    Reason("public-task", REFUSE, "Art 17(3)(b)", _("We need it for a task in the public interest."), _ERASURE),
    Reason("vital-interests", REFUSE, "Art 17(1)(a) not met", _("It is still needed to protect someone."), _ERASURE),
    Reason(
        "claims-period",
        REFUSE,
        "Art 17(3)(e)",
        _("A legal claim could still be brought about it, and we keep it only until that time has passed."),
        _ERASURE,
    ),
    Reason(
        "restriction-stands",
        REFUSE,
        "Art 18(1)",
        _("We keep it and do not use it, as you asked. Tell us if you would rather have it deleted."),
        _ERASURE,
    ),
    Reason("legal-claims", REFUSE, "Art 17(3)(e)", _("We need it for a legal claim."), _ERASURE),
    Reason(
        "interest-continues",
        REFUSE,
        "Art 17(1)(c) not met",
        _("We use it for a legitimate interest that continues. You can object to that use at any time."),
        _ERASURE,
    ),
    Reason("objection-open", REFUSE, "Art 17(1)(c)", _("You objected, and we have not decided that yet."), _ERASURE),
    Reason(
        "interest-overrides",
        REFUSE,
        "Art 17(1)(c) not met",
        _("You objected, but we have compelling reasons that outweigh your objection."),
        _ERASURE,
    ),
    Reason(
        "free-expression",
        REFUSE,
        "Art 17(3)(a)",
        _("It is needed for freedom of expression and information."),
        _ERASURE,
    ),
    Reason("public-health", REFUSE, "Art 17(3)(c)", _("It is needed for public health."), _ERASURE),
    Reason("research", REFUSE, "Art 17(3)(d)", _("Deleting it would seriously harm research or archiving."), _ERASURE),
    # Objection (Art 21): we must stop unless we demonstrate that we may go on.
    Reason(
        "objection-stops",
        GRANT,
        "Art 21(1)",
        _("You objected, and we have no compelling reason that outweighs yours. We have stopped."),
        _OBJECTION,
    ),
    Reason(
        "marketing-stops",
        GRANT,
        "Art 21(3)",
        _("You have a right to stop direct marketing at any time, and we have stopped."),
        _OBJECTION,
    ),
    Reason(
        "compelling-grounds",
        REFUSE,
        "Art 21(1)",
        _("We have compelling legitimate reasons to go on that outweigh your interests, rights and freedoms."),
        _OBJECTION,
        needs_words=True,
    ),
    Reason(
        "objection-claims",
        REFUSE,
        "Art 21(1)",
        _("We need it to establish, exercise or defend a legal claim."),
        _OBJECTION,
        needs_words=True,
    ),
    # Correction (Art 16).
    Reason("inaccurate", GRANT, "Art 16", _("It was wrong, and is put right."), _RECTIFICATION),
    Reason("incomplete", GRANT, "Art 16", _("It was incomplete, and is completed."), _RECTIFICATION),
    Reason(
        "document-stays",
        GRANT,
        "Art 16",
        _("The document stays as it was written then, and what you say now stands beside it."),
        _RECTIFICATION,
    ),
    Reason("accurate", REFUSE, "Art 16 not met", _("We checked it, and it is right as we have it."), _RECTIFICATION),
    Reason(
        "not-shown",
        REFUSE,
        "Art 16 not met",
        _("We could not find that it is wrong. Send us what shows it, and we look again."),
        _RECTIFICATION,
    ),
    Reason(
        "opinion",
        REFUSE,
        "Art 16 not met",
        _("It is somebody's opinion, and is recorded as that. Nothing in the record of it is wrong."),
        _RECTIFICATION,
    ),
    Reason("not-held", REFUSE, "Art 16 not met", _("We hold nothing of that kind about you."), _RECTIFICATION),
    # Restriction (Art 18(1)).
    Reason(
        "accuracy-contested",
        GRANT,
        "Art 18(1)(a)",
        _("You say that it is not right. We store it and do not use it while we check."),
        _RESTRICTION,
    ),
    Reason(
        "unlawful-kept",
        GRANT,
        "Art 18(1)(b)",
        _("We should not have used it, and you would rather have it kept than deleted."),
        _RESTRICTION,
    ),
    Reason(
        "kept-for-your-claim",
        GRANT,
        "Art 18(1)(c)",
        _("We do not need it any more, but you need it for a legal claim."),
        _RESTRICTION,
    ),
    Reason(
        "objection-weighed",
        GRANT,
        "Art 18(1)(d)",
        _("You have objected to this use, and we have not decided about that yet."),
        _RESTRICTION,
    ),
    Reason(
        "no-ground",
        REFUSE,
        "Art 18(1) not met",
        _("None of the four reasons for which the law stops a use of data is met here."),
        _RESTRICTION,
    ),
    # Any right.
    Reason("right-applies", GRANT, "Arts 16 to 21", _("You have this right for this use of your data."), _EVERY),
    Reason(
        "right-not-for-this-basis",
        REFUSE,
        "Arts 17 to 21",
        _("The law does not give this right for the legal ground on which we use this data."),
        _EVERY,
    ),
    Reason(
        "withdraw-instead",
        REFUSE,
        "Art 7(3)",
        _("We use this with your consent, so you can simply withdraw the consent."),
        (Right.OBJECTION,),
    ),
    Reason(
        "unfounded-or-excessive", REFUSE, "Art 12(5)", _("The request is manifestly unfounded or excessive."), _EVERY
    ),
    Reason("not-identifiable", REFUSE, "Art 11(2)", _("We cannot tell from what we hold which data is yours."), _EVERY),
]
# Whole purposes were once decided by these: they are read, and never given again.
_WHOLE = ("others-information", "privilege", "confidential-reference", "negotiations", "crime-and-tax")
_OLD = [Reason(code, REFUSE, EXEMPTIONS[code].article, EXEMPTIONS[code].sentence, ()) for code in _WHOLE]
REASONS = {reason.code: reason for reason in (*_ALL, *_OLD)}


def reason(code: str) -> Reason:
    """Raises Invalid for a code that does not exist."""
    try:
        return REASONS[code]
    except KeyError as error:
        raise Invalid(fields={"reason": _("Choose a reason from the list.")}) from error


def is_item_by_item(code: str) -> bool:
    """Whether it was a reason once, and is an exemption that is used record by record now."""
    return code in _WHOLE


def for_right(right: str, jurisdiction: str = "UK") -> list[Reason]:
    """The reasons that may be given for a right under the law of the place, grants first."""
    return [r for r in _ALL if right in r.rights and jurisdiction in r.laws]
