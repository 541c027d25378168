"""The proof behind one browser's number, for staff: what it chose, when, and exactly what it had been told."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from cookies import choices
from cookies.models import CookieChoice, SiteVersion
from core import desk

READ = "cookies.view_cookiechoice"
LATELY = timedelta(days=7)


class NumberForm(forms.Form):
    consent_id = forms.UUIDField(
        label=gettext_lazy("Number of the browser"),
        help_text=gettext_lazy("The visitor finds it on the cookie page, at the end."),
        error_messages={"invalid": gettext_lazy("A number has 32 digits and letters from a to f.")},
    )


@require_http_methods(["GET", "POST"])
@desk.for_staff(READ)
def page(request: HttpRequest) -> HttpResponse:
    """A POST that shows: the number stands in no address and no log."""
    form = NumberForm(request.POST or None)
    rows = of(form.cleaned_data["consent_id"]) if request.method == "POST" and form.is_valid() else None
    context = {"title": _("Proof of a cookie choice"), "form": form, "rows": rows, "counts": counts(now=timezone.now())}
    return desk.page(request, "cookies/proof.html", context)


def of(consent_id: UUID) -> list[dict[str, Any]]:
    """Every choice under this number, the latest first, with the version it answered."""
    rows = list(CookieChoice.objects.filter(consent_id=consent_id).order_by("-chosen_at", "-id")[:100])
    versions = SiteVersion.objects.filter(site__uuid__in={row.site for row in rows}).select_related("site")
    told = {(version.site.uuid, version.number): version for version in versions}
    found = []
    for row in rows:
        version = told.get((row.site, row.version))
        titles = {group["id"]: group["title"] for group in version.content["purposes"]} if version else {}
        chosen = choices.statuses(row, choices.before(row))
        found.append({"row": row, "version": version, "chosen": [(titles.get(id, id), chosen[id]) for id in chosen]})
    return found


def counts(*, now: datetime) -> list[dict[str, Any]]:
    """How browsers answered each version on show within a week: no more, because the whole table would be counted."""
    shown = []
    for version in SiteVersion.objects.filter(superseded_at=None).select_related("site").order_by("site__name"):
        lately = CookieChoice.objects.filter(recorded_at__gte=now - LATELY)
        answers = lately.filter(site=version.site.uuid, version=version.number).aggregate(
            yes=Count("id", filter=~Q(granted=[])),
            no=Count("id", filter=Q(granted=[]) & ~Q(how="gpc")),
            gpc=Count("id", filter=Q(how="gpc")),
        )
        shown.append({"version": version, **answers})
    return shown
