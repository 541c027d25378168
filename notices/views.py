"""The privacy notice for people: today's, every earlier one, and the one of a given day."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from notices import published
from notices.forms import DayForm
from notices.models import PrivacyNotice


@require_safe
def policy(request: HttpRequest) -> HttpResponse:
    """The notice in force today, or on the day that was asked for."""
    form = DayForm(request.GET) if "on" in request.GET else DayForm()
    day = form.cleaned_data["on"] if form.is_valid() else None
    try:
        notice = published.current(day or published.local_date(timezone.now()))
    except published.NoNotice:
        coming = published.versions().last()
        return render(request, "notices/none.html", {"coming": coming}, status=404)
    prefix = _("Error: ") if form.errors else ""
    return _page(request, notice, form=form, day=day, title_prefix=prefix)


@require_safe
def policy_version(request: HttpRequest, version: str) -> HttpResponse:
    return _page(request, published.of_version(version), form=DayForm())


def _page(request: HttpRequest, notice: PrivacyNotice, **context: Any) -> HttpResponse:
    versions = list(published.versions(notice.locale))
    today = published.local_date(timezone.now())
    in_force = next((one for one in versions if one.effective_from <= today), None)
    context |= {"notice": notice, "versions": versions, "is_current": notice == in_force}
    return render(request, "notices/policy.html", context)
