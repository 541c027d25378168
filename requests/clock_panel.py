"""What the page of a request says about its clock, and what each act would do to the due date before it is done."""

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext as _

from core.errors import DomainError, Invalid, Text
from requests import (
    asking,
    asking_where,
    clarification,
    exam_marks,
    extension,
    fee,
    identity_doubt,
    identity_evidence,
    refusing,
)
from requests.asking import NEVER_WAIT
from requests.clock import Clock, in_words
from requests.deadlines import clock_of
from requests.facts import Facts
from requests.intake import NOT_SHOWN
from requests.models import Asking, Evidence, RightsRequest
from requests.models_identity import Kind

Choices = list[tuple[str, Text]]


@dataclass(frozen=True)
class Open:
    """Something that is open: what, since when, and what its end would do to the date."""

    asking: Asking
    label: str
    state: str
    effect: str
    taken_back: str


@dataclass(frozen=True)
class Panel:
    """The clock of one request: the arithmetic is `Work.clock`; here is what surrounds it and what may be done."""

    rules: str
    place: str
    facts: list[str]
    open: dict[str, Open]
    effects: dict[str, str]
    evidence: list[Evidence]
    is_late: bool
    prompt_until: date
    never_waits: bool
    may_come_back: bool
    may_be_answered: bool
    may_be_paid: bool
    asks_where: bool
    pauses: bool
    may_be_exam: bool
    choices: dict[str, Choices]


def panel(rights_request: RightsRequest, *, now: datetime) -> Panel:
    facts = asking.facts_of(rights_request)
    rules = rights_request.case.rule_set
    found = asking.each_in_force(rights_request)
    return Panel(
        rules=_("the rules in force since %(day)s (%(source)s)")
        % {"day": in_words(rules.effective_from), "source": rules.source},
        place=_PLACES.get(facts.division, facts.division),
        facts=_around(rights_request, facts),
        open={kind.value: _open(one, rights_request, facts, now=now) for kind, one in found.items()},
        effects=_effects(rights_request, facts, now=now) if rights_request.is_open else {},
        evidence=identity_evidence.held(rights_request.case),
        is_late=identity_doubt.is_late(rights_request, now=now),
        prompt_until=identity_doubt.prompt_until(rights_request),
        never_waits=rights_request.right in NEVER_WAIT,
        may_come_back=refusing.may_come_back(rights_request),
        may_be_answered=refusing.may_be_answered(rights_request),
        may_be_paid=refusing.may_be_answered(rights_request, Kind.FEE),
        asks_where=asking_where.may_ask(rights_request),
        pauses=clarification.pauses(rights_request),
        may_be_exam=exam_marks.may_be(rights_request),
        choices=_choices(),
    )


_PLACES = {
    "england-and-wales": "England and Wales",
    "scotland": "Scotland",
    "northern-ireland": "Northern Ireland",
}


def _choices() -> dict[str, Choices]:
    return {
        "ways": list(identity_doubt.WAYS.items()),
        "refusals": list(refusing.REASONS.items()),
        "exams": list(exam_marks.REASONS.items()),
    }


def _around(rights_request: RightsRequest, facts: Facts) -> list[str]:
    """The dates that the due date does not say."""
    said = []
    if rights_request.extension_notice_by and not facts.extended_on:
        said.append(
            _("The last day for a notice of extension is %(day)s: by then it must have been given, not only written.")
            % {"day": in_words(rights_request.extension_notice_by)}
        )
    if rights_request.target_on:
        said.append(
            _("Our own target is %(day)s, 28 days that count after the start.")
            % {"day": in_words(rights_request.target_on)}
        )
    return said


def _effects(rights_request: RightsRequest, facts: Facts, *, now: datetime) -> dict[str, str]:
    """What each act would do today."""
    today = asking.today(now)
    pauses = (*facts.clarifications, (today, None))
    effects = {
        "identity": moved(rights_request, facts, id_asked=today, id_received=None),
        "clarification": moved(rights_request, facts, clarifications=pauses),
        "fee": moved(rights_request, facts, fee_charged=today, fee_paid=None),
    }
    try:
        extended = extension.extended(rights_request, now=now)
    except DomainError as error:
        effects["extension_refused"] = error.sentence
    else:
        effects["extension"] = _sentence(rights_request.due_on, extended)
    return effects


def _open(one: Asking, rights_request: RightsRequest, facts: Facts, *, now: datetime) -> Open:
    ends, back = _ending(one, facts, asking.today(now))
    return Open(
        asking=one,
        label=_label(one),
        state=_state(one),
        effect=moved(rights_request, facts, **ends) if ends else "",
        taken_back=moved(rights_request, facts, **back) if back else "",
    )


def _ending(one: Asking, facts: Facts, today: date) -> tuple[dict[str, Any], dict[str, Any]]:
    """The facts if it were answered today, and if it were taken back."""
    without = tuple(pair for pair in facts.clarifications if pair[1])
    by_kind: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        Kind.IDENTITY: ({} if one.arrived_on else {"id_received": today}, {"id_asked": None, "id_received": None}),
        Kind.FEE: ({"fee_paid": today}, {"fee_charged": None, "fee_paid": None}),
        Kind.CLARIFICATION: (
            {"clarifications": (*without, (one.given_on, today))} if one.given_on else {},
            {"clarifications": without},
        ),
        Kind.EXTENSION: ({}, {"extended_on": None}),
        Kind.EXAM: ({}, {"exam_results": None}),
    }
    return by_kind.get(one.kind, ({}, {}))


def _label(one: Asking) -> str:
    tables: dict[str, dict[str, Any]] = {
        Kind.IDENTITY: {**identity_doubt.REASONS, NOT_SHOWN: refusing.REASONS[NOT_SHOWN]},
        Kind.CLARIFICATION: clarification.REASONS,
        Kind.EXTENSION: extension.REASONS,
        Kind.FEE: fee.REASONS,
        Kind.REFUSAL: refusing.REASONS,
        Kind.EXAM: exam_marks.REASONS,
        Kind.WHERE: {"nothing-found": _("Before we say that nothing was found.")},
    }
    return str(tables.get(one.kind, {}).get(one.reason, ""))


def _state(one: Asking) -> str:
    if one.kind == Kind.REFUSAL:
        return _("Prepared, and not sent.")
    if one.kind == Kind.EXAM and one.given_on:
        return _("The day of the results: %(day)s.") % {"day": in_words(one.given_on)}
    if one.is_late and not one.letter_id:
        return _("Waits for a second person: nothing has been asked yet, and the time is running.")
    if one.given_on is None:
        return _("Its letter has not been given yet, so it does not count.")
    if one.arrived_on:
        return _("An answer arrived on %(day)s.") % {"day": in_words(one.arrived_on)}
    if one.reminder and one.reminder.is_given:
        days = {"day": in_words(one.given_on), "again": in_words(one.reminder.given_on or one.given_on)}
        return _("Given on %(day)s, and asked again on %(again)s.") % days
    return _("Given on %(day)s.") % {"day": in_words(one.given_on)}


def moved(rights_request: RightsRequest, facts: Facts, **change: Any) -> str:
    """What would become of the due date, in a sentence."""
    try:
        after = clock_of(replace(facts, **change), rights_request.case.rule_set)
    except Invalid as error:
        return " ".join(map(str, error.fields.values()))
    return _sentence(rights_request.due_on, after)


def _sentence(before: date | None, after: Clock) -> str:
    if before == after.due:
        return _("The due date does not move.") if before else _("There is no due date, and there would still be none.")
    if before is None and after.due:
        return _("The answer would be due by %(new)s.") % {"new": in_words(after.due)}
    old = in_words(before) if before else ""
    if after.due is None:
        return _("Now due by %(old)s. There would be no due date until it is answered.") % {"old": old}
    return _("Due would move from %(old)s to %(new)s.") % {"old": old, "new": in_words(after.due)}
