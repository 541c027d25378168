"""Which case a message is about: by the Message-ID of what we sent, or by a reference in its subject or words."""

import re
from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from core.errors import Invalid
from core.mail import host
from core.models import Outbox
from inbox.reading import Message
from requests import references
from requests.models import CaseFile, Complaint, Letter, RightsRequest
from subjects.identifiers import Claim

UUID_AT = r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})@"
REFERENCE = re.compile(r"\bKP[- ]?[0-9A-Z]{4}[- ]?[0-9A-Z]{4}\b", re.I)
MOST = 20


def ours_in(texts: Iterable[str]) -> list[UUID]:
    """The outgoing messages whose Message-ID stands in these texts."""
    ours = re.compile(UUID_AT + re.escape(host()), re.I)
    return list(dict.fromkeys(UUID(found) for text in texts for found in ours.findall(text)))[:MOST]


def case_of(message: Message) -> CaseFile | None:
    """The case whose content is still kept; a forgotten one takes nothing in."""
    kept = CaseFile.objects.filter(claim__isnull=False)
    for outgoing in ours_in(message.references):
        if found := case_of_outgoing(outgoing):
            return found
    for reference in references_in(message):
        named = Q(pk__in=RightsRequest.objects.filter(reference=reference).values("case"))
        named |= Q(pk__in=Complaint.objects.filter(reference=reference).values("case"))
        if found := kept.filter(named).first():
            return found
    return None


def open_requests(email: str) -> list[RightsRequest]:
    """Requests still open that came from the same address. The address was claimed, so this ties nobody to a person."""
    if not email:
        return []
    try:
        blinds = Claim("email", email).blinds
    except Invalid:
        return []
    found = RightsRequest.objects.open().filter(case__claim_blind__in=blinds, case__claim__isnull=False)
    return list(found.select_related("case").order_by("pk")[:20])


def is_waiting(message: Message, sender: str) -> bool:
    """Whether a request of whoever sent it, or of the case that it is about, still waits for our answer."""
    if open_requests(sender):
        return True
    case = case_of(message)
    return case is not None and case.requests.open().exists()


def case_of_outgoing(outgoing: UUID) -> CaseFile | None:
    """A letter knows its message for as long as it is kept; the outbox forgets what it delivered after a while."""
    kept = CaseFile.objects.filter(claim__isnull=False)
    if found := kept.filter(pk__in=Letter.objects.filter(outbox=outgoing).values("case")).first():
        return found
    about = Outbox.objects.filter(uuid=outgoing, about__isnull=False).values_list("about", flat=True).first()
    return kept.filter(uuid=about).first() if about else None


def references_in(message: Message) -> list[str]:
    """References as we write them, the subject's first."""
    found = REFERENCE.findall(f"{message.subject}\n{message.text}")[:MOST]
    return list(dict.fromkeys(filter(None, map(references.tidy, found))))
