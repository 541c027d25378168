"""The four grounds of a restriction (UK GDPR Art 18(1)), and which of them the person named."""

from requests.intake import claim_of
from requests.models import CaseFile, Right
from requests.questions import GROUNDS
from subjects.models import Restriction

Ground = Restriction.Ground
# Reason of a decision (requests/reasons.py) → ground of the restriction.
GROUND_OF = {
    "accuracy-contested": Ground.ACCURACY,
    "unlawful-kept": Ground.UNLAWFUL,
    "kept-for-your-claim": Ground.CLAIMS,
    "objection-weighed": Ground.OBJECTION,
}
_OF_FORM = {
    "contested": "accuracy-contested",
    "unlawful": "unlawful-kept",
    "claim": "kept-for-your-claim",
    "objected": "objection-weighed",
}


def named(case: CaseFile) -> str:
    """The reason that answers the first ground the person chose on our form; empty for words of their own."""
    wrote = claim_of(case).get(Right.RESTRICTION.value, "")
    lines = {line.strip() for line in wrote.splitlines()}
    return next((_OF_FORM[code] for code, label in GROUNDS if code in _OF_FORM and str(label) in lines), "")
