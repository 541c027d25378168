"""The request form as a path: which questions this person is asked, in which order, and what their answers ask of us.

Most people meet five pages. A right that needs to know more has a page of its own; nobody else sees it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from consents.withdraw import ALL_MARKETING
from requests import questions
from requests.forms import Question
from requests.models import Right
from requests.questions import MARKETING, OTHER, UNSURE
from requests.stopping import consent_purposes

# The page for those who ask for another person; nobody else meets it.
ELSE = "somebody-else"
# Where the person is reached.
WHERE = ("email", "address")
# Step → what its form was answered with.
Answers = dict[str, Any]


def wanted(answers: Answers) -> list[str]:
    """What was chosen, here or with help: rights, and "marketing"."""
    rights = [choice for choice in _chosen(answers, "rights") if choice != UNSURE]
    wishes = _chosen(answers, "not-sure", "wish") if _is_unsure(answers) else []
    return list(dict.fromkeys([*rights, *wishes]))


def _chosen(answers: Answers, step: str, field: str = "") -> list[str]:
    chosen: list[str] = answers.get(step, {}).get(field or step, [])
    return chosen


def _is_unsure(answers: Answers) -> bool:
    return UNSURE in _chosen(answers, "rights")


def _asks(right: str) -> Callable[[Answers], bool]:
    return lambda answers: right in wanted(answers)


def _always(answers: Answers) -> bool:
    return True


@dataclass(frozen=True)
class Step:
    """One page. With `instead_of` it answers the same need as another: giving one takes the other back.

    `theirs` asks the same of somebody who asks for another person.
    """

    name: str
    form: type[Question]
    is_needed: Callable[[Answers], bool] = _always
    instead_of: str = ""
    theirs: type[Question] | None = None


STEPS = [
    Step("rights", questions.RightsForm),
    Step("not-sure", questions.WishForm, _is_unsure),
    Step("words", questions.WordsForm, _asks(Right.GENERAL)),
    Step("correction", questions.RectificationForm, _asks(Right.RECTIFICATION)),
    Step("consent", questions.WithdrawalForm, _asks(Right.WITHDRAWAL)),
    Step("objection", questions.ObjectionForm, _asks(Right.OBJECTION)),
    Step("pause", questions.RestrictionForm, _asks(Right.RESTRICTION)),
    Step("transfer", questions.PortabilityForm, _asks(Right.PORTABILITY)),
    Step("decision", questions.DecisionForm, _asks(Right.ADM_REVIEW)),
    Step("name", questions.NameForm, lambda answers: ELSE not in answers, ELSE),
    Step(ELSE, questions.SomebodyElseForm, lambda answers: ELSE in answers, "name"),
    Step(
        "email",
        questions.EmailForm,
        lambda answers: "address" not in answers,
        "address",
        theirs=questions.TheirEmailForm,
    ),
    Step(
        "address",
        questions.AddressForm,
        lambda answers: "address" in answers,
        "email",
        theirs=questions.TheirAddressForm,
    ),
    Step("details", questions.DetailsForm, lambda answers: wanted(answers) != [Right.GENERAL]),
]
BY_NAME = {step.name: step for step in STEPS}
# What a page says about a right is kept under the right's name.
ABOUT = {
    "words": Right.GENERAL,
    "correction": Right.RECTIFICATION,
    "consent": Right.WITHDRAWAL,
    "objection": Right.OBJECTION,
    "pause": Right.RESTRICTION,
    "transfer": Right.PORTABILITY,
    "decision": Right.ADM_REVIEW,
}


def needed(answers: Answers) -> Iterator[Step]:
    return (asking(step, answers) for step in STEPS if step.is_needed(answers))


def asking(step: Step, answers: Answers) -> Step:
    """The page as it is put to this person."""
    return replace(step, form=step.theirs) if step.theirs and ELSE in answers else step


def first_missing(answers: Answers) -> str:
    """The first question that is still open; empty when all are answered."""
    return next((step.name for step in needed(answers) if step.name not in answers), "")


def barred(step: Step, answers: Answers) -> bool:
    """Whether something before this page is still open, or the page is not for this person."""
    for other in STEPS:
        if other is step:
            break
        if other.name != step.instead_of and other.is_needed(answers) and other.name not in answers:
            return True
    return not (step.instead_of or step.is_needed(answers))


def before(step: Step, answers: Answers) -> str:
    """The page that was asked before this one; empty on the first."""
    if step.instead_of and not step.is_needed(answers):
        return step.instead_of
    names = [other.name for other in needed(answers)]
    here = names.index(step.name)
    return names[here - 1] if here else ""


def keep(step: Step, answers: Answers, given: dict[str, Any]) -> None:
    """Whose request it is decides whose mailbox is asked for, so with one answer the other goes, too."""
    answers[step.name] = given
    replaced = step.instead_of and answers.pop(step.instead_of, None) is not None
    if replaced and ELSE in (step.name, step.instead_of):
        for where in WHERE:
            answers.pop(where, None)


def summary(answers: Answers) -> list[tuple[Step, list[str]]]:
    """Every question asked, with what was answered."""
    return [(step, step.form().in_words(answers[step.name])) for step in needed(answers)]


def asked(answers: Answers) -> dict[str, Any]:
    """What the answers ask of us, as requests.arriving.take_in takes it."""
    chosen, person = wanted(answers), answers[ELSE if ELSE in answers else "name"]
    given = {step.name: step for step in needed(answers)}
    rights = [Right.OBJECTION.value if choice == MARKETING else choice for choice in chosen]
    about = {right.value: _words(given[name], answers) for name, right in ABOUT.items() if name in given}
    if _is_unsure(answers) and Right.GENERAL.value not in about:
        about[Right.GENERAL.value] = "\n".join(questions.WishForm().in_words(answers["not-sure"]))
    return {
        "rights": list(dict.fromkeys(rights)),
        "capacity": person.get("capacity", ""),
        "is_child": person.get("age") == "child",
        "requester": {
            "name": person["name"],
            "representative": person.get("representative", ""),
            "email": answers["email"]["email"] if "email" in given else "",
            "address": answers["address"]["address"] if "address" in given else "",
        },
        "answers": about,
        "details": answers["details"]["details"] if "details" in given else "",
        "stop": _stop(chosen, answers),
    }


def _words(step: Step, answers: Answers) -> str:
    return "\n".join(step.form().in_words(answers[step.name]))


def _stop(chosen: Sequence[str], answers: Answers) -> list[str]:
    """What ends at once. Somebody who does not remember which consent it was takes back every one."""
    consents = _chosen(answers, "consent", "purposes") if Right.WITHDRAWAL in chosen else []
    is_unknown = OTHER in consents
    named = [slug for slug, _title in consent_purposes()] if is_unknown else consents
    return [*([ALL_MARKETING] if MARKETING in chosen or is_unknown else []), *named]
