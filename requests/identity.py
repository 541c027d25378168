"""Who asks, shown to staff by other means than the mailed link: somebody without e-mail, or an address in doubt.

UK GDPR Art 12(6) asks for no more than removes the doubt, so what was looked at is described, without the numbers of
documents. What was sent for it is kept only until it is decided (requests/identity_evidence.py).
"""

from datetime import datetime
from uuid import UUID

from django.db import models, transaction
from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, Invalid, NotFound
from core.models import Owner
from core.vault import ensure_key
from ledger.entries import record
from requests import freeze, locks, posting, untold
from requests.identity_evidence import masked
from requests.models import CaseFile
from requests.stopping import hold_still
from subjects.identifiers import Claim
from subjects.models import DataSubject, Identifier
from subjects.people import find

NOTE_LENGTH = 2000
FIELD = "identity"


class Shown(models.TextChoices):
    CALLED_BACK = "called-back", _("We called back on a number that we held already")
    LETTER = "letter", _("A code that we sent by post to the address we held came back")
    QUESTIONS = "questions", _("They knew what only they and we can know")
    DOCUMENT = "document", _("We looked at a document, and kept no copy")
    IN_PERSON = "in-person", _("Somebody here knows them, and met them")


PERSON = "person"
KINDS = [
    (PERSON, _("Id of the person")),
    *((kind.value, kind.label) for kind in (Identifier.Type.EMAIL, Identifier.Type.PHONE)),
    (Identifier.Type.CUSTOMER_NUMBER.value, Identifier.Type.CUSTOMER_NUMBER.label),
]


class NotFoundExactly(NotFound):
    code = "nobody-found"
    message = _("This names nobody, or more than one person.")


class NotIdentified(DomainError):
    code = "not-identified"
    message = _("Record first how the person showed who they are.")


class Tied(DomainError):
    code = "case-tied"
    message = _("The case belongs to somebody already.")


@transaction.atomic
def accept(
    case: CaseFile, *, how: str, note: str, is_their_mailbox: bool = False, now: datetime, actor: str
) -> CaseFile:
    """Record how the person showed who they are. Their answer goes by post, unless the mailbox is theirs alone.

    A mailbox that was never confirmed is not used any more, and its link dies: whoever reads it there may be
    somebody else.
    """
    check_shown(how, note)
    locked = CaseFile.objects.select_for_update(of=("self",)).get(pk=case.pk)
    if locked.claim is None or locked.closed_at:
        raise NotFound
    if locked.subject_id:
        raise Tied
    locked.by_post = not (is_their_mailbox and locked.confirmed_at)
    if locked.confirmed_at is None:
        locked.claim_blind = locked.confirm_hash = locked.confirm_expires_at = None
        posting.forget_unsent(locked, actor=actor, now=now)
    locked.identified_at, locked.identified_how = now, how
    locked.identity_note = ensure_key(Owner.CASE, locked.uuid).seal(FIELD, masked(note.strip()).encode())
    locked.save()
    data = {"how": how, "by_post": locked.by_post}
    record(kind="case.identified", at=now, actor=actor, object=locked.uuid, data=data)
    return locked


def check_shown(how: str, note: str) -> None:
    """Raises Invalid unless it says how they showed it, and what was looked at."""
    if how not in Shown.values:
        raise Invalid(fields={"how": _("Say how they showed it.")})
    if not note.strip() or len(note.strip()) > NOTE_LENGTH or "\x00" in note:
        raise Invalid(fields={"note": _("Describe what you looked at, in up to 2,000 characters.")})


@transaction.atomic
def tie(case: CaseFile, subject: DataSubject, *, now: datetime, actor: str) -> CaseFile:
    """Say whose case it is, once that was shown; from then on nothing of theirs is deleted under a request for it."""
    locked = locks.take(case.pk)
    if locked.identified_at is None:
        raise NotIdentified
    if locked.subject_id and locked.subject_id != subject.pk:
        raise Tied
    if subject.is_test or locked.is_test:
        raise NotFound
    # First: it waits for an erasure of the person, and refuses when that has left nobody.
    freeze.until_given(locked.requests.open(), subject, now=now, actor=actor)
    locked.subject = subject
    locked.save(update_fields=["subject"])
    hold_still(locked, now=now, actor=actor)
    untold.carry_over(locked, now=now)
    record(kind="case.tied", at=now, actor=actor, subject=subject.uuid, object=locked.uuid)
    return locked


def person_of(kind: str, value: str) -> DataSubject:
    """The one person of this id or exact identifier. Raises NotFoundExactly, or Invalid for what is none."""
    if kind not in dict(KINDS):
        raise Invalid(fields={"kind": _("Say what this is.")})
    if kind == PERSON:
        try:
            found = DataSubject.objects.filter(uuid=UUID(value.strip()), is_test=False).first()
        except ValueError:
            found = None
    else:
        found = find([Claim(kind, value)])
    if found is None:
        raise NotFoundExactly
    return found
