"""Pages in the frame of the office, with every time on the controller's clock."""

from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from core.models import Controller
from requests import office


def page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """The zone is looked up once: the filters of office_tags take the one in force."""
    zone = Controller.current().zone
    now = timezone.now()
    today: date = now.astimezone(zone).date()
    with timezone.override(zone):
        return office.page(request, f"office/{template}.html", {"now": now, "today": today, **context})
