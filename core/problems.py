"""Every error of the API as problem details (RFC 9457)."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, JsonResponse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from core.errors import DomainError

MEDIA_TYPE = "application/problem+json"
Errors = list[dict[str, str]]


def body(status: int, *, code: str = "", detail: str = "", errors: Errors | None = None) -> dict[str, Any]:
    """The members of a problem. Without a code of our own the type is about:blank, and the title that of the status."""
    problem: dict[str, Any] = {
        "type": f"urn:problem-type:kraken-privacy:{code}" if code else "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
    }
    if code:
        problem["code"] = code
    if detail:
        problem["detail"] = detail
    if errors:
        problem["errors"] = errors
    return problem


def plain(status: int, **members: Any) -> JsonResponse:
    """A problem for places that DRF does not reach: routing, middleware, a crash."""
    return JsonResponse(body(status, **members), status=status, content_type=MEDIA_TYPE)


def of_domain(error: DomainError) -> dict[str, Any]:
    errors = [{"field": name, "message": str(text)} for name, text in error.fields.items()]
    return body(error.status, code=error.code, detail=error.sentence, errors=errors)


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response | None:
    """DRF's handler. None lets the exception go on: the middleware answers 500."""
    set_rollback()
    if isinstance(error, DomainError):
        error.note()
        return Response(of_domain(error), status=error.status, content_type=MEDIA_TYPE)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, RequestDataTooBig):
        return Response(too_large(), status=413, content_type=MEDIA_TYPE)
    elif isinstance(error, SuspiciousOperation):
        error = exceptions.ParseError(_("The request cannot be accepted."))
    if not isinstance(error, exceptions.APIException):
        return None
    return Response(of_rest(error), status=error.status_code, headers=_headers(error), content_type=MEDIA_TYPE)


def too_large() -> dict[str, Any]:
    return body(413, code="too-large", detail=_("The body is larger than this service accepts."))


def of_rest(error: exceptions.APIException) -> dict[str, Any]:
    if isinstance(error, exceptions.ValidationError):
        errors = list(_flat(error.detail))
        return body(error.status_code, code="invalid", detail=_sentence(errors), errors=errors)
    code = error.default_code.replace("_", "-")
    return body(error.status_code, code=code, detail=str(error.detail))


def _sentence(errors: Errors) -> str:
    """The first of them in one line; `errors` has them all."""
    said = [": ".join(filter(None, (one["field"], one["message"]))) for one in errors[:3]]
    return " ".join(said) or _("Some of the information sent cannot be accepted.")


def _flat(detail: Any, field: str = "") -> Errors:
    """Nested validation messages as (dotted field, message) pairs."""
    if isinstance(detail, Mapping):
        parts = [_flat(part, _joined(field, str(name))) for name, part in detail.items()]
        return [pair for part in parts for pair in part]
    if isinstance(detail, list):
        nested = any(isinstance(part, Mapping | list) for part in detail)
        return [
            pair for n, part in enumerate(detail) for pair in _flat(part, _joined(field, str(n)) if nested else field)
        ]
    return [{"field": field, "message": str(detail)}]


def _joined(field: str, name: str) -> str:
    name = "" if name == "non_field_errors" else name
    return ".".join(filter(None, (field, name)))


def _headers(error: exceptions.APIException) -> dict[str, str]:
    headers = {}
    if authenticate := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = authenticate
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait))
    return headers
