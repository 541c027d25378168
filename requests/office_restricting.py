"""What is stored and not used: which items are meant, its lawful uses, telling that it ends, and ending it (Art 18)."""

from datetime import date
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import DomainError
from processing.models import Purpose
from requests import restricted_use, restricting
from requests.office import RELEASE, WRITE, act, actor_of, for_staff, get, may_release, show_request


@require_POST
@for_staff(WRITE)
def scope(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Only the chosen items of a purpose, or all of them when none is chosen."""
    found, now = get(request, uuid), timezone.now()
    purpose = Purpose.objects.filter(slug=request.POST.get("purpose", "")).first()
    if purpose is None:
        raise Http404
    items = [UUID(value) for value in request.POST.getlist("item") if _is_uuid(value)]
    done = _("Recorded which items are meant.")
    return act(
        request, found, done, lambda: restricting.limit_to(found, purpose, items, actor=actor_of(request), now=now)
    )


@require_POST
@for_staff(WRITE)
def announce(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Tell the person that it is going to end."""
    found, now = get(request, uuid), timezone.now()
    on, why = _date(request.POST.get("on", "")), request.POST.get("why", "")
    done = _("The person is told. It ends when you end it, no earlier than that day.")
    actor = actor_of(request)
    return act(request, found, done, lambda: restricting.announce(found, on=on, why=why, actor=actor, now=now))


@require_POST
@for_staff(WRITE)
def lift(request: HttpRequest, uuid: UUID) -> HttpResponse:
    found, now = get(request, uuid), timezone.now()
    done = _("The restriction has ended.")
    return act(request, found, done, lambda: restricting.lift(found, actor=actor_of(request), now=now))


@require_POST
@for_staff(WRITE, RELEASE)
def use(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Choose a lawful use of what is restricted. As weighty as an answer, so it is for whoever releases those."""
    found, now = get(request, uuid), timezone.now()
    if not may_release(request):
        raise Http404
    given: dict[str, Any] = {name: request.POST.get(name, "") for name in ("purpose", "ground", "what", "evidence")}
    items = [UUID(value) for value in request.POST.getlist("item") if _is_uuid(value)]
    until = _date(request.POST.get("until", ""))
    done = _("Recorded. Only this use may be made, by whoever names its number, until the day you chose.")
    by: dict[str, Any] = {"items": items, "until": until, "actor": actor_of(request), "now": now}
    return act(request, found, done, lambda: restricted_use.allow(found, **given, **by))


@require_POST
@for_staff(WRITE, RELEASE)
def use_words(request: HttpRequest, uuid: UUID, use: UUID) -> HttpResponse:
    """What was written about a use. Reading it is an event."""
    found, now = get(request, uuid), timezone.now()
    try:
        read = restricted_use.read(found, use, actor=actor_of(request), now=now)
    except DomainError as error:
        raise Http404 from error
    return show_request(request, found, read_use=read)


@require_POST
@for_staff(WRITE, RELEASE)
def use_end(request: HttpRequest, uuid: UUID, use: UUID) -> HttpResponse:
    found, now, done = get(request, uuid), timezone.now(), _("The use has ended.")
    return act(request, found, done, lambda: restricted_use.end(found, use, actor=actor_of(request), now=now))


def _date(text: str) -> date:
    """A day that cannot be read is one that has passed, which is refused with its reason."""
    try:
        return parse_date(text) or date.min
    except ValueError:
        return date.min


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def paths(here: str) -> list[URLPattern]:
    return [
        path(f"{here}restriction/scope/", scope, name="rights-restriction-scope"),
        path(f"{here}restriction/announce/", announce, name="rights-restriction-announce"),
        path(f"{here}restriction/lift/", lift, name="rights-restriction-lift"),
        path(f"{here}restriction/use/", use, name="rights-restriction-use"),
        path(f"{here}restriction/use/<uuid:use>/", use_words, name="rights-restriction-use-words"),
        path(f"{here}restriction/use/<uuid:use>/end/", use_end, name="rights-restriction-use-end"),
    ]
