"""Looking through what a request is about, record by record, and leaving out what an exemption covers."""

from collections.abc import Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from core.errors import Text
from core.models import Controller
from requests import access, casework, leaving_out, office, reading
from requests.beside import left_out_before
from requests.exemptions import for_right
from requests.freeze import COPIED
from requests.leaving_out import CONSENT, Weighed, Why
from requests.models import Exemption, Right, RightsRequest
from requests.office import RELEASE, WRITE, act, actor_of, for_staff, get, in_place
from requests.rows import beside
from subjects import items
from subjects.models import PersonalDataItem

PAGE = 25
# By right: what happens to every record that no exemption covers.
LEADS: dict[str, Text] = {
    Right.ACCESS: gettext_lazy("Everything here goes into the copy unless it is left out."),
    Right.PORTABILITY: gettext_lazy("What they gave us goes into the set of data unless it is left out."),
    Right.ERASURE: gettext_lazy("What is granted is deleted, unless an exemption leaves a record as it is."),
    Right.RECTIFICATION: gettext_lazy("What is accepted is corrected, unless an exemption leaves the record as it is."),
    Right.RESTRICTION: gettext_lazy("What is granted is stored and not used, unless an exemption lets it be used."),
    Right.OBJECTION: gettext_lazy("What is upheld ends, unless an exemption lets a record be used on. Marketing ends."),
}
DONE: dict[str, Text] = {
    Right.ACCESS: gettext_lazy("It is left out. Make the copy anew to see how it will look."),
    Right.PORTABILITY: gettext_lazy("It is left out. Make the set of data anew to see how it will look."),
}


@require_POST
@for_staff(WRITE)
def records(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """What we hold about the person, opened. That it was is an event."""
    return show(request, get(request, uuid))


@require_POST
@for_staff(WRITE)
def leave_out(request: HttpRequest, uuid: UUID, item: UUID) -> HttpResponse:
    """Leave out one record, or words in it."""
    found, now, why = get(request, uuid), timezone.now(), why_of(request.POST)
    words = [line.strip() for line in request.POST.get("words", "").splitlines() if line.strip()]
    return in_place(
        request,
        str(DONE.get(found.right, _("It is left as it is. The answer and its letter keep to that."))),
        lambda: leaving_out.record_out(found, item, why, words=words, actor=actor_of(request), now=now),
        partial(show, request, found),
    )


@require_POST
@for_staff(WRITE, RELEASE)
def approve(request: HttpRequest, uuid: UUID, exemption: UUID) -> HttpResponse:
    found, now = get(request, uuid), timezone.now()
    made, why = exemption_of(found, exemption), request.POST.get("exception", "")
    done = _("Approved.")
    return act(request, found, done, lambda: leaving_out.approve(made, actor=actor_of(request), exception=why, now=now))


@require_POST
@for_staff(WRITE)
def take_back(request: HttpRequest, uuid: UUID, exemption: UUID) -> HttpResponse:
    found, now = get(request, uuid), timezone.now()
    made = exemption_of(found, exemption)
    done = _("It is no longer left out.")
    return act(request, found, done, lambda: leaving_out.remove(made, actor=actor_of(request), now=now))


def show(request: HttpRequest, found: RightsRequest, **extra: Any) -> HttpResponse:
    casework.view(found, purpose="records", actor=actor_of(request), now=timezone.now())
    held = PersonalDataItem.objects.filter(subject=found.case.subject).select_related("category", "system")
    page = Paginator(held.order_by("pk"), PAGE).get_page(request.POST.get("page"))
    contents = items.contents(page.object_list)
    zone = Controller.current().zone
    rows = [(item, reading.readable(contents.get(item.pk, ""), zone)) for item in page.object_list]
    context = {"title": found.reference, "rights_request": found, "page": page, "rows": rows, **choices(found)}
    context |= {"lead": LEADS.get(found.right, ""), "is_copied": found.right in COPIED}
    if found.right == Right.ACCESS and found.case.subject and not page.has_next():
        names = access.titles()
        told = [(label, UUID(row.pop("id")), access.titled(row, names)) for label, row in beside(found.case.subject)]
        context["beside"] = [(label, uuid, reading.readable(row, zone)) for label, uuid, row in told]
    before: dict[UUID | None, list[Exemption]] = {}
    for made in left_out_before(found, request.user):
        before.setdefault(made.item, []).append(made)
    return office.page(request, "records", {**context, "left_out": _by_item(found), "before": before, **extra})


def choices(found: RightsRequest) -> dict[str, Any]:
    """What the form for a reason offers."""
    return {"codes": for_right(found.right, found.case.rule_set.jurisdiction), "consents": CONSENT}


def why_of(post: QueryDict) -> Why:
    """The reason as typed."""
    reasonable = {"yes": True, "no": False}.get(post.get("reasonable", ""))
    texts = {name: post.get(name, "").strip() for name in ("consent", "steps", "confidence", "capacity")}
    weighed = Weighed(**texts, is_reasonable=reasonable)
    return Why(post.get("code", ""), post.get("why", ""), weighed, is_silent=post.get("silent") == "yes")


def exemption_of(found: RightsRequest, uuid: UUID) -> Exemption:
    made = found.exemptions.select_related("request__case").filter(uuid=uuid).first()
    if made is None:
        raise Http404
    return made


def _by_item(found: RightsRequest) -> Mapping[UUID, list[tuple[Exemption, dict[str, Any]]]]:
    by_item: dict[UUID, list[tuple[Exemption, dict[str, Any]]]] = {}
    for made in found.exemptions.filter(item__isnull=False).select_related("request__case"):
        assert made.item  # noqa: S101 - narrows the type
        by_item.setdefault(made.item, []).append((made, leaving_out.reasons_of(made)))
    return by_item


def urls(here: str) -> list[URLPattern]:
    return [
        path(f"{here}records/", records, name="rights-records"),
        path(f"{here}records/<uuid:item>/leave-out/", leave_out, name="rights-leave-out"),
        path(f"{here}left-out/<uuid:exemption>/approve/", approve, name="rights-approve-exemption"),
        path(f"{here}left-out/<uuid:exemption>/take-back/", take_back, name="rights-take-back-exemption"),
    ]
