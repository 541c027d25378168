"""Ending a consent of somebody ourselves."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from consents import revoking
from core.errors import DomainError
from office.views_people import WRITE, get
from requests.office import actor_of, for_staff


@require_POST
@for_staff(WRITE)
def revoke(request: HttpRequest, uuid: UUID, event: UUID) -> HttpResponse:
    """With a reason. The person may say yes again at any time."""
    subject = get(uuid)
    try:
        revoking.revoke(subject, event, why=request.POST.get("why", ""), actor=actor_of(request), now=timezone.now())
    except DomainError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, _("Ended. Nothing is done on this consent any more."))
    return redirect("admin:person", uuid)
