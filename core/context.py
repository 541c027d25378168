"""What every page knows."""

from django.http import HttpRequest

from core.models import Controller


def controller(request: HttpRequest) -> dict[str, object]:
    return {"controller": Controller.current()}
