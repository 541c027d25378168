"""Handing data to somebody else: the person makes a link that works once, the other side downloads with it."""

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError
from requests import transfer_links
from requests.collection import Found
from requests.forms import Question, text
from requests.letter_law import is_of_the_union
from requests.models import Package
from requests.transfers import LENGTHS
from requests.views_collect import is_granted, with_found


class ReceiverForm(Question):
    title = _("Who should get your data?")
    name = text(
        _("Enter the name of the company or organisation"),
        LENGTHS["name"],
        _("The name must be 200 characters or fewer"),
        forms.TextInput({"autocomplete": "off"}),
        label=_("Name of the company or organisation"),
        help_text=_("Only for you, so that you know later whose link was used."),
    )


@never_cache
@sensitive_post_parameters("name")
@require_http_methods(["GET", "HEAD", "POST"])
@with_found
def offer(request: HttpRequest, token: str, found: Found) -> HttpResponseBase:
    """Ask for whom the link is, make it, and show it: now and never again."""
    now = timezone.now()
    if not isinstance(found, Package) or not is_granted(request, found, now):
        return redirect("requests:collect", token=token)
    form = ReceiverForm(request.POST if request.method == "POST" else None)
    context = {"token": token, "form": form}
    if form.is_bound and form.is_valid():
        try:
            link = transfer_links.offer(found, name=form.cleaned_data["name"], now=now)
        except DomainError as error:
            form.add_error("name", str(error.message))
        else:
            return render(request, "requests/collect/offered.html", {**context, "link": link})
    return render(request, "requests/collect/offer.html", context)


@never_cache
@require_http_methods(["GET", "HEAD"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    """What the other side sees: whose link it is not said here, only that it works once."""
    try:
        found = transfer_links.behind(token, now=timezone.now())
    except transfer_links.NotHere:
        return render(request, "requests/collect/hand_over_gone.html", status=404)
    is_union = is_of_the_union(found.request.case)
    return render(request, "requests/collect/hand_over.html", {"token": token, "transfer": found, "is_union": is_union})


@never_cache
@require_POST
def download(request: HttpRequest, token: str) -> HttpResponseBase:
    try:
        found, made, content = transfer_links.hand_over(token, now=timezone.now())
    except transfer_links.NotHere:
        return render(request, "requests/collect/hand_over_gone.html", status=404)
    response = StreamingHttpResponse(content, content_type="application/zip")
    response["Content-Length"] = str(made.size)
    response["Content-Disposition"] = f'attachment; filename="{found.uuid}.zip"'
    return response
