"""Which right a person has against which purpose (UK GDPR Arts 15 to 22). Judged per purpose, never per person."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from dateutil.relativedelta import relativedelta

from processing.models import Basis, Purpose, PurposeVersion
from requests.models import Decision, Right
from requests.reasons import GRANT, Reason, reason

# Availability by right and basis, in the order a, b, c, d, e, ea, f. Y available, N not, C on conditions.
_ORDER = ("a", "b", "c", "d", "e", "ea", "f")
MATRIX: dict[Right, dict[str, str]] = {
    right: dict(zip(_ORDER, row, strict=True))
    for right, row in {
        Right.ACCESS: "YYYYYYY",
        Right.RECTIFICATION: "YYYYYYY",
        Right.ERASURE: "YCNCNCC",
        Right.RESTRICTION: "YYYYYYY",
        Right.PORTABILITY: "CCNNNNN",
        # Direct marketing is the exception: that objection is absolute on every basis (Art 21(2)).
        Right.OBJECTION: "NNNNYYY",
        Right.WITHDRAWAL: "YNNNNNN",
        Right.ADM_REVIEW: "YYYYYNY",
    }.items()
}
# Purposes whose data are the proof that we kept the law: never erased on request (Art 5(2), Art 17(3)(b)).
KEPT_AS_PROOF = {"rights-requests", "evidence-ledger"}
# Proposed, these are questions to staff: somebody looks before they are confirmed.
LOOK_FIRST = {"no-ground", "objection-open"}
# How long a claim can follow, where no retention rule of this installation says otherwise.
CONTRACT_CLAIMS = relativedelta(years=6)  # Limitation Act 1980 s.5
APPLICATION_CLAIMS = relativedelta(months=12)  # Equality Act claims, with conciliation and time to be served


class Objection(StrEnum):
    """How somebody's objection to one purpose stands (Art 21(1))."""

    NONE = ""
    OPEN = "open"
    UPHELD = "upheld"
    REFUSED = "refused"


@dataclass(frozen=True)
class Facts:
    """What is known about one person and one purpose on the day of the decision."""

    today: date
    contract_running: bool = False
    contract_ended_on: date | None = None
    application_open: bool = False
    application_closed_on: date | None = None
    # What the retention rule says: True when its period has run, False when not, None without a rule.
    term_over: bool | None = None
    objection: Objection = Objection.NONE
    held: bool = False
    # Stored and not used because the person asked for that, or while what we hold is checked (Art 18(1)(a) to (c)).
    # What is held still by an objection (d) is said by `objection`.
    restricted: bool = False
    # The ground of a restriction that the person named, as the reason that grants it; empty for words of their own.
    named_ground: str = ""
    # In the same case they ask for a correction that is not decided yet: they contest that the data is right.
    contested: bool = False


@dataclass(frozen=True)
class Proposal:
    """What the law suggests. A person decides."""

    outcome: Decision.Outcome
    reason: str
    sentence: str

    @classmethod
    def of(cls, chosen: Reason) -> "Proposal":
        return cls(chosen.outcome, chosen.code, str(chosen.sentence))

    @property
    def is_grant(self) -> bool:
        return self.outcome == GRANT


Term = Callable[[Purpose, Facts], bool | None]
_terms: list[Term] = []


def register_term(func: Term) -> None:
    """Let the retention rules say whether a purpose's period has run. Retention may not be imported from here."""
    if func not in _terms:
        _terms.append(func)


def term_over(purpose: Purpose, facts: Facts) -> bool | None:
    """True or False from the first rule that knows, None when none does."""
    return next((known for term in _terms if (known := term(purpose, facts)) is not None), None)


def propose(right: str, version: PurposeVersion, facts: Facts) -> Proposal:
    """What to do about this right for this purpose, from its lawful basis and the facts."""
    if right == Right.ACCESS:
        return Proposal.of(reason("copy-given"))
    if right == Right.ERASURE:
        return Proposal.of(reason(_erasure(version, facts)))
    if right == Right.RESTRICTION:
        return Proposal.of(reason(_restriction(version, facts)))
    return Proposal.of(reason(_other(Right(right), version)))


def can_object(version: PurposeVersion) -> bool:
    """Whether there is something to weigh (Art 21(1)). Direct marketing just ends."""
    return MATRIX[Right.OBJECTION][version.basis] == "Y"


def _restriction(version: PurposeVersion, facts: Facts) -> str:
    """One of the four grounds of Art 18(1), as named or as the case shows it; without one there is no right to it."""
    if facts.named_ground and facts.named_ground != "objection-weighed":
        return facts.named_ground
    if facts.objection == Objection.OPEN and can_object(version):
        return "objection-weighed"
    return "accuracy-contested" if facts.contested else "no-ground"


def _erasure(version: PurposeVersion, facts: Facts) -> str:
    """Art 17(1) and (3), in the order in which one ground displaces another."""
    if version.purpose.slug in KEPT_AS_PROOF:
        return "legal-obligation"
    if facts.held:
        return "legal-claims"
    if facts.objection == Objection.OPEN and not version.direct_marketing:
        return "objection-open"
    if facts.restricted:
        return "restriction-stands"
    return _ERASURE_BY_BASIS[Basis(version.basis)](version, facts)


def _consent(version: PurposeVersion, facts: Facts) -> str:
    return "consent-withdrawn"


def _contract(version: PurposeVersion, facts: Facts) -> str:
    """Needed while it runs (17(1)(a) not met), then while a claim is possible (17(3)(e)), then no longer."""
    if facts.application_open:
        return "application-open"
    if facts.contract_running:
        return "contract-running"
    if facts.term_over is not None:
        return "no-longer-needed" if facts.term_over else "claims-period"
    if facts.contract_ended_on and facts.today <= facts.contract_ended_on + CONTRACT_CLAIMS:
        return "claims-period"
    if facts.application_closed_on and facts.today <= facts.application_closed_on + APPLICATION_CLAIMS:
        return "claims-period"
    return "no-longer-needed"


def _law(version: PurposeVersion, facts: Facts) -> str:
    return "no-longer-needed" if facts.term_over else "legal-obligation"


def _vital(version: PurposeVersion, facts: Facts) -> str:
    return "no-longer-needed" if facts.term_over else "vital-interests"


def _public_task(version: PurposeVersion, facts: Facts) -> str:
    """Kept to the extent that the task needs it (17(3)(b)): what exceeds that is erased."""
    return "no-longer-needed" if facts.term_over else "public-task"


def _interest(version: PurposeVersion, facts: Facts) -> str:
    """Asking us to delete marketing data is an objection to the marketing (Art 21(2)); otherwise one must be made."""
    if version.direct_marketing:
        return "marketing-objection"
    if facts.objection == Objection.UPHELD:
        return "objection-upheld"
    if facts.term_over:
        return "no-longer-needed"
    return "interest-overrides" if facts.objection == Objection.REFUSED else "interest-continues"


_ERASURE_BY_BASIS: dict[Basis, Callable[[PurposeVersion, Facts], str]] = {
    Basis.CONSENT: _consent,
    Basis.CONTRACT: _contract,
    Basis.LEGAL_OBLIGATION: _law,
    Basis.VITAL: _vital,
    Basis.PUBLIC_TASK: _public_task,
    Basis.RECOGNISED: _interest,
    Basis.LEGITIMATE_INTEREST: _interest,
}


def _other(right: Right, version: PurposeVersion) -> str:
    if right == Right.OBJECTION and version.direct_marketing:
        return "marketing-stops"
    if MATRIX[right][version.basis] != "N":
        # It is for us to demonstrate that we may go on, so without more the objection is upheld.
        return "objection-stops" if right == Right.OBJECTION else "right-applies"
    if right == Right.OBJECTION and version.basis == Basis.CONSENT:
        return "withdraw-instead"
    return "right-not-for-this-basis"
