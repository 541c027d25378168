"""Pages about legal holds: place one, see whom it holds, change that, look at it again, release it."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.desk import actor_of, for_staff, page, refuse
from core.errors import DomainError
from core.models import Controller, User
from ledger.models import Entry
from retention import holds, holds_change, holds_review
from retention.forms import HoldChangeForm, HoldForm, ReviewForm
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
        "changes": _changes(hold),
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


def _changes(hold: LegalHold) -> list[dict[str, Any]]:
    """What the ledger says was changed in it, the newest first."""
    found = Entry.objects.filter(kind=holds_change.CHANGED, object=hold.uuid).order_by("-pk")[:PAGE]
    told = [(entry.at, json.loads(entry.body)["data"]) for entry in found]
    return [{"at": at, **data, "why": holds_change.REASONS.get(data["why"], data["why"])} for at, data in told]


@require_http_methods(["GET", "POST"])
@for_staff(CHANGE)
def amend(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Change what it is about, or who answers for it."""
    hold = get_object_or_404(LegalHold.objects.select_related("organisation"), uuid=uuid, released_at=None)
    if not request.user.has_perm(PEOPLE):
        raise Http404
    scope, keepers = holds_change.scope_of(hold), _keepers()
    form = HoldChangeForm(
        request.POST or None, initial=_as_it_is(hold, scope), keepers=keepers, company=scope.organisation
    )
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        who, why, given["purposes"] = given.pop("custodian"), given.pop("why"), list(given["purposes"])
        new = holds_change.Scope(**{**given, "systems": list(given["systems"])})
        try:
            holds_change.change(hold, new, custodian=who, why=why, actor=actor_of(request), now=timezone.now())
        except DomainError as error:
            refuse(form, error)
        else:
            messages.success(request, _("Changed. What is not held any more goes with the next run, if it is due."))
            return redirect("admin:hold", uuid)
    title = _("Change legal hold %(matter)s") % {"matter": hold.matter}
    return page(request, "retention/hold_change.html", {"title": title, "hold": hold, "form": form})


def _keepers() -> list[tuple[str, str]]:
    staff = User.objects.filter(is_staff=True, is_active=True).order_by("username")
    return [(user.actor, user.get_username()) for user in staff if user.has_perm(CHANGE)]


def _as_it_is(hold: LegalHold, scope: holds_change.Scope) -> dict[str, Any]:
    return {
        "people": "\n".join(str(person.uuid) for person in scope.people),
        "purposes": [purpose.pk for purpose in scope.purposes],
        "systems": [system.pk for system in scope.systems],
        "organisation": scope.organisation.name if scope.organisation else "",
        "collected_from": scope.collected_from,
        "collected_to": scope.collected_to,
        "custodian": hold.custodian or hold.placed_by,
    }


@require_POST
@for_staff(CHANGE)
def change(request: HttpRequest, uuid: UUID, step: str) -> HttpResponse:
    hold = get_object_or_404(LegalHold, uuid=uuid)
    now, actor = timezone.now(), actor_of(request)
    if step == "release":
        said = _("Released. What fell due meanwhile goes with the next run.") + " "
        said += _("What was restricted because of a hold and is not due any more is being lifted.")
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
    path("forgetting/holds/<uuid:uuid>/change/", amend, name="hold-change"),
    path("forgetting/holds/<uuid:uuid>/<slug:step>/", change, name="hold-end"),
]
