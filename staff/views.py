"""Doors of our own beside allauth's."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST


@require_POST
@never_cache
def stay(request: HttpRequest) -> HttpResponse:
    """Somebody is still there. The middleware has noted it; here is only the answer."""
    return HttpResponse(status=204 if request.user.is_authenticated else 403)
