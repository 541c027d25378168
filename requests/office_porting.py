"""The door for making a set of data that somebody takes elsewhere."""

from uuid import UUID

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from requests import porting
from requests.office import WRITE, act, actor_of, for_staff, get


@require_POST
@for_staff(WRITE)
def prepare(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found, now = get(request, uuid), timezone.now()
    done = _("The set of data is made. Look through it before you send it.")
    return act(request, found, done, lambda: porting.prepare(found, actor=actor_of(request), now=now))


def urls(site: AdminSite) -> list[URLPattern]:
    return [path("rights/<uuid:uuid>/port/", site.admin_view(prepare), name="rights-port")]
