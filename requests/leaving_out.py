"""Leaving something out, item by item: a record, and of a copy also words in it, a document, or parts of its pages.

Every step names its exemption, its reason and who approved it (DPA 2018 Sch 2). The reason is sealed in the case.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core import vault
from core.errors import DomainError, Invalid, NotFound, Text
from ledger.entries import record
from requests import rows, sealed, two_people
from requests.decisions import NotOpen
from requests.exemptions import Code, Test, exemption
from requests.models import Exemption, FoundDocument, Right, RightsRequest
from subjects import items
from subjects.models import PersonalDataItem

Scope = Exemption.Scope
BLACK = "█████"
LENGTH = 4000
# A request has one of these in its result once its deletion, restriction or objection has been carried out.
DONE = {"executed_at", "restricted", "upheld"}
CONSENT = {
    "not-asked": gettext_lazy("They were not asked"),
    "no-answer": gettext_lazy("They were asked and did not answer"),
    "refused": gettext_lazy("They refused"),
    "given": gettext_lazy("They agreed"),
}


class Unapproved(DomainError):
    code = "unapproved-exemption"
    message = gettext_lazy("Something is to be left out that nobody else has approved yet.")


class CarriedOut(DomainError):
    code = "carried-out"
    message = gettext_lazy("What was decided has been carried out, so what it left out can no longer change.")


@dataclass(frozen=True)
class Weighed:
    """What Sch 2 ¶16(2) and (3) ask about somebody else: consent, confidence, capacity, and what is reasonable."""

    consent: str = ""
    steps: str = ""
    confidence: str = ""
    capacity: str = ""
    is_reasonable: bool | None = None


@dataclass(frozen=True)
class Why:
    """Why something is left out. `why`: the harm, or what makes it one of its class."""

    code: str
    why: str
    weighed: Weighed = field(default_factory=Weighed)
    is_silent: bool = False


@dataclass(frozen=True)
class LeftOut:
    """What a copy goes without: whole records, and words in records, by the record's id."""

    records: frozenset[str] = frozenset()
    # Those of them that nothing else of the copy may tell of either.
    silent: frozenset[str] = frozenset()
    words: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def applied(self, row: dict[str, Any]) -> dict[str, Any] | None:
        """The row as it may go out; None when it may not."""
        name = row.get("id")
        if name in self.records:
            return None
        if name in self.words:
            return {**row, "content": _blacked(row["content"], _pattern(self.words[str(name)]))}
        return row


@transaction.atomic
def record_out(
    rights_request: RightsRequest, item: UUID, why: Why, *, words: Sequence[str] = (), actor: str, now: datetime
) -> Exemption:
    """Leave out a record, or only `words` in it; of a copy also what goes into it beside the records.

    Raises Invalid naming what is missing.
    """
    locked(rights_request)
    held = _held(rights_request, item)
    if words and rights_request.right != Right.ACCESS:
        raise Invalid(fields={"words": _("Words can go black in a copy only. Here it is the whole record.")})
    content = items.contents([held]).get(held.pk, "") if held else ""
    for word in words:
        if not _pattern([word]).search(_plain(content)):
            raise Invalid(fields={"words": _("The record does not hold these words: %(word)s") % {"word": word}})
    scope = Scope.TEXT if words else Scope.ITEM
    if scope == Scope.ITEM and rights_request.exemptions.filter(item=item, scope=scope).exists():
        raise Invalid(fields={"item": _("This record is left out already.")})
    if rights_request.corrections.filter(about=item, applied_at__isnull=False).exists():
        raise Invalid(fields={"item": _("This record has been corrected already, so it cannot be left as it was.")})
    return make(rights_request, scope, why, item=item, words=words, actor=actor, now=now)


def make(
    rights_request: RightsRequest,
    scope: Exemption.Scope,
    why: Why,
    *,
    item: UUID | None = None,
    document: FoundDocument | None = None,
    words: Sequence[str] = (),
    actor: str,
    now: datetime,
) -> Exemption:
    """Write one exemption down, inside the caller's transaction. It is approved at once where one person is enough."""
    chosen = exemption(why.code, rights_request.right, rights_request.case.rule_set.jurisdiction)
    _check(chosen, why, scope)
    made = Exemption(
        request=rights_request, code=chosen.code, scope=scope, item=item, document=document, is_silent=why.is_silent
    )
    made.made_by, made.made_at = actor, now
    if not settings.TWO_PERSON_RELEASE:
        made.approved_by, made.approved_at = actor, now
    reasons: dict[str, Any] = {"why": why.why.strip(), "words": list(words)}
    if chosen.test == Test.OTHERS:
        reasons["weighed"] = asdict(why.weighed)
    made.sealed = sealed.put(rights_request.case, _field(made), reasons)
    made.save(force_insert=True)
    changed(rights_request, now=now)
    _note("exemption.made", made, actor=actor, now=now)
    return made


def _held(rights_request: RightsRequest, item: UUID) -> PersonalDataItem | None:
    """The record; None for something else that goes into a copy. Raises NotFound when it is not this person's."""
    subject = rights_request.case.subject
    held = PersonalDataItem.objects.filter(uuid=item, subject=subject).first()
    if held is None and not (subject and rights_request.right == Right.ACCESS and rows.has(subject, item)):
        raise NotFound
    return held


@transaction.atomic
def approve(made: Exemption, *, actor: str, exception: str = "", now: datetime) -> None:
    """A second person agrees. A sole officer may agree to their own, saying why."""
    locked(made.request)
    if made.approved_at:
        return
    if made.made_by == actor:
        if not settings.SOLE_OFFICER:
            raise two_people.TwoPeopleNeeded
        if exception not in two_people.REASONS:
            raise Invalid(fields={"exception": _("Say why you approve what you decided yourself.")})
        made.exception = exception
    made.approved_by, made.approved_at = actor, now
    made.save(update_fields=["approved_by", "approved_at", "exception"])
    changed(made.request, now=now)
    _note("exemption.approved", made, actor=actor, now=now, exception=made.exception)


@transaction.atomic
def remove(made: Exemption, *, actor: str, now: datetime) -> None:
    """Leave it in after all."""
    locked(made.request)
    changed(made.request, now=now)
    _note("exemption.removed", made, actor=actor, now=now)
    if made.document:
        # Whoever looked through it saw it with this.
        FoundDocument.objects.filter(pk=made.document.pk).update(checked_by="", checked_at=None)
    made.delete()


def ready(rights_request: RightsRequest) -> None:
    """Raises Unapproved while something waits for a second person."""
    if rights_request.exemptions.filter(approved_at=None).exists():
        raise Unapproved


def left_out(rights_request: RightsRequest) -> LeftOut:
    """What the copy goes without, as it stands."""
    made = rights_request.exemptions.filter(item__isnull=False)
    words: dict[str, list[str]] = {}
    for row in made.filter(scope=Scope.TEXT):
        words.setdefault(str(row.item), []).extend(reasons_of(row)["words"])
    whole = list(made.filter(scope=Scope.ITEM).values_list("item", "is_silent"))
    silent = frozenset(str(item) for item, is_silent in whole if is_silent)
    return LeftOut(frozenset(str(item) for item, _is_silent in whole), silent, words)


def reasons_of(made: Exemption) -> dict[str, Any]:
    """Why, the words and what was weighed, opened. Empty once the case is forgotten."""
    try:
        opened: dict[str, Any] = sealed.get(made.request.case, _field(made), made.sealed)
    except vault.Unreadable:
        return {"why": "", "words": []}
    return opened


def locked(rights_request: RightsRequest) -> None:
    """Take the row; raises NotOpen once it has been answered, and CarriedOut once the answer could not change."""
    fresh = RightsRequest.objects.select_for_update().get(pk=rights_request.pk)
    if not fresh.is_open:
        raise NotOpen
    if DONE & fresh.result.keys():
        raise CarriedOut


def changed(rights_request: RightsRequest, *, now: datetime) -> None:
    """A copy made before is not what would go out now."""
    fresh = RightsRequest.objects.get(pk=rights_request.pk)
    rights_request.result = {**fresh.result, "changed_at": now.isoformat()}
    rights_request.save(update_fields=["result"])


def _check(chosen: Code, why: Why, scope: Exemption.Scope) -> None:
    errors: dict[str, Text] = {}
    if not why.why.strip() or len(why.why) > LENGTH:
        errors["why"] = _("Say why it applies to this very thing: the harm that is likely, or what it is.")
    if why.is_silent and (not chosen.may_be_silent or scope not in (Scope.ITEM, Scope.DOCUMENT)):
        errors["silent"] = _("Only a whole record or document can be left out without a word, and not on this ground.")
    if chosen.test == Test.OTHERS:
        errors |= _unweighed(why.weighed)
    if errors:
        raise Invalid(fields=errors)


def _unweighed(weighed: Weighed) -> dict[str, Text]:
    """What is missing, or speaks against leaving it out."""
    errors: dict[str, Text] = {}
    if weighed.consent not in CONSENT:
        errors["consent"] = _("Say whether the other person agreed.")
    elif weighed.consent == "given":
        errors["consent"] = _("They agreed, so this ground does not allow to leave it out.")
    elif weighed.consent == "not-asked" and not weighed.steps.strip():
        errors["steps"] = _("Say why they were not asked.")
    if weighed.is_reasonable is None:
        errors["reasonable"] = _("Say whether it would be reasonable to share it without their agreement.")
    elif weighed.is_reasonable:
        errors["reasonable"] = _("Then it has to be shared: this ground does not allow to leave it out.")
    return errors


def _blacked(value: Any, pattern: re.Pattern[str]) -> Any:
    if isinstance(value, str):
        return pattern.sub(BLACK, value)
    if isinstance(value, list):
        return [_blacked(part, pattern) for part in value]
    if isinstance(value, dict):
        return {name: _blacked(part, pattern) for name, part in value.items()}
    # A number can hold what was marked as well.
    return BLACK if value is not None and pattern.search(str(value)) else value


def _pattern(words: Sequence[str]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile("|".join(re.escape(word) for word in longest_first), re.IGNORECASE)


def _plain(content: str) -> str:
    """The content as a person reads it: JSON has escapes that nobody would type."""
    try:
        return json.dumps(json.loads(content), ensure_ascii=False).replace('\\"', '"')
    except ValueError:
        return content


def _note(kind: str, made: Exemption, *, actor: str, now: datetime, **data: str) -> None:
    record(
        kind=kind,
        at=now,
        actor=actor,
        object=made.request.uuid,
        data={"exemption": made.uuid, "code": made.code, "scope": made.scope, "silent": made.is_silent, **data},
        test=made.request.case.is_test,
    )


def _field(made: Exemption) -> str:
    return f"exemption:{made.uuid}"
