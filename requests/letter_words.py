"""Words of staff for a letter that is not written yet: kept sealed, so that no work is lost, until it goes.

One draft of a kind about one request. Writing the letter takes it up and ends it.
"""

import json
from collections.abc import Mapping
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid
from core.models import Owner
from core.vault import ensure_key, key_of
from ledger.entries import record
from requests.models import CaseFile, Complaint, LetterDraft, RightsRequest

# Put before and after what the template of any letter says.
OWN = ("opening", "closing")
LENGTH = 10_000


class Forgotten(DomainError):
    code = "case-forgotten"
    message = _("This case has been forgotten. Nothing can be written to the person any more.")


def find(rights_request: RightsRequest, kind: str) -> LetterDraft | None:
    return rights_request.letter_drafts.filter(kind=kind).first()


def read(rights_request: RightsRequest, kind: str) -> dict[str, str]:
    """The words by field; nothing when there is no draft."""
    draft = find(rights_request, kind)
    if draft is None:
        return {}
    key = key_of(Owner.CASE, rights_request.case.uuid)
    words: dict[str, str] = json.loads(key.open(_field(draft), bytes(draft.sealed)))
    return words


def own(about: RightsRequest | Complaint | None, kind: str) -> dict[str, str]:
    """What staff add to a letter of this kind, whoever writes it."""
    words = read(about, kind) if isinstance(about, RightsRequest) else {}
    return {name: words[name] for name in OWN if words.get(name)}


@transaction.atomic
def save(
    rights_request: RightsRequest, kind: str, words: Mapping[str, str], *, actor: str, now: datetime
) -> LetterDraft:
    """Keep these words. Whoever writes any has prepared the letter (requests/two_people.py)."""
    if CaseFile.objects.select_for_update(of=("self",)).get(pk=rights_request.case_id).claim is None:
        raise Forgotten
    kept = {name: text.strip() for name, text in words.items()}
    wrong = [name for name, text in kept.items() if len(text) > LENGTH or "\x00" in text]
    if wrong:
        raise Invalid(fields=dict.fromkeys(wrong, _("This is too long or not text.")))
    draft = find(rights_request, kind) or LetterDraft(case=rights_request.case, request=rights_request, kind=kind)
    is_first_of_theirs = draft.updated_by != actor
    draft.sealed = ensure_key(Owner.CASE, rights_request.case.uuid).seal(_field(draft), json.dumps(kept).encode())
    draft.updated_by, draft.updated_at = actor, now
    draft.save()
    if is_first_of_theirs:
        data = {"kind": kind, "draft": draft.uuid}
        record(kind="letter.drafted", at=now, actor=actor, object=rights_request.uuid, data=data)
    return draft


@transaction.atomic
def discard(rights_request: RightsRequest, kind: str, *, actor: str, now: datetime) -> None:
    """Throw the words away, on purpose. Twice is once."""
    draft = find(rights_request, kind)
    if draft is None:
        return
    draft.delete()
    data = {"kind": kind, "draft": draft.uuid}
    record(kind="letter.discarded", at=now, actor=actor, object=rights_request.uuid, data=data)


def take_up(about: RightsRequest | Complaint | None, kind: str) -> None:
    """The letter is written: its draft has done its work."""
    if isinstance(about, RightsRequest):
        about.letter_drafts.filter(kind=kind).delete()


def _field(draft: LetterDraft) -> str:
    return f"draft:{draft.uuid}"
