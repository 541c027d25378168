"""Pages about figures for the business: from anonymous rows only, small cells left out, or with noise."""

import csv
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.admin import AdminSite
from django.core.validators import validate_slug
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from core.desk import DayField, actor_of, for_staff, names_of, page, refuse
from core.errors import DomainError
from core.models import Controller
from retention import anonymity_record, published, statistics
from retention.models_anonymous import AnonymityRecord

READ, RELEASE = "retention.view_retentionrule", "retention.approve_retentionrule"
# Where the session keeps the counts that were released, so that looking again spends nothing.
TOLD = "noisy-counts"


class ByForm(forms.Form):
    """One field down, and another across if there is one."""

    down = forms.ChoiceField(label=gettext_lazy("Rows"))
    across = forms.ChoiceField(label=gettext_lazy("Columns"), required=False)

    def __init__(self, names: Sequence[str], *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self.names = list(names)
        choices = [(name, name) for name in names]
        for name, first in (("down", []), ("across", [("", _("none"))])):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
            field.choices = [*first, *choices]

    @property
    def by(self) -> list[str]:
        """In the recipe's order, whichever was chosen to stand down: laid out the other way, the same table may leave
        out other cells, and the two together tell what each left out.
        """
        chosen = [name for name in (self.cleaned_data["down"], self.cleaned_data["across"]) if name]
        return sorted(chosen, key=self.names.index)


class NoiseForm(forms.Form):
    field = forms.ChoiceField(label=gettext_lazy("Count by"))
    values = forms.CharField(
        label=gettext_lazy("Values to count"),
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("One on a line, named beforehand: which values occur tells of people too."),
        error_messages={"required": gettext_lazy("Name at least one value.")},
    )
    epsilon = forms.DecimalField(
        label=gettext_lazy("Epsilon"),
        max_digits=6,
        decimal_places=3,
        min_value=0,
        help_text=gettext_lazy("How much it may tell: a smaller one adds more noise. At 0.5 most counts are off by 2."),
        error_messages={"required": gettext_lazy("Say how much this release may tell, such as 0.5.")},
    )
    name = forms.CharField(
        label=gettext_lazy("What the ledger calls it"),
        max_length=50,
        validators=[validate_slug],
        help_text=gettext_lazy("Letters, digits and hyphens, such as outcome-2026."),
        error_messages={"required": gettext_lazy("Give the release a name, such as outcome-2026.")},
    )
    sure = forms.BooleanField(
        label=gettext_lazy("I know that what is told cannot be taken back."),
        error_messages={"required": gettext_lazy("Nothing was released. Say that you know it.")},
    )

    def __init__(self, names: Sequence[str], *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        field = self.fields["field"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101 - declared above
        field.choices = [(name, name) for name in names]

    def clean_values(self) -> list[str]:
        return [line.strip() for line in self.cleaned_data["values"].splitlines() if line.strip()]


class RecordForm(forms.Form):
    attacker = forms.CharField(
        label=gettext_lazy("Who could try to find a person in these rows"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=4000,
        help_text=gettext_lazy(
            "Everybody can read what is published. Think of somebody who is competent and curious, of a colleague or"
            " neighbour who knows something already, and of other data that can be had."
        ),
        error_messages={"required": gettext_lazy("Say who could try, knowing what.")},
    )
    tried = forms.CharField(
        label=gettext_lazy("What was tried, and what came of it"),
        widget=forms.Textarea(attrs={"rows": 3}),
        max_length=4000,
        help_text=gettext_lazy("Singling somebody out, linking rows to other data, inferring something. Name nobody."),
        error_messages={"required": gettext_lazy("Say what was tried, and what came of it.")},
    )
    decision = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        choices=AnonymityRecord.Decision.choices,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Say what you decided.")},
    )
    review_due = DayField(
        label=gettext_lazy("Look at it again on"),
        help_text=gettext_lazy("Within a year."),
        error_messages={"required": gettext_lazy("Choose a day within a year.")},
    )


@require_GET
@for_staff(READ)
def overview(request: HttpRequest) -> HttpResponse:
    context = {"title": _("Statistics"), "sets": published.sets()[:100], "budget": _budget()}
    return page(request, "retention/statistics.html", context)


@require_GET
@for_staff(READ)
def show(request: HttpRequest, uuid: UUID) -> HttpResponse:
    return _shown(request, get_object_or_404(published.sets(), uuid=uuid))


def _shown(
    request: HttpRequest, run: Any, *, noise: NoiseForm | None = None, review: RecordForm | None = None
) -> HttpResponse:
    names = published.fields(run)
    asked = request.GET if "down" in request.GET else {"down": names[0], "across": names[-1] if names[1:] else ""}
    form = ByForm(names, asked)
    context: dict[str, Any] = {
        "title": _("Figures from %(rule)s") % {"rule": run.rule},
        "run": run,
        "form": form,
        "budget": _budget(),
        "published": published.published(run),
        "may_release": request.user.has_perm(RELEASE),
        "noise": noise or NoiseForm(names),
        "review": review or RecordForm(),
        "against": list(anonymity_record.against(run, now=timezone.now())),
        **_last_record(run),
        "told": request.session.get(TOLD, {}).get(str(run.uuid), []),
        "least": statistics.LEAST,
    }
    if form.is_valid():
        try:
            made = statistics.table_of(published.rows(run), form.by)
        except DomainError as error:
            refuse(form, error)
        else:
            context |= {"table": _laid_out(made), "made": made, "by": form.by, "other": statistics.OTHER}
            context["is_out"] = any(one["by"] == form.by for one in context["published"])
    return page(request, "retention/statistics_set.html", context)


def _last_record(run: Any) -> dict[str, Any]:
    found = anonymity_record.current(run)
    return {"record": found, "reviewer": names_of([found.reviewed_by]).get(found.reviewed_by) if found else ""}


def _laid_out(made: statistics.Table) -> dict[str, Any]:
    head, *body, sums = statistics.lines(made)
    rows = [{"name": row[0], "cells": list(zip(head[1:], row[1:], strict=True))} for row in body]
    return {"head": head[1:], "rows": rows, "sums": list(zip(head[1:], sums[1:], strict=True))}


def _budget() -> published.Budget:
    return published.budget(timezone.now().astimezone(Controller.current().zone).year)


@require_POST
@for_staff(RELEASE)
def publish(request: HttpRequest, uuid: UUID) -> HttpResponse:
    run = get_object_or_404(published.sets(), uuid=uuid)
    form = ByForm(published.fields(run), request.POST)
    if not form.is_valid():
        messages.error(request, _("Choose what to count by."))
        return redirect("admin:statistics-set", uuid)
    try:
        published.publish(run, form.by, actor=actor_of(request), now=timezone.now())
    except DomainError as error:
        messages.error(request, " ".join(str(text) for text in (error.fields or {"": error.message}).values()))
    else:
        messages.success(request, _("Recorded as published. Take the file from the list of published tables."))
    return redirect("admin:statistics-set", uuid)


@require_GET
@for_staff(READ)
def download(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """A table that was published, as CSV."""
    run = get_object_or_404(published.sets(), uuid=uuid)
    form = ByForm(published.fields(run), request.GET)
    if not form.is_valid() or not any(one["by"] == form.by for one in published.published(run)):
        messages.error(request, _("This table was not published. Publish it first."))
        return redirect("admin:statistics-set", uuid)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="table-{run.uuid}.csv"'
    csv.writer(answer).writerows(statistics.lines(statistics.table_of(published.rows(run), form.by)))
    return answer


@require_POST
@for_staff(RELEASE)
def count(request: HttpRequest, uuid: UUID) -> HttpResponse:
    run = get_object_or_404(published.sets(), uuid=uuid)
    form = NoiseForm(published.fields(run), request.POST)
    if not form.is_valid():
        return _shown(request, run, noise=form)
    given, now = form.cleaned_data, timezone.now()
    release = {"epsilon": given["epsilon"], "name": given["name"], "actor": actor_of(request), "now": now}
    try:
        counts = statistics.noisy_counts_of(published.rows(run), given["field"], given["values"], **release)
    except DomainError as error:
        refuse(form, error, {"by": "field"})
        return _shown(request, run, noise=form)
    told = request.session.get(TOLD, {})
    one = {"name": given["name"], "field": given["field"], "epsilon": str(given["epsilon"]), "counts": counts}
    request.session[TOLD] = told | {str(uuid): [one, *told.get(str(uuid), [])]}
    messages.success(request, _("Counted and entered in the ledger. The counts stay here until you sign out."))
    return redirect("admin:statistics-set", uuid)


@require_POST
@for_staff(RELEASE)
def review(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """Who could try to find a person, what was tried, and the decision: the anonymity record."""
    run = get_object_or_404(published.sets(), uuid=uuid)
    form = RecordForm(request.POST)
    if not form.is_valid():
        return _shown(request, run, review=form)
    try:
        anonymity_record.review(run, actor=actor_of(request), now=timezone.now(), **form.cleaned_data)
    except DomainError as error:
        refuse(form, error)
        return _shown(request, run, review=form)
    messages.success(request, _("Recorded, and entered in the ledger."))
    return redirect("admin:statistics-set", uuid)


def urls(site: AdminSite) -> list[URLPattern]:
    views = [
        path("forgetting/statistics/", overview, name="statistics"),
        path("forgetting/statistics/<uuid:uuid>/", show, name="statistics-set"),
        path("forgetting/statistics/<uuid:uuid>/publish/", publish, name="statistics-publish"),
        path("forgetting/statistics/<uuid:uuid>/review/", review, name="statistics-review"),
        path("forgetting/statistics/<uuid:uuid>/table.csv", download, name="statistics-table"),
        path("forgetting/statistics/<uuid:uuid>/count/", count, name="statistics-count"),
    ]
    for pattern in views:
        pattern.callback = site.admin_view(pattern.callback)
    return views
