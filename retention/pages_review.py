"""Pages about what a rule leaves to people: rows to look at, rows without a date, whether the rule itself goes on."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from core.desk import DayField, actor_of, for_staff, page
from retention import effect, retiring, reviewing
from retention.models import RetentionRule
from retention.pages import APPROVE, DRAFT, READ, done
from subjects.models import DataSubject

PEOPLE = "subjects.view_datasubject"
PAGE = 25
Action, Status = RetentionRule.Action, RetentionRule.Status


class KeepForm(forms.Form):
    until = DayField(required=False)
    reason = forms.CharField(required=False)


def _rule(pk: int, **which: Any) -> RetentionRule:
    return get_object_or_404(RetentionRule.objects.select_related("purpose", "category"), pk=pk, **which)


def _after(request: HttpRequest) -> int:
    """The number of the last person on the page before."""
    text = request.GET.get("after", "")
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _person(request: HttpRequest) -> DataSubject | None:
    try:
        return DataSubject.objects.filter(uuid=UUID(request.POST.get("person", ""))).first()
    except ValueError:
        return None


@require_GET
@for_staff(READ)
def review(request: HttpRequest, pk: int) -> HttpResponse:
    """People of whom something is due, to decide about one by one."""
    if not request.user.has_perm(PEOPLE):
        raise Http404
    rule, now = _rule(pk, action=Action.REVIEW, status=Status.ACTIVE), timezone.now()
    found = reviewing.people(rule, after=_after(request), most=PAGE + 1, now=now)
    context = {
        "title": _("To look at under %(rule)s") % {"rule": rule},
        "rule": rule,
        "people": found[:PAGE],
        "after": found[PAGE - 1].pk if len(found) > PAGE else "",
        "reasons": reviewing.REASONS.items(),
        "may_decide": request.user.has_perm(APPROVE),
    }
    return page(request, "retention/review.html", context)


@require_POST
@for_staff(APPROVE)
def decide(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    if not request.user.has_perm(PEOPLE):
        raise Http404
    rule, subject = _rule(pk, action=Action.REVIEW), _person(request)
    if subject is None:
        messages.error(request, _("Nothing of this person is here any more."))
        return redirect("admin:rule-review", pk)
    by, now = actor_of(request), timezone.now()
    if step == "erase":
        said = _("Erased. The run has a certificate.")
        return done(request, lambda: reviewing.erase(rule, subject, by=by, now=now), said, "admin:rule-review", pk)
    form = KeepForm(request.POST)
    given = form.cleaned_data if form.is_valid() else {"until": None, "reason": request.POST.get("reason", "")}
    said = _("Kept. It comes back to this list on that day.")
    return done(request, lambda: reviewing.keep(rule, subject, **given, by=by, now=now), said, "admin:rule-review", pk)


@require_GET
@for_staff(READ)
def undated(request: HttpRequest, pk: int) -> HttpResponse:
    """Everybody of whom something has no trigger date, in pages."""
    rule = _rule(pk)
    found, after = effect.without_date(rule, after=_after(request))
    context = {"title": _("Without a date under %(rule)s") % {"rule": rule}, "rule": rule, "found": found}
    return page(request, "retention/undated.html", {**context, "after": after})


@require_POST
@for_staff(DRAFT, APPROVE)
def ask(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the rule to end, or take that back."""
    rule, by, now = _rule(pk, status=Status.ACTIVE), actor_of(request), timezone.now()
    if "withdraw" in request.POST:
        said = _("The rule goes on.")
        return done(request, lambda: retiring.withdraw(rule, by=by, now=now), said, "admin:forgetting-rule", pk)
    because, said = request.POST.get("because", ""), _("Asked for. Somebody else looks at it and ends the rule.")
    act = lambda: retiring.ask(rule, because=because, by=by, now=now)  # noqa: E731 - as the others
    return done(request, act, said, "admin:forgetting-rule", pk)


@require_POST
@for_staff(APPROVE)
def retire(request: HttpRequest, pk: int) -> HttpResponse:
    rule, by, now = _rule(pk, status=Status.ACTIVE), actor_of(request), timezone.now()
    said = _("Retired. Nothing is done under it any more.") + " "
    said += _("What was restricted only because of it is being lifted, and can be used again within minutes.")
    return done(request, lambda: retiring.retire(rule, by=by, now=now), said, "admin:forgetting-rule", pk)


URLS = [
    path("forgetting/rules/<int:pk>/review/", review, name="rule-review"),
    path("forgetting/rules/<int:pk>/review/<slug:step>/", decide, name="rule-decide"),
    path("forgetting/rules/<int:pk>/undated/", undated, name="rule-undated"),
    path("forgetting/rules/<int:pk>/end/", ask, name="rule-end"),
    path("forgetting/rules/<int:pk>/retire/", retire, name="rule-retire"),
]
