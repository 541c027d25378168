"""A request or a complaint by what it is called."""

from django.contrib.auth.models import AnonymousUser

from core.models import User
from requests import references
from requests.models import Complaint, RightsRequest

# As long as the column in which references of elsewhere are kept.
LONGEST = 60


def by_reference(text: str, user: User | AnonymousUser) -> RightsRequest | Complaint | None:
    """What this user may see under this reference, open or closed; a reference of elsewhere counts for a request."""
    visible, reference = RightsRequest.objects.visible_to(user), references.tidy(text)
    if reference:
        found = visible.filter(reference=reference).first()
        found_complaint = None if found else Complaint.objects.visible_to(user).filter(reference=reference).first()
        if found or found_complaint:
            return found or found_complaint
    text = text.replace("\x00", "").strip()
    return visible.filter(external_reference=text).first() if 0 < len(text) <= LONGEST else None
