"""What a person says is wrong, proposed field by field and decided with a reason (UK GDPR Art 16).

Staff read what the person wrote and propose what would change. Nothing changes until the answer goes out, and nothing
but the new value is kept: the old one is read from where it stands.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import vault
from core.errors import DomainError, Invalid, NotFound
from core.models import Owner
from ledger.entries import record
from processing.models import DataCategory
from requests.decisions import NotOpen
from requests.models import Correction, Right, RightsRequest
from requests.reasons import GRANT, Reason, for_right, reason
from requests.sending import confirmed, lock
from requests.workflow import State
from subjects import corrections, items
from subjects.identifiers import Claim, reveal
from subjects.models import DataSubject, Identifier, PersonalDataItem

LENGTH = 5000
# So many items are shown at once, data in use first.
SHOWN = 200
OTHER = "other"
Target, Outcome = Correction.Target, Correction.Outcome
# What may be said about data in use, and about a document that stays.
_OF_DATA = {"inaccurate", "incomplete"}
_OF_DOCUMENTS = {"document-stays"}
_NEVER = {"right-applies", "right-not-for-this-basis"}


class Applied(DomainError):
    code = "already-corrected"
    message = gettext_lazy("This has been corrected. Propose it anew if it is still wrong.")


@dataclass(frozen=True)
class Part:
    """Something that can be corrected, opened for staff."""

    kind: str
    uuid: UUID
    part: str
    title: str
    details: str
    old: str
    stays: bool


@dataclass(frozen=True)
class Line:
    """One correction on the page. Its words are empty until they are shown."""

    row: Correction
    title: str
    new: str = ""
    note: str = ""

    @property
    def chosen(self) -> Reason | None:
        return reason(self.row.reason) if self.row.reason else None

    @property
    def reasons(self) -> list[Reason]:
        return reasons_for(self.row)


def reasons_for(row: Correction) -> list[Reason]:
    """What may be decided about it: nothing we do not hold is granted, and documents are never changed."""
    wrong = _OF_DATA if row.target == Target.STATEMENT else _OF_DOCUMENTS
    found = [one for one in for_right(Right.RECTIFICATION) if one.code not in wrong | _NEVER]
    return [one for one in found if one.outcome != GRANT] if row.what == OTHER else found


@transaction.atomic
def look(rights_request: RightsRequest, *, actor: str, now: datetime) -> list[Part]:
    """Everything that could be wrong, readable. Looking is an event of the person's."""
    found = _parts(rights_request)
    subject = known_subject(rights_request).uuid
    data = {"items": len(found), "request": rights_request.uuid}
    record(kind="person.viewed", at=now, actor=actor, subject=subject, purpose="rights-requests", data=data)
    return found


def _parts(rights_request: RightsRequest) -> list[Part]:
    subject = known_subject(rights_request)
    rows = list(Identifier.objects.filter(subject_links__subject=subject).order_by("pk"))
    values = reveal(rows)
    found = [
        Part("identifier", row.uuid, "", str(row.get_type_display()), row.system, values.get(row.pk, ""), False)
        for row in rows
    ]
    every = PersonalDataItem.objects.filter(subject=subject).select_related("category", "system").order_by("pk")
    old = every.filter(category__slug__in=corrections.HISTORIC)
    held = [*every.exclude(pk__in=old)[:SHOWN], *old[:SHOWN]][:SHOWN]
    contents = items.contents(held)
    for item in held:
        stays = item.category.slug in corrections.HISTORIC
        for name, text in corrections.parts_of(contents.get(item.pk, "")).items():
            title = f"{item.category.label}: {name}" if name else item.category.label
            found.append(Part("item", item.uuid, name, title, item.system.name, text, stays))
    return found


@transaction.atomic
def propose(
    rights_request: RightsRequest,
    *,
    kind: str,
    about: UUID,
    part: str = "",
    new: str,
    everywhere: bool = False,
    actor: str,
    now: datetime,
) -> list[Correction]:
    """Say what would change: an identifier, a part of an item's content, or a statement beside a document.

    `everywhere`: also where the same stands in other items of the category. What was proposed for the same before is
    replaced. `kind` "other" is something that we do not seem to hold.
    """
    lock(rights_request, Right.RECTIFICATION)
    if not rights_request.is_open:
        raise NotOpen
    subject, new = known_subject(rights_request), new.strip()
    if not new or len(new) > LENGTH or "\x00" in new:
        raise Invalid(fields={"new": _("Say what is right, in up to 5,000 characters.")})
    if kind == "identifier":
        made = [_of_identifier(rights_request, subject, about, new, actor=actor, now=now)]
    elif kind == OTHER:
        made = [_make(rights_request, Target.CONTENT, rights_request.uuid, OTHER, "", new, actor=actor, now=now)]
    else:
        held = _same(subject, about, part) if everywhere else [item_of(subject, about)]
        made = [_of_item(rights_request, item, part, new, actor=actor, now=now) for item in held]
    if rights_request.state == State.RECEIVED:
        rights_request.move(State.IN_PROGRESS, actor=actor, reason="correction", now=now)
    return made


@transaction.atomic
def decide(row: Correction, code: str, note: str = "", *, actor: str, now: datetime) -> Correction:
    """Accept or deny one correction, with the reason for the letter and words of one's own."""
    rights_request = RightsRequest.objects.select_for_update(of=("self",)).select_related("case").get(pk=row.request_id)
    row.refresh_from_db()
    if not rights_request.is_open:
        raise NotOpen
    if row.applied_at:
        raise Applied
    chosen = reason(code)
    if chosen.code not in {one.code for one in reasons_for(row)}:
        raise Invalid(fields={"reason": _("This reason does not go with that decision.")})
    row.outcome = Outcome.ACCEPT if chosen.outcome == GRANT else Outcome.REFUSE
    row.reason, row.decided_by, row.decided_at = chosen.code, actor, now
    row.sealed = _sealed(rights_request, row, {**opened(row), "note": note.strip()[:LENGTH]})
    row.save(update_fields=["outcome", "reason", "decided_by", "decided_at", "sealed"])
    data = {"correction": row.uuid, "outcome": row.outcome, "reason": row.reason}
    record(kind="correction.decided", at=now, actor=actor, object=rights_request.uuid, data=data)
    return row


@transaction.atomic
def drop(row: Correction, *, actor: str, now: datetime) -> None:
    """Take a proposal back that should not have been made."""
    if row.applied_at:
        raise Applied
    record(kind="correction.dropped", at=now, actor=actor, object=row.request.uuid, data={"correction": row.uuid})
    row.delete()


def lines(rights_request: RightsRequest, *, is_shown: bool = False) -> list[Line]:
    """The corrections of the request; readable when the caller has noted who looks."""
    rows = list(rights_request.corrections.order_by("pk"))
    labels = labels_of(rows)
    if not is_shown:
        return [Line(row, labels[row.what]) for row in rows]
    words = {row.pk: opened(row) for row in rows}
    return [Line(row, labels[row.what], words[row.pk]["new"], words[row.pk].get("note", "")) for row in rows]


def opened(row: Correction) -> dict[str, str]:
    """The words of a correction: part, new value, note."""
    key = vault.key_of(Owner.CASE, row.request.case.uuid)
    words: dict[str, str] = json.loads(key.open(_field(row), bytes(row.sealed)))
    return words


def _of_identifier(
    rights_request: RightsRequest, subject: DataSubject, about: UUID, new: str, *, actor: str, now: datetime
) -> Correction:
    row = Identifier.objects.filter(uuid=about, subject_links__subject=subject).first()
    if row is None:
        raise NotFound
    claim = Claim(row.type, new, row.system)
    claim.normalised  # noqa: B018 - raises Invalid when impossible
    return _make(rights_request, Target.IDENTIFIER, about, row.type, "", new, actor=actor, now=now)


def _of_item(
    rights_request: RightsRequest, item: PersonalDataItem, part: str, new: str, *, actor: str, now: datetime
) -> Correction:
    slug = item.category.slug
    target = Target.STATEMENT if slug in corrections.HISTORIC else Target.CONTENT
    if part not in corrections.parts_of(items.contents([item]).get(item.pk, "")):
        raise NotFound
    return _make(rights_request, target, item.uuid, slug, part, new, actor=actor, now=now)


def _make(
    rights_request: RightsRequest,
    target: Correction.Target,
    about: UUID,
    what: str,
    part: str,
    new: str,
    *,
    actor: str,
    now: datetime,
) -> Correction:
    for known in rights_request.corrections.filter(about=about, applied_at=None):
        if opened(known)["part"] == part and what != OTHER:
            known.delete()
    row = Correction(request=rights_request, target=target, about=about, what=what, proposed_by=actor, proposed_at=now)
    row.sealed = _sealed(rights_request, row, {"part": part, "new": new})
    row.save(force_insert=True)
    data = {"correction": row.uuid, "target": target.value}
    record(kind="correction.proposed", at=now, actor=actor, object=rights_request.uuid, data=data)
    return row


def item_of(subject: DataSubject, about: UUID) -> PersonalDataItem:
    found = PersonalDataItem.objects.select_related("category", "subject").filter(uuid=about, subject=subject).first()
    if found is None:
        raise NotFound
    return found


def _same(subject: DataSubject, about: UUID, part: str) -> list[PersonalDataItem]:
    """The item, and the others of its category where the same stands."""
    first = item_of(subject, about)
    every = PersonalDataItem.objects.filter(subject=subject, category=first.category).select_related("category")
    held = list(every.order_by("pk")[:SHOWN])
    contents = items.contents([first, *held])
    value = corrections.parts_of(contents.get(first.pk, "")).get(part)
    others = (item for item in held if item.pk != first.pk)
    return [first, *(one for one in others if corrections.parts_of(contents.get(one.pk, "")).get(part) == value)]


def labels_of(rows: Sequence[Correction]) -> dict[str, str]:
    """What each correction is about, in the person's words."""
    slugs = {row.what for row in rows}
    known = dict(DataCategory.objects.filter(slug__in=slugs).values_list("slug", "label"))
    kinds = {kind.value: str(kind.label) for kind in Identifier.Type}
    found = {slug: kinds.get(slug) or known.get(slug, slug) for slug in slugs}
    of_items = {row.what for row in rows if row.target != Target.IDENTIFIER}
    return {**found, **{slug: known[slug] for slug in of_items if slug in known}, OTHER: _("Something else")}


def known_subject(rights_request: RightsRequest) -> DataSubject:
    confirmed(rights_request)
    if rights_request.case.subject is None:
        raise NotFound
    return rights_request.case.subject


def _sealed(rights_request: RightsRequest, row: Correction, words: dict[str, str]) -> bytes:
    key = vault.ensure_key(Owner.CASE, rights_request.case.uuid)
    return key.seal(_field(row), json.dumps(words).encode())


def _field(row: Correction) -> str:
    return f"correction:{row.uuid}"
