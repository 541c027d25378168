"""Pages about retention rules: what one does, writing one with its effect shown before it is kept, the defaults."""

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.desk import actor_of, for_staff, page, refuse
from core.errors import DomainError
from core.models import Controller
from retention import anonymise_samples, cases, defaults, due, effect, exact, guard, overlaps, recipes, rules
from retention.forms import RuleForm
from retention.models import RetentionRule, WaitingSet
from retention.pages import APPROVE, DRAFT, READ, done

Status = RetentionRule.Status
PEOPLE = "subjects.change_datasubject"


def _today(now: datetime) -> date:
    return now.astimezone(Controller.current().zone).date()


def _rule(pk: int, **which: Any) -> RetentionRule:
    return get_object_or_404(RetentionRule.objects.select_related("purpose", "category"), pk=pk, **which)


@require_GET
@for_staff(READ)
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """What it would do now and in the next two years, and what somebody has to approve of it."""
    rule, now = _rule(pk), timezone.now()
    # Before what waits: a run that begins between the two uses up both, and the approval would seem never given.
    standing = guard.standing(rule, now=now).first()
    waits = WaitingSet.objects.filter(rule=rule).first()
    asks = waits and not standing and rule.status == Status.ACTIVE and request.user.has_perm(APPROVE)
    without_date, more = effect.without_date(rule)
    context = {
        "title": _("Rule %(rule)s") % {"rule": rule},
        "rule": rule,
        **_effect(rule, now),
        "without_date": without_date,
        "more_without_date": more,
        "waits": waits,
        "concerned": exact.concerned(rule, as_of=waits.as_of, now=now) if waits and asks else None,
        "why": guard.WHY.get(waits.why, "") if waits else "",
        "takes": rule.action in due.TAKES,
        "standing": standing,
        "runs": rule.runs.order_by("-pk")[:5],
        "may_approve": request.user.has_perm(APPROVE),
        "may_draft": request.user.has_perm(DRAFT),
        "may_see": request.user.has_perms([PEOPLE, DRAFT]),
        "may_review": request.user.has_perm("subjects.view_datasubject"),
        "is_author": rule.drafted_by == actor_of(request) and not settings.SOLE_OFFICER,
        "is_own": rule.retire_asked_by == actor_of(request) and not settings.SOLE_OFFICER,
        "recipe": recipes.lines(rule.recipe) if rule.recipe else [],
        "thresholds": recipes.thresholds(rule.recipe) if rule.recipe else None,
        "last": rule.runs.filter(measured__isnull=False).order_by("-pk").first(),
    }
    return page(request, "retention/rule.html", context)


def _effect(rule: RetentionRule, now: datetime) -> dict[str, Any]:
    """What the rule does if it is as it stands here, whether it is saved or not."""
    today = _today(now)
    files = cases.ruled_by(rule)
    return {
        "effect": effect.effect(rule, today=today, now=now),
        "overlaps": overlaps.sentences(rule),
        "files": cases.counted(files, rules.cutoff(rule, today), now=now) if files else None,
    }


@require_http_methods(["GET", "POST"])
@for_staff(DRAFT)
def write(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Write a rule, or go on with a draft. Its effect is computed from what stands in the form; then it is saved."""
    rule = _rule(pk, status=Status.DRAFT) if pk else None
    form = RuleForm(request.POST or None, instance=rule or _beginning(request))
    now, context = timezone.now(), {"title": _("A retention rule"), "form": form, "rule": rule}
    context["strategies"] = recipes.STRATEGIES
    if request.method == "POST" and form.is_valid():
        try:
            rules.check(form.instance)
            if "look" not in request.POST:
                made = rules.draft(form.instance, by=actor_of(request), now=now)
                _warn(request, made)
                messages.success(request, _("Saved as a draft. Somebody else looks at it and puts it in force."))
                return redirect("admin:forgetting-rule", made.pk)
            context |= _effect(form.instance, now)
        except DomainError as error:
            refuse(form, error)
    elif form.is_bound:
        _offer_recipe(form)
    if not rule:
        context["offers"] = defaults.offers()
    return page(request, "retention/rule_new.html", context)


def _offer_recipe(form: RuleForm) -> None:
    """To whoever wants to anonymise and has not said how."""
    given = form.cleaned_data
    wants = given.get("action") == RetentionRule.Action.ANONYMISE and "purpose" in given
    has_none = not form.data.get("recipe", "").strip()
    if wants and has_none and (text := recipes.begun(given["purpose"], given.get("category"))):
        form.offer(text)


def _beginning(request: HttpRequest) -> RetentionRule | None:
    """The suggestion, or the version in force, that the writing begins with."""
    like, version_of = request.GET.get("like", ""), request.GET.get("version-of", "")
    if like:
        offer = next((offer for offer in defaults.offers() if offer.slug == like), None)
        return offer.rule() if offer else None
    if version_of.isdecimal() and len(version_of) < 10:
        rule = _rule(int(version_of))
        rule.pk, rule.approved_by, rule.approved_at = None, "", None
        rule._state.adding = True
        return rule
    return None


@require_POST
@for_staff(PEOPLE)
def samples(request: HttpRequest, pk: int) -> HttpResponse:
    """A few people as they are and as the recipe makes them. That somebody looked is recorded."""
    if not request.user.has_perm(DRAFT):
        raise Http404
    rule, now = _rule(pk, action=RetentionRule.Action.ANONYMISE), timezone.now()
    try:
        seen = anonymise_samples.look(rule, as_of=_today(now), by=actor_of(request), now=now)
    except DomainError as error:
        said = " ".join(f"{name}: {text}" for name, text in error.fields.items())
        messages.error(request, said or str(error.message))
        return redirect("admin:forgetting-rule", pk)
    context = {"title": _("Before and after %(rule)s") % {"rule": rule}, "rule": rule, "seen": seen}
    return page(request, "retention/samples.html", context)


@require_POST
@for_staff(DRAFT)
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    rule, now = _rule(pk, status=Status.DRAFT), timezone.now()
    act = lambda: rules.discard(rule, by=actor_of(request), now=now)  # noqa: E731 - as the others
    return done(request, act, _("The draft is gone."), "admin:forgetting")


@require_POST
@for_staff(APPROVE)
def put_in_force(request: HttpRequest, pk: int) -> HttpResponse:
    rule, now = _rule(pk, status=Status.DRAFT), timezone.now()
    act = lambda: rules.activate(rule, approved_by=actor_of(request), now=now)  # noqa: E731
    said = _("In force from now on. Its first run waits for approval.")
    answer = done(request, act, said, "admin:forgetting-rule", pk)
    if rule.status == Status.ACTIVE:
        _warn(request, rule)
    return answer


def _warn(request: HttpRequest, rule: RetentionRule) -> None:
    """That it, or another rule, takes what the other keeps longer."""
    for sentence in overlaps.sentences(rule):
        messages.warning(request, sentence)


@require_POST
@for_staff(APPROVE)
def approve(request: HttpRequest, pk: int) -> HttpResponse:
    rule, now = _rule(pk, status=Status.ACTIVE), timezone.now()
    given, by = request.POST.get("fingerprint", ""), actor_of(request)
    act = lambda: guard.approve(rule, as_of=_today(now), fingerprint=given, by=by, now=now)  # noqa: E731
    return done(request, act, _("Approved. It begins within minutes."), "admin:forgetting-rule", pk)


@require_POST
@for_staff(APPROVE)
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """Count the exact set as it is now, to approve it. Every id is read, so it is not done by looking at the page."""
    rule, now = _rule(pk, status=Status.ACTIVE), timezone.now()
    planned = guard.look(rule, as_of=_today(now), now=now)
    if not planned.why:
        messages.success(request, _("Nothing waits for approval: the next run takes what is due."))
    return redirect("admin:forgetting-rule", pk)


@require_GET
@for_staff(DRAFT)
def suggestions(request: HttpRequest) -> HttpResponse:
    offers = defaults.offers()
    context = {
        "title": _("Suggested rules"),
        "offers": offers,
        "missing": [offer for offer in offers if offer.taken is None],
        "elsewhere": defaults.ELSEWHERE,
    }
    return page(request, "retention/suggestions.html", context)


@require_POST
@for_staff(DRAFT)
def draft_suggestions(request: HttpRequest) -> HttpResponse:
    made = defaults.draft_all(by=actor_of(request), now=timezone.now())
    text = ngettext("%(n)d draft made.", "%(n)d drafts made.", len(made)) % {"n": len(made)}
    messages.success(request, text + " " + _("Nothing is in force before somebody else has looked at it."))
    return redirect("admin:forgetting")


URLS = [
    path("forgetting/rules/new/", write, name="rule-new"),
    path("forgetting/rules/suggested/", suggestions, name="rule-suggestions"),
    path("forgetting/rules/suggested/draft/", draft_suggestions, name="rule-suggestions-draft"),
    path("forgetting/rules/<int:pk>/", show, name="forgetting-rule"),
    path("forgetting/rules/<int:pk>/edit/", write, name="rule-edit"),
    path("forgetting/rules/<int:pk>/samples/", samples, name="rule-samples"),
    path("forgetting/rules/<int:pk>/discard/", discard, name="rule-discard"),
    path("forgetting/rules/<int:pk>/force/", put_in_force, name="rule-force"),
    path("forgetting/rules/<int:pk>/look/", look, name="forgetting-look"),
    path("forgetting/rules/<int:pk>/approve/", approve, name="forgetting-approve"),
]
