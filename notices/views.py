"""The privacy notice for people."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from notices import published
from notices.models import PrivacyNotice


def policy(request: HttpRequest) -> HttpResponse:
    """The notice in force today."""
    return _page(request, published.current(published.local_date(timezone.now())))


def policy_version(request: HttpRequest, version: str) -> HttpResponse:
    return _page(request, published.of_version(version))


def _page(request: HttpRequest, notice: PrivacyNotice) -> HttpResponse:
    versions = list(published.versions(notice.locale))
    today = published.local_date(timezone.now())
    in_force = next((one for one in versions if one.effective_from <= today), None)
    context = {"notice": notice, "versions": versions, "is_current": notice == in_force}
    return render(request, "notices/policy.html", context)
