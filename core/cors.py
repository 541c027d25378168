"""Calls from other people's pages: only the views that say so, only with a publishable key, only from its origins.

A preflight carries no key (WHATWG Fetch, CORS protocol), so it is answered alike for everybody and allows nothing by
itself: whether the page may read the answer is decided on the real request, by the origins of the key it names.
"""

from typing import Any

from django.http import HttpResponse
from django.utils.cache import patch_vary_headers
from rest_framework.request import Request
from rest_framework.response import Response

from core.api import ApiView
from core.models import ApiKey

PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
    "Access-Control-Max-Age": "7200",
}
EXPOSED = "Idempotency-Replayed, Retry-After, X-Request-ID"


def _varies_by_origin(answer: Response) -> None:
    if "Vary" in answer.headers:
        patch_vary_headers(answer, ["Origin"])
    else:
        answer.headers["Vary"] = "Origin"


class CrossOriginView(ApiView):
    """A view that a page of another site may call."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if request.method != "OPTIONS":
            super().initial(request, *args, **kwargs)

    def options(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:  # type: ignore[override]
        allowed = [method for method in self.allowed_methods if method != "OPTIONS"]
        return HttpResponse(status=204, headers={**PREFLIGHT, "Access-Control-Allow-Methods": ", ".join(allowed)})

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Response:
        answer = super().finalize_response(request, response, *args, **kwargs)
        if request.method != "OPTIONS":
            _varies_by_origin(answer)
            # Its origins include this one, or there would be no key here (core/access.py).
            # What authentication found; `request.auth` would begin one where a call was refused before it.
            key = getattr(request, "_auth", None)
            if isinstance(key, ApiKey) and key.kind == ApiKey.Kind.PUBLISHABLE:
                answer.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
                answer.headers["Access-Control-Expose-Headers"] = EXPOSED
        return answer
