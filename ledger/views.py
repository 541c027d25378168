"""The public keys, for whoever checks a receipt or a seal."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from ledger.signing import jwks as public_keys


@require_safe
@cache_control(public=True, max_age=3600)
def jwks(request: HttpRequest) -> JsonResponse:
    return JsonResponse(public_keys(), content_type="application/jwk-set+json")
