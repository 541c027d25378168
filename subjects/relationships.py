"""Why we may deal with a person for a purpose, and the dates from which forgetting is counted."""

import re
import uuid
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Min, QuerySet
from django.utils.translation import gettext_lazy as _

from core.errors import Invalid, NotFound
from core.models import Controller, Owner
from core.vault import ensure_key, key_of
from ledger.entries import record
from processing.models import Purpose, PurposeVersion, Status
from subjects import leaving, organisations
from subjects.models import DataSubject, ItemPurpose, PersonalDataItem, Relationship
from subjects.people import hold

FIELD = "ground_note"
Role = Relationship.Role
Source = PersonalDataItem.Source

# Grounds that need more than their code with spaces.
_GROUNDS = {
    "contract": _("A contract"),
    "application": _("Your application"),
    "enquiry": _("Your enquiry"),
    "consent": _("Your consent"),
    "hired": _("Your employment"),
    "mutual-interest": _("A mutual interest"),
    "soft-opt-in": _("A sale to you, or talk of one"),
}
APPLICATION, APPLIED = "application", "applied_on"
# What counts as an interaction: the person turned to us. Our own mails and their opening, a click in a newsletter, an
# unsubscribe and a rights request are absent, so none of them can prolong how long data is kept.
INTERACTIONS = frozenset(
    {"in_person", "correspondence", "email", "phone", "sms", "post", "chat", "website", "product", "social_media"}
    | {"event", "meeting", "contract", "order", "payment", APPLICATION}
)
# Data from these came from the person, who thereby interacted.
FROM_PERSON = frozenset({Source.IN_PERSON, Source.CORRESPONDENCE, Source.PHONE, Source.WEBSITE, Source.PRODUCT})
_CODE = re.compile(r"[A-Za-z0-9_.:-]{0,40}")
# What `establish` replaces, with the ends that it takes back.
GROUND = ("role", "ground", "source", "ground_recorded_by", "ground_recorded_at", "contract_ended_on", "ended_on")
# Dates that are set once something has ended.
ENDS = frozenset({"contract_ended_on", "application_closed_on", "consent_ended_on", "ended_on"})


def about_employees() -> QuerySet[PurposeVersion]:
    """The live purposes of the register that are about employees."""
    return PurposeVersion.objects.filter(status=Status.LIVE, subject_categories__contains=[Role.EMPLOYEE.value])


def ground_in_words(code: str) -> str:
    """What the person reads. A code that an installation made up is its own words, with spaces."""
    return str(_GROUNDS.get(code) or re.sub("[-_]", " ", code).capitalize())


@transaction.atomic
def establish(
    subject: DataSubject,
    purpose: Purpose,
    *,
    role: str,
    ground: str = "",
    note: str = "",
    source: str = "",
    started_on: date | None = None,
    applies: bool = True,
    now: datetime,
    actor: str,
) -> Relationship:
    """Record the ground: which mutual interest, contract or legal duty, by whom, when, from which source.

    The role and ground of a relationship that exists are replaced; its start and its other dates stay. `applies`: where
    the role is an applicant's, somebody applies by it, on the day that it started or today.
    """
    if role not in Role.values:
        raise Invalid(fields={"role": _("This role is unknown.")})
    if role == Role.EMPLOYEE and not about_employees().filter(purpose=purpose).exists():
        sentence = _("The register does not say that the purpose %(purpose)s is about employees of ours.")
        raise Invalid(fields={"role": sentence % {"purpose": purpose.slug}})
    if not _CODE.fullmatch(ground) or not _CODE.fullmatch(source):
        raise Invalid(fields={"ground": _("Ground and source are short codes; words belong into the note.")})
    if not hold(subject):
        raise NotFound
    relationship, _is_new = Relationship.objects.get_or_create(
        subject=subject, purpose=purpose, defaults=_new(subject, purpose, role=role, on=started_on or _local(now))
    )
    if relationship.role != role:
        leaving.stay_held_as(subject, purpose, relationship.role, now=now, actor=actor)
    relationship.role = role
    relationship.ground, relationship.source = ground, source
    relationship.ground_recorded_by, relationship.ground_recorded_at = actor, now
    relationship.ended_on = None
    if note:
        relationship.ground_note = ensure_key(Owner.RELATIONSHIP, relationship.uuid).seal(FIELD, note.encode())
    relationship.save()
    if applies and role == Role.APPLICANT:
        on = min(started_on or _local(now), _local(now))
        _apply_again(relationship, purpose, on, now=now, actor=actor)
    _note("relationship.established", relationship, purpose, now=now, actor=actor, role=role, ground=ground)
    return relationship


def begin(
    subject: DataSubject, version: PurposeVersion, *, role: str = "", source: str, on: date, now: datetime, actor: str
) -> Relationship:
    """Keep the relationship for which data arrived, or begin it.

    Data from the person is an interaction of theirs, and a new application where the last one is closed.
    """
    relationship, is_new = Relationship.objects.get_or_create(
        subject=subject,
        purpose=version.purpose,
        defaults=_new(subject, version.purpose, role=_role(subject, version, role), on=on) | {"source": source},
    )
    if is_new:
        _note("relationship.established", relationship, version.purpose, now=now, actor=actor, role=relationship.role)
    if source in FROM_PERSON:
        _advance(relationship, on)
        _apply_again(relationship, version.purpose, on, now=now, actor=actor)
    return relationship


@transaction.atomic
def touch(
    subject: DataSubject, purpose: Purpose, *, at: datetime, channel: str, role: str = "", now: datetime, actor: str
) -> Relationship:
    """Note that the person turned to us for this purpose. An older interaction than the last changes nothing."""
    if channel not in INTERACTIONS:
        raise Invalid(fields={"channel": _("This is not an interaction of the person with us.")})
    if at > now:
        raise Invalid(fields={"at": _("This lies in the future.")})
    if not hold(subject):
        raise NotFound
    relationship, _is_new = Relationship.objects.get_or_create(
        subject=subject, purpose=purpose, defaults=_new(subject, purpose, role=role or Role.PROSPECT, on=_local(at))
    )
    _advance(relationship, _local(at))
    if channel == APPLICATION:
        _apply_again(relationship, purpose, _local(at), now=now, actor=actor)
    _note("relationship.touched", relationship, purpose, now=now, actor=actor, channel=channel)
    return relationship


@transaction.atomic
def end(subject: DataSubject, purpose: Purpose, *, what: str, on: date, now: datetime, actor: str) -> Relationship:
    """Set one of the dates that retention counts from: `what` is one of ENDS."""
    if what not in ENDS:
        raise Invalid(fields={"what": _("This is not a date that something ends on.")})
    relationship = Relationship.objects.select_for_update().filter(subject=subject, purpose=purpose).first()
    if relationship is None:
        raise NotFound
    setattr(relationship, what, on)
    relationship.save(update_fields=[what])
    _note("relationship.ended", relationship, purpose, now=now, actor=actor, what=what)
    return relationship


@transaction.atomic
def resume(subject: DataSubject, purpose: Purpose, *, what: str, now: datetime, actor: str) -> Relationship:
    """Take one of the dates of ENDS back: it had not ended, or runs again."""
    if what not in ENDS:
        raise Invalid(fields={"what": _("This is not a date that something ends on.")})
    relationship = Relationship.objects.select_for_update().filter(subject=subject, purpose=purpose).first()
    if relationship is None:
        raise NotFound
    setattr(relationship, what, None)
    relationship.save(update_fields=[what])
    _note("relationship.resumed", relationship, purpose, now=now, actor=actor, what=what)
    return relationship


@transaction.atomic
def give_back(
    subject: DataSubject, purpose: Purpose, before: Mapping[str, Any], *, now: datetime, actor: str
) -> Relationship:
    """Have the ground and the ends of before stand again: `before` is GROUND as JSON keeps it."""
    relationship = Relationship.objects.select_for_update().get(subject=subject, purpose=purpose)
    if relationship.role != before["role"]:
        leaving.stay_held_as(subject, purpose, relationship.role, now=now, actor=actor)
    for name in GROUND:
        setattr(relationship, name, before[name])
    relationship.save(update_fields=GROUND)
    role, ground = relationship.role, relationship.ground
    _note("relationship.established", relationship, purpose, now=now, actor=actor, role=role, ground=ground)
    for what in ("contract_ended_on", "ended_on"):
        if before[what]:
            _note("relationship.ended", relationship, purpose, now=now, actor=actor, what=what)
    return relationship


def known_since(relationship: Relationship) -> date:
    """The earliest day that we know of it: what was recorded later may have been collected before."""
    needs = ItemPurpose.objects.filter(subject=relationship.subject_id, purpose=relationship.purpose_id)
    first = needs.aggregate(first=Min("collected_on"))["first"]
    return min(relationship.started_on, first or relationship.started_on)


def note_of(relationship: Relationship) -> str:
    """The readable note of the ground, empty if there is none."""
    if relationship.ground_note is None:
        return ""
    return key_of(Owner.RELATIONSHIP, relationship.uuid).open(FIELD, bytes(relationship.ground_note)).decode()


def _new(subject: DataSubject, purpose: Purpose, *, role: str, on: date) -> dict[str, Any]:
    """What a relationship begins with. Whoever joins a company whose contract has ended has that end from the start."""
    if role == Role.EMPLOYEE:
        return {"role": role, "started_on": on}
    # Asked for when one is made only.
    return {"role": role, "started_on": on, "contract_ended_on": lambda: organisations.end_of(subject, purpose)}


def _advance(relationship: Relationship, on: date) -> None:
    if relationship.last_interaction_on is None or on > relationship.last_interaction_on:
        relationship.last_interaction_on = on
        relationship.save(update_fields=["last_interaction_on"])


def _apply_again(relationship: Relationship, purpose: Purpose, on: date, *, now: datetime, actor: str) -> None:
    """Open a closed application again for one of a later day: until that is closed too, nothing of either goes.

    Its outcome is in the ledger. What an employment took over stays there.
    """
    closed, outcome = relationship.application_closed_on, relationship.application_outcome
    if closed is None or on <= closed:
        return
    relationship.application_closed_on, relationship.application_outcome = None, ""
    # Whoever closes it says so of this one: the day of the one before, sent once more, would end it at once.
    relationship.application_undo = {APPLIED: on.isoformat()}
    relationship.save(update_fields=["application_closed_on", "application_outcome", "application_undo"])
    what = {"what": "application_closed_on", "outcome": outcome}
    _note("relationship.resumed", relationship, purpose, now=now, actor=actor, **what)


def _role(subject: DataSubject, version: PurposeVersion, given: str) -> str:
    """The role that is given, or the one that the register names first for this purpose.

    Our employee is only who is said to be, for a purpose about employees, or whose data come for one and who speaks
    for no organisation: else they are that one's employee, whose contract ends with it.
    """
    names = [name.replace("-", "_") for name in version.subject_categories]
    if given and (given != Role.EMPLOYEE or given in names):
        return given
    barred = Role.EMPLOYEE if subject.organisation_id else ""
    return next((role for role in names if role in Role.values and role != barred), Role.PROSPECT.value)


def _local(at: datetime) -> date:
    return at.astimezone(Controller.current().zone).date()


def _note(
    kind: str, relationship: Relationship, purpose: Purpose, *, now: datetime, actor: str, **data: str
) -> uuid.UUID:
    return record(
        kind=kind,
        at=now,
        actor=actor,
        subject=relationship.subject.uuid,
        object=relationship.uuid,
        purpose=purpose.slug,
        data=data,
        test=relationship.subject.is_test,
    )
