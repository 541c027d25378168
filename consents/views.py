"""What people do with links in our mails: end a list with one click, confirm a consent. A GET changes nothing."""

from contextlib import suppress
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from consents import braking, opt_in, opt_in_child, parents, receipts_offered
from consents import unsubscribe as one_click
from consents.shared_mailboxes import MailboxShared
from consents.unsubscribe import ONE_CLICK, Recipient
from core.errors import Invalid
from core.models import Controller
from processing.models import PurposeVersion

page = require_http_methods(["GET", "HEAD", "POST"])
LIST, MARKETING = "list", "marketing"


# A mailbox provider posts without cookies, and the address itself is the secret (RFC 8058 section 3.2).
@csrf_exempt
@never_cache
@page
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """End one list, or all marketing. Whatever the link is, the answer is the same: it has ended."""
    recipient = one_click.read(token)
    context: dict[str, object] = {"title": _title(recipient), "token": token}
    is_one_click = request.POST.get("List-Unsubscribe") == ONE_CLICK
    # What a mailbox provider or our own button sends, and nothing else that a program may post to a link it finds.
    if not is_one_click and request.POST.get("stop") not in (LIST, MARKETING):
        return render(request, "consents/unsubscribe.html", context)
    _brake(request, token, is_ours=recipient is not None)
    everything = request.POST.get("stop") == MARKETING
    if recipient:
        with suppress(Invalid):
            # Of a list that is none any more, nothing is sent: it has ended.
            one_click.stop(recipient, everything=everything, now=timezone.now())
    if is_one_click:
        return HttpResponse(b"", content_type="text/plain")
    return render(request, "consents/unsubscribed.html", {**context, "everything": everything})


@never_cache
@page
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """The second step of a double opt-in. Mail scanners follow links, so only the button confirms."""
    now = timezone.now()
    try:
        if request.method == "POST":
            _brake(request, token, is_ours=opt_in.is_open(token, now=now))
            waiting, done = opt_in.waiting(token, now=now), opt_in.confirm(token, now=now)
            if done:
                context: dict[str, object] = {"waiting": waiting, "titles": opt_in.titles_of(done)}
                context["end_url"] = parents.link(done.consent) if waiting.is_for_child else ""
                context["receipt"] = receipts_offered.offer(done.consent)
                return render(request, "consents/confirmed.html", context)
        return _waiting(request, opt_in.waiting(token, now=now))
    except opt_in.LinkOver:
        return render(request, "consents/confirm_over.html", status=404)
    except MailboxShared as shared:
        with timezone.override(Controller.current().zone):
            return render(request, "consents/confirm_shared.html", {"until": shared.until})
    except opt_in_child.NoStands as no:
        return render(request, "consents/confirm_no.html", {"no": no}, status=no.status)


def _waiting(request: HttpRequest, waiting: opt_in.Waiting) -> HttpResponse:
    """The button, or what is still missing once it has been pressed."""
    with timezone.override(Controller.current().zone):
        template = "consents/confirm_half.html" if waiting.is_pressed else "consents/confirm.html"
        return render(request, template, {"waiting": waiting})


@never_cache
@page
def parent(request: HttpRequest, token: str) -> HttpResponse:
    """A parent or guardian ends what they agreed to for a child. Whatever the link is, it has ended afterwards."""
    now = timezone.now()
    agreed = parents.agreed(token, now=now)
    with timezone.override(Controller.current().zone):
        if request.method != "POST":
            return render(request, "consents/parent.html", {"agreed": agreed})
        _brake(request, token, is_ours=agreed is not None)
        parents.end(token, now=now)
        return render(request, "consents/parent_ended.html")


@never_cache
@require_POST
def receipt(request: HttpRequest) -> HttpResponse:
    """The receipt of what was said a moment ago, as a file. By POST, so that its name stands in no history."""
    consent, text = receipts_offered.text(request.POST.get("receipt", ""), now=timezone.now())
    return receipt_file(consent, text)


def receipt_file(name: UUID, text: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="receipt-{name}.txt"'}
    return HttpResponse(text, content_type="text/plain; charset=utf-8", headers=headers)


def _brake(request: HttpRequest, token: str, *, is_ours: bool) -> None:
    """Raises TooMany. Who presses a link of ours is never counted with others: nobody is kept from saying no."""
    if is_ours:
        braking.brake_link("press", token, settings.FORM_POSTS_PER_CLIENT)
    else:
        braking.brake_guess("press", request, settings.API_CALLS_PER_CLIENT)


def _title(recipient: Recipient | None) -> str:
    versions = PurposeVersion.objects.filter(purpose__slug__in=recipient.lists if recipient else []).order_by("number")
    return ", ".join(sorted(dict(versions.values_list("purpose", "title")).values()))
