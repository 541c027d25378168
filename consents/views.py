"""What people do with links in our mails: end a list with one click, change their choices. A GET changes nothing."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from consents import opt_in
from consents import preferences as choices
from consents import unsubscribe as one_click
from consents.forms_public import AddressForm
from consents.unsubscribe import ONE_CLICK, Recipient
from core.errors import DomainError
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
        one_click.stop(recipient, everything=everything, now=timezone.now())
    if request.POST.get("List-Unsubscribe") == ONE_CLICK:
        return HttpResponse(b"", content_type="text/plain")
    return render(request, "consents/unsubscribed.html", {**context, "everything": everything})


@never_cache
@page
def preferences(request: HttpRequest, token: str) -> HttpResponse:
    """Every choice of the address that the link was mailed to."""
    recipient = one_click.read(token)
    if recipient is None:
        return render(request, "consents/preferences_unusable.html", status=404)
    now, changed = timezone.now(), None
    if request.method == "POST":
        changed = _save(recipient, request, token)
    shown = choices.of(recipient, now=now)
    context = {"choices": shown, "token": token, "changed": changed, "masked": _masked(recipient.email)}
    return render(request, "consents/preferences.html", context)


@never_cache
@page
def ask(request: HttpRequest) -> HttpResponse:
    """For somebody who kept no mail: the link is sent to the address they give."""
    form = AddressForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            choices.send_link(form.cleaned_data["email"], now=timezone.now())
        except DomainError as error:
            form.add_error("email", str(next(iter(error.fields.values()), error.message)))
        else:
            return render(request, "consents/preferences_sent.html")
    return render(request, "consents/preferences_ask.html", {"form": form})


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


def _save(recipient: Recipient, request: HttpRequest, token: str) -> int:
    now = timezone.now()
    if request.POST.get("stop") == MARKETING:
        one_click.stop(recipient, everything=True, now=now)
        return 1
    # A box that was shown and is not sent was left empty; one that was not shown is not touched.
    wanted = {name: name in request.POST for name in request.POST.getlist("shown")}
    return choices.save(recipient, wanted, now=now)


def _title(recipient: Recipient | None) -> str:
    if recipient is None or not recipient.list:
        return ""
    version = PurposeVersion.objects.filter(purpose__slug=recipient.list).order_by("-number").first()
    return version.title if version else ""


def _masked(email: str) -> str:
    """Enough for its owner to know it again."""
    local, _at, domain = email.rpartition("@")
    return f"{local[:1]}…@{domain}"
