"""What people do with links in our mails: end a list with one click, confirm a consent. A GET changes nothing."""

from contextlib import suppress

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from consents import opt_in
from consents import unsubscribe as one_click
from consents.unsubscribe import ONE_CLICK, Recipient
from core.errors import Invalid
from processing.models import PurposeVersion

page = require_http_methods(["GET", "HEAD", "POST"])
MARKETING = "marketing"


# A mailbox provider posts without cookies, and the address itself is the secret (RFC 8058 section 3.2).
@csrf_exempt
@never_cache
@page
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """End one list, or all marketing. Whatever the link is, the answer is the same: it has ended."""
    recipient = one_click.read(token)
    context: dict[str, object] = {"title": _title(recipient), "token": token}
    if request.method != "POST":
        return render(request, "consents/unsubscribe.html", context)
    everything = request.POST.get("stop") == MARKETING
    if recipient:
        with suppress(Invalid):
            # Of a list that is none any more, nothing is sent: it has ended.
            one_click.stop(recipient, everything=everything, now=timezone.now())
    if request.POST.get("List-Unsubscribe") == ONE_CLICK:
        return HttpResponse(b"", content_type="text/plain")
    return render(request, "consents/unsubscribed.html", {**context, "everything": everything})


@never_cache
@page
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The second step of a double opt-in. Mail scanners follow links, so only the button confirms."""
    now = timezone.now()
    try:
        if request.method == "POST":
            done = opt_in.confirm(token, now=now)
            return render(request, "consents/confirmed.html", {"titles": opt_in.titles_of(done)})
        return render(request, "consents/confirm.html", {"waiting": opt_in.waiting(token, now=now)})
    except opt_in.LinkOver:
        return render(request, "consents/confirm_over.html", status=404)


def _title(recipient: Recipient | None) -> str:
    if recipient is None or not recipient.list:
        return ""
    version = PurposeVersion.objects.filter(purpose__slug=recipient.list).order_by("-number").first()
    return version.title if version else ""
