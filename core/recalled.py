"""A view that spares itself reading the key of every call, and is still never opened by a key that was revoked.

Where the call succeeds, the statement that writes has proved the key (core/recall.py). Where it does not, the key is
read before anything is answered, so whoever has no valid key is told that and nothing else.
"""

from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from core.access import ApiKeyAuthentication
from core.api import ApiView
from core.apikeys import Seen


class RecallsKey(ApiView):
    recalls_key = True

    def seen(self, request: Request) -> Seen | None:
        """What the statement must prove; None when the key has been read for this call."""
        return getattr(request, "seen", None)

    def read_key(self, request: Request) -> None:
        """As if the key had never been recalled. Raises what the call is refused with."""
        if self.seen(request) is None:
            return
        request.seen = None  # type: ignore[attr-defined]
        found = ApiKeyAuthentication(recalls=False).authenticate(request)
        request.auth = found[1] if found else None
        self.check_permissions(request)

    def check_permissions(self, request: Request) -> None:
        try:
            super().check_permissions(request)
        except APIException:
            if self.seen(request) is None:
                raise
            # It may have been given the scope meanwhile.
            self.read_key(request)

    def handle_exception(self, exc: Exception) -> Response:
        try:
            self.read_key(self.request)
        except APIException as refused:
            exc = refused
        return super().handle_exception(exc)
