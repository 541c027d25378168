"""Letters that staff write themselves: which words each asks for, a look at it before it goes, and the act that sends.

The preview is the act itself, carried out and undone again: what is looked at cannot differ from what goes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid, Text
from requests import (
    asking,
    clarification,
    complaints,
    deadlines,
    extension,
    fee,
    identity_doubt,
    letter_words,
    letters,
    posting,
    two_people,
)
from requests.letter_kinds import title
from requests.letter_words import About
from requests.letters import LetterIncomplete
from requests.models import Complaint, Letter, RightsRequest
from requests.models_complaints import Cause, Outcome, Remedy
from requests.models_identity import Kind

Words = Mapping[str, str]


@dataclass(frozen=True)
class Field:
    """One thing to write. `choices`: chosen from a list instead, one or several. `is_day`: a date."""

    name: str
    label: Text
    help: Text = ""
    rows: int = 4
    choices: Mapping[str, Text] | None = None
    is_many: bool = False
    is_day: bool = False


@dataclass(frozen=True)
class Act:
    """What is asked for, and what sending does; it writes the letter."""

    fields: tuple[Field, ...]
    send: Callable[..., object]


@dataclass(frozen=True)
class Look:
    """A letter before it goes: as it would read, and what it lacks (a sentence by part)."""

    html: str
    missing: Mapping[str, Text]


class NoDraft(DomainError):
    code = "no-draft"
    message = _("There is no draft of this letter.")


class NotFromHere(DomainError):
    code = "letter-not-from-here"
    message = _("These words go with the letter when it is sent in its own place.")


class TooLate(DomainError):
    code = "asking-late"
    message = _("Asked this late, somebody else must look at the letter and agree before it goes.")


OPENING = Field("opening", _("Words of your own at the beginning (optional)"), rows=3)
CLOSING = Field("closing", _("Words of your own at the end (optional)"), rows=3)


def _general(rights_request: RightsRequest, words: Words, *, actor: str, now: datetime) -> None:
    _give("general", rights_request, {"message": words.get("message", "")}, actor=actor, now=now)


def _acknowledgement(rights_request: RightsRequest, words: Words, *, actor: str, now: datetime) -> None:
    """Every right of the letter is acknowledged at once, as it came."""
    every = rights_request.case.requests.order_by("pk")
    context = {
        "rights": [{"label": str(one.get_right_display()), "reference": one.reference} for one in every],
        "due": rights_request.due_on,
        "is_late": deadlines.has_passed(rights_request.due_on, now=now),
        "needed": [line for line in words.get("needed", "").splitlines() if line.strip()],
    }
    _give("acknowledgement", rights_request, context, actor=actor, now=now)


def _give(kind: str, rights_request: RightsRequest, context: dict[str, Any], *, actor: str, now: datetime) -> None:
    posting.send(letters.write(kind, rights_request, context, now=now), actor=actor, now=now)


def _identity(rights_request: RightsRequest, words: Words, *, actor: str, now: datetime) -> None:
    """A doubt that is raised, or what came for it is not enough. Raised late, there is no letter yet (Art 12A(2))."""
    given: dict[str, Any] = {"doubt": words.get("doubt", ""), "ways": words.get("ways", "").split()}
    if is_asked_again(rights_request):
        identity_doubt.not_enough(rights_request, **given, actor=actor, now=now)
        return
    around = letter_words.own(rights_request, identity_doubt.LETTER)
    given |= {"reason": words.get("reason", ""), "around": around}
    identity_doubt.ask(rights_request, **given, actor=actor, now=now)


def is_asked_again(rights_request: RightsRequest) -> bool:
    """Whether proof was asked for and has come, so that another letter says why it is not enough."""
    asked = asking.in_force(rights_request, Kind.IDENTITY)
    return asked is not None and asked.arrived_on is not None


def _progress(complaint: Complaint, words: Words, *, actor: str, now: datetime) -> None:
    text, day = words.get("text", ""), _day(words.get("outcome_by", ""))
    complaints.tell_progress(complaint, text, outcome_by=day, actor=actor, now=now)


def _outcome(complaint: Complaint, words: Words, *, actor: str, now: datetime) -> None:
    given = {name: words.get(name, "") for name in ("outcome", "findings", "changes", "cause")}
    remedies = words.get("remedies", "").split()
    complaints.close(complaint, **given, remedies=remedies, actor=actor, now=now)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise Invalid(fields={"outcome_by": _("Give a date, for example 2026-11-22.")}) from error


def _by(func: Callable[..., object], *names: str) -> Callable[..., object]:
    """An act that has a function of its own and takes these words by name."""

    def send(about: About, words: Words, *, actor: str, now: datetime) -> object:
        return func(about, **{name: words.get(name, "") for name in names}, actor=actor, now=now)

    return send


_WHY = _("Why, as the person will read it")
ACTS: dict[str, Act] = {
    "general": Act((Field("message", _("What you have to say"), rows=10),), _general),
    "acknowledgement": Act(
        (OPENING, Field("needed", _("What we need from the person, one thing in a line (optional)")), CLOSING),
        _acknowledgement,
    ),
    "clarification": Act(
        (
            OPENING,
            Field("reason", _("What is not clear"), choices=clarification.REASONS),
            Field("unclear", _("What you would like to know, as the person will read it")),
            CLOSING,
        ),
        _by(clarification.ask, "reason", "unclear"),
    ),
    "id_request": Act(
        (
            OPENING,
            Field("reason", _("The doubt"), choices=identity_doubt.REASONS),
            Field("doubt", _("In your words, as the person will read it")),
            Field("ways", _("Any one of these is enough"), choices=identity_doubt.WAYS, is_many=True),
            CLOSING,
        ),
        _identity,
    ),
    "extension": Act(
        (
            OPENING,
            Field("reason", _("The ground"), choices=extension.REASONS),
            Field("explanation", _WHY, _("About this request, not in general.")),
            CLOSING,
        ),
        _by(extension.extend, "reason", "explanation"),
    ),
    "fee_notice": Act(
        (
            OPENING,
            Field("reason", _("The ground"), choices=fee.REASONS),
            Field("explanation", _WHY),
            Field("amount", _("The amount in pounds, for example 12.50"), rows=1),
            Field("basis", _("What it is made of: copying, post, time"), rows=3),
            CLOSING,
        ),
        _by(fee.charge, "reason", "explanation", "amount", "basis"),
    ),
    "complaint_acknowledgement": Act((OPENING, CLOSING), _by(complaints.acknowledge_by_letter)),
    "complaint_progress": Act(
        (
            OPENING,
            Field("text", _("How far we are, as the person will read it")),
            Field("outcome_by", _("When we expect to tell the outcome (optional)"), is_day=True),
            CLOSING,
        ),
        _progress,
    ),
    "complaint_outcome": Act(
        (
            OPENING,
            Field("outcome", _("Outcome"), choices=dict(Outcome.choices)),
            Field("findings", _("What we found, on each issue in turn"), rows=6),
            Field("changes", _("What we change or put right, and an apology where one is due")),
            CLOSING,
            Field(
                "remedies",
                _("What was done, to count it (not in the letter)"),
                choices=dict(Remedy.choices),
                is_many=True,
            ),
            Field("cause", _("Root cause (not in the letter)"), choices=dict(Cause.choices)),
        ),
        _outcome,
    ),
}


def fields_of(kind: str) -> tuple[Field, ...]:
    """What can be written into a letter of this kind. Those that have their own place take words around it."""
    return ACTS[kind].fields if kind in ACTS else (OPENING, CLOSING)


def kinds_for(about: About) -> list[tuple[str, str]]:
    """The letters that staff can begin about this request or complaint now, by name."""
    closed, is_complaint = {"general"}, isinstance(about, Complaint)
    kinds = [kind for kind in ACTS if is_about_complaint(kind) == is_complaint]
    return [(kind, title(kind)) for kind in kinds if about.is_open or kind in closed]


def is_about_complaint(kind: str) -> bool:
    return kind.startswith("complaint_")


def look(about: About, kind: str, *, actor: str, now: datetime) -> Look:
    """The letter as it would go now. Raises what stands in the way of the act; changes nothing."""
    before = set(about.case.letters.values_list("pk", flat=True))
    with transaction.atomic():
        try:
            _act(about, kind, actor=actor, now=now)
            if isinstance(about, RightsRequest) and waits_for_another(about, kind, now=now):
                return Look(identity_doubt.preview(about, now=now), {})
            made = about.case.letters.exclude(pk__in=before).get()
            return Look(letters.read(made)["html"], {})
        except LetterIncomplete as error:
            return Look(error.html, error.fields)
        finally:
            transaction.set_rollback(True)


@transaction.atomic
def send(about: About, kind: str, *, actor: str, now: datetime, exception: str = "") -> Letter:
    """Carry it out: the letter is written and given. `exception`: why one person wrote and sends it."""
    draft = letter_words.find(about, kind)
    if draft is None:
        raise NoDraft
    if waits_for_another(about, kind, now=now):
        raise TooLate
    by = two_people.writers(about, draft.uuid)
    two_people.check(about, actor=actor, reason=exception, now=now, by=by)
    before = set(about.case.letters.values_list("pk", flat=True))
    _act(about, kind, actor=actor, now=now)
    return about.case.letters.exclude(pk__in=before).get()


def waits_for_another(about: About, kind: str, *, now: datetime) -> bool:
    """Whether this letter goes only when somebody else has looked at it and agreed: a doubt that is raised late."""
    if isinstance(about, Complaint) or kind != identity_doubt.LETTER or is_asked_again(about):
        return False
    return identity_doubt.is_late(about, now=now)


@transaction.atomic
def propose(about: RightsRequest, *, actor: str, now: datetime) -> None:
    """Raise a late doubt with the letter as it was looked at. It goes when somebody else approves it."""
    kind = identity_doubt.LETTER
    if letter_words.find(about, kind) is None:
        raise NoDraft
    if not waits_for_another(about, kind, now=now):
        raise Invalid(_("It is not late: look at the letter, and send it."))
    _act(about, kind, actor=actor, now=now)
    # Raises what the letter lacks, and then nothing was raised.
    identity_doubt.preview(about, now=now)
    letter_words.take_up(about, kind)


def _act(about: About, kind: str, *, actor: str, now: datetime) -> None:
    if kind not in ACTS:
        raise NotFromHere
    words = letter_words.read(about, kind)
    ACTS[kind].send(about, words, actor=actor, now=now)
