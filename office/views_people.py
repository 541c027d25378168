"""People: search, the page of one person, and showing what it holds."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError
from office import person, showing
from office.frame import page
from office.merging import is_undoable
from office.models import Merge
from office.names_of_staff import actors
from office.search import search
from requests.office import actor_of, for_staff
from subjects.models import DataSubject

READ, WRITE = "subjects.view_datasubject", "subjects.change_datasubject"


def get(uuid: UUID) -> DataSubject:
    found = DataSubject.objects.select_related("organisation").filter(uuid=uuid).first()
    if found is None:
        raise Http404
    return found


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@for_staff(READ)
def find(request: HttpRequest) -> HttpResponse:
    """Search. A POST, so that no name or address stands in a URL or a log."""
    text = request.POST.get("text", "") if request.method == "POST" else ""
    found = search(text, request.user) if text.strip() else None
    if found and found.request:
        return redirect("admin:rights-request", found.request.uuid)
    if found and len(found.hits) == 1:
        return redirect("admin:person", found.hits[0].subject.uuid)
    return page(request, "people", {"title": _("People"), "found": found, "text": text})


@require_GET
@for_staff(READ)
def show(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One person, masked. A record that was made part of another leads there."""
    kept = Merge.objects.filter(gone=uuid).values_list("kept", flat=True).first()
    if kept:
        return redirect("admin:person", kept)
    return _page(request, _gather(request, get(uuid)))


@require_POST
@for_staff(WRITE)
def reveal(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The same page with the values, on this response only. Looking is an event with a purpose."""
    subject, now = get(uuid), timezone.now()
    found = _gather(request, subject)
    try:
        version = showing.show(found, purpose=request.POST.get("purpose", ""), actor=actor_of(request), now=now)
    except DomainError as error:
        messages.error(request, error.sentence)
        return redirect("admin:person", uuid)
    return _page(request, found, shown_for=version)


def _gather(request: HttpRequest, subject: DataSubject) -> person.Person:
    given = request.POST if request.method == "POST" else request.GET
    now, user = timezone.now(), request.user
    return person.gather(subject, user, now=now, after=given.get("after", ""), before=given.get("before", ""))


def _page(request: HttpRequest, found: person.Person, **extra: Any) -> HttpResponse:
    now = timezone.now()
    context = {
        "title": _("Person"),
        "person": found,
        "subject": found.subject,
        "purposes": showing.purposes(),
        "merges": [(made, is_undoable(made, now)) for made in found.merges],
        "log": actors(found.entries),
        "after": request.POST.get("after", request.GET.get("after", "")),
        "may_write": request.user.has_perm(WRITE),
        **extra,
    }
    return page(request, "person", context)
