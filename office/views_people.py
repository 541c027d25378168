"""People: search, the page of one person, and showing what it holds."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models.query import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from consents.revoking import Why
from core.errors import DomainError
from core.models import Controller
from office import person, showing
from office.frame import page
from office.merging import is_undoable
from office.models import Merge
from office.names_of_staff import actors
from office.search import search
from office.visibility import READ, SELL, Sight, sight_of
from processing.models import Basis, PurposeVersion
from requests.office import actor_of, for_staff
from subjects import applications, employments
from subjects.models import DataSubject, Relationship

WRITE = "subjects.change_datasubject"


def get(uuid: UUID) -> DataSubject:
    """For those who see everybody."""
    return _found(DataSubject.objects.all(), uuid)


def _found(people: QuerySet[DataSubject], uuid: UUID) -> DataSubject:
    found = people.select_related("organisation").filter(uuid=uuid).first()
    if found is None:
        raise Http404
    return found


def sight_for(request: HttpRequest) -> Sight:
    return sight_of(request.user, today=timezone.now().astimezone(Controller.current().zone).date())


@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
@for_staff(READ, SELL)
def find(request: HttpRequest) -> HttpResponse:
    """Search. A POST, so that no name or address stands in a URL or a log."""
    text = request.POST.get("text", "") if request.method == "POST" else ""
    found = search(text, request.user, sight_for(request)) if text.strip() else None
    if found and found.called:
        return redirect(found.called.page)
    if found and len(found.hits) == 1:
        return redirect("admin:person", found.hits[0].subject.uuid)
    return page(request, "people", {"title": _("People"), "found": found, "text": text})


@require_GET
@for_staff(READ, SELL)
def show(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """One person, masked. A record that was made part of another leads there."""
    kept = Merge.objects.filter(gone=uuid).values_list("kept", flat=True).first()
    sight = sight_for(request)
    if kept and sight.is_whole:
        return redirect("admin:person", kept)
    return _page(request, _gather(request, _found(sight.people, uuid)))


@require_POST
@for_staff(WRITE, SELL)
def reveal(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The same page with the values, on this response only. Looking is an event with a purpose."""
    sight, now = sight_for(request), timezone.now()
    if not _may_show(request, sight):
        raise Http404
    found, purpose = _gather(request, _found(sight.people, uuid)), request.POST.get("purpose", "")
    try:
        version = showing.show(found, purpose=purpose, sight=sight, actor=actor_of(request), now=now)
    except DomainError as error:
        messages.error(request, error.sentence)
        return redirect("admin:person", uuid)
    return _page(request, found, shown_for=version)


def _may_show(request: HttpRequest, sight: Sight) -> bool:
    """Whoever sees everybody needs to write too; what sales and marketing see is theirs to work with."""
    return request.user.has_perm(WRITE) or not sight.is_whole


def _gather(request: HttpRequest, subject: DataSubject) -> person.Person:
    given = request.POST if request.method == "POST" else request.GET
    now, user = timezone.now(), request.user
    keys = {"after": given.get("after", ""), "before": given.get("before", "")}
    return person.gather(subject, user, now=now, **keys, every=bool(given.get("every")))


def _step(tie: Relationship, version: PurposeVersion | None) -> str:
    """What staff can do about an application, or an employment."""
    if employments.is_employment(tie):
        return "resume" if tie.contract_ended_on else "end"
    if tie.role != Relationship.Role.APPLICANT or (version and version.basis == Basis.CONSENT):
        return ""
    if not (tie.application_outcome and tie.application_closed_on):
        return "close"
    return "" if applications.why_closed_for_good(tie) else "reopen"


def _page(request: HttpRequest, found: person.Person, **extra: Any) -> HttpResponse:
    now, sight = timezone.now(), sight_for(request)
    context = {
        "title": _("Person"),
        "person": found,
        "subject": found.subject,
        "purposes": showing.purposes(sight),
        "is_whole": sight.is_whole,
        "may_show": _may_show(request, sight),
        "steps": {tie.pk: step for tie, version in found.ties if (step := _step(tie, version))},
        "merges": [(made, is_undoable(made, now)) for made in found.merges],
        "log": actors(found.entries),
        "after": request.POST.get("after", request.GET.get("after", "")),
        "every": request.POST.get("every", request.GET.get("every", "")),
        "may_write": request.user.has_perm(WRITE),
        "reasons_to_end": Why.choices,
        **extra,
    }
    return page(request, "person", context)
