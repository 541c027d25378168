"""For load balancers: is the process alive, and can it work?"""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core.readiness import is_reachable


@require_safe
@never_cache
def alive(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
@never_cache
def ready(request: HttpRequest) -> HttpResponse:
    if is_reachable():
        return HttpResponse("ready\n", content_type="text/plain")
    return HttpResponse("no database\n", content_type="text/plain", status=503)
