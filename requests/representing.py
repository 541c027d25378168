"""Somebody asks for the person of a case. The law lets them; it is theirs to show that they may.

Nothing goes out on their word alone. For a child the question comes first whether the child understands the right: in
England and Wales that is looked at each time, in Scotland it is presumed from twelve (DPA 2018 s.208). What was looked
at is described, never kept.
"""

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid, Text
from core.models import Owner
from core.vault import Unreadable, ensure_key, key_of
from ledger.entries import record
from requests.models import CaseFile, Representation

Authority, Capacity, Competence = Representation.Authority, Representation.Capacity, Representation.Competence
FIELD = "authority"
NOTE_LENGTH = 2000


class NoAuthority(DomainError):
    code = "authority-missing"
    message = _("Somebody asks for this person. Record first what shows that they may.")


class AskTheChild(DomainError):
    code = "child-decides"
    message = _("The child understands this right, so it is the child's: have the child sign or say that they may.")


class NotLookedInto(DomainError):
    code = "child-not-looked-into"
    message = _("Say first whether the child understands this right.")


def problems(*, capacity: str, is_child: bool, requester: Mapping[str, str]) -> dict[str, Text]:
    """What is missing in what was said about somebody who asks for another, by field."""
    errors: dict[str, Text] = {}
    named = bool(requester.get("representative", "").strip())
    if is_child and not capacity:
        errors["capacity"] = _("Say who asks for the child.")
    elif (capacity and capacity not in Capacity.values) or (named and not capacity):
        errors["capacity"] = _("Say in which capacity they act.")
    if capacity and not named:
        errors["representative"] = _("Say who asks for the person, and how to reach them.")
    return errors


@transaction.atomic
def begin(case: CaseFile, *, capacity: str, is_child: bool, actor: str, now: datetime) -> Representation:
    """Note that somebody asks for the person of this case. Who that is stands in the sealed claim."""
    if capacity not in Capacity.values:
        raise Invalid(fields={"capacity": _("Say in which capacity they act.")})
    competence = Competence.UNKNOWN if is_child else Competence.ADULT
    found, _new = Representation.objects.update_or_create(
        case=case, defaults={"capacity": capacity, "competence": competence}
    )
    data = {"capacity": capacity, "competence": competence.value}
    record(kind="case.represented", at=now, actor=actor, object=case.uuid, data=data)
    return found


@transaction.atomic
def show(case: CaseFile, *, authority: str, competence: str, note: str, actor: str, now: datetime) -> Representation:
    """Record what shows that they may act, and for a child what we think of its understanding."""
    found = Representation.objects.select_for_update().filter(case=case).first()
    errors: dict[str, Text] = {}
    if found is None or authority not in Authority.values:
        errors["authority"] = _("Say what shows that they may act.")
    if competence not in Competence.values:
        errors["competence"] = _("Say whether the person is a child, and understands the right.")
    if not note.strip() or len(note.strip()) > NOTE_LENGTH or "\x00" in note:
        errors["note"] = _("Describe what you looked at, in up to 2,000 characters.")
    if found is None or errors:
        raise Invalid(fields=errors)
    found.authority, found.competence, found.shown_at, found.shown_by = authority, competence, now, actor
    found.note = ensure_key(Owner.CASE, case.uuid).seal(FIELD, note.strip().encode())
    found.save()
    data = {"authority": authority, "competence": competence}
    record(kind="case.authority-shown", at=now, actor=actor, object=case.uuid, data=data)
    return found


def check(case: CaseFile) -> None:
    """Raises while nothing shows that somebody may act for the person.

    A confirmed mailbox shows nothing of that: whose it is was said by whoever asks. Where the person answered from it
    themselves, staff record that they told us so.
    """
    found = of(case)
    if found is None:
        return
    if found.competence == Competence.UNKNOWN:
        raise NotLookedInto
    if found.competence == Competence.UNDERSTANDS and found.authority == Authority.PARENTAL:
        raise AskTheChild
    if not found.authority:
        raise NoAuthority


def of(case: CaseFile) -> Representation | None:
    """Who asks for the person of this case, if somebody does."""
    return Representation.objects.filter(case=case).first()


def is_missing(case: CaseFile) -> bool:
    """Whether nothing shows yet that somebody may act for the person."""
    try:
        check(case)
    except DomainError:
        return True
    return False


def note_of(found: Representation) -> str:
    """What was looked at; empty when nothing was, or when it is forgotten."""
    if found.note is None:
        return ""
    try:
        return key_of(Owner.CASE, found.case.uuid).open(FIELD, bytes(found.note)).decode()
    except Unreadable:
        return ""
