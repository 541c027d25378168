"""Words of staff for a letter that is not written yet: kept sealed, so that no work is lost, until it goes.

One draft of a kind about one request or complaint. Writing the letter takes it up and ends it.
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

About = RightsRequest | Complaint
# Put before and after what the template of any letter says.
OWN = ("opening", "closing")
LENGTH = 10_000


class Forgotten(DomainError):
    code = "case-forgotten"
    message = _("This case has been forgotten. Nothing can be written to the person any more.")


def find(about: About, kind: str) -> LetterDraft | None:
    return about.letter_drafts.filter(kind=kind).first()


def read(about: About, kind: str) -> dict[str, str]:
    """The words by field; nothing when there is no draft."""
    draft = find(about, kind)
    if draft is None:
        return {}
    key = key_of(Owner.CASE, about.case.uuid)
    words: dict[str, str] = json.loads(key.open(_field(draft), bytes(draft.sealed)))
    return words


def own(about: About | None, kind: str) -> dict[str, str]:
    """What staff add to a letter of this kind, whoever writes it."""
    words = read(about, kind) if about else {}
    return {name: words[name] for name in OWN if words.get(name)}


@transaction.atomic
def save(about: About, kind: str, words: Mapping[str, str], *, actor: str, now: datetime) -> LetterDraft:
    """Keep these words. Whoever writes any has prepared the letter (requests/two_people.py)."""
    if CaseFile.objects.select_for_update(of=("self",)).get(pk=about.case_id).claim is None:
        raise Forgotten
    kept = {name: text.strip() for name, text in words.items()}
    wrong = [name for name, text in kept.items() if len(text) > LENGTH or "\x00" in text]
    if wrong:
        raise Invalid(fields=dict.fromkeys(wrong, _("This is too long or not text.")))
    whose = {"complaint": about} if isinstance(about, Complaint) else {"request": about}
    draft = find(about, kind) or LetterDraft(case=about.case, kind=kind, **whose)
    is_first_of_theirs = draft.updated_by != actor
    draft.sealed = ensure_key(Owner.CASE, about.case.uuid).seal(_field(draft), json.dumps(kept).encode())
    draft.updated_by, draft.updated_at = actor, now
    draft.save()
    if is_first_of_theirs:
        data = {"kind": kind, "draft": draft.uuid}
        record(kind="letter.drafted", at=now, actor=actor, object=about.uuid, data=data)
    return draft


@transaction.atomic
def discard(about: About, kind: str, *, actor: str, now: datetime) -> None:
    """Throw the words away, on purpose. Twice is once."""
    draft = find(about, kind)
    if draft is None:
        return
    draft.delete()
    data = {"kind": kind, "draft": draft.uuid}
    record(kind="letter.discarded", at=now, actor=actor, object=about.uuid, data=data)


def take_up(about: About | None, kind: str) -> None:
    """The letter is written: its draft has done its work."""
    if about:
        about.letter_drafts.filter(kind=kind).delete()


def _field(draft: LetterDraft) -> str:
    return f"draft:{draft.uuid}"
