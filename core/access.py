"""Who may call the REST API: a key in the header, and a scope per view.

Apart from core/api.py because DRF looks these classes up by name while its views are being imported.
"""

from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from core import apikeys
from core.models import ApiKey


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Api-Key <key>`. `request.auth` is then the ApiKey; there is never a user.

    For a view with `recalls_key` the key may come from memory: it is then in `request.seen`, for the view to prove
    (core/recalled.py).
    """

    keyword = "Api-Key"

    def __init__(self, *, recalls: bool = True) -> None:
        self.recalls = recalls

    def authenticate(self, request: Request) -> tuple[None, ApiKey] | None:
        keyword, _space, key = request.headers.get("Authorization", "").partition(" ")
        if keyword.lower() != self.keyword.lower():
            return None
        key, now = key.strip(), timezone.now()
        seen = self._recalled(request, key, now=now)
        request.seen = seen  # type: ignore[attr-defined]
        if seen:
            return None, seen.key
        api_key = apikeys.find(key, now=now)
        if api_key is None:
            raise AuthenticationFailed(_("This API key is not valid."))
        if not _is_from_its_place(request, api_key):
            raise AuthenticationFailed(_("This API key may not be used from here."))
        apikeys.used(api_key, now=now)
        return None, api_key

    def _recalled(self, request: Request, key: str, *, now: datetime) -> apikeys.Seen | None:
        """What an earlier call made is told again without a statement that could prove the key, so then it is read."""
        view = (request.parser_context or {}).get("view")
        if not self.recalls or not getattr(view, "recalls_key", False) or "Idempotency-Key" in request.headers:
            return None
        seen = apikeys.recall(key, now=now)
        return seen if seen and _is_from_its_place(request, seen.key) else None

    def authenticate_header(self, request: Request) -> str:
        return self.keyword


def _is_from_its_place(request: Request, key: ApiKey) -> bool:
    return key.kind != ApiKey.Kind.PUBLISHABLE or request.headers.get("Origin") in key.origins


class HasScope(BasePermission):
    """The view names its scope: `required_scope = "ledger:read"`, or a dict from method to scope. No name, no entry."""

    message = _("This API key lacks the scope for this call.")

    def has_permission(self, request: Request, view: Any) -> bool:
        key = request.auth
        if not isinstance(key, ApiKey):
            return False
        scope = getattr(view, "required_scope", None)
        if isinstance(scope, dict):
            scope = scope.get("GET" if request.method in ("HEAD", "OPTIONS") else request.method)
        if key.kind == ApiKey.Kind.PUBLISHABLE and scope not in apikeys.PUBLISHABLE_SCOPES:
            return False
        return scope in key.scopes
