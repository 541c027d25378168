"""The door for an objection that staff have read and found to be about marketing alone."""

from uuid import UUID

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from requests import objecting
from requests.office import WRITE, act, actor_of, for_staff, get


@require_POST
@for_staff(WRITE)
def only_marketing(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found, now = get(request, uuid), timezone.now()
    done = _("Marketing has ended, the confirmation is on its way, and the request is closed.")
    return act(request, found, done, lambda: objecting.only_marketing(found, actor=actor_of(request), now=now))


def urls(site: AdminSite) -> list[URLPattern]:
    address = "rights/<uuid:uuid>/only-marketing/"
    return [path(address, site.admin_view(only_marketing), name="rights-only-marketing")]
