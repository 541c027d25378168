"""The door for naming the right in a message."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from requests import triage
from requests.office import WRITE, act, actor_of, for_staff, get


@require_POST
@for_staff(WRITE)
def name(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found, right, now = get(request, uuid), request.POST.get("right", ""), timezone.now()
    if right not in triage.FOUND:
        raise Http404
    done = _("The right has a request of its own now, in the same case. Close the message when nothing is left of it.")
    return act(request, found, done, lambda: triage.name_right(found, right, actor=actor_of(request), now=now))
