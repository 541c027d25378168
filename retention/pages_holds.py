"""Pages about legal holds: place one, see whom it holds, change that, look at it again, release it."""

import json
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models.query import QuerySet
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
from retention import holds, holds_change, holds_review, holds_scope
from retention.forms import HoldChangeForm, HoldForm, ReviewForm
from retention.holds_scope import Scope
from retention.models import LegalHold
from retention.pages import CHANGE, done
from subjects.models import DataSubject, ItemPurpose

READ, PEOPLE = "retention.view_legalhold", "subjects.view_datasubject"
# Beyond this a number says no more, and counting it takes long.
MOST = 10_000
PAGE = 25


@require_http_methods(["GET", "POST"])
@for_staff(CHANGE)
def add(request: HttpRequest) -> HttpResponse:
    form, seen = HoldForm(request.POST or None, may_search=request.user.has_perm(PEOPLE)), None
    if request.method == "POST" and form.is_valid():
        scope, told = form.scope(), form.cleaned_data
        about = {name: told[name] for name in ("matter", "reason", "review_due")}
        try:
            if "look" in request.POST:
                seen = _seen(request, Scope(**scope))
            else:
                hold = holds.place(**scope, **about, actor=actor_of(request), now=timezone.now())
                messages.success(request, _("Held. Nothing of it is deleted until somebody releases it."))
                return redirect("admin:hold", hold.uuid)
        except DomainError as error:
            refuse(form, error)
    return page(request, "retention/hold_new.html", {"title": _("Place a legal hold"), "form": form, "seen": seen})


def _seen(request: HttpRequest, scope: Scope) -> dict[str, Any]:
    """Whom and what it would hold at this moment, before anything is. Raises Invalid."""
    holds_scope.check(scope)
    return {
        "lines": holds_scope.in_words(scope, may_see=request.user.has_perm(PEOPLE)),
        **_counted(holds_scope.people(scope), holds_scope.needs(scope)),
    }


def _counted(people: QuerySet[DataSubject], needs: QuerySet[ItemPurpose]) -> dict[str, int]:
    return {
        "n_people": people.order_by()[: MOST + 1].count(),
        "n_items": needs.values("item").distinct().order_by()[: MOST + 1].count(),
        "most": MOST,
    }


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
        "lines": holds_scope.in_words(holds_scope.described_by(hold), may_see=request.user.has_perm(PEOPLE)),
        **_counted(people, holds.needs_held(hold)),
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
    scope, keepers, seen = holds_change.scope_of(hold), _keepers(), None
    form = HoldChangeForm(
        request.POST or None,
        initial=_as_it_is(hold, scope),
        keepers=keepers,
        company=scope.organisation,
        may_search=True,
    )
    if request.method == "POST" and form.is_valid():
        new, told = (
            Scope(**form.scope()),
            {"why": form.cleaned_data["why"], "custodian": form.cleaned_data["custodian"]},
        )
        try:
            if "look" in request.POST:
                seen = _seen(request, new)
            else:
                holds_change.change(hold, new, **told, actor=actor_of(request), now=timezone.now())
                messages.success(request, _("Changed. What is not held any more goes with the next run, if it is due."))
                return redirect("admin:hold", uuid)
        except DomainError as error:
            refuse(form, error)
    title = _("Change legal hold %(matter)s") % {"matter": hold.matter}
    return page(request, "retention/hold_change.html", {"title": title, "hold": hold, "form": form, "seen": seen})


def _keepers() -> list[tuple[str, str]]:
    staff = User.objects.filter(is_staff=True, is_active=True).order_by("username")
    return [(user.actor, user.get_username()) for user in staff if user.has_perm(CHANGE)]


def _as_it_is(hold: LegalHold, scope: Scope) -> dict[str, Any]:
    return {
        "people": "\n".join(str(person.uuid) for person in scope.people),
        "purposes": [purpose.pk for purpose in scope.purposes],
        "systems": [system.pk for system in scope.systems],
        "categories": [category.pk for category in scope.categories],
        "roles": list(scope.roles),
        "sources": list(scope.sources),
        "jurisdictions": " ".join(scope.jurisdictions),
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
