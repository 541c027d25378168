"""Pages about legal holds: place one, see whom it holds, look at it again, release it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.desk import actor_of, for_staff, page, refuse
from core.errors import DomainError
from core.models import Controller
from retention import holds, holds_review
from retention.forms import HoldForm, ReviewForm
from retention.models import LegalHold
from retention.pages import CHANGE, done

READ, PEOPLE = "retention.view_legalhold", "subjects.view_datasubject"
# Beyond this a number says no more, and counting it takes long.
MOST = 10_000
PAGE = 25


@require_http_methods(["GET", "POST"])
@for_staff(CHANGE)
def add(request: HttpRequest) -> HttpResponse:
    form = HoldForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = {**form.cleaned_data, "purposes": list(form.cleaned_data["purposes"])}
        people, given["systems"] = given.pop("people"), list(given["systems"])
        try:
            hold = holds.place(people, actor=actor_of(request), now=timezone.now(), **given)
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Held. Nothing of it is deleted until somebody releases it."))
            return redirect("admin:hold", hold.uuid)
    return page(request, "retention/hold_new.html", {"title": _("Place a legal hold"), "form": form})


@require_GET
@for_staff(READ)
def show(request: HttpRequest, uuid: UUID) -> HttpResponse:
    hold = get_object_or_404(LegalHold.objects.select_related("organisation"), uuid=uuid)
    people, now = holds.people_held(hold), timezone.now()
    context: dict[str, Any] = {
        "title": _("Legal hold %(matter)s") % {"matter": hold.matter},
        "hold": hold,
        "reason": holds.REASONS.get(hold.reason, hold.reason),
        "owner": holds_review.owner_of(hold),
        "today": now.astimezone(Controller.current().zone).date(),
        "n_people": people.order_by()[: MOST + 1].count(),
        "n_items": holds.needs_held(hold).values("item").distinct().order_by()[: MOST + 1].count(),
        "most": MOST,
        "may_hold": request.user.has_perm(CHANGE),
        "may_see": request.user.has_perm(PEOPLE),
    }
    if context["may_see"] and not hold.released_at:
        after = request.GET.get("after", "")
        rows = people.filter(pk__gt=int(after)) if after.isdecimal() and len(after) < 19 else people
        found = list(rows.order_by("pk")[: PAGE + 1])
        context |= {"people": found[:PAGE], "after": found[PAGE - 1].pk if len(found) > PAGE else ""}
    return page(request, "retention/hold.html", context)


@require_POST
@for_staff(CHANGE)
def change(request: HttpRequest, uuid: UUID, step: str) -> HttpResponse:
    hold = get_object_or_404(LegalHold, uuid=uuid)
    now, actor = timezone.now(), actor_of(request)
    if step == "release":
        said = _("Released. What fell due meanwhile goes with the next run.")
        return done(request, lambda: holds.release(hold, actor=actor, now=now), said, "admin:hold", uuid)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose a day within the next six months."))
        return redirect("admin:hold", uuid)
    given, said = form.cleaned_data, _("Kept on, with a new day to look at it.")
    return done(request, lambda: holds.keep(hold, actor=actor, now=now, **given), said, "admin:hold", uuid)


URLS = [
    path("forgetting/holds/new/", add, name="hold-add"),
    path("forgetting/holds/<uuid:uuid>/", show, name="hold"),
    path("forgetting/holds/<uuid:uuid>/<slug:step>/", change, name="hold-end"),
]
