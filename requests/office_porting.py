"""The doors for a set of data that somebody takes elsewhere, and for sending it there."""

from typing import Any
from uuid import UUID

from django.contrib.admin import AdminSite
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from requests import office, porting, transfers
from requests.models import RightsRequest, Transfer
from requests.office import RELEASE, WRITE, act, actor_of, for_staff, get

INSTRUCTION = ("name", "address", "words", "told")


@require_POST
@for_staff(WRITE)
def prepare(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found, now = get(request, uuid), timezone.now()
    done = _("The set of data is made. Look through it before you send it.")
    return act(request, found, done, lambda: porting.prepare(found, actor=actor_of(request), now=now))


@require_POST
@for_staff(WRITE)
def instruct(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Write down to whom the person told us to send it."""
    found, now = get(request, uuid), timezone.now()
    given: dict[str, Any] = {name: request.POST.get(name, "") for name in INSTRUCTION}
    done = _("The instruction is recorded. Nothing has been sent yet.")
    by: dict[str, Any] = {"actor": actor_of(request), "now": now}
    return act(request, found, done, lambda: transfers.instruct(found, **given, **by))


@require_POST
@for_staff(WRITE, RELEASE)
def start(request: HttpRequest, uuid: UUID, transfer: UUID) -> HttpResponse:
    """Send it there. That hands personal data over, so it is for whoever releases answers."""
    found, now, why = get(request, uuid), timezone.now(), request.POST.get("exception", "")
    if not office.may_release(request):
        raise Http404
    chosen = _of(found, transfer)
    done = _("It is on its way. Their confirmation appears here.")
    return act(request, found, done, lambda: transfers.start(chosen, actor=actor_of(request), now=now, exception=why))


@require_POST
@for_staff(WRITE)
def cancel(request: HttpRequest, uuid: UUID, transfer: UUID) -> HttpResponse:
    found, now = get(request, uuid), timezone.now()
    chosen = _of(found, transfer)
    done = _("It is not sent any more.")
    return act(request, found, done, lambda: transfers.cancel(chosen, actor=actor_of(request), now=now))


def _of(rights_request: RightsRequest, uuid: UUID) -> Transfer:
    found = rights_request.transfers.select_related("request__case__subject").filter(uuid=uuid).first()
    if found is None:
        raise Http404
    return found


def urls(site: AdminSite) -> list[URLPattern]:
    here = "rights/<uuid:uuid>/"
    views = [
        path(f"{here}port/", prepare, name="rights-port"),
        path(f"{here}transfers/", instruct, name="rights-transfer"),
        path(f"{here}transfers/<uuid:transfer>/start/", start, name="rights-transfer-start"),
        path(f"{here}transfers/<uuid:transfer>/cancel/", cancel, name="rights-transfer-cancel"),
    ]
    for pattern in views:
        pattern.callback = site.admin_view(pattern.callback)
    return views
