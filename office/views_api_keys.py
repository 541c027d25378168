"""Staff pages of the API's keys: which there are, a new one, and the end of one."""

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from core.apikeys import PUBLISHABLE_SCOPES
from core.desk import DayField, actor_of, for_staff, page, refuse
from core.errors import DomainError
from core.models import ApiKey
from core.scopes import SCOPES
from office import api_keys
from processing.connected import others

READ, ADD, WRITE = "core.view_apikey", "core.add_apikey", "core.change_apikey"
FOLDER = "office/api_keys"


def _scopes() -> list[tuple[str, SafeString]]:
    label = "<span><code>{}</code>{} {}</span>"
    also = {scope: _(" (secret or publishable)") for scope in PUBLISHABLE_SCOPES}
    return [(scope, format_html(label, scope, also.get(scope, ""), words)) for scope, words in SCOPES.items()]


class NewForm(forms.Form):
    use_required_attribute = False
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=100,
        help_text=gettext_lazy("The system that uses it, such as “shop”. Give each system a key of its own."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"),
        choices=[
            (ApiKey.Kind.SECRET, gettext_lazy("Secret: for a server. Nobody else may ever see it.")),
            (
                ApiKey.Kind.PUBLISHABLE,
                gettext_lazy("Publishable: for pages in a browser, where everybody can read it."),
            ),
        ],
        initial=ApiKey.Kind.SECRET,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Say which kind of key it is to be.")},
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may open"),
        choices=_scopes,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("No more than the system needs: whoever steals the key can do as much."),
        error_messages={"required": gettext_lazy("Choose what it may open.")},
    )
    origins = forms.CharField(
        label=gettext_lazy("Origins, for a publishable key"),
        required=False,
        max_length=5000,
        widget=forms.Textarea({"rows": 3, "spellcheck": "false"}),
        help_text=gettext_lazy("One a line, such as https://www.example.com. It works from pages there alone."),
    )
    last_day = DayField(
        label=gettext_lazy("Last day, if it is to end by itself"),
        required=False,
        help_text=gettext_lazy("After that day it opens nothing. Leave it empty for a key that works until revoked."),
    )

    system = forms.ChoiceField(
        label=gettext_lazy("The system that asks with it, for systems:tasks"),
        choices=lambda: [("", _("None")), *others().values_list("slug", "name")],
        required=False,
        help_text=gettext_lazy("It is told what it has to erase or look for, and answers for itself alone."),
    )

    def wanted(self) -> api_keys.Wanted:
        given = self.cleaned_data
        return api_keys.Wanted(
            given["name"],
            given["scopes"],
            given["kind"],
            given["origins"].split(),
            given["last_day"],
            given["system"],
        )


@require_GET
@for_staff(READ)
def show_list(request: HttpRequest) -> HttpResponse:
    working, ended = api_keys.listed(now=timezone.now())
    context = {
        "title": _("API keys"),
        "working": working,
        "ended": ended,
        "may_add": request.user.has_perm(ADD),
        "may_revoke": request.user.has_perm(WRITE),
    }
    return page(request, f"{FOLDER}/list.html", context)


@require_http_methods(["GET", "POST"])
@for_staff(ADD)
def add(request: HttpRequest) -> HttpResponse:
    form = NewForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            key, text = api_keys.make(form.wanted(), now=timezone.now(), actor=actor_of(request))
        except DomainError as error:
            refuse(form, error)
        else:
            return _shown_once(request, key, text)
    return page(request, f"{FOLDER}/add.html", {"title": _("New API key"), "form": form})


@require_http_methods(["GET", "POST"])
@for_staff(WRITE)
def revoke(request: HttpRequest, uuid: UUID) -> HttpResponse:
    """The page says what follows, its button does it."""
    key = get_object_or_404(ApiKey, uuid=uuid)
    if request.method == "POST":
        if api_keys.revoke(key, now=timezone.now(), actor=actor_of(request)):
            messages.success(request, _("“%(name)s” is revoked and opens nothing from now on.") % {"name": key.name})
        else:
            messages.info(request, _("“%(name)s” was revoked before.") % {"name": key.name})
        return redirect("admin:api-keys")
    title = _("Revoke “%(name)s”") % {"name": key.name}
    return page(request, f"{FOLDER}/revoke.html", {"title": title, "key": key})


def _shown_once(request: HttpRequest, key: ApiKey, text: str) -> HttpResponse:
    """The answer to the form itself: nothing has to remember the key for a page that comes after."""
    context = {
        "title": _("The key of %(name)s") % {"name": key.name},
        "key": key,
        "text": text,
        "address": request.build_absolute_uri("/api/v1/"),
    }
    return page(request, f"{FOLDER}/key.html", context)
