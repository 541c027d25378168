"""The page on which somebody tells us where else to look. It shows nothing about anybody, so the link is enough."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from core.errors import Invalid, NotFound
from requests import asking_where
from requests.forms import Question
from requests.throttle import brake

LENGTH = 2000


def _words(label: Any, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        max_length=LENGTH,
        widget=forms.Textarea({"rows": 3}),
        error_messages={"max_length": gettext_lazy("Your answer must be 2,000 characters or fewer")},
    )


class WhereForm(Question):
    title = gettext_lazy("Where else should we look?")
    addresses = _words(
        gettext_lazy("Other e-mail addresses, postal addresses or names that you have used (optional)"),
        gettext_lazy("If there is nothing more to say, write that here."),
    )
    employer = _words(gettext_lazy("The organisation you worked for when you dealt with us (optional)"))
    period = _words(gettext_lazy("Roughly when that was (optional)"))


@never_cache
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, token: str) -> HttpResponse:
    try:
        asking_where.behind(token)
    except asking_where.AlreadyAnswered:
        return render(request, "requests/where_answered.html")
    except NotFound:
        return render(request, "requests/link_unusable.html", status=404)
    form = WhereForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        brake(request, "message")
        try:
            asking_where.answered(token, form.cleaned_data, now=timezone.now())
        except Invalid as error:
            for field, sentence in error.fields.items():
                form.add_error(field, str(sentence))
        else:
            return redirect("requests:where", token=token)
    title_prefix = _("Error: ") if form.is_bound and form.errors else ""
    return render(request, "requests/where.html", {"form": form, "title_prefix": title_prefix})
