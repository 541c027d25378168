"""The forms in which interests are assessed, page by page, and which of their questions a decision needs answered.

(f) is the three-part test. (ea) is the short form of an interest that the law itself recognises (Annex 1 of the UK
GDPR): nothing is weighed, but it must be necessary for one of five conditions.
"""

from collections.abc import Mapping
from dataclasses import replace

from django.utils.translation import gettext_lazy as _

from consents import assessments_balance as test
from consents import assessments_screening as screening
from consents.assessments_types import Answers, Group, Part, Question, Shape, only
from consents.models import AssessmentVersion
from core.errors import Text
from processing.models import Basis

Decision = AssessmentVersion.Decision

YES_NO: dict[str, Text] = {"no": _("No"), "yes": _("Yes")}
AUTHORITY = Question(
    "h1",
    _("Are you a public authority, and is this one of your tasks?"),
    _("Then neither (f) nor (ea) is open to you (UK GDPR Art 6(1), closing words)."),
    Shape.ONE,
    YES_NO,
)
BEGUN = Question(
    "h2",
    _("Has the processing begun already?"),
    _("A first assessment comes before it. If it has begun all the same, say so: the record must be true."),
    Shape.ONE,
    YES_NO,
)
ABOUT = Part(
    "about",
    _("Before you begin"),
    _(
        "What the register says about the purpose stands beside every question. If it is wrong, change the "
        "register first."
    ),
    only(AUTHORITY, BEGUN),
)
SCREENING = Part(
    "screening",
    _("Is a DPIA needed?"),
    _(
        "Where the risk to people is high, weighing interests is not enough: a data protection impact "
        "assessment (DPIA) comes first. "
        "These questions find out. If you are not sure, say so; it counts as yes."
    ),
    screening.GROUPS,
)

# What makes the balance better, by keys the public page shows in words.
SAFEGUARDS: dict[str, Text] = {
    "opt-out": _("People can say no at any time, with one word or one click"),
    "told-first": _("People are told before it begins, in plain words"),
    "source-shown": _("Data from others are used only with evidence that they may be shared"),
    "less-data": _("Only the data that are needed are collected"),
    "short": _("Data are deleted after a short, fixed time"),
    "few-eyes": _("Only the few people who need the data can see them"),
    "apart": _("The data are kept apart from others, or under a pseudonym"),
    "nothing-else": _("The data are used for nothing else"),
    "checked-first": _("Each message is checked against objections and consents before it is sent"),
    "person-decides": _("A person decides, never a computer alone"),
    "no-children": _("Children are left out"),
    "not-shared": _("The data are not passed on"),
}
MEASURES = Question(
    "safeguards",
    _("Which of these measures are in place?"),
    _("Tick only what is done today. The public page lists them."),
    Shape.SEVERAL,
    SAFEGUARDS,
    is_optional=True,
    is_public=True,
)

WHAT = Question(
    "u1",
    _("For the public: what do you want to achieve, and who gains from it?"),
    _("Two or three sentences to the person: “We want to… That helps…”. No names, no addresses, nothing internal."),
    is_public=True,
)
WHY = Question(
    "u2",
    _("For the public: why do you need data about people for it?"),
    _("Say which data, and why nothing less would do."),
    is_public=True,
)
FAIR = Question(
    "u3",
    _("For the public: why is that fair to people?"),
    _("What it can mean for them, what you do about it, and how they can say no."),
    is_public=True,
)
PUBLIC = _("These words are published. People, regulators and your sales team will read them.")
JUDGED = Question(
    "justification",
    _("Why did you decide so?"),
    _("The two or three reasons that tipped the balance. A stranger must be able to follow them."),
)
CHOSEN = Question(
    "decision",
    _("What do you decide?"),
    _("If the balance is uneven, “no” is a good answer: consent or another way may be open."),
    Shape.ONE,
    dict(Decision.choices),
)
CHOSEN_SHORT = replace(
    CHOSEN,
    guidance=_("If it is not necessary, “no” is a good answer."),
    choices={
        Decision.RELY.value: _("Rely on the recognised interest"),
        Decision.NOT.value: _("Do not rely on it"),
        Decision.DPIA.value: Decision.DPIA.label,
    },
)

CONDITIONS: dict[str, Text] = {
    "public-task-request": _("Somebody with a public task asked for the data, and says that they need them for it"),
    "security-defence": _("It safeguards national security, protects public security, or serves defence"),
    "emergency": _("It responds to an emergency, in the sense of the Civil Contingencies Act 2004"),
    "crime": _("It detects, investigates or prevents crime, or brings offenders to justice"),
    "safeguarding": _("It safeguards a child, or an adult who is at risk"),
}
CONDITION = Question(
    "r1",
    _("Which recognised interest is it?"),
    _(
        "The law has these five and no others (Annex 1 of the UK GDPR). If none fits, use legitimate "
        "interests (f) and weigh them."
    ),
    Shape.ONE,
    CONDITIONS,
    is_public=True,
)
REQUESTER = Question(
    "r4",
    _("Who asked, and what did they say they need the data for?"),
    _(
        "The body, never a person's name; the task or power they named, and where the request is kept. "
        "Needed for the first condition."
    ),
    is_optional=True,
)
RECOGNISED = Part(
    "condition",
    _("The recognised interest"),
    _(
        "The law has weighed these interests already. What remains is whether the processing is really "
        "necessary for one of them."
    ),
    only(
        CONDITION,
        Question(
            "r2",
            _("Why is the processing necessary for it?"),
            _("Say what would fail without the data. Useful is not necessary."),
        ),
        Question(
            "r3",
            _("Could it be done with less data, or without?"),
            _("Name what you leave out, and the other ways you looked at."),
        ),
        REQUESTER,
    ),
)
SUMMARY = Group(_("Summary for the public"), PUBLIC, (WHAT, WHY, FAIR))
OUTCOME = (Group(_("Decision"), "", (CHOSEN, JUDGED)), SUMMARY)
SHORT_OUTCOME = (Group(_("Decision"), "", (CHOSEN_SHORT, JUDGED)), SUMMARY)

BALANCE_FORM = (
    ABOUT,
    SCREENING,
    Part("purpose", _("Part 1: what for"), _("Is there an interest, and is it legitimate?"), only(*test.PURPOSE)),
    Part(
        "necessity",
        _("Part 2: is it needed"),
        _("Is the processing needed for that interest, or is there a milder way?"),
        only(*test.NECESSITY),
    ),
    Part("nature", _("Part 3: the data"), _("The balance begins with what kind of data it is."), only(*test.NATURE)),
    Part(
        "expectations", _("Part 3: what people expect"), _("Would the people be surprised?"), only(*test.EXPECTATIONS)
    ),
    Part(
        "impact",
        _("Part 3: what it means for people"),
        _("What could happen to them, and what you do about it."),
        only(*test.IMPACT, MEASURES),
    ),
    Part("outcome", _("Decision and summary"), _("What you decide, why, and how you tell the people."), OUTCOME),
)
SHORT_FORM = (
    ABOUT,
    SCREENING,
    RECOGNISED,
    Part("outcome", _("Decision and summary"), _("What you decide, why, and how you tell the people."), SHORT_OUTCOME),
)
FORMS: dict[str, tuple[Part, ...]] = {
    Basis.LEGITIMATE_INTEREST.value: BALANCE_FORM,
    Basis.RECOGNISED.value: SHORT_FORM,
}

# A "no" needs no more than what led to it; a "yes" needs everything.
SHORT_CUTS: Mapping[str, tuple[str, ...]] = {
    Decision.DPIA: ("about", "screening", "outcome"),
    Decision.NOT: ("about", "screening", "purpose", "condition", "outcome"),
}
NOT_PUBLISHED = (Decision.DPIA, Decision.NOT)


def part_of(basis: str, slug: str) -> Part | None:
    return next((part for part in FORMS[basis] if part.slug == slug), None)


def all_questions(basis: str) -> list[Question]:
    return [question for part in FORMS[basis] for question in part.questions]


def needed(basis: str, decision: str) -> list[tuple[Part, Question]]:
    """The questions that must be answered for this decision, with the page each stands on."""
    parts = SHORT_CUTS.get(decision)
    return [
        (part, question)
        for part in FORMS[basis]
        if parts is None or part.slug in parts
        for question in part.questions
        if not question.is_optional
        and not (decision in NOT_PUBLISHED and question.is_public and question is not CONDITION)
    ]


def unanswered(basis: str, answers: Answers) -> list[tuple[Part, Question]]:
    """What still needs an answer. `answers` has the decision and its reasons among them."""
    found = [pair for pair in needed(basis, answers.get(CHOSEN.key, "")) if not pair[1].is_answered(answers)]
    if answers.get(CONDITION.key) == "public-task-request" and not REQUESTER.is_answered(answers):
        found.append((RECOGNISED, REQUESTER))
    if answers.get(CHOSEN.key) == Decision.SAFEGUARDS and not MEASURES.is_answered(answers):
        found.extend((part, MEASURES) for part in FORMS[basis] if MEASURES in part.questions)
    return found
