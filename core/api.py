"""What every API view stands on."""

from typing import Any

from rest_framework.pagination import CursorPagination
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from core.access import ApiKeyAuthentication, HasScope
from core.parsers import JSONParser
from core.throttle import Throttle

__all__ = ["ApiKeyAuthentication", "ApiView", "Cursor", "HasScope"]


_JSON = JSONRenderer()


class ApiView(APIView):
    """The base of every API view: key, scope, limit, strict JSON. A public view sets the first two lists to []."""

    authentication_classes: Any = [ApiKeyAuthentication]
    permission_classes: Any = [HasScope]
    parser_classes: Any = [JSONParser]
    throttle_classes: Any = [Throttle]
    required_scope: str | dict[str, str] = ""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # A call that nobody may make is 405, whoever asks: DRF itself would first look for a scope and say 403.
        if request.method not in self.allowed_methods:
            self.http_method_not_allowed(request)
        super().initial(request, *args, **kwargs)

    def perform_content_negotiation(self, request: Request, force: bool = False) -> tuple[BaseRenderer, str]:
        # There is one form of an answer, and whoever asks for another gets it all the same (RFC 9110 section 12.5.1).
        renderer = _JSON if self.renderer_classes is ApiView.renderer_classes else self.renderer_classes[0]()
        return renderer, str(renderer.media_type)


class Cursor(CursorPagination):
    """Keyset pages in the order of the primary key: stable while rows arrive, and nothing is counted."""

    page_size = 100
    max_page_size = 1000
    page_size_query_param = "limit"
    ordering = "id"
