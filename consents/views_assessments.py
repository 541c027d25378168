"""What the public reads about purposes on a legitimate interest."""

from datetime import date

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from consents import assessments_public
from core.models import Controller


@require_safe
def interests(request: HttpRequest) -> HttpResponse:
    return render(request, "consents/interests.html", {"summaries": assessments_public.summaries(_today())})


@require_safe
def interest(request: HttpRequest, slug: str) -> HttpResponse:
    return render(request, "consents/interest.html", {"summary": assessments_public.summary(slug, _today())})


def _today() -> date:
    return timezone.now().astimezone(Controller.current().zone).date()
