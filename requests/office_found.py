"""Found documents in the office: added, looked through page by page, marked, and seen as the person will see them."""

import base64
from functools import partial
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from core.errors import DomainError
from requests import casework, found, office, redaction, references
from requests.models import FoundDocument, RightsRequest
from requests.office import WRITE, act, actor_of, for_staff, get, in_place
from requests.office_left_out import choices, why_of


@require_POST
@for_staff(WRITE)
def add(request: HttpRequest, uuid: UUID) -> HttpResponse:
    asked, now, file = get(request, uuid), timezone.now(), request.FILES.get("file")
    task = asked.tasks.select_related("system").filter(system__slug=request.POST.get("system", "")).first()
    if task is None or file is None:
        return act(request, asked, "", _missing)
    name, content = file.name or "", file.read()
    return act(
        request,
        asked,
        _("The document is added. Look through its pages."),
        lambda: found.add(asked, task.system, name, content, actor=actor_of(request), now=now),
    )


def _missing() -> None:
    raise DomainError(_("Choose a file and the system it was found in."))


@require_POST
@for_staff(WRITE)
def page(request: HttpRequest, uuid: UUID, document: UUID) -> HttpResponse:
    """One page with what is marked on it. That it was opened is an event."""
    return _show(request, _of(get(request, uuid), document))


@require_POST
@for_staff(WRITE)
def mark(request: HttpRequest, uuid: UUID, document: UUID) -> HttpResponse:
    """Black out boxes and words, or leave the whole document out."""
    here, now, actor, why = _of(get(request, uuid), document), timezone.now(), actor_of(request), why_of(request.POST)
    words = [line.strip() for line in request.POST.get("words", "").splitlines() if line.strip()]

    def marked() -> None:
        if request.POST.get("whole"):
            redaction.withhold(here, why, actor=actor, now=now)
        else:
            boxes = redaction.read_boxes(request.POST.get("boxes", ""), _number(request))
            redaction.black_out(here, why, boxes=boxes, words=words, actor=actor, now=now)

    done = _("It is marked. Look at it as the person will see it.")
    return in_place(request, done, marked, partial(_show, request, here))


@require_POST
@for_staff(WRITE, office.RELEASE)
def preview(request: HttpRequest, uuid: UUID, document: UUID) -> HttpResponse:
    """The document as it goes out."""
    here = _of(get(request, uuid), document)
    casework.view(here.request, purpose="document", actor=actor_of(request), now=timezone.now())
    return HttpResponse(found.outgoing(here), content_type="application/pdf")


@require_POST
@for_staff(WRITE)
def checked(request: HttpRequest, uuid: UUID, document: UUID) -> HttpResponse:
    here, now = _of(get(request, uuid), document), timezone.now()
    done = _("Looked through. It goes into the copy as you saw it.")
    return act(request, here.request, done, lambda: found.looked_through(here, actor=actor_of(request), now=now))


@require_POST
@for_staff(WRITE)
def remove(request: HttpRequest, uuid: UUID, document: UUID) -> HttpResponse:
    here, now = _of(get(request, uuid), document), timezone.now()
    done = _("The document is taken out.")
    return act(request, here.request, done, lambda: found.remove(here, actor=actor_of(request), now=now))


@require_POST
@for_staff(WRITE)
def also(request: HttpRequest, uuid: UUID, document: UUID) -> HttpResponse:
    """Take the document along into the request of somebody else it is about."""
    here, now = _of(get(request, uuid), document), timezone.now()
    reference = references.tidy(request.POST.get("reference", ""))
    other = RightsRequest.objects.visible_to(request.user).filter(reference=reference).select_related("case").first()
    if other is None:
        return act(request, here.request, "", _unknown)
    done = _("The document is in that request too, with nothing marked yet.")
    return act(request, here.request, done, lambda: found.also_for(here, other, actor=actor_of(request), now=now))


def _unknown() -> None:
    raise DomainError(_("No request has this reference."))


def _show(request: HttpRequest, here: FoundDocument, **extra: str) -> HttpResponse:
    casework.view(here.request, purpose="document", actor=actor_of(request), now=timezone.now())
    number = min(max(_number(request), 1), here.pages)
    if here.sealed is None:
        return redirect("admin:rights-request", here.request.uuid)
    visible = RightsRequest.objects.visible_to(request.user)
    context = {
        "title": here.request.reference,
        "rights_request": here.request,
        "document": here,
        "name": found.name_of(here),
        "number": number,
        "picture": base64.b64encode(found.page_of(here, number)).decode(),
        "elsewhere": [other for other in found.elsewhere(here) if visible.filter(pk=other.pk).exists()],
        **choices(here.request),
        **extra,
    }
    return office.page(request, "document", context)


def _number(request: HttpRequest) -> int:
    text = request.POST.get("page", "1")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 1


def _of(asked: RightsRequest, uuid: UUID) -> FoundDocument:
    here = asked.documents.select_related("request__case__subject", "system").filter(uuid=uuid).first()
    if here is None:
        raise Http404
    return here


def urls(here: str) -> list[URLPattern]:
    one = f"{here}documents/<uuid:document>/"
    return [
        path(f"{here}documents/", add, name="rights-found"),
        path(one, page, name="rights-found-page"),
        path(f"{one}mark/", mark, name="rights-found-mark"),
        path(f"{one}preview/", preview, name="rights-found-preview"),
        path(f"{one}checked/", checked, name="rights-found-checked"),
        path(f"{one}remove/", remove, name="rights-found-remove"),
        path(f"{one}also/", also, name="rights-found-also"),
    ]
