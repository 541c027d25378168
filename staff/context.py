"""What the pages of staff know about the session."""

from django.conf import settings
from django.http import HttpRequest

from staff.middleware import STEP_SECONDS


def idle(request: HttpRequest) -> dict[str, object]:
    """When the session of this page ends, in seconds after it was sent. None for strangers, who have no session."""
    known = settings.SESSION_COOKIE_NAME in request.COOKIES and request.user.is_authenticated
    return {"idle_seconds": settings.IDLE_MINUTES * 60 - STEP_SECONDS if known else None}
