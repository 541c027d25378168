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
    """`Authorization: Api-Key <key>`. `request.auth` is then the ApiKey; there is never a user."""

    keyword = "Api-Key"

    def authenticate(self, request: Request) -> tuple[None, ApiKey] | None:
        keyword, _space, key = request.headers.get("Authorization", "").partition(" ")
        if keyword.lower() != self.keyword.lower():
            return None
        now = timezone.now()
        api_key = self.find(request, key.strip(), now=now)
        if api_key is None:
            raise AuthenticationFailed(_("This API key is not valid."))
        if api_key.kind == ApiKey.Kind.PUBLISHABLE and request.headers.get("Origin") not in api_key.origins:
            raise AuthenticationFailed(_("This API key may not be used from here."))
        apikeys.used(api_key, now=now)
        return None, api_key

    def find(self, request: Request, key: str, *, now: datetime) -> ApiKey | None:
        return apikeys.find(key, now=now)

    def authenticate_header(self, request: Request) -> str:
        return self.keyword


class RecalledKey(ApiKeyAuthentication):
    """For core.recalled.RecalledKeyView alone: a recalled key is in `request.seen`, for whoever is to prove it."""

    def authenticate(self, request: Request) -> tuple[None, ApiKey] | None:
        try:
            return super().authenticate(request)
        except AuthenticationFailed:
            if getattr(request, "seen", None) is None:
                raise
            # Recalled, it may not be used from here. It may have been given other origins meanwhile.
            request.seen = None  # type: ignore[attr-defined]
            return ApiKeyAuthentication().authenticate(request)

    def find(self, request: Request, key: str, *, now: datetime) -> ApiKey | None:
        # What an earlier call made is told again without a statement that could prove the key.
        seen = None if "Idempotency-Key" in request.headers else apikeys.recall(key, now=now)
        request.seen = seen  # type: ignore[attr-defined]
        return seen.key if seen else super().find(request, key, now=now)


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
