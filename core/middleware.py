"""Errors that never reach a view, and refusals that leave one: problem details for programs, a page for people."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render

from core import problems
from core.errors import DomainError


class ProblemMiddleware:
    """Outermost but for security headers, so that the errors of every other middleware pass through it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith("/api/"):
            return self.get_response(request)
        if _declared_length(request) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return JsonResponse(problems.too_large(), status=413, content_type=problems.MEDIA_TYPE)
        response = self.get_response(request)
        if response.status_code < 400 or response.headers.get("Content-Type") == problems.MEDIA_TYPE:
            return response
        answer = problems.plain(response.status_code)
        for name in ("Allow", "Retry-After", "WWW-Authenticate"):
            if name in response.headers:
                answer.headers[name] = response.headers[name]
        return answer

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """A refusal raised in a view outside DRF."""
        if not isinstance(error, DomainError):
            return None
        error.note()
        if request.path_info.startswith("/api/"):
            return JsonResponse(problems.of_domain(error), status=error.status, content_type=problems.MEDIA_TYPE)
        return render(request, "errors/refused.html", {"error": error}, status=error.status)


def _declared_length(request: HttpRequest) -> int:
    length = request.META.get("CONTENT_LENGTH") or "0"
    return int(length) if length.isdecimal() else 0
