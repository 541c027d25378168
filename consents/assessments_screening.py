"""Whether an impact assessment (DPIA) is needed before this may begin: UK GDPR Art 35 and the ICO's list, as data.

Three things always need one (Art 35(3)). Some of the ICO's list need one by themselves; others, and the signs that
regulators agreed on (WP248), need one when two of them meet. "Not sure" counts as yes: guessing is what harms people.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext_lazy as _

from consents.assessments_types import Answers, Group, Question, Shape
from core.errors import Text

SIGNS: dict[str, Text] = {"no": _("No"), "yes": _("Yes"), "unsure": _("Not sure (counts as yes)")}


class Sign(StrEnum):
    """What a "yes" shows. Two different ones are enough."""

    SCORING = "scoring"
    DECISIONS = "decisions"
    MONITORING = "monitoring"
    SENSITIVE = "sensitive"
    SCALE = "scale"
    MATCHING = "matching"
    VULNERABLE = "vulnerable"
    NEW = "new"
    INVISIBLE = "invisible"
    HARM = "harm"


@dataclass(frozen=True)
class Criterion:
    question: Question
    sign: Sign
    # A "yes" alone is enough.
    decides: bool = False


def _asks(key: str, sign: Sign, ask: Text, guidance: Text, *, decides: bool = False) -> Criterion:
    return Criterion(Question(key, ask, guidance, Shape.SIGN, SIGNS), sign, decides)


ALWAYS = (
    _asks(
        "d1",
        Sign.DECISIONS,
        _("Do computers evaluate people thoroughly, and do decisions that weigh heavily on them rest on it?"),
        _("Credit, insurance, a job, access to a service. Art 35(3)(a)."),
        decides=True,
    ),
    _asks(
        "d2",
        Sign.SENSITIVE,
        _("Are special categories of data or criminal offences processed on a large scale?"),
        _("Many people, many data, a wide area or a long time. Art 35(3)(b)."),
        decides=True,
    ),
    _asks(
        "d3",
        Sign.MONITORING,
        _("Are places that everybody may enter watched systematically and on a large scale?"),
        _("For example cameras over a street or a shopping centre. Art 35(3)(c)."),
        decides=True,
    ),
)
LISTED = (
    _asks(
        "d4",
        Sign.NEW,
        _("Is a new technology used, or a known one in a new way?"),
        _("For example artificial intelligence, connected devices, or a combination nobody has tried."),
    ),
    _asks(
        "d5",
        Sign.DECISIONS,
        _(
            "Does a score, a profile or a special category of data decide whether somebody gets a service, a "
            "chance or a benefit?"
        ),
        _("Also when a person signs what the computer proposes."),
        decides=True,
    ),
    _asks(
        "d6",
        Sign.SCORING,
        _("Are many people profiled?"),
        _("Conclusions about what they like, earn, can or will do."),
        decides=True,
    ),
    _asks("d7", Sign.SENSITIVE, _("Are people recognised by their body?"), _("Face, voice, fingerprint, gait.")),
    _asks("d8", Sign.SENSITIVE, _("Are genetic data used?"), _("Other than by a doctor who treats the person.")),
    _asks(
        "d9",
        Sign.MATCHING,
        _("Are data from several sources brought together about the same people?"),
        _("For example a bought list matched with your customers. Not: one customer's orders and invoices."),
        decides=True,
    ),
    _asks(
        "d10",
        Sign.INVISIBLE,
        _("Are data used that did not come from the people, and can they not be told?"),
        _(
            "“Can not” means that telling them would take unreasonable effort (Art 14(5)(b)). If you tell them, "
            "answer no."
        ),
    ),
    _asks(
        "d11",
        Sign.MONITORING,
        _("Is it followed where people are or what they do?"),
        _("Location, or behaviour across websites and devices. Ordinary server logs are not meant."),
    ),
    _asks(
        "d12",
        Sign.VULNERABLE,
        _("Are children or vulnerable people the target?"),
        _("Marketing, profiling or decisions about them, or an online service that is offered to children."),
        decides=True,
    ),
    _asks(
        "d13",
        Sign.HARM,
        _("Could somebody come to physical harm if the data got out?"),
        _("For example the address of somebody in hiding, or of a whistle-blower."),
        decides=True,
    ),
)
HINTS = (
    _asks(
        "d14",
        Sign.SCORING,
        _("Are people scored or rated, if only a few of them?"),
        _("Performance, creditworthiness, likelihood to buy."),
    ),
    _asks(
        "d15",
        Sign.MONITORING,
        _("Are people watched or recorded regularly?"),
        _("At work, on the premises, on the telephone."),
    ),
    _asks(
        "d16",
        Sign.SENSITIVE,
        _("Are the data of a very personal kind?"),
        _("Money, location, messages, or special categories on a small scale."),
    ),
    _asks(
        "d17",
        Sign.SCALE,
        _("Is it a large scale?"),
        _("A large part of a town, an industry or a customer base, or data over many years."),
    ),
    _asks(
        "d18",
        Sign.VULNERABLE,
        _("Are some of the people in a weak position towards you?"),
        _("Employees, applicants, patients, tenants, children, people in debt."),
    ),
)
CRITERIA = (*ALWAYS, *LISTED, *HINTS)
ENOUGH = 2

RESIDUAL: dict[str, Text] = {
    "low": _("No high risk is left"),
    "high": _("A high risk is left: the regulator must be consulted before it begins (Art 36)"),
}
REFERENCE = Question(
    "d19",
    _("If a DPIA has been made: where is it, and of which day?"),
    _(
        "A reference and a date are enough. With it, interests can be weighed below; without it, they cannot "
        "be relied on."
    ),
    is_optional=True,
)
LEFT = Question("d20", _("What risk is left after it?"), "", Shape.ONE, RESIDUAL, is_optional=True)


def _questions(criteria: tuple[Criterion, ...]) -> tuple[Question, ...]:
    return tuple(criterion.question for criterion in criteria)


GROUPS = (
    Group(_("What always needs one"), "", _questions(ALWAYS)),
    Group(_("What the regulator has listed"), "", _questions(LISTED)),
    Group(_("Further signs"), _("Two signs together are enough, one is not."), _questions(HINTS)),
    Group(_("If there is a DPIA already"), "", (REFERENCE, LEFT)),
)


@dataclass(frozen=True)
class Outcome:
    """What the answers come to. `because`: the questions that made it so, or that came near to it."""

    is_complete: bool
    is_needed: bool
    because: tuple[Question, ...]


def outcome(answers: Answers) -> Outcome:
    """Whether a DPIA is needed, and which answers say so. Unanswered questions say nothing yet."""
    said = [criterion for criterion in CRITERIA if answers.get(criterion.question.key) in ("yes", "unsure")]
    deciding = [criterion for criterion in said if criterion.decides]
    is_needed = bool(deciding) or len({criterion.sign for criterion in said}) >= ENOUGH
    shown = said if len({criterion.sign for criterion in said}) >= ENOUGH else deciding or said
    is_complete = all(criterion.question.is_answered(answers) for criterion in CRITERIA)
    return Outcome(is_complete, is_needed, _questions(tuple(shown)))


def is_settled(answers: Answers) -> bool:
    """Whether nothing stands in the way of weighing: no DPIA is needed, or there is one that leaves no high risk."""
    if not outcome(answers).is_needed:
        return True
    return REFERENCE.is_answered(answers) and answers.get(LEFT.key) == "low"
