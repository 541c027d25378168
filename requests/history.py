"""Taking over requests that began elsewhere: with their own number, their true dates, and the answer they were given.

Nobody is written to: whoever asked has heard from us already. An open request is worked on from here, so every system
is asked; about one that was answered, nothing is asked any more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, Text
from core.models import Controller
from requests import deadlines
from requests.facts import Facts
from requests.intake import open_case
from requests.models import CaseFile, RightsRequest
from requests.workflow import CLOSED, State

REASON = "taken-over"


@transaction.atomic
def take_over(
    *,
    rights: Sequence[str],
    requester: Mapping[str, Any],
    details: str,
    channel: str,
    received_on: date,
    external_reference: str = "",
    state: State = State.RECEIVED,
    answered_on: date | None = None,
    extended_on: date | None = None,
    locale: str = "en-GB",
    actor: str,
    now: datetime,
) -> CaseFile:
    """Open a case as it stood elsewhere, its clock counted from the day of receipt. Raises Invalid naming fields."""
    _check(rights, received_on, external_reference, state, answered_on, now=now)
    is_past = state in CLOSED
    case = open_case(
        rights=rights,
        requester=requester,
        details=details,
        channel=channel,
        received_at=_noon(received_on, now),
        received_on=received_on,
        locale=locale,
        actor=actor,
        now=now,
        # What an old "no" stopped is for the suppression list to say; one that is still open stops marketing today.
        stop=[] if is_past else None,
        acknowledged=True,
    )
    for rights_request in case.requests.select_related("case"):
        rights_request.external_reference = external_reference
        rights_request.save(update_fields=["external_reference"])
        if extended_on:
            facts = replace(Facts.from_json(rights_request.facts), extended_on=extended_on)
            deadlines.store(rights_request, facts)
        if is_past:
            rights_request.tasks.all().delete()
        _bring_to(rights_request, state, _noon(answered_on, now) if answered_on else None, actor=actor, now=now)
    case.refresh_from_db()
    return case


def _check(
    rights: Sequence[str],
    received_on: date,
    reference: str,
    state: State,
    answered_on: date | None,
    *,
    now: datetime,
) -> None:
    errors: dict[str, Text] = {}
    if reference and RightsRequest.objects.filter(external_reference=reference, right__in=rights).exists():
        errors["external_reference"] = _("A request about this right has this reference already.")
    if state in CLOSED and answered_on is None:
        errors["answered_on"] = _("A request that was answered needs the date of the answer.")
    if state not in CLOSED and answered_on:
        errors["answered_on"] = _("A request that is still open has no date of an answer.")
    if answered_on and answered_on < received_on:
        errors["answered_on"] = _("It cannot have been answered before it was received.")
    if answered_on and answered_on > now.astimezone(Controller.current().zone).date():
        errors["answered_on"] = _("It cannot have been answered in the future.")
    if errors:
        raise Invalid(fields=errors)


def _bring_to(
    rights_request: RightsRequest, state: State, answered_at: datetime | None, *, actor: str, now: datetime
) -> None:
    """Along the steps that every request takes."""
    steps = [] if state == State.RECEIVED else [state]
    if state not in rights_request.allowed_moves and state != State.RECEIVED:
        steps = [State.IN_PROGRESS, state]
    for step in steps:
        rights_request.move(step, actor=actor, reason=REASON, answered_at=answered_at, now=now)


def _noon(day: date, now: datetime) -> datetime:
    """The middle of that day, or now if that is earlier: the hour is not known."""
    return min(datetime.combine(day, time(12), tzinfo=Controller.current().zone), now)
