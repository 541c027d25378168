"""The doors for a request that repeats another one of the same person."""

from uuid import UUID

from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import Invalid
from requests import duplicates, references
from requests.models import RightsRequest
from requests.office import WRITE, act, actor_of, for_staff, get


@require_POST
@for_staff(WRITE)
def mark(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found, now = get(request, uuid), timezone.now()
    visible = RightsRequest.objects.visible_to(request.user).select_related("case")
    of = visible.filter(reference=references.tidy(request.POST.get("of", ""))).first()

    def do() -> None:
        if of is None:
            raise Invalid(fields={"of": _("No request has this reference.")})
        duplicates.mark(found, of, actor=actor_of(request), now=now)

    done = _(
        "Closed: the other request answers both. The person hears of it in half an hour; until then, undo it here."
    )
    return act(request, found, done, do)


@require_POST
@for_staff(WRITE)
def undo(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found, now = get(request, uuid), timezone.now()
    done = _("Open again, with its own day. The person was told nothing.")
    return act(request, found, done, lambda: duplicates.undo(found, actor=actor_of(request), now=now))


def urls(site: AdminSite) -> list[URLPattern]:
    here = "rights/<uuid:uuid>/duplicate/"
    return [
        path(here, site.admin_view(mark), name="rights-duplicate"),
        path(f"{here}undo/", site.admin_view(undo), name="rights-duplicate-undo"),
    ]
