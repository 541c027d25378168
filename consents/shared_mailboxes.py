"""A mailbox that several people have: a program must not choose whose consent its button gives, so staff look.

They make the records one where the people are, or take the address off whose it is not. Then the same button works.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, Exists, F, OuterRef, QuerySet
from django.utils.translation import gettext_lazy

from consents.models import PendingConsent
from core.arrays import OneOf
from core.errors import DomainError
from ledger import entries
from subjects.models import Identifier, SubjectIdentifier


class MailboxShared(DomainError):
    """Nothing has begun, and staff are told."""

    code = "mailbox-shared"
    message = gettext_lazy("Several people are known by this address. Nothing has begun.")

    def __init__(self, *, until: datetime) -> None:
        """`until`: how long the link still works."""
        super().__init__()
        self.until = until


@dataclass(frozen=True)
class Shared:
    """For staff: whose it may be, and until when their button works."""

    people: list[UUID]
    at: datetime
    until: datetime


def tell_staff(pending: PendingConsent, *, until: datetime, now: datetime) -> None:
    """The button was pressed. The link works for longer than others, since it waits for us."""
    if pending.shared_at is not None:
        return
    pending.shared_at, pending.expires_at = now, until
    pending.save(update_fields=["shared_at", "expires_at"])
    entries.record(
        kind="consent.mailbox-shared", at=now, actor=pending.actor, object=pending.uuid, test=pending.is_test
    )


def for_staff(*, now: datetime, limit: int) -> list[Shared]:
    """What waits for somebody to look whose mailbox it is, the longest first. Nothing of it once one person has it."""
    waiting = PendingConsent.objects.filter(shared_at__isnull=False, confirmed_at=None, expires_at__gt=now)
    found = waiting.filter(Exists(_shared(OuterRef("blinds"))), is_test=False).order_by("shared_at", "pk")[:limit]
    return [Shared(_people(row), row.shared_at or now, row.expires_at) for row in found]


def _shared(blinds: OuterRef) -> QuerySet[Identifier]:
    """The mailboxes among these that several people have. For a number beside one nothing waits."""
    emails = Identifier.objects.filter(type=Identifier.Type.EMAIL, subject_links__subject__is_test=False)
    named = emails.filter(OneOf(F("blind"), blinds))
    return named.annotate(people=Count("subject_links")).filter(people__gt=1)


def _people(row: PendingConsent) -> list[UUID]:
    emails = Identifier.objects.filter(type=Identifier.Type.EMAIL, blind__in=row.blinds)
    links = SubjectIdentifier.objects.filter(identifier__in=emails, subject__is_test=False).order_by("pk")
    return list(dict.fromkeys(links.values_list("subject__uuid", flat=True)))
