"""What questions, parts and forms of an assessment are made of."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from core.errors import Text

Answers = Mapping[str, Any]


class Shape(Enum):
    """What an answer looks like: words, yes or no or not sure, one of a list, or several of a list."""

    WORDS = "words"
    SIGN = "sign"
    ONE = "one"
    SEVERAL = "several"


@dataclass(frozen=True)
class Question:
    """One question, with the words beside it that help to answer it. `key` is stored and never changes its meaning."""

    key: str
    ask: Text
    guidance: Text = ""
    shape: Shape = Shape.WORDS
    choices: Mapping[str, Text] = field(default_factory=dict)
    is_optional: bool = False
    # Words that the public reads.
    is_public: bool = False

    @property
    def is_short(self) -> bool:
        """Whether it is answered with yes or no, which fit side by side."""
        return "yes" in self.choices

    def is_answered(self, answers: Answers) -> bool:
        value = answers.get(self.key)
        return bool(value.strip() if isinstance(value, str) else value)

    def said(self, answers: Answers) -> str:
        """The answer as a person reads it; an unknown code, from another version of this list, as it stands."""
        value = answers.get(self.key) or ""
        if self.shape is Shape.SEVERAL:
            return "\n".join(str(self.choices.get(code, code)) for code in value)
        return str(self.choices.get(value, value))


@dataclass(frozen=True)
class Group:
    """Questions under one heading of a page."""

    title: Text
    intro: Text
    questions: tuple[Question, ...]


@dataclass(frozen=True)
class Part:
    """One page of the wizard."""

    slug: str
    title: Text
    intro: Text
    groups: tuple[Group, ...]

    @property
    def questions(self) -> Iterator[Question]:
        return (question for group in self.groups for question in group.questions)


def only(*questions: Question) -> tuple[Group, ...]:
    """The groups of a page that needs no headings."""
    return (Group("", "", questions),)
