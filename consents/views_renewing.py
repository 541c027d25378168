"""The page behind the mail that something ends soon. A GET changes nothing; what is not ticked ends on its day."""

from functools import partial

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from consents import deferring, renewing, unsubscribe
from core.models import Controller
from core.network import client_address


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def renew(request: HttpRequest, token: str) -> HttpResponse:
    recipient = unsubscribe.read(token)
    if recipient is None:
        return render(request, "consents/preferences_unusable.html", status=404)
    now = timezone.now()
    renewed = again_at = None
    if request.method == "POST" and "later" in request.POST:
        again_at = deferring.defer(recipient, now=now)
    elif request.method == "POST":
        address = partial(client_address, request)
        renewed = renewing.renew(recipient, request.POST.getlist("renew"), address=address, now=now)
    found = renewing.of(recipient, now=now)
    endings = [ending for ending in found if ending.is_open]
    context = {
        "endings": endings,
        "waiting": [ending for ending in found if not ending.is_open],
        "can_wait": any(ending.can_wait for ending in endings),
        "again_at": again_at,
        "renewed": renewed,
        "versions": list({ending.version.pk: ending.version for ending in endings}.values()),
        "token": token,
    }
    with timezone.override(Controller.current().zone):
        return render(request, "consents/renew.html", context)
