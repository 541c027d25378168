"""Employments: ended on a day, from which forgetting counts and erasure is decided; taken back when that was wrong.

The contract of an employee is their own, so no organisation ends it: somebody has to say so.
"""

from datetime import date, datetime

from django.db import transaction
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid, NotFound
from core.models import Controller
from subjects import relationships
from subjects.deletes import lock_people
from subjects.models import Relationship

WHAT = "contract_ended_on"


def is_employment(tie: Relationship) -> bool:
    return tie.role == Relationship.Role.EMPLOYEE


@transaction.atomic
def end(tie: Relationship, *, on: date, now: datetime, actor: str) -> Relationship:
    """They left: from `on` the period of what we keep of the employment counts."""
    tie = _held(tie)
    if tie.contract_ended_on:
        raise DomainError(_("This employment has ended already. Undo that first."), code="already-ended")
    # What was handed over from an application was collected before the employment began.
    first = tie.started_on if tie.ground == "hired" else relationships.known_since(tie)
    if on > now.astimezone(Controller.current().zone).date():
        raise Invalid(fields={"on": _("This lies in the future.")})
    if on < first:
        sentence = _("It began on %(day)s, as we know it, so it did not end before.")
        raise Invalid(fields={"on": sentence % {"day": format_date(first, "j F Y")}})
    return relationships.end(tie.subject, tie.purpose, what=WHAT, on=on, now=now, actor=actor)


@transaction.atomic
def resume(tie: Relationship, *, now: datetime, actor: str) -> Relationship:
    """Take that back: they did not leave, or came back."""
    tie = _held(tie)
    if tie.contract_ended_on is None:
        raise DomainError(_("This employment has not ended."), code="not-ended")
    return relationships.resume(tie.subject, tie.purpose, what=WHAT, now=now, actor=actor)


def _held(tie: Relationship) -> Relationship:
    """As it is now, with its person locked until the transaction ends."""
    lock_people([], [tie.subject_id])
    ties = Relationship.objects.select_for_update(of=["self"]).select_related("subject", "purpose")
    found = ties.filter(pk=tie.pk).first()
    if found is None or not is_employment(found):
        raise NotFound
    return found
